"""The paper exchange behind the doors of a real one: requests take their time, the stream passes through it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from core import messages as m
from core.exchange.reach import Feed
from core.units import Instant
from quoter.paper.exchange import PaperExchange

_TICK_S = 0.25
Put = Callable[[m.Said], None]


class PaperDesk:
    """`entry_s`, `response_s`: one-way times in wall seconds. `real`: does the real exchange trade? `put`: where the
    stream's words go; set by the feed."""

    def __init__(
        self, exchange: PaperExchange, now: Callable[[], Instant], entry_s: float, response_s: float,
        real: Callable[[], Awaitable[m.TradingStatus]],
    ) -> None:  # fmt: skip
        self.exchange, self.now, self.real = exchange, now, real
        self.entry_s, self.response_s = entry_s, response_s
        self.put: Put | None = None

    def say(self, heard: list[m.Said]) -> None:
        """What the exchange says on its stream."""
        if self.put is not None:
            for said in heard:
                self.put(said)

    async def perform(self, request: m.Request) -> list[m.Said]:
        """There, handled, and back."""
        await asyncio.sleep(self.entry_s)
        answer = self.exchange.request(request, self.now())
        self.say(self.exchange.take())
        await asyncio.sleep(self.response_s)
        return [answer]

    async def report_orders(self) -> m.OrdersReported:
        """Every resting order."""
        asked_at = self.now()
        await asyncio.sleep(self.entry_s)
        found = self.exchange.orders()
        await asyncio.sleep(self.response_s)
        return m.OrdersReported(self.now(), asked_at, found)

    async def as_of(self) -> Instant:
        """What is listed here is what stands."""
        return self.now()

    def said_at(self) -> Instant | None:
        """Its clock is ours."""
        return self.now()

    async def report_positions(self) -> m.PositionsReported:
        """Every position, and the free balance."""
        asked_at = self.now()
        await asyncio.sleep(self.entry_s)
        found, balance = self.exchange.positions(), self.exchange.account.balance
        await asyncio.sleep(self.response_s)
        return m.PositionsReported(self.now(), asked_at, found, balance)

    async def look_up(self, client_order_id: str, ticker: str, order_id: str = "") -> m.OrderLookedUp:
        """One order, by our own id."""
        asked_at = self.now()
        await asyncio.sleep(self.entry_s + self.response_s)
        return m.OrderLookedUp(self.now(), asked_at, client_order_id, self.exchange.order(client_order_id))

    async def fills_since(self, since: Instant) -> list[m.Fill]:
        """What filled at or after `since`."""
        await asyncio.sleep(self.entry_s + self.response_s)
        return [fill for fill in self.exchange.history if fill.filled_at >= since]

    async def status(self) -> m.TradingStatus:
        """As the real exchange: on paper nothing is placed, and nothing rests, while it does not trade."""
        said = await self.real()
        self.exchange.trades(said.trading, self.now())
        self.say(self.exchange.take())
        return said

    async def close(self) -> None:
        """Nothing to let go."""


class PaperFeed:
    """The real stream, through the paper exchange."""

    def __init__(self, stream: Feed, desk: PaperDesk) -> None:
        self.stream, self.desk = stream, desk

    @property
    def session(self) -> Any:
        """The conversation that is open, if one is."""
        return self.stream.session

    @session.setter
    def session(self, value: Any) -> None:
        self.stream.session = value

    def watch(self, tickers: set[str]) -> None:
        """The markets whose books and trades are wanted."""
        self.stream.watch(tickers)

    def resync(self, tickers: set[str]) -> None:
        """Ask for new snapshots."""
        self.stream.resync(tickers)

    async def run(self, put: Put) -> None:
        """Until cancelled."""
        self.desk.put = put
        ticking = asyncio.create_task(self._tick())
        try:
            await self.stream.run(lambda said: self.desk.say(self.desk.exchange.learn(said)))
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.desk.say(self.desk.exchange.tick(self.desk.now()))
