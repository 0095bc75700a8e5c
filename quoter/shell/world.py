"""A seeded world on virtual time: the engine against the simulated exchange over slow, faulty wires.

One seed is one history: same seed, same faults, same order of events. The auditor looks after every step; a failing
seed is replayed alone. Faults stop at the end, and then both sides must agree.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from core import messages as m
from core.exchange.simulator import Exchange
from core.risk.limits import Approved
from core.storage.journal_rows import RunRow
from core.units import SECOND, Count, Duration, Instant, money
from quoter.engine import actions as a
from quoter.engine import events as e
from quoter.engine.rows import rows_of
from quoter.engine.state import State, new_state
from quoter.engine.step import deadline, step
from quoter.shell import heartbeat, world_crowd, world_events
from quoter.shell.auditor import Auditor
from quoter.shell.auditor_end import at_the_end, books_agree, orders_differ
from quoter.shell.broken import Broken, broken
from quoter.shell.freshness import shows_since
from quoter.shell.gate import Gate
from quoter.shell.replay import Replayed, replay_rows
from quoter.shell.world_beliefs import Beliefs
from quoter.shell.world_crowd import CROWD, US
from quoter.shell.world_dice import Dice
from quoter.shell.world_plan import START, Faults, Plan, plan_of
from quoter.shell.world_replica import Replica
from quoter.shell.world_requests import RequestWire
from quoter.shell.world_wires import StreamWire

_MS: Final = 1_000_000
_ENCODE: Final = msgspec.json.Encoder().encode
CASH: Final = money("2000.00")
CALM: Final = 33 * SECOND  # longer than an order's life and what must pass after it: what was lost has expired by then

# of these, too, a seed must be named
_WRONG: Final = (AssertionError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
# after these a process writes its heartbeat: each second, and when a person stopped something
_LEAVES: Final = frozenset((e.Timer, e.Halted, e.Paused, e.Resumed, e.ReduceOnly, e.Toggled))
Step = Callable[[State, e.Event], list[a.Action]]
Since = Callable[[Instant, "Instant | None", Duration], Instant]
Tamper = Callable[["World", e.Event], "e.Event | None"]


def _as_it_is(plan: Plan) -> Plan:
    return plan


@dataclass
class World:
    """See the module. `step_`, `tamper` (what of an event the engine sees), `checks_seq`, `since` and `gate` make a
    build that is broken on purpose (mutation tests); `change` makes a world for one story."""

    seed: int
    step_: Step = step
    tamper: Tamper | None = None
    checks_seq: bool = True
    since: Since = shows_since
    gate: Callable[[], Gate] = Gate
    change: Callable[[Plan], Plan] = _as_it_is
    keeps_history: bool = False
    plan: Plan = field(init=False)
    history: list[str] = field(default_factory=list)
    journal: list[bytes] = field(default_factory=list)
    steps: int = 0
    runs: int = 0
    n: int = 0
    calm: bool = False
    quiet: bool = False  # the others have stopped
    paid_out: str = ""  # the event that was settled
    flows_late_until: Instant = Instant(0)
    foreign: dict[str, Count] = field(default_factory=dict)
    left: heartbeat.Left = field(default_factory=heartbeat.Left)  # by the last heartbeat

    def __post_init__(self) -> None:
        self.rng = Dice(self.seed)
        self.plan = self.change(plan_of(self.seed))
        self.config, self.markets, self.faults = self.plan.config, list(self.plan.markets), self.plan.faults
        self.by_ticker = {market.ticker: market for market in self.markets}
        self.now = START
        self.beliefs = Beliefs(self.rng, self.markets)
        self.exchange = Exchange(self.markets, self.exchange_now)
        self.cash = CASH
        self.exchange.open_account(US, self.cash)
        self.exchange.open_account(CROWD, money("0"), house=True)
        self.exchange.advance(self.exchange_now)
        self.exchange.drain()
        self.queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self.audit, self.replica = Auditor(self), Replica(self)
        self.stream, self.requests = StreamWire(self), RequestWire(self)
        self.begin_run()
        for begin in (world_crowd.crowd, world_crowd.adversary, world_crowd.move, world_events.publish):
            self.at(0, partial(begin, self))
        self.at(SECOND, lambda: world_events.strike(self))
        if self.plan.closing:
            closes = next(x.close_at for x in self.markets if x.event_ticker == self.plan.closing)
            self.at(closes - self.now + 3 * SECOND, lambda: world_events.close(self, self.plan.closing))

    # --- time --------------------------------------------------------------------------------------------------------

    @property
    def exchange_now(self) -> Instant:
        """The exchange's clock."""
        return Instant(self.now + self.plan.skew)

    def advance(self) -> None:
        """Let the exchange's time pass."""
        self.exchange.advance(self.exchange_now)

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
            self._until(Instant(START + self.plan.lasts))
            self._calm_down()
            self._until(Instant(self.now + CALM))
            self._until(Instant(max(self.now, self._paused_until()) + SECOND))
            self._quieten()
            at_the_end(self)
        except _WRONG as error:
            raise broken(self, f"the engine found itself wrong: {type(error).__name__} {error}") from error
        self._replay()
        return self

    def _calm_down(self) -> None:
        """Nothing fails any more; a person ends what was halted, or halts for good."""
        self.calm = True
        self.stream.silent_until = self.stream.slow_until = Instant(0)
        self.requests.storm_until = self.requests.slow_until = Instant(0)
        self.stream.unreadable.clear()
        self.exchange.unpause()
        if not self.stream.up:
            self.at(SECOND, self.stream.connect)
        for market in self.markets:
            self.exchange.activate(market.ticker)
        self.tell()
        self.at(10 * SECOND, lambda: self.deliver(self._last_word()))

    def _paused_until(self) -> Instant:
        """When the last of the pauses ends that earlier trouble has left."""
        every = (pause.until for market in self.state.markets.values() for pause in market.pauses.values())
        return max(every, default=self.now)

    def _last_word(self) -> e.Event:
        return e.Halted(self.now, "a person", "enough") if self.plan.ends_halted else e.Resumed(self.now, "a person")

    def _quieten(self) -> None:
        """Nobody else acts any more: soon every book must be the exchange's, and both sides know the same orders."""
        self.quiet = True
        words = ""
        for _ in range(160):
            self._until(Instant(self.now + 50 * _MS))
            agree = books_agree(self)
            words = orders_differ(self) if agree else "a book that we take for known is not the exchange's"
            if not words and not self.state.positions_known:
                words = "nobody knows what we hold"  # a fill is asked about: was it in the positions taken over?
            if not words and any(isinstance(asked, m.CancelOrder) for _, asked in self.requests.in_flight.values()):
                words = "cancels are on their way"  # a person has lowered a limit a moment ago
            if not words:
                return
        raise broken(self, f"at the end {words}")

    def _until(self, end: Instant) -> None:
        queue, take = self.queue, heapq.heappop
        while queue and queue[0][0] <= end:
            when, _, what = take(queue)
            if deadline(self.state) <= when:
                self._tick(when)
            if when > self.now:
                self.now = when
            what()
        self._tick(end)
        self.now = end

    def _tick(self, when: Instant) -> None:
        while deadline(self.state) <= when:
            self.now = Instant(max(self.now, deadline(self.state)))
            self.advance()
            self.tell()
            self.deliver(e.Timer(self.now))

    # --- the engine's side -------------------------------------------------------------------------------------------

    def begin_run(self) -> None:
        """A process starts: nothing is known but what the last heartbeat says."""
        self.runs += 1
        self.requests.orphan()
        self.stream.up, self.stream.number, self.stream.watched = False, self.stream.number + 1, set()
        self.state = new_state(self.config, f"{self.seed}r{self.runs}", self.now)
        self.state.next_tick = Instant(self.now + SECOND)
        if self.plan.journals:
            told = msgspec.to_builtins(self.config)
            self.journal.append(_ENCODE(RunRow(self.now, self.state.run, "world", "world", 1.0, told)))
        self.audit.new_run()
        self.deliver(heartbeat.started(self.left, self.state.run, self.now))
        self.at(1_200 * _MS, self.stream.connect)
        self.at(700 * _MS, lambda: world_events.hand_over(self))

    def deliver(self, event: e.Event) -> None:
        """One event through the engine: journalled, then performed, then looked at by the auditor."""
        at = max(self.now, self.state.now)
        if event.at != at:
            event = msgspec.structs.replace(event, at=at)
        self.audit.before(event)
        seen = event
        if self.tamper is not None:
            tampered = self.tamper(self, event)
            if tampered is None:
                return
            seen = tampered
        self.steps += 1
        state = self.state
        before = state.halted
        actions = self.step_(state, seen)
        if self.plan.journals:
            self.journal += [_ENCODE(row) for row in rows_of(state, seen, actions)]
        state.rows.clear()
        if type(event) in _LEAVES:
            self.left = heartbeat.left_of(state)
        if self.keeps_history:
            self.history.append(f"{(self.now - START) / SECOND:9.3f} {event}")
            self.history += [f"{'':>9} -> {action}" for action in actions]
        dies = self.happens(self.faults.crash)
        if dies:
            actions = actions[: self.rng.randint(0, len(actions))]
        for action in actions:
            self.act(action)
        if state.halted and not before and type(event) is not e.Started:
            self.requests.gate.refuse_waiting(self.now)
        self.audit.after(event, actions)
        if dies:
            if self.keeps_history:
                self.history.append(f"{(self.now - START) / SECOND:9.3f} kill -9")
            self.begin_run()

    def act(self, action: a.Action) -> None:
        """An action leaves the process."""
        match action:
            case Approved(request=request):
                self.audit.journalled(request)
                self.audit.touched(getattr(request, "ticker", ""))
                self.requests.enter(action)
            case a.Watch(tickers=tickers):
                self.stream.watch(set(tickers))
            case a.Resync(tickers=tickers):
                if self.stream.up:
                    for ticker in tickers:
                        self.stream.snapshot(ticker)
            case a.AskOrders() | a.AskPositions() | a.AskStatus() | a.AskFills() | a.LookUp():
                self.requests.enter(action)
            case a.Alert():
                pass
            case _:
                raise broken(self, f"the world cannot do {action}")

    def if_run(self, run: int, said: m.Said) -> None:
        """Answers to a process that is dead reach nobody."""
        if run == self.runs:
            self.deliver(said)

    def tell(self) -> None:
        """Everything the exchange said since the last time, to the stream."""
        watched = self.stream.watched
        for user, said in self.exchange.drain():
            ticker: str = getattr(said, "ticker", "")
            if user == US:
                self.audit.touched(ticker)
                self.replica.note(said)
                self.stream.carry(said)
                continue
            if type(said) is m.MarketChanged:
                self.replica.paid_out(said)
            if user is None and ticker in watched:
                self.stream.carry(said)

    def _replay(self) -> None:
        """The journal alone, through fresh engines, gives the same actions."""
        if not self.plan.journals or self.step_ is not step:
            return
        found: Replayed = replay_rows(str(self.seed), self.journal)
        if found.differences or not found.events:
            raise broken(self, f"the replay differs: {found.differences[:2]}")


__all__ = ["Broken", "Faults", "World"]
