"""Everything the engine knows. Changed by `learn.py` and `step.py` only; readable by anybody (the dashboard's view).

What is connected, published, allowed, earned; the markets and events themselves are in `market.py`.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from core.contract import event_of
from core.messages import Ticker
from core.publication import Publication
from core.risk.limits import RiskLimits
from core.storage.journal_rows import JournalRow
from core.units import Count, Instant, Money
from quoter.engine.budget import Budget
from quoter.engine.config import EngineConfig
from quoter.engine.market import EventState, MarketState
from quoter.engine.orders import Order

ALL: Final[tuple[str, ...]] = ("*",)  # what an event touched: every market
NONE: Final[tuple[str, ...]] = ()
Shut = Literal["", "exchange_paused", "exchange_down"]  # why the exchange takes no orders: reasons of `guard.py`
LOSING: Final = "the day has lost"  # why only reducing orders are let through; over with the day
DRAWDOWN: Final = "drawdown limit reached"
DAILY_LOSS: Final = "daily loss limit reached"  # a halt whose words begin so needs a resume that accepts the loss


@dataclass(slots=True)
class Counters:
    """For people and reports."""

    events: int = 0
    publications: int = 0
    quotes: int = 0
    actions: int = 0
    orders_sent: int = 0
    amends: int = 0
    cancels: int = 0
    fills: int = 0
    errors: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    rejections: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The engine's whole memory. `make` it with `new_state`."""

    config: EngineConfig
    run: str
    now: Instant
    budget: Budget
    n: int = 0
    seen: int = 0  # events, for the journal
    started: bool = False
    connected: bool = False
    heard_at: Instant = Instant(0)
    late_until: Instant = Instant(0)  # the last book change came too late: until then all of them count as late
    least_lag: int = 0  # ns from the exchange's stamp to us, clocks that differ included: in this stretch of minutes,
    least_lag_before: int = 0  # and in the one before it
    lag_stretch_ends: Instant = Instant(0)
    orders_known: bool = False
    orders_known_at: Instant = Instant(0)  # when the first list of orders of this connection came
    positions_known: bool = False
    halted: str = ""
    paused: bool = False
    limits: RiskLimits = field(init=False)  # of settings and publication, the tighter
    reduce_only: str = ""  # why only reducing orders are let through
    publication: Publication | None = None
    publication_trouble: str = ""
    markets: dict[Ticker, MarketState] = field(default_factory=dict)
    events: dict[str, EventState] = field(default_factory=dict)
    by_group: dict[str, EventState] = field(default_factory=dict)
    by_order_id: dict[str, Order] = field(default_factory=dict)
    ended: dict[str, Instant] = field(default_factory=dict)  # when orders of this run were proved gone
    unclaimed: dict[str, tuple[Count, Instant]] = field(default_factory=dict)  # filled in orders whose name we do not
    # know yet, and when last
    switched_off: set[str] = field(default_factory=set)  # markets and events, known or yet to come
    decided_under: tuple[tuple[str, ...], bool] = ((), False)  # the global reasons of the last tick, and reduce-only
    watched: frozenset[Ticker] = frozenset()
    began_at: Instant = Instant(0)
    adopting: bool = True  # the next report of positions is taken over as it is
    adopted_asked: Instant = Instant(0)  # fills before this are inside the adopted positions,
    adopted_at: Instant = Instant(0)  # fills after this are not, those between may be
    fills_seen: dict[tuple[str, str], Instant] = field(default_factory=dict)  # (trade, order) -> when it filled,
    fills_from: Instant = Instant(0)  # of all fills since then; one from before is taken to have been seen
    last_fill_at: Instant = Instant(0)
    balance: Money | None = None
    realised: Money = Money(0)
    fees: Money = Money(0)
    day: str = ""
    pnl_carried: Money = Money(0)
    baseline: Money | None = None
    peak: Money = Money(0)
    accepted: Money = Money(0)  # of today's loss a person has said that it may be lost
    worst_seen: Money = Money(0)
    behind: bool = False  # orders could not be renewed at the last tick for want of tokens
    recent_fills: deque[Instant] = field(default_factory=deque)
    recent_errors: deque[Instant] = field(default_factory=deque)
    next_tick: Instant = Instant(0)
    next_reconcile: Instant = Instant(0)
    next_forget: Instant = Instant(0)
    fills_asked_at: Instant = Instant(0)
    shut: Shut = ""  # why the exchange takes no orders, by its last word on it; ask `shut_now`,
    shut_until: Instant = Instant(0)  # for a word does not hold for ever: then an order is tried again
    shut_told: Shut = ""  # the last that was said of it to people
    resumes_at: Instant | None = None  # by the exchange's own estimate
    status_of: Instant = Instant(0)  # of when that word is: an answer that was asked for before is older
    status_asked_at: Instant = Instant(0)
    next_status: Instant = Instant(0)
    city_loss: dict[str, Money] = field(default_factory=dict)
    station_day_loss: dict[str, Money] = field(default_factory=dict)
    total_loss: Money = Money(0)
    counters: Counters = field(default_factory=Counters)
    rows: list[JournalRow] = field(default_factory=list)  # for the journal, taken by the shell after each step
    alerts: list[tuple[str, str]] = field(default_factory=list)  # (kind, words), turned into actions by step

    def __post_init__(self) -> None:
        self.limits = self.config.limits

    def market(self, ticker: Ticker) -> MarketState:
        """The market, made when first heard of."""
        found = self.markets.get(ticker)
        if found is None:
            event_ticker = event_of(ticker)
            event = self.events.get(event_ticker)
            if event is None:
                event = self.events[event_ticker] = EventState(
                    event_ticker, enabled=event_ticker not in self.switched_off
                )
            found = self.markets[ticker] = MarketState(ticker, event, enabled=ticker not in self.switched_off)
            found.index = len(event.markets)
            event.markets.append(found)
        return found

    def quickest(self) -> int:
        """ns from the exchange's stamp to us, of the quickest message of the last minutes: the wire and what the clocks
        differ by. 0 while nothing stamped has come."""
        return min(self.least_lag, self.least_lag_before) if self.lag_stretch_ends else 0

    def shut_now(self) -> Shut:
        """The reason why the exchange takes no orders of anybody; "" while it does, or nobody has said so lately."""
        return self.shut if self.now < self.shut_until else ""

    def ask_status(self) -> None:
        """Something says that the exchange may have stopped, or go on: ask it at the next tick, unless just asked."""
        soonest = Instant(max(self.now, self.status_asked_at + self.config.ack_timeout))
        self.next_status = min(self.next_status, soonest)

    def soon(self) -> Instant:
        """When to ask anew what was answered too early: what is listed lags, and every tick brings a question."""
        return Instant(self.now + self.config.minute // 60)

    def remeasure(self, market: MarketState) -> None:
        """An order or the position of `market` changed: bring its event's, city's and total worst case up to date."""
        market.measure()
        self.remeasure_event(market.event)

    def remeasure_event(self, event: EventState) -> None:
        """Bring the sums up to date after an event's legs changed."""
        before = max(0, event.loss)
        event.measure()
        change = max(0, event.loss) - before
        if change:
            self.city_loss[event.city] = Money(self.city_loss.get(event.city, 0) + change)
            day = event.station_day
            self.station_day_loss[day] = Money(self.station_day_loss.get(day, 0) + change)
            self.total_loss = Money(self.total_loss + change)
            self.worst_seen = Money(max(self.worst_seen, self.total_loss))

    def belongs(self, event: EventState, city: str, station_day: str) -> None:
        """`event` is of this city and day: what it may lose counts there."""
        loss = max(0, event.loss)
        for sums, old, new in (
            (self.city_loss, event.city, city), (self.station_day_loss, event.station_day, station_day),
        ):  # fmt: skip
            if old != new:
                sums[old] = Money(sums.get(old, 0) - loss)
                sums[new] = Money(sums.get(new, 0) + loss)
        event.city, event.station_day = city, station_day

    def ledger(self) -> Money:
        """Settled and open markets at their marks, fees included."""
        total = self.realised
        for market in self.markets.values():
            early, spent = market.early
            if market.position or market.cash or spent:
                mark = market.mark() or 0
                total = Money(total + market.cash + spent + (market.position + early) * mark)
        return total

    def pnl_today(self) -> Money:
        """Earned since the day began (UTC), fees and marks included."""
        return Money(self.pnl_carried + self.ledger() - (self.baseline or 0))

    def lost_today(self) -> Money:
        """Today's loss as the daily limit counts it: without what a person has accepted."""
        return Money(max(0, -self.pnl_today() - self.accepted))

    def lost_the_day(self) -> bool:
        """Halted by the day's loss, which only a resume that accepts it ends."""
        return self.halted.startswith(DAILY_LOSS)

    def limits_now(self) -> RiskLimits:
        """Our own limits, tightened by the publication's where it is the tighter."""
        own = self.config.limits
        if self.publication is None:
            return own
        published = self.publication.limits
        total, city = min(own.max_loss_total, published.max_loss_total), min(own.max_loss_city, published.max_loss_city)
        if (total, city) == (own.max_loss_total, own.max_loss_city):
            return own
        return replace(own, max_loss_total=total, max_loss_city=city)

    def event_limit(self, event: EventState) -> Money:
        """What may be lost on an event: the tighter of settings and publication; nothing without a belief."""
        return Money(0) if event.fair is None else Money(min(self.limits.max_loss_event, event.fair.max_loss))

    def passed(self, event: EventState) -> bool:
        """Is a limit passed, by our own count, that this event counts in?"""
        limits = self.limits
        return (
            event.loss > self.event_limit(event)
            or self.station_day_loss.get(event.station_day, 0) > limits.max_loss_station_day
            or self.city_loss.get(event.city, 0) > limits.max_loss_city
            or self.total_loss > limits.max_loss_total
        )

    def max_daily_loss(self) -> Money:
        """The tighter of settings and publication."""
        own = self.config.max_daily_loss
        return own if self.publication is None else Money(min(own, self.publication.limits.max_daily_loss))

    def counts_twice(self) -> bool:
        """May a fill be counted both in a position that was taken over and in the order it filled?

        So it may be for an adopted order until a report of positions holds what it was told to have filled, and for any
        order whose fill was inside the positions when they were taken over and is heard of later.
        """
        adopted = max(self.adopted_at, *(market.adopted_at for market in self.markets.values()), 0)
        if self.adopting or self.now <= adopted + self.config.minute:
            return True
        every = (order for market in self.markets.values() for order in market.orders.values())
        return any(order.adopted and order.filled != order.told for order in every)

    def working(self) -> int:
        """Orders of ours that can still change a position."""
        return sum(len(market.orders) for market in self.markets.values())


def new_state(config: EngineConfig, run: str, now: Instant) -> State:
    """An engine that knows nothing yet: nor what a run before it has just spent, so it starts with no tokens."""
    budget = Budget(config.tokens_per_ns, config.token_burst, config.cancel_reserve, 0.0, now)
    return State(config, run, now, budget)
