"""What each event teaches us: one function an event type, each a few lines. Changes the state, decides nothing.

Returns the tickers it touched, or ALL; `step` then decides for those. What is said of our orders: `learn_orders.py`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from core import messages as m
from core.contract import PriceGrid
from core.units import ONE_CONTRACT, Count, Instant, Money, Price, to_datetime
from quoter.engine import events as e
from quoter.engine import groups, standing
from quoter.engine import learn_orders as own
from quoter.engine import learn_person as person
from quoter.engine.market import FOREVER, MarketState
from quoter.engine.state import ALL, DAILY_LOSS, NONE, State


def started(state: State, event: e.Started) -> Iterable[str]:
    """A run begins; nothing is known but what the last one left."""
    state.started, state.run, state.day = True, event.run, event.day
    state.began_at = state.last_fill_at = Instant(event.at - state.config.clock_margin)
    state.pnl_carried, state.halted, state.paused = event.pnl_carried, event.halted, event.paused
    return NONE


def published(state: State, event: e.Published) -> Iterable[str]:
    """New beliefs. An older publication than the one we have is refused."""
    new = event.publication
    if state.publication is not None and new.id <= state.publication.id:
        return NONE
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
            market.fair, market.close_at = priced, priced.close_at
            market.grid = _grid(tuple((Price(a), Price(b), Price(c)) for a, b, c in priced.price_ranges))
        if fair.markets:
            known = state.market(fair.markets[0].ticker).event
            known.fair, known.coherent, known.widening = fair, None, (1.0, FOREVER, FOREVER)
            state.belongs(known, fair.station, f"{fair.station} {fair.day}")
            for market in known.markets:
                market.measure()
            state.remeasure_event(known)
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
    state.connected, state.heard_at = True, event.at
    state.orders_known = state.positions_known = False
    state.next_reconcile = event.at
    return NONE


def disconnected(state: State, event: m.Disconnected) -> Iterable[str]:
    """Every book is unknown; our orders may have filled: pull everything."""
    state.connected = state.orders_known = state.positions_known = False
    for market in state.markets.values():
        market.book.known = False
    state.alerts.append(("disconnect", event.words or "the exchange's stream is down"))
    return ALL


def opened(state: State, event: m.StreamOpened) -> Iterable[str]:
    """A channel is subscribed; its content follows."""
    return NONE


def heartbeat(state: State, event: m.Heartbeat) -> Iterable[str]:
    """Alive, nothing new."""
    return NONE


def gap(state: State, event: m.Gap) -> Iterable[str]:
    """These books are suspect until their snapshots come."""
    for ticker in event.tickers:
        state.market(ticker).book.known = False
    return event.tickers


def snapshot(state: State, event: m.BookSnapshot) -> Iterable[str]:
    """A whole book."""
    market = state.market(event.ticker)
    market.book.load(event)
    market.others = None
    return (event.ticker,)


def delta(state: State, event: m.BookDelta) -> Iterable[str]:
    """One level changed."""
    market = state.markets.get(event.ticker)
    if market is None or not market.book.known:
        return NONE
    market.others = None
    if not market.book.apply(event):
        market.book.known = False
        state.alerts.append(("book", f"{event.ticker}: a level below zero; asking for a new snapshot"))
    elif market.touch == market.others_touch():
        return NONE  # deeper in the book than anything we decide by
    return (event.ticker,)


def trade(state: State, event: m.TradePrint) -> Iterable[str]:
    """Anybody's trade: the book's deltas tell its effect; the queues before our orders get shorter."""
    market = state.markets.get(event.ticker)
    if market is not None:
        standing.traded(state, market, event)
    return NONE


def fill(state: State, event: m.Fill) -> Iterable[str]:
    """A fill of the account, counted once per trade and order, ours or not: the position is the account's."""
    key = (event.trade_id, event.order_id)
    if key in state.fills_seen:
        return NONE
    state.fills_seen.add(key)
    if event.filled_at < state.began_at:  # before this run: inside the positions and orders that are adopted
        return NONE
    state.last_fill_at = Instant(max(state.last_fill_at, event.filled_at))
    state.counters.fills += 1
    state.recent_fills.append(event.at)
    market = state.market(event.ticker)
    groups.matched(state, market.event, event.count)
    if event.filled_at <= state.adopted_at or state.adopting:
        if event.filled_at >= state.adopted_asked and not state.adopting:
            # inside the adopted positions or not? Nobody can say: take them over anew
            state.adopting, state.positions_known, state.next_reconcile = True, False, event.at
        if not _inside(state, market, event):  # the next report will hold it, unless it is paid out before
            signed = event.side.sign * event.count
            position, cash = market.early
            market.early = Count(position + signed), Money(cash - signed * event.price - event.fee)
        own.filled(state, market, event)
        state.remeasure(market)
        return tuple(x.ticker for x in market.event.markets)
    signed = event.side.sign * event.count
    market.position = Count(market.position + signed)
    market.cash = Money(market.cash - signed * event.price - event.fee)
    market.fees = Money(market.fees + event.fee)
    state.fees = Money(state.fees + event.fee)
    own.filled(state, market, event)
    state.remeasure(market)
    return tuple(x.ticker for x in market.event.markets)


def _inside(state: State, market: MarketState, event: m.Fill) -> bool:
    """Do the adopted positions hold this fill? Where time cannot tell, the exchange's own count after it does."""
    if not state.adopted_at or event.filled_at > state.adopted_at:
        return False
    if event.filled_at < state.adopted_asked or event.position_after is None:
        return True
    return event.position_after != market.position + market.early[0] + event.side.sign * event.count


def positions(state: State, event: m.PositionsReported) -> Iterable[str]:
    """The exchange's own count. The first after a connection is adopted; later ones must agree with our fills.

    A report during which a fill was learnt is neither before nor after it: it is not used, and asked for again.
    """
    state.balance = event.balance
    if state.adopting and (not state.orders_known or event.asked_at < state.orders_known_at):
        # an order may have filled after this report and before the list of orders: neither would show it
        state.next_reconcile = event.at
        return NONE
    if state.recent_fills and state.recent_fills[-1] >= event.asked_at:
        state.next_reconcile = event.at
        return NONE
    reported = {view.ticker: view for view in event.positions}
    touched: list[str] = []
    for ticker in sorted({*reported, *(t for t, market in state.markets.items() if market.position)}):
        view = reported.get(ticker)
        position = view.position if view is not None else Count(0)
        market = state.market(ticker)
        if market.settled or (market.position == position and not state.adopting):
            market.disputed = None
            continue
        touched.append(ticker)
        if not state.adopting and market.disputed != position:
            market.disputed = position  # once may be a report that lags its fills; twice is a fact
            state.fills_asked_at = Instant(0)
            continue
        if not state.adopting:
            state.alerts.append(
                ("position", f"{ticker}: the exchange holds {position} hundredths, we {market.position}: taken over")
            )
        _adopt(state, market, view)
        state.remeasure(market)
    if state.adopting:
        for market in state.markets.values():
            market.early = Count(0), Money(0)
        state.adopting = False
        margin = state.config.clock_margin
        state.adopted_asked, state.adopted_at = Instant(event.asked_at - margin), Instant(event.at + margin)
    state.positions_known = True
    if state.baseline is None:
        state.baseline = state.ledger()
    return touched


def _adopt(state: State, market: MarketState, view: m.PositionView | None) -> None:
    """Position and cash as the exchange has them: what was earned and paid before counts in the event's worst case."""
    market.disputed = None
    if view is None:  # paid out while we did not listen: what it was worth to us last is what it earned
        state.realised = Money(state.realised + market.cash + market.position * (market.mark() or 0))
        market.position, market.cash = Count(0), Money(0)
        return
    market.position = view.position
    earned = view.realized_pnl - view.fees_paid
    if view.position >= 0:
        market.cash = Money(earned - view.exposure)
    else:  # a short's exposure is its collateral less what it brought
        market.cash = Money(earned - view.position * 10_000 - view.exposure)


def market_changed(state: State, event: m.MarketChanged) -> Iterable[str]:
    """The market opened, closed, moved, or was paid out."""
    market = state.market(event.ticker)
    match event.change:
        case "deactivated":
            market.open = False
        case "activated":
            market.open = True
        case "determined" | "settled":
            if event.settlement_value is not None and not market.settled:
                _settle(state, market, event.settlement_value)
            market.open = False
    if event.close_at is not None:
        market.close_at = event.close_at
    if event.price_ranges:
        market.grid = PriceGrid(tuple(event.price_ranges))
    return (event.ticker,)


def _settle(state: State, market: MarketState, value: Money) -> None:
    early, spent = market.early
    market.early = Count(0), Money(0)
    paid = Money((market.position + early) * value // ONE_CONTRACT)
    state.realised = Money(state.realised + market.cash + spent + paid)
    market.settled, market.position, market.cash = True, Count(0), Money(0)
    state.remeasure(market)


def timer(state: State, event: e.Timer) -> Iterable[str]:
    """The tick: windows slide, the day turns, latches are checked, everything is decided anew."""
    for window in (state.recent_fills, state.recent_errors):
        while window and window[0] <= event.at - state.config.minute:
            window.popleft()
    if len(state.ended) > 2_000:
        old = event.at - 10 * state.config.reconcile
        state.ended = {cid: at for cid, at in state.ended.items() if at > old}
    today = to_datetime(event.at).date().isoformat()
    if state.baseline is not None:
        if today != state.day:
            state.day, state.pnl_carried, state.baseline = today, Money(0), state.ledger()
            state.peak = Money(0)
            if state.halted.startswith(DAILY_LOSS):
                state.halted = f"a new day after: {state.halted}"  # a plain resume is enough now
        pnl = state.pnl_today()
        state.peak = Money(max(state.peak, pnl))
        allowed = state.max_daily_loss()
        if not state.halted and -pnl >= allowed:
            state.halted = f"{DAILY_LOSS}: {-pnl / 1e6:.2f} dollars"
            state.alerts.append(("daily_loss", state.halted))
        elif not state.halted and state.peak - pnl >= state.config.max_drawdown:
            state.halted = f"drawdown limit reached: {(state.peak - pnl) / 1e6:.2f} dollars below the day's best"
            state.alerts.append(("drawdown", state.halted))
        elif (
            not state.reduce_only
            and state.config.reduce_only_at < 1.0
            and -pnl >= state.config.reduce_only_at * allowed
        ):
            state.reduce_only = f"the day has lost {-pnl / 1e6:.2f} of {allowed / 1e6:.2f} dollars"
            state.alerts.append(("reduce_only", state.reduce_only))
    return ALL


LEARN: dict[type, Callable[[State, Any], Iterable[str]]] = {
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
    m.Fill: fill,
    m.MarketChanged: market_changed,
    m.PositionsReported: positions,
    m.OrdersReported: own.orders_reported,
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
