"""How many requests the exchange will take: a token bucket in world time, with a reserve that only cancels may use.

Kalshi: 10 tokens a create or amend, 2 a cancel (FACTS §3.3).
"""

from dataclasses import dataclass
from typing import Final

from core.units import Duration, Instant

CREATE: Final = 10.0
AMEND: Final = 10.0
CANCEL: Final = 2.0
CANCEL_ALL: Final = 2.0
GROUP: Final = 10.0


@dataclass(slots=True)
class Budget:
    """`tokens` at `at`; refilled by `rate` a ns up to `burst`."""

    rate: float
    burst: float
    reserve: float
    tokens: float
    at: Instant

    def refill(self, now: Instant) -> None:
        """Let time pass."""
        if now > self.at:
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
            self.at = now

    def take(self, cost: float, *, reserved: bool = False) -> bool:
        """Spend, if there is enough; only cancels (`reserved`) may go into the reserve."""
        floor = 0.0 if reserved else self.reserve
        if self.tokens - cost < floor:
            return False
        self.tokens -= cost
        return True

    def wait(self, cost: float) -> Duration:
        """How long until a create or amend of `cost` can be paid."""
        missing = self.reserve + cost - self.tokens
        return Duration(max(1, int(missing / self.rate) + 1)) if missing > 0 else Duration(1)

    def drained(self, now: Instant) -> None:
        """The exchange says we are throttled: believe it."""
        self.refill(now)
        self.tokens = min(self.tokens, 0.0)
