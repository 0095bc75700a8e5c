"""The live shell: one bounded queue, one consumer. Carries events to `step` and actions to the exchange.

Every event is journalled before its actions are performed. An overflow is a disconnection, in which market data goes
and nothing else. The end of a run, however it comes about, takes our orders away and proves it.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections import deque
from pathlib import Path

import msgspec

from core import messages as m
from core.clock import Clock, Steady
from core.config import Settings
from core.errors import KwmError
from core.exchange.credentials import credentials
from core.exchange.reach import Reach, kalshi
from core.exchange.sweep import Swept, sweep
from core.storage import publications
from core.storage.journal import Journal
from core.storage.journal_rows import NoteRow, RunRow
from core.units import MINUTE, SECOND, Instant, to_datetime
from quoter.engine import events as e
from quoter.engine import rows
from quoter.engine.config import engine_config
from quoter.engine.state import new_state
from quoter.engine.step import deadline, step
from quoter.shell import heartbeat, tightened
from quoter.shell.inbox import Inbox
from quoter.shell.perform import Performer
from quoter.shell.recall import recall

_QUEUE = 50_000
_BATCH = 200  # events handled before others get the loop
_MANY = 5  # working orders of an event from which on tripping its group is cheaper than cancelling one by one
_LEAVING_S = 5.0  # within which ours are to be gone, and proved gone
_PROOF_S = 2.0  # of it, for a list that is newer than our last request
_ANSWERS_S = 1.0  # within which most requests are answered
_OWN_CANCELS_S = 2.5  # how long a halt waits for the engine's cancels before it sweeps over REST
VERSION = "0.1.0"
_OF_ANOTHER_TIME = (
    "published before the clock was set back, so nobody knows how old it is: not used; the next publication is"
    " (kwm flows run publish)"
)
_URGENT = (m.Fill, m.Acked, m.Gone, m.Rejected, m.Unknown, m.NotSent)


class Live:
    """One run of the quoter. `reach`: another exchange than the settings'; `data`: where else it records; `wall`: the
    wall clock it goes by, where others go by the same; `place`: what people read as the place it trades at."""

    def __init__(
        self, settings: Settings, clock: Clock, reach: Reach | None = None, data: Path | None = None,
        wall: Steady | None = None, place: str = "",
    ) -> None:  # fmt: skip
        self.place = place or settings.exchange.environment
        self.wall = wall or Steady()
        self.clock = clock = clock.by(self.wall)
        self.data: Path = (data or settings.storage.data).resolve()
        self.own_settings = settings  # as file and environment have them
        settings, self.tightened = tightened.applied(settings, tightened.read(self.data))
        self.settings = settings
        self.run = f"{to_datetime(clock.now()):%y%m%d%H%M%S}{secrets.token_hex(2)}"
        self.state = new_state(engine_config(settings, clock.speed), self.run, clock.now())
        self.of_another_time = ""  # the id of a publication of which nobody knows how old it is
        self.queue = Inbox(_QUEUE)
        self.overflown = False
        self.journal = Journal(self.data, self.run)
        reach = reach or kalshi(settings, clock, credentials(settings))
        self.sdk, self.rest, self.stream = reach.sdk, reach.desk, reach.feed
        self.performer = Performer(self.rest, self.stream, self.put, self.note, self.clock.now,
                                   self.state.config.clock_margin, ahead=self.state.quickest)  # fmt: skip
        self.stopping = asyncio.Event()
        self.notes: list[tuple[int, str, str]] = []
        self.swept: Swept | None = None
        self.feed_task: asyncio.Task[None] | None = None
        self.proving: asyncio.Task[None] | None = None
        self.fills: deque[m.Fill] = deque(maxlen=200)
        self.history: list[tuple[int, float, float]] = []  # (ms, PnL, worst case) for the page's curve

    # --- in ----------------------------------------------------------------------------------------------------------

    def put(self, event: e.Event) -> None:
        """An event for the engine; too many at once count as a disconnection, never as silence."""
        if not self.queue.put(event):
            self.overflown = True

    def note(self, kind: str, words: str) -> None:
        """Something a person should read: the log, the journal, the dashboard."""
        now = self.clock.now()
        sys.stdout.write(f"{to_datetime(now):%Y-%m-%d %H:%M:%S} {kind}: {words}\n")
        self.notes.append((now, kind, words))
        del self.notes[:-200]

    def note_down(self, kind: str, words: str) -> None:
        """The same, and into the journal: for what no event of the engine says."""
        now = Instant(max(self.state.now, self.clock.now()))
        self.note(kind, words)
        self.journal.append(NoteRow(now, kind, words), now)
        self.journal.flush()

    # --- the one consumer --------------------------------------------------------------------------------------------

    def handle(self, event: e.Event) -> None:
        """One event through the engine: journal, then perform."""
        if event.at < self.state.now:  # stamped before an event that overtook it in the queue
            event = _at(event, self.state.now)
        before, stopped = self.state.counters.fills, heartbeat.stops(self.state)
        actions = step(self.state, event)
        if isinstance(event, m.Fill) and self.state.counters.fills > before:
            self.fills.appendleft(event)
        for row in rows.rows_of(self.state, event, actions):
            self.journal.append(row, self.state.now)
        if actions or isinstance(event, _URGENT):
            self.journal.flush()
        if stopped != heartbeat.stops(self.state):
            heartbeat.write(self.data, heartbeat.beat(self.state, os.getpid()))
        for action in actions:
            self.performer.perform(action)
        if self.state.halted and not stopped[0] and not isinstance(event, e.Started):
            self.proving = asyncio.create_task(self.prove_halt(self.state.working()))

    async def consume(self) -> None:
        """Until stopped, or until the clock was set back."""
        while not self.stopping.is_set() and not self.wall.set_back:
            if self.wall.leapt:
                words = f"the clock jumped ahead by {_wall(self.wall.leapt)} (the machine slept, or its clock was set)"
                self.wall.leapt = 0
                self.note_down("clock", f"{words}: what has expired meanwhile is not used, our orders are asked for")
            wait = self.clock.wall_seconds(deadline(self.state) - self.clock.now())
            try:
                event: e.Event | None = await asyncio.wait_for(self.queue.get(), max(wait, 0.001))
            except TimeoutError:
                event = None
            if event is not None:
                self.handle(event)
                for _ in range(_BATCH):
                    if self.queue.empty():
                        break
                    self.handle(self.queue.get_nowait())
            if self.overflown:
                self.overflown = False
                for kept in self.queue.relieve():
                    self.handle(kept)
                self.handle(m.Disconnected(self.clock.now(), "our queue overflowed"))
                self.performer.stream.session = None
                self.restart_feed()
            if self.clock.now() >= deadline(self.state):
                self.handle(e.Timer(self.clock.now()))
            await asyncio.sleep(0)

    def restart_feed(self) -> None:
        """A fresh connection, from which everything is learnt anew."""
        if self.feed_task is not None:
            self.feed_task.cancel()
        self.feed_task = asyncio.create_task(self.stream.run(self.put))

    async def watch_publications(self) -> None:
        """Each new publication becomes an event."""
        while True:
            try:
                async for found in publications.watch(self.settings.storage.data.resolve()):
                    now = self.clock.now()
                    if isinstance(found, str):
                        self.put(e.PublicationRefused(now, found))
                    elif found.id == self.of_another_time:
                        self.put(e.PublicationRefused(now, _OF_ANOTHER_TIME))
                    else:
                        self.put(e.Published(now, found))
            except OSError as error:  # of this moment: what is published later must not be missed
                self.note("disk", f"publications cannot be read: {error}")
                await asyncio.sleep(1.0)

    async def recall_fills(self) -> None:
        """The fills that people see begin with those of earlier runs of the day."""
        try:
            await recall(self.rest, self.fills, self.state.began_at)
        except (KwmError, OSError) as error:
            self.note("fills", f"those of earlier runs are not shown: {error}")

    async def beat(self) -> None:
        """The heartbeat file each second, the ledger into the journal each minute."""
        next_ledger = 0
        while True:
            try:
                next_ledger = self._beat_once(next_ledger)
            except OSError as error:  # a full disk for a moment must not silence us for good: the watchdog would act
                self.note("disk", f"the heartbeat cannot be written: {error}")
            await asyncio.sleep(1.0)

    def _beat_once(self, next_ledger: int) -> int:
        heartbeat.write(self.data, heartbeat.beat(self.state, os.getpid()))
        if self.state.now >= next_ledger:
            next_ledger = self.state.now + MINUTE
            self.history.append(
                (self.state.now // 1_000_000, self.state.pnl_today() / 1e6, self.state.total_loss / 1e6)
            )
            del self.history[:-1_440]
            self.journal.append(rows.pnl_row(self.state, rows.state_name(self.state)), self.state.now)
        self.journal.flush()
        return next_ledger

    # --- the life of a run -------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first event: what the last run left of the day, and what it had stopped."""
        now = self.clock.now()
        self.journal.append(
            RunRow(self.state.now, self.run, VERSION, self.settings.exchange.environment, self.clock.speed,
                   msgspec.to_builtins(self.state.config)), now,
        )  # fmt: skip
        if self.tightened:
            self.note_down("config", tightened.words(self.tightened))
        left = heartbeat.left_in(self.data)
        if left.at - now > self.state.config.publication_ahead:
            self.of_another_time = self._published_before()
        self.handle(heartbeat.started(left, self.run, now))

    def _published_before(self) -> str:
        """The id of what is published already."""
        try:
            found = publications.read(self.settings.storage.data.resolve())
        except (KwmError, OSError):
            return ""
        return found.id if found is not None else ""

    async def run_until_stopped(self) -> int:
        """0 after a clean stop; 1 when the engine found itself wrong, or the clock was set back: whoever supervises us
        starts us anew, on the new time. Ours are gone in all cases."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        self.begin()
        self.feed_task = asyncio.create_task(self.stream.run(self.put))
        helpers = [asyncio.create_task(x) for x in (self.watch_publications(), self.beat(), self.recall_fills())]
        code = 0
        try:
            await self.consume()
            if self.wall.set_back:
                code = 1
                words = f"the clock was set back by {_wall(self.wall.set_back)}"
                self.note_down("clock", f"{words}: our orders are taken away, and a new run begins on the new time")
        except AssertionError as error:
            code = 1
            self.note_down("bug", f"the engine found itself wrong: {error}")
        finally:
            ending = [*helpers, *([self.feed_task] if self.feed_task is not None else [])]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
            await self.leave()
        return code

    async def prove_halt(self, had: int) -> None:
        """After a halt: the engine's own cancels, then the exchange's list and a sweep of what it still shows."""
        began = time.monotonic()
        self.performer.refuse_waiting()
        await self.brake()
        while self.state.working() and time.monotonic() - began < _OWN_CANCELS_S:
            await asyncio.sleep(0.05)
        swept = await self._sweep(_LEAVING_S)
        proof = "none rests" if swept.verified else f"NOT verified: {len(swept.left)} known left"
        words = f"{had} orders were working; {proof}, {time.monotonic() - began:.2f} s after the halt"
        self.note_down("halted", words)

    async def brake(self) -> None:
        """Trip the order groups of events with many working orders: one request each, where cancels would take one an
        order and, at Kalshi's Basic tier, two tokens of a hundred a second."""
        events = self.state.events.values()
        busy = [x.group for x in events if x.group and not x.tripped and sum(len(k.orders) for k in x.markets) >= _MANY]
        await asyncio.gather(*(self.rest.perform(m.TriggerGroup(group)) for group in busy))

    async def _take_away(self, ends: float) -> list[str]:
        """Ours gone from the exchange's own list. What was sent and has no answer yet may arrive after that list: it is
        waited for until `ends` (monotonic seconds), and then the list is asked for again.

        Returns the client ids of orders whose fate is not known even then.
        """
        await self.performer.finish(_ANSWERS_S)
        late = bool(self.performer.under_way)
        self.swept = swept = await self._sweep(0.0 if late else _LEAVING_S)
        if late:
            await self.performer.finish(ends - time.monotonic() - _PROOF_S)
            self.swept = again = await self._sweep(max(_PROOF_S, ends - time.monotonic()))
            again.cancelled += swept.cancelled
        fateless = [r for r in self.performer.drop() if isinstance(r, (m.PlaceOrder, m.AmendOrder))]
        said = self.queue.take_all()
        timed_out = [x for x in said if isinstance(x, m.Unknown) and x.request in ("PlaceOrder", "AmendOrder")]
        return [x.client_order_id for x in (*fateless, *timed_out)]

    async def _sweep(self, patience_s: float) -> Swept:
        """Ours, and every order that the engine knows by the exchange's id: a list may not show it yet."""
        every = (order for market in self.state.markets.values() for order in market.orders.values())
        known = [m.CancelOrder(o.order_id, o.client_order_id, o.ticker) for o in every if o.order_id]
        prefix = self.state.config.prefix + "-"
        return await sweep(self.rest, prefix, patience_s, known, clocks=not self.wall.set_back)

    async def leave(self) -> None:
        """Cancel ours, prove that none rests, say how long it took."""
        began = time.monotonic()
        if self.proving is not None:
            self.proving.cancel()  # what follows proves the same
            await asyncio.gather(self.proving, return_exceptions=True)
        with contextlib.suppress(TimeoutError):  # an exchange that is slow to answer has the request all the same
            await asyncio.wait_for(self.brake(), _ANSWERS_S)
        unknown = await self._take_away(began + _LEAVING_S)
        assert self.swept is not None, "ours were just taken away"
        swept = self.swept
        proved = swept.verified and not swept.left and not unknown
        if proved:
            words = f"{swept.cancelled} orders cancelled, none left, verified in {time.monotonic() - began:.2f} s"
        else:
            words = f"NOT verified that nothing rests ({len(swept.left)} known left; {'; '.join(swept.troubles[:2])}"
            words += f"; sent and never answered: {', '.join(unknown)}" if unknown else ""
            words += "): orders expire by themselves within their lifetime, and the next start takes ours over;"
            words += " kwm kill tries again"
        self.note_down("stopped", words)
        self.journal.close()
        shown = heartbeat.beat(self.state, os.getpid())
        rests = (
            0 if proved else max(len(swept.left), len(unknown), self.state.working())
        )  # at the most, or nobody knows
        heartbeat.write(self.data, shown | {"state": "stopped", "working": rests, "proved": proved, "end": words})
        with contextlib.suppress(KwmError, OSError):
            await self.rest.close()
        sys.stdout.write(f"stopped in {time.monotonic() - began:.2f} s: {words}\n")


def _at(event: e.Event, now: Instant) -> e.Event:
    return msgspec.structs.replace(event, at=now)


def _wall(ns: int) -> str:
    return f"{ns / SECOND:,.0f} s"
