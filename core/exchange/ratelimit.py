"""Token buckets as Kalshi keeps them (FACTS §3.3). Pure; wall time is an argument."""

from dataclasses import dataclass
from typing import Final

DEFAULT_COST, CANCEL_COST = 10, 2


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second up to `capacity`."""

    rate: float
    capacity: float
    tokens: float
    at: float

    def take(self, cost: float, now: float) -> bool:
        """Spend `cost`, or refuse without spending."""
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if cost > self.tokens:
            return False
        self.tokens -= cost
        return True


@dataclass(frozen=True, slots=True)
class Tier:
    """Tokens a second and at once, for reads and writes; reads of the balance a second, and no more at once."""

    name: str
    read: int
    read_burst: int
    write: int
    write_burst: int
    balance: float = 1.0


TIERS: Final = {
    tier.name: tier
    for tier in (
        Tier("basic", 200, 600, 100, 100), Tier("advanced", 300, 900, 300, 900),
        Tier("expert", 600, 1800, 600, 1800, 5),
        Tier("premier", 1200, 3600, 1200, 3600, 5), Tier("paragon", 2400, 7200, 2400, 7200, 5),
        Tier("prime", 4800, 14400, 4800, 14400, 5), Tier("prestige", 12000, 36000, 9600, 28800, 5),
    )
}  # fmt: skip


class Buckets:
    """One user's buckets; full at the start."""

    def __init__(self, tier: Tier, now: float) -> None:
        self.read = Bucket(tier.read, tier.read_burst, tier.read_burst, now)
        self.write = Bucket(tier.write, tier.write_burst, tier.write_burst, now)
        self.balance = Bucket(tier.balance, tier.balance, tier.balance, now)
