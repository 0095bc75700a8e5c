"""A seeded world on virtual time: the engine against the simulated exchange over slow, faulty wires.

One seed is one history: same seed, same faults, same order of events. The auditor looks after every step; a failing
seed is replayed alone. Faults stop at the end, and then both sides must agree.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from core import config
from core import messages as m
from core.contract import Market
from core.exchange.listing import ladder
from core.exchange.simulator import Exchange
from core.risk.limits import Approved
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, SECOND, Count, Duration, Instant, Money, from_datetime, money
from quoter.engine import actions as a
from quoter.engine import events as e
from quoter.engine.config import EngineConfig, engine_config
from quoter.engine.state import State, new_state
from quoter.engine.step import deadline, step
from quoter.shell.auditor import Broken, after_step, at_the_end, books_agree
from quoter.shell.world_beliefs import Faults, publication, rest_answer
from quoter.shell.world_crowd import CROWD, US, crowd

_MS = 1_000_000
LASTS = 8 * MINUTE
CALM = 260 * SECOND  # longer than an order's life: what was lost has expired by then


@dataclass
class World:
    """See the module. `step_` may be replaced by a deliberately broken engine (mutation tests)."""

    seed: int
    faults: Faults = field(default_factory=Faults)
    step_: Callable[[State, e.Event], list[a.Action]] = step
    tamper: Callable[["World", m.Said | e.Event], "m.Said | e.Event | None"] | None = None
    rng: random.Random = field(init=False)
    now: Instant = field(init=False)
    history: list[str] = field(default_factory=list)
    steps: int = 0
    runs: int = 0
    calm: bool = False
    quiet: bool = False  # the others have stopped
    valid_until: Instant = Instant(0)
    connected: bool = False
    conn: int = 0
    watched: set[str] = field(default_factory=set)
    requests_in_flight: dict[int, m.Request] = field(default_factory=dict)
    foreign: dict[str, Count] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.now = from_datetime(datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
        self.start = self.now
        self.settings = config.load({}, None)
        self.config: EngineConfig = replace(
            engine_config(self.settings),
            order_life=Duration(150 * SECOND),
            refresh_before=Duration(50 * SECOND),
            reconcile=Duration(20 * SECOND),
            book_stale=Duration(20 * SECOND),
        )
        day = datetime(2026, 11, 24, tzinfo=UTC).date()
        self.markets: list[Market] = []
        for code, variable in (("KNYC", Variable.HIGH), ("KNYC", Variable.LOW)):
            self.markets += ladder(StationDay(BY_CODE[code], variable, day), 44, Instant(self.now - HOUR))
        self.exchange = Exchange(self.markets, self.now)
        self.exchange.open_account(US, money("2000.00"))
        self.exchange.open_account(CROWD, money("0"), house=True)
        self.exchange.advance(self.now)
        self.exchange.drain()
        self.queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self.n = 0
        self.publications = 0
        self.fairs = {market.ticker: 1 / 6 for market in self.markets}
        self.begin_run()
        self.at(0, lambda: crowd(self))
        self.at(0, self.publish)

    # --- time --------------------------------------------------------------------------------------------------------

    def at(self, delay: int, what: Callable[[], None]) -> None:
        """Do `what` after `delay` ns."""
        self.n += 1
        heapq.heappush(self.queue, (Instant(self.now + delay), self.n, what))

    def happens(self, chance: float) -> bool:
        """A fault strikes, unless the world is calm."""
        return not self.calm and self.rng.random() < chance

    def wire(self) -> int:
        """A one-way delay."""
        return int(self.rng.expovariate(1 / (15 * _MS))) + 2 * _MS

    def run(self) -> "World":
        """The whole history. Raises: Broken."""
        try:
            self._until(Instant(self.start + LASTS))
            self.calm = True
            if not self.connected:
                self.at(SECOND, self.connect)
            self._until(Instant(self.now + CALM))
            self._quieten()
            at_the_end(self)
        except AssertionError as error:
            raise Broken(f"seed {self.seed}: the engine found itself wrong: {error}") from error
        return self

    def _quieten(self) -> None:
        """Nobody else acts any more: soon every book must be the exchange's."""
        self.quiet = True
        for _ in range(100):
            self._until(Instant(self.now + 50 * _MS))
            if books_agree(self):
                return
        raise Broken(f"seed {self.seed}: at the end a book that we take for known is not the exchange's")

    def _until(self, end: Instant) -> None:
        while self.queue and self.queue[0][0] <= end:
            when, _, what = heapq.heappop(self.queue)
            self._tick(when)
            self.now = max(self.now, when)
            what()
        self.now = end

    def _tick(self, when: Instant) -> None:
        while deadline(self.state) <= when:
            self.now = Instant(max(self.now, deadline(self.state)))
            self.exchange.advance(self.now)
            self.tell()
            self.deliver(e.Timer(self.now))

    # --- the engine's side -------------------------------------------------------------------------------------------

    def begin_run(self) -> None:
        """A process starts: nothing is known."""
        self.runs += 1
        self.state = new_state(self.config, f"{self.seed}r{self.runs}", self.now)
        self.state.next_tick = Instant(self.now + SECOND)
        self.connected = False
        self.conn += 1
        self.watched = set()
        self.deliver(e.Started(self.now, self.state.run, "2026-11-23", Money(0)))
        self.at(300 * _MS, self.connect)
        if self.publications:
            self.at(50 * _MS, self.republish)

    def deliver(self, event: e.Event) -> None:
        """One event through the engine, looked at by the auditor."""
        if self.tamper is not None:
            tampered = self.tamper(self, event)
            if tampered is None:
                return
            event = tampered
        event = msgspec.structs.replace(event, at=Instant(max(self.now, self.state.now)))
        self.steps += 1
        actions = self.step_(self.state, event)
        self.state.rows.clear()
        if len(self.history) < 20_000:
            self.history.append(
                f"{(self.now - self.start) / 1e9:9.3f} {type(event).__name__} -> {len(actions)} actions"
            )
        for action in actions:
            self.act(action)
        after_step(self, event, actions)
        if self.happens(self.faults.crash):
            self.begin_run()

    def act(self, action: a.Action) -> None:
        """An action leaves the process."""
        match action:
            case Approved(request=request):
                self.send(request)
            case a.Watch(tickers=tickers):
                new = set(tickers) - self.watched
                self.watched = set(tickers)
                for ticker in sorted(new):
                    self.stream(self.exchange.snapshot(ticker))
            case a.Resync(tickers=tickers):
                if self.connected:
                    for ticker in tickers:
                        self.stream(self.exchange.snapshot(ticker))
            case a.AskOrders() | a.AskPositions() | a.AskFills() | a.LookUp():
                self.ask(action)
            case _:
                pass

    def send(self, request: m.Request) -> None:
        """A request on its way: it may arrive, late or never; its answer too."""
        run, asked = self.runs, self.now
        name, cid = type(request).__name__, getattr(request, "client_order_id", "")
        ticker = getattr(request, "ticker", "")
        f = self.faults
        if self.happens(f.refused):
            throttled = self.rng.random() < 0.3
            self.later(run, m.NotSent(self.now, cid, ticker, name, throttled))
            return
        key = self.n
        self.requests_in_flight[key] = request
        lost_answer = self.happens(f.ack_lost)
        broken = self.happens(f.accepted_then_5xx)
        delay = self.wire() + (self.rng.randint(1, 20) * SECOND if self.happens(f.late) else 0)
        arrives = not self.happens(f.never_arrives)

        def land() -> None:
            self.requests_in_flight.pop(key, None)
            if not arrives:
                return
            self.exchange.advance(self.now)
            order = self.exchange.resting[US].get(getattr(request, "order_id", ""))
            left = order.remaining if order is not None else None
            answer = self.exchange.handle(US, request, self.now)
            self.tell()
            if broken:
                self.later(run, m.Unknown(self.now, cid, ticker, name, "500"))
            elif not lost_answer and self.now - asked < 4 * SECOND:
                self.later(run, rest_answer(answer, left))

        self.at(delay, land)
        if lost_answer or not arrives or delay >= 4 * SECOND:
            self.at(5 * SECOND, lambda: self.if_run(run, m.Unknown(self.now, cid, ticker, name, "timeout")))

    def later(self, run: int, said: m.Said) -> None:
        """An answer on its way back to the run that asked."""
        self.at(self.wire(), lambda: self.if_run(run, said))

    def if_run(self, run: int, said: m.Said) -> None:
        """Answers to a process that is dead reach nobody."""
        if run == self.runs:
            self.deliver(said)

    def ask(self, question: a.Action) -> None:
        """A read of the exchange."""
        run, asked = self.runs, self.now

        def land() -> None:
            self.exchange.advance(self.now)
            self.tell()
            if self.happens(self.faults.refused):
                return
            match question:
                case a.AskOrders():
                    self.later(run, m.OrdersReported(self.now, asked, self.exchange.order_views(US)))
                case a.AskPositions():
                    self.later(run, m.PositionsReported(self.now, asked, self.exchange.positions(US),
                                                        self.exchange.balance(US)))  # fmt: skip
                case a.AskFills(since=since):
                    for fill in self.exchange.fills(US, since):
                        self.later(run, msgspec.structs.replace(fill, client_order_id=""))
                case a.LookUp():
                    found = self.exchange.look_up(US, question.client_order_id)
                    self.later(run, m.OrderLookedUp(self.now, asked, question.client_order_id, found))
                case _:
                    pass

        self.at(self.wire(), land)

    # --- the stream --------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """The stream comes up."""
        if self.connected:
            return
        self.connected = True
        self.conn += 1
        self.deliver(m.Connected(self.now))
        for ticker in sorted(self.watched):
            self.stream(self.exchange.snapshot(ticker))

    def disconnect(self) -> None:
        """The stream breaks; what was on its way is lost."""
        if self.connected:
            self.connected = False
            self.conn += 1
            self.deliver(m.Disconnected(self.now, "broken"))
            self.at(self.rng.randint(1, 8) * SECOND, self.connect)

    def tell(self) -> None:
        """Everything the exchange said since the last time, to the stream."""
        for user, said in self.exchange.drain():
            if user not in (None, US):
                continue
            ticker = getattr(said, "ticker", "")
            if user is None and ticker not in self.watched:
                continue
            self.stream(said)
        if self.connected and self.happens(self.faults.disconnect):
            self.at(0, self.disconnect)

    def stream(self, said: m.Said) -> None:
        """One message on the stream: public ones in order, private ones perhaps not, fills perhaps twice."""
        if not self.connected:
            return
        conn = self.conn
        private = isinstance(said, m.Fill | m.Acked | m.Gone)
        delay = 10 * _MS
        if private and self.happens(self.faults.reorder):
            delay += self.rng.randint(0, 400) * _MS
        if isinstance(said, m.BookDelta) and self.happens(self.faults.gap):
            ticker = said.ticker
            self.at(delay, lambda: self.if_conn(conn, m.Gap(self.now, "orderbook_delta", [ticker])))
            self.at(delay + 200 * _MS, lambda: self.if_conn(conn, self.exchange.snapshot(ticker)))
            return
        self.at(delay, lambda: self.if_conn(conn, said))
        if isinstance(said, m.Fill) and self.happens(self.faults.duplicate_fill):
            self.at(delay + self.rng.randint(0, 3000) * _MS, lambda: self.if_conn(conn, said))

    def if_conn(self, conn: int, said: m.Said) -> None:
        """Messages of a connection that is gone reach nobody."""
        if conn == self.conn and self.connected:
            self.deliver(said)

    # --- the rest of the world ---------------------------------------------------------------------------------------

    def publish(self) -> None:
        """A new publication every 20 s; sometimes the flows are late."""
        self.at(20 * SECOND, self.publish)
        if self.happens(0.3):
            return
        weights = {t: max(0.02, f * (1 + self.rng.gauss(0, 0.06))) for t, f in self.fairs.items()}
        self.publications += 1
        self.fairs = weights
        self.republish()

    def republish(self) -> None:
        """The publication as the quoter reads it."""
        published = publication(self)
        self.valid_until = published.valid_until
        self.deliver(e.Published(self.now, published))
