"""Order groups: at most `limit` contracts matched in any rolling 15 seconds, else everything in the group is cancelled
and nothing new is taken until a reset (Kalshi API, "Order groups")."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core.units import SECOND, Count, Instant

WINDOW: Final = 15 * SECOND
MOST_CONTRACTS: Final = Count(100_000_000)  # a million contracts


@dataclass(slots=True)
class Group:
    """One group of one user."""

    group_id: str
    user: str
    limit: Count
    triggered: bool = False
    matched: deque[tuple[Instant, Count]] = field(default_factory=deque)
    total: int = 0

    def match(self, now: Instant, count: Count) -> bool:
        """Note `count` contracts matched; True when that reaches the limit and triggers the group."""
        self.forget(now)
        self.matched.append((now, count))
        self.total += count
        if not self.triggered and self.total >= self.limit:
            self.triggered = True
            return True
        return False

    def forget(self, now: Instant) -> None:
        """Drop what left the window."""
        while self.matched and self.matched[0][0] <= now - WINDOW:
            self.total -= self.matched.popleft()[1]

    def limit_to(self, limit: Count, now: Instant) -> bool:
        """Change the limit; True when what was matched in the window already reaches it and triggers the group."""
        self.forget(now)
        self.limit = limit
        if not self.triggered and self.total >= limit:
            self.triggered = True
            return True
        return False

    def reset(self) -> None:
        """Take orders again, with an empty window."""
        self.triggered = False
        self.matched.clear()
        self.total = 0
