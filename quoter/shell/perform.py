"""Carries the engine's actions to the exchange; answers come back as events like any other. Decides nothing.

Accepts requests only as `Approved`. Questions that fail are asked again by the engine, in its own time.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from core import messages as m
from core.errors import KwmError, classify
from core.exchange.reach import Desk, Feed
from core.risk.limits import Approved
from core.units import SECOND, Duration, Instant
from quoter.engine import actions as a
from quoter.shell.freshness import shows_since
from quoter.shell.gate import TOO_OLD, Gate, Ticket

Put = Callable[[m.Said], None]
Say = Callable[[str, str], None]
_FAILS = (KwmError, OSError, TimeoutError)


class Performer:
    """`put` takes what was learnt, `say` (kind, words) what a person should read.

    Who may go at once and who waits is the gate's to say (`gate.py`), of when a list is `freshness.py`'s: `clocks` is
    how far the exchange's clock may be from ours, `ahead` what the stream says of it.
    """

    def __init__(
        self, rest: Desk, stream: Feed, put: Put, say: Say, now: Callable[[], Instant],
        clocks: Duration = Duration(SECOND), too_old: int = TOO_OLD, ahead: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        self.ahead = ahead
        self.rest, self.stream, self.put, self.say, self.now, self.clocks = rest, stream, put, say, now, clocks
        self.gate = Gate(too_old)
        self.tasks: dict[asyncio.Task[None], Ticket] = {}
        self.under_way: dict[asyncio.Task[None], m.Request] = {}  # sent, and no answer yet

    def perform(self, action: a.Action) -> None:
        """Start one action; never waits."""
        match action:
            case a.Watch(tickers=tickers):
                self.stream.watch(set(tickers))
            case a.Resync(tickers=tickers):
                self.stream.resync(set(tickers))
            case a.Alert(kind=kind, words=words):
                self.say(kind, words)
            case _:
                now = time.monotonic_ns()
                self._start(self.gate.enter(Ticket(action, now), now))

    def _start(self, turns: list[Ticket]) -> None:
        for ticket in turns:
            action = ticket.action
            if ticket.late:
                self._not_sent(action)
                continue
            if isinstance(action, Approved):
                task = asyncio.create_task(self._request(action.request))
                self.under_way[task] = action.request
            else:
                task = asyncio.create_task(self._question(action))
            self.tasks[task] = ticket
            task.add_done_callback(self._done)

    def _not_sent(self, action: a.Action) -> None:
        assert isinstance(action, Approved) and isinstance(action.request, m.PlaceOrder | m.AmendOrder), action
        r, words = action.request, "it waited too long for its turn"
        self.put(m.NotSent(self.now(), r.client_order_id, r.ticker, type(r).__name__, False, words))

    def _done(self, task: asyncio.Task[None]) -> None:
        self.under_way.pop(task, None)
        self._start(self.gate.leave(self.tasks.pop(task), time.monotonic_ns()))

    def refuse_waiting(self) -> None:
        """Orders and amends that still wait for their turn are not sent."""
        self.gate.refuse_waiting(time.monotonic_ns())

    async def _request(self, request: m.Request) -> None:
        for said in await self.rest.perform(request):
            self.put(said)

    async def _question(self, action: a.Action) -> None:
        try:
            match action:
                case a.LookUp():
                    since = await self._since()
                    found = await self.rest.look_up(action.client_order_id, action.ticker, action.order_id)
                    self.put(_dated(found, since))
                case a.AskOrders():
                    since = await self._since()
                    self.put(_dated(await self.rest.report_orders(), since))
                case a.AskPositions():
                    since = await self._since()
                    self.put(_dated(await self.rest.report_positions(), since))
                case a.AskStatus():
                    self.put(await self.rest.status())
                case a.AskFills(since=since):
                    for fill in await self.rest.fills_since(since):
                        self.put(fill)
        except _FAILS as error:
            self.say("question", f"{type(action).__name__} failed ({classify(error)}): {error}")

    async def _since(self) -> Instant:
        """Everything before this will be in what is asked for next."""
        asked_at = self.now()
        try:
            return shows_since(asked_at, await self.rest.as_of(), self.clocks, self.ahead())
        except _FAILS as error:
            self.say("question", f"as_of failed ({classify(error)}): {error}")
            return shows_since(asked_at, None, self.clocks)

    async def finish(self, seconds: float) -> None:
        """Send nothing more, ask nothing more; let what was sent be answered, for at most so long."""
        self.gate.empty()
        for task in self.tasks.keys() - self.under_way.keys():
            task.cancel()
        if self.under_way:
            await asyncio.wait(list(self.under_way), timeout=max(seconds, 0.0))

    def drop(self) -> list[m.Request]:
        """Wait no longer; what was sent and never answered: it may yet arrive."""
        left = list(self.under_way.values())
        for task in self.tasks:
            task.cancel()
        return left


def _dated[R: (m.OrdersReported, m.PositionsReported, m.OrderLookedUp)](report: R, since: Instant) -> R:
    """It shows what was before `since`, and need not show what came later."""
    return msgspec.structs.replace(report, asked_at=min(report.asked_at, since))
