"""Carries the engine's actions to the exchange; answers come back as events like any other. Decides nothing.

Accepts requests only as `Approved`. Questions that fail are asked again by the engine, in its own time.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from core import messages as m
from core.errors import KwmError, classify
from core.exchange.reach import Desk, Feed
from core.risk.limits import Approved
from core.units import Instant
from quoter.engine import actions as a

_AT_ONCE = 16
Put = Callable[[m.Said], None]
Say = Callable[[str, str], None]


class Performer:
    """`put` takes what was learnt, `say` (kind, words) what a person should read.

    So many requests are under way at once; what takes orders away has a gate of its own and never waits behind others.
    An order or amend that has waited `too_old_s` for its turn is of another moment: it is not sent.
    """

    def __init__(
        self, rest: Desk, stream: Feed, put: Put, say: Say, now: Callable[[], Instant], too_old_s: float = 2.0
    ) -> None:
        self.rest, self.stream, self.put, self.say, self.now = rest, stream, put, say, now
        self.gate, self.away = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_AT_ONCE)
        self.too_old_s = too_old_s
        self.refused_before = 0.0  # what waits since before then is not sent any more
        self.asked: set[str] = set()  # orders that are being looked up
        self.tasks: set[asyncio.Task[None]] = set()
        self.under_way: dict[asyncio.Task[None], m.Request] = {}  # sent, and no answer yet

    def perform(self, action: a.Action) -> None:
        """Start one action; never waits."""
        match action:
            case Approved(request=request):
                self._spawn(self._request(request, time.monotonic()))
            case a.LookUp(client_order_id=name):
                if name not in self.asked:
                    self.asked.add(name)
                    self._spawn(self._question(action))
            case a.Watch(tickers=tickers):
                self.stream.watch(set(tickers))
            case a.Resync(tickers=tickers):
                self.stream.resync(set(tickers))
            case a.Alert(kind=kind, words=words):
                self.say(kind, words)
            case _:
                self._spawn(self._question(action))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.under_way.pop(task, None)

    def refuse_waiting(self) -> None:
        """Orders and amends that still wait for their turn are not sent."""
        self.refused_before = time.monotonic()

    async def _request(self, request: m.Request, since: float) -> None:
        async with self.gate if isinstance(request, m.PlaceOrder | m.AmendOrder | m.DecreaseOrder) else self.away:
            if isinstance(request, m.PlaceOrder | m.AmendOrder) and self._is_late(since):
                name, words = type(request).__name__, "it waited too long for its turn"
                self.put(m.NotSent(self.now(), request.client_order_id, request.ticker, name, False, words))
                return
            task = asyncio.current_task()
            assert task is not None, "a request runs as a task"
            self.under_way[task] = request
            for said in await self.rest.perform(request):
                self.put(said)

    def _is_late(self, since: float) -> bool:
        return since <= self.refused_before or time.monotonic() - since > self.too_old_s

    async def _question(self, action: a.Action) -> None:
        try:
            async with self.gate:
                match action:
                    case a.LookUp():
                        self.put(await self.rest.look_up(action.client_order_id, action.ticker, action.order_id))
                    case a.AskOrders():
                        self.put(await self.rest.report_orders())
                    case a.AskPositions():
                        self.put(await self.rest.report_positions())
                    case a.AskFills(since=since):
                        for fill in await self.rest.fills_since(since):
                            self.put(fill)
        except (KwmError, OSError, TimeoutError) as error:
            self.say("question", f"{type(action).__name__} failed ({classify(error)}): {error}")
        finally:
            if isinstance(action, a.LookUp):
                self.asked.discard(action.client_order_id)

    async def finish(self, seconds: float) -> None:
        """Send nothing more, ask nothing more; let what was sent be answered, for at most so long."""
        for task in self.tasks - self.under_way.keys():
            task.cancel()
        if self.under_way:
            await asyncio.wait(list(self.under_way), timeout=max(seconds, 0.0))

    def drop(self) -> list[m.Request]:
        """Wait no longer; what was sent and never answered: it may yet arrive."""
        left = list(self.under_way.values())
        for task in self.tasks:
            task.cancel()
        return left
