"""Token buckets as Kalshi keeps them (FACTS §3.3). Pure; wall time is an argument."""

from dataclasses import dataclass


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


def advanced(now: float) -> dict[str, Bucket]:
    """The Advanced tier: 300 tokens a second for reads and writes, three seconds of burst."""
    return {kind: Bucket(300.0, 900.0, 900.0, now) for kind in ("read", "write")}
