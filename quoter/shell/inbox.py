"""What waits for the engine: a person's words first, then everything else as it came.

Bounded against the one flood there is, market data: a fresh connection brings all of it anew, so in an overflow it may
go. Nothing else ever goes: who reads "halted" is halted, and no fill or answer of the exchange comes twice.
"""

import asyncio
from collections import deque

from core import messages as m
from quoter.engine import events as e

_PERSON = (e.Halted, e.Paused, e.Resumed, e.ReduceOnly, e.CancelEverything, e.Toggled, e.Configured)
_FLOOD = (m.BookDelta, m.BookSnapshot, m.TradePrint, m.Heartbeat)


class Inbox:
    """One consumer. `limit`: so many events may wait before market data is refused."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.first: deque[e.Event] = deque()
        self.others: deque[e.Event] = deque()
        self.came = asyncio.Event()

    def put(self, event: e.Event) -> bool:
        """Whether there was room; only market data ever finds none."""
        if isinstance(event, _FLOOD) and len(self.others) >= self.limit:
            return False
        (self.first if isinstance(event, _PERSON) else self.others).append(event)
        self.came.set()
        return True

    def empty(self) -> bool:
        """Nothing waits."""
        return not self.first and not self.others

    async def get(self) -> e.Event:
        """The next event; waits for one."""
        while self.empty():
            self.came.clear()
            await self.came.wait()
        return self.get_nowait()

    def get_nowait(self) -> e.Event:
        """The next event of those that wait."""
        return self.first.popleft() if self.first else self.others.popleft()

    def take_all(self) -> list[e.Event]:
        """Everything that waits, in the order in which it would have been served; nothing waits any more."""
        found = [*self.first, *self.others]
        self.first.clear()
        self.others.clear()
        return found

    def relieve(self) -> list[e.Event]:
        """After an overflow: what must not be lost, in its order; the market data is let go."""
        return [event for event in self.take_all() if not isinstance(event, _FLOOD)]
