"""What each event teaches us: one function an event type, each a few lines. Changes the state, decides nothing.

Returns the tickers it touched, or ALL; `step` then decides for those. What is said of our orders: `learn_orders.py`;
of fills, positions and payments: `learn_ledger.py`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from core import messages as m
from core.contract import PriceGrid
from core.publication import ahead
from core.units import DAY, SECOND, Instant, Money, Price, to_datetime
from quoter.engine import events as e
from quoter.engine import groups, standing
from quoter.engine import learn_ledger as ledger
from quoter.engine import learn_orders as own
from quoter.engine import learn_person as person
from quoter.engine import learn_trading as trading
from quoter.engine.market import FOREVER, MarketState
from quoter.engine.state import ALL, DAILY_LOSS, DRAWDOWN, LOSING, NONE, State

_LIFECYCLE: Final = "market_lifecycle_v2"  # the channel on which markets open and close
_OURS: Final = frozenset(("fill", "user_orders", "user_order"))  # those that speak of our orders

_STRETCH: Final = 5  # minutes: the feed's least delay is that of this and the last stretch


def started(state: State, event: e.Started) -> Iterable[str]:
    """A run begins; nothing is known but what the last one left."""
    state.started, state.run, state.day = True, event.run, event.day
    state.began_at = state.last_fill_at = Instant(event.at - state.config.clock_margin)
    if event.heard_at:  # what filled since is inside the positions; asked for, it is in the journal, too
        state.last_fill_at = Instant(min(state.began_at, event.heard_at))
    state.pnl_carried, state.halted, state.paused = event.pnl_carried, event.halted, event.paused
    state.reduce_only, state.switched_off = event.reduce_only, set(event.off)
    state.accepted, state.peak = event.accepted, event.peak
    for ticker, mark in event.marks.items():
        market = state.market(ticker)
        market.marked_before(mark, event.at)
        state.remeasure(market)
    return NONE


def published(state: State, event: e.Published) -> Iterable[str]:
    """New beliefs. An older publication than the one we have is refused, and so is one of the future."""
    new, most = event.publication, state.config.publication_ahead
    if state.publication is not None and new.id <= state.publication.id:
        return NONE
    if most and (words := ahead(new, event.at, most)):
        return publication_refused(state, e.PublicationRefused(event.at, words))
    state.publication, state.publication_trouble = new, ""
    state.limits = state.limits_now()
    state.counters.publications += 1
    for known in state.events.values():
        known.fair = None
    for market in state.markets.values():
        market.fair = None
    for fair in new.events:
        for priced in fair.markets:
            market = state.market(priced.ticker)
            market.published(
                market.event.charged(priced),
                _grid(tuple((Price(a), Price(b), Price(c)) for a, b, c in priced.price_ranges)),
            )
        if fair.markets:
            known = state.market(fair.markets[0].ticker).event
            known.fair, known.coherent, known.widening = fair, None, (1.0, FOREVER, FOREVER)
            known.moved = any([market.moved() for market in known.markets])
            state.belongs(known, fair.station, f"{fair.station} {fair.day}")
            for market in known.markets:
                market.measure()
            state.remeasure_event(known)
    for known in state.events.values():
        if known.fair is None:
            known.fees_unknown = False  # the flows know it too, and list it again once they can compute it
    return ALL


@lru_cache(64)
def _grid(ranges: tuple[tuple[Price, Price, Price], ...]) -> PriceGrid:
    """The same few grids come with every publication."""
    return PriceGrid(ranges)


def publication_refused(state: State, event: e.PublicationRefused) -> Iterable[str]:
    """The old publication keeps ageing."""
    state.publication_trouble = event.words
    state.alerts.append(("publication", event.words))
    return NONE


def connected(state: State, event: m.Connected) -> Iterable[str]:
    """The stream is up; everything must be reconciled before a quote."""
    state.connected, state.heard_at, state.late_until = True, event.at, Instant(0)
    state.orders_known = state.positions_known = False
    state.next_reconcile = event.at
    state.next_status = event.at
    _reopen(state)
    return NONE


def _reopen(state: State) -> Iterable[str]:
    """What closed a market may have been undone unheard: nothing is told again. If it was not, an order is refused."""
    shut = [market for market in state.markets.values() if not market.open]
    for market in shut:
        market.open = True
    return [market.ticker for market in shut]


def disconnected(state: State, event: m.Disconnected) -> Iterable[str]:
    """Every book is unknown; our orders may have filled: pull everything."""
    state.connected = state.orders_known = state.positions_known = False
    for market in state.markets.values():
        market.book.known = market.book.broken = False
    state.alerts.append(("disconnect", event.words or "the exchange's stream is down"))
    return ALL


def opened(state: State, event: m.StreamOpened) -> Iterable[str]:
    """A channel is subscribed; its content follows."""
    return NONE


def heartbeat(state: State, event: m.Heartbeat) -> Iterable[str]:
    """Alive, nothing new."""
    return NONE


def gap(state: State, event: m.Gap) -> Iterable[str]:
    """These books are suspect until their snapshots come; where a word on ours was lost, it is asked for."""
    for ticker in event.tickers:
        state.market(ticker).book.known = False
    if event.channel in _OURS:
        state.next_reconcile = min(state.next_reconcile, state.soon())
    if event.channel == _LIFECYCLE:
        return [*event.tickers, *_reopen(state)]
    return event.tickers


def snapshot(state: State, event: m.BookSnapshot) -> Iterable[str]:
    """A whole book."""
    if event.sent_at is not None:
        _lag(state, event.at, event.sent_at)
    market = state.market(event.ticker)
    market.book.load(event)
    market.others = None
    return (event.ticker,)


def _lag(state: State, at: Instant, sent_at: Instant) -> None:
    """Is the feed late? Only by comparison, for nobody knows how far the exchange's clock is from ours: what came
    quickest in the last minutes is in time. After a jump of a clock everything is late for those minutes at most."""
    allowed, lag = state.config.feed_late, at - sent_at
    if not allowed:
        return
    if at >= state.lag_stretch_ends:
        if state.lag_stretch_ends:
            _clocks(state)
        state.least_lag_before = state.least_lag if state.lag_stretch_ends else lag
        state.least_lag, state.lag_stretch_ends = lag, Instant(at + _STRETCH * state.config.minute)
    elif lag < state.least_lag:
        state.least_lag = lag
    late = lag - state.quickest() > allowed
    state.late_until = Instant(at + allowed) if late else Instant(0)


def _clocks(state: State) -> None:
    """A quickest message of seconds, or one from the future, is a clock that goes wrong: fills around a start would be
    taken for older or newer than they are."""
    lag, margin = state.least_lag, state.config.clock_margin
    if margin and abs(lag) > margin:
        words = f"{abs(lag) / SECOND:.1f} s {'ahead of' if lag > 0 else 'behind'} the exchange's"
        state.alerts.append(("clock", f"our clock seems {words}: synchronise it (kwm doctor compares them)"))


def delta(state: State, event: m.BookDelta) -> Iterable[str]:
    """One level changed."""
    if event.sent_at is not None:
        _lag(state, event.at, event.sent_at)
    market = state.markets.get(event.ticker)
    if market is None or not market.book.known:
        return NONE
    market.others = None
    if not market.book.apply(event):
        market.book.known, market.book.broken = False, True
        words = "a level below zero, or the exchange's clock fell; asking for a new snapshot"
        state.alerts.append(("book", f"{event.ticker}: {words}"))
    elif market.touch == market.others_touch():
        return NONE  # deeper in the book than anything we decide by
    return (event.ticker,)


def trade(state: State, event: m.TradePrint) -> Iterable[str]:
    """Anybody's trade: the book's deltas tell its effect; the queues before our orders get shorter."""
    market = state.markets.get(event.ticker)
    if market is not None:
        standing.traded(state, market, event)
    return NONE


def market_changed(state: State, event: m.MarketChanged) -> Iterable[str]:
    """The market opened, closed, moved, or was paid out."""
    market = state.market(event.ticker)
    match event.change:
        case "deactivated":
            market.open = False
        case "activated":
            market.open, market.shut_until = True, Instant(0)
        case "determined" | "settled":
            if event.settlement_value is not None:
                ledger.settle(state, market, event.settlement_value)
            market.over = True
    if event.close_at is not None:
        market.told_close = event.close_at
        market.close_at = event.close_at if market.fair is None else min(event.close_at, market.fair.close_at)
    if event.price_ranges:
        market.grid = market.told_grid = PriceGrid(tuple(event.price_ranges))
    if event.strikes is not None:
        return _struck(state, market, event.strikes)
    return (event.ticker,)


def _struck(state: State, market: MarketState, strikes: tuple[int | None, int | None]) -> Iterable[str]:
    """The bracket of a market moved: the event's fairs, and the outcomes they are of, hold no longer."""
    market.told_strikes, known = strikes, market.event
    known.moved = any([one.moved() for one in known.markets])
    if market.moved():
        state.alerts.append(("strikes", f"{market.ticker}: the exchange moved its strikes; not quoted until published"))
    return [one.ticker for one in known.markets]


def fees_changed(state: State, event: m.FeesChanged) -> Iterable[str]:
    """An event has fees of its own, which the flows read a quarter of an hour later. The dearer of what is told and
    what is published is reckoned with; of one that we cannot compute nothing is quoted until the flows drop it."""
    known = state.events.get(event.event)
    if known is None:
        return NONE
    known.told_maker_fee, known.fees_unknown = event.maker_fee or 0, event.maker_fee is None
    fee = "one that we cannot compute: not quoted" if known.fees_unknown else f"{known.told_maker_fee / 1e6:g} x P(1-P)"
    words = "its series' again, as the flows will read them" if event.cleared else fee
    state.alerts.append(("fees", f"{event.event}: the exchange changed its maker fee to {words}"))
    for market in known.markets:
        if market.fair is not None:
            market.fair = known.charged(market.fair)
        market.measure()
    state.remeasure_event(known)
    return [market.ticker for market in known.markets]


@lru_cache(4)
def _date(days: int) -> str:
    """The date so many days after 1 January 1970, UTC."""
    return to_datetime(Instant(days * DAY)).date().isoformat()


def timer(state: State, event: e.Timer) -> Iterable[str]:
    """The tick: windows slide, the day turns, latches are checked, everything is decided anew."""
    for window in (state.recent_fills, state.recent_errors):
        while window and window[0] <= event.at - state.config.minute:
            window.popleft()
    if len(state.ended) > 2_000:
        old = event.at - 10 * state.config.reconcile
        state.ended = {cid: at for cid, at in state.ended.items() if at > old}
    for market in state.markets.values():
        if market.position:
            corrected = market.tick(event.at)
            if corrected and state.baseline is not None:
                state.baseline = Money(state.baseline + corrected)
    today = _date(event.at // DAY)
    if state.baseline is not None:
        if today != state.day:
            state.day, state.pnl_carried, state.baseline = today, Money(0), state.ledger()
            state.peak = state.accepted = Money(0)
            if state.lost_the_day():
                state.halted = f"a new day after: {state.halted}"  # a plain resume is enough now
            if state.reduce_only.startswith(LOSING):
                state.reduce_only = ""
        pnl, lost = state.pnl_today(), state.lost_today()
        state.peak = Money(max(state.peak, pnl))
        allowed = state.max_daily_loss()
        if not state.lost_the_day() and lost >= allowed:
            before = f"; {state.halted}" if state.halted else ""
            state.halted = f"{DAILY_LOSS}: {lost / 1e6:.2f} dollars{before}"
            state.alerts.append(("daily_loss", state.halted))
        elif not state.halted and state.peak - pnl >= state.config.max_drawdown:
            state.halted = f"{DRAWDOWN}: {(state.peak - pnl) / 1e6:.2f} dollars below the day's best"
            state.alerts.append(("drawdown", state.halted))
        elif (
            not state.reduce_only
            and state.config.reduce_only_at < 1.0
            and lost >= state.config.reduce_only_at * allowed
        ):
            state.reduce_only = f"{LOSING} {lost / 1e6:.2f} of {allowed / 1e6:.2f} dollars"
            state.alerts.append(("reduce_only", state.reduce_only))
    return ALL


LEARN: Final[dict[type, Callable[[State, Any], Iterable[str]]]] = {
    e.Started: started,
    e.Published: published,
    e.PublicationRefused: publication_refused,
    e.Halted: person.halted,
    e.Paused: person.paused,
    e.Resumed: person.resumed,
    e.CancelEverything: person.cancel_everything,
    e.ReduceOnly: person.reduce_only,
    e.Toggled: person.toggled,
    e.Configured: person.configured,
    e.Timer: timer,
    m.Connected: connected,
    m.Disconnected: disconnected,
    m.StreamOpened: opened,
    m.Heartbeat: heartbeat,
    m.Gap: gap,
    m.BookSnapshot: snapshot,
    m.BookDelta: delta,
    m.TradePrint: trade,
    m.Fill: ledger.fill,
    m.MarketChanged: market_changed,
    m.FeesChanged: fees_changed,
    m.PositionsReported: ledger.positions,
    m.OrdersReported: own.orders_reported,
    m.TradingStatus: trading.status,
    m.OrderLookedUp: own.looked_up,
    m.Acked: own.acked,
    m.Rejected: own.rejected,
    m.Gone: own.gone,
    m.CancelNotFound: own.not_found,
    m.Unknown: own.unknown,
    m.NotSent: own.not_sent,
    m.GroupCreated: groups.created,
    m.GroupChanged: groups.changed,
}
