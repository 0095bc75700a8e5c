"""A dashboard over a quoter that stands still: its engine is on a stage, nothing is sent anywhere."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import httpx
import msgspec

from core import config
from core import messages as m
from core.clock import Clock
from core.contract import LINEAR_CENT
from core.exchange.credentials import make_embedded_key
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.units import DAY, SECOND, Count, Instant, Price, money
from quoter.dashboard.app import Dashboard
from quoter.dashboard.paper import PaperSession
from quoter.engine import events as e
from quoter.engine.step import step
from quoter.shell.live import Live
from tests.stories.stage import Stage

TOKEN = "the-token"
GOOD = {"Authorization": f"Bearer {TOKEN}"}


def settings(folder: Path) -> config.Settings:
    return config.load({"KWM_STORAGE__DATA": str(folder)})


def dashboard(folder: Path, paper: PaperSession | None = None) -> tuple[Dashboard, Stage]:
    """Quoting one event of three brackets."""
    stage = Stage()
    stage.begin().publish()
    make_embedded_key(folder)
    live = Live(settings(folder), Clock())
    live.state = stage.state
    return Dashboard(live, TOKEN, paper), stage


def obey(board: Dashboard) -> list[e.Event]:
    """Let the engine see what was put into its queue, as the consumer does; the events."""
    seen = []
    while not board.live.queue.empty():
        event = board.live.queue.get_nowait()
        now = Instant(board.live.state.now + 1)  # the stage keeps its own time
        step(board.live.state, msgspec.structs.replace(event, at=now))
        seen.append(event)
    return seen


class Caller:
    """Calls the application without a server."""

    def __init__(self, board: Dashboard) -> None:
        self.transport = httpx.ASGITransport(board.application())

    def _call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8410") as http:
                return await http.request(method, path, **kwargs)

        return asyncio.run(once())

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("POST", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("PATCH", path, **kwargs)


def many(folder: Path, number: int = 50) -> Dashboard:
    """A quoter of `number` events of six markets, all with books, all quoted: 300 markets by default."""
    make_embedded_key(folder)
    live = Live(settings(folder), Clock())
    state, now = live.state, live.clock.now()
    state.config = dataclasses.replace(state.config, order_groups=False)
    until, close = Instant(now + 3_600 * SECOND), Instant(now + 2 * DAY)
    fairs = (0.05, 0.15, 0.30, 0.27, 0.16, 0.07)
    events = []
    for n in range(number):
        name = f"KXHIGH{n:03d}-26NOV25"
        bounds = [(None, 43), (44, 45), (46, 47), (48, 49), (50, 51), (52, None)]
        markets = [
            MarketFair(
                f"{name}-B{i}", *bounds[i], fair, 0.004, 0.0, fair, fair, list(LINEAR_CENT.ranges), close, 70_000, 0
            )
            for i, fair in enumerate(fairs)
        ]
        pmf = [(f, 1 / 16) for f in range(40, 56)]
        events.append(
            EventFair(name, f"K{n}", f"City {n}", "high", "2026-11-25", now, close, 47.5, 2.5, None, 0.5, [], {}, until,
                      pmf, [], money("60.00"), markets)
        )  # fmt: skip
    limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
    published = Publication("1", "1", "test", now, until, events, {}, limits)
    begun = [
        e.Started(now, "r1", "2026-11-25", money("0.00")),
        m.Connected(now),
        m.OrdersReported(now, now, []),
        m.PositionsReported(now, now, [], money("100000.00")),
        e.Published(now, published),
    ]
    for event in begun:
        step(state, event)
    for found in events:
        for market in found.markets:
            step(state, book(market.ticker, round(market.fair * 100), now))
    for _ in range(200):  # orders are sent as the budget allows
        now = Instant(now + SECOND)
        step(state, m.Heartbeat(now))
        step(state, e.Timer(now))
    state.rows.clear()
    return Dashboard(live, TOKEN)


def book(ticker: str, fair: int, at: Instant, spread: int = 3) -> m.BookSnapshot:
    """Others at `spread` cents from fair."""
    bid, ask = Price(max(1, fair - spread) * 100), Price(min(99, fair + spread) * 100)
    return m.BookSnapshot(at, ticker, [(bid, Count(10_000))], [(ask, Count(10_000))])
