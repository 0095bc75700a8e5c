"""The heart: learn what happened, then decide what to do about it.

`step` never awaits, reads a clock, draws a number or logs. It is asked for its next deadline: no timer can be lost.
"""

from collections.abc import Iterable
from typing import Final

from core.errors import Refused
from core.messages import (
    AmendOrder,
    BookDelta,
    BookSnapshot,
    CancelOrder,
    FeesChanged,
    Heartbeat,
    MarketChanged,
    PlaceOrder,
    Side,
    StreamOpened,
    TradePrint,
)
from core.risk.limits import Approved, check
from core.side import BID
from core.units import Count, Instant
from quoter.engine import budget as cost
from quoter.engine import cuts, groups, whatif
from quoter.engine import forget as past
from quoter.engine.actions import Action, Alert, AskFills, AskOrders, AskPositions, AskStatus, LookUp, Resync, Watch
from quoter.engine.events import Event, Timer
from quoter.engine.guard import global_reasons, market_reasons
from quoter.engine.learn import LEARN
from quoter.engine.market import MarketState, Quote
from quoter.engine.orders import Happening, Life, Order
from quoter.engine.quoting import desired as quotes_of
from quoter.engine.reconcile import (
    Priority,
    Want,
    WantAmend,
    WantCancel,
    WantDecrease,
    WantPlace,
    amend_request,
    cancel_request,
    changes,
    decrease_request,
)
from quoter.engine.rows import note, quote_row
from quoter.engine.state import ALL, State

_SOONEST: Final = 600  # of a minute: ticks are no closer to each other
_LEAST: Final = 100  # one contract: smaller orders are not worth a request
# what only the stream says: an answer over REST or a new publication is no sign of life of the feed
_STREAMED: Final = frozenset((BookDelta, BookSnapshot, TradePrint, Heartbeat, StreamOpened, MarketChanged, FeesChanged))


def deadline(state: State) -> Instant:
    """When the engine wants to be woken by a `Timer`, at the latest."""
    return state.next_tick


def step(state: State, event: Event) -> list[Action]:
    """Learn what happened, then decide what to do about it."""
    assert event.at >= state.now, "the shell delivers events in order"
    state.now = event.at
    state.seen += 1
    state.counters.events += 1
    kind = type(event)
    touched = LEARN[kind](state, event)
    if state.connected and kind in _STREAMED:
        state.heard_at = state.now
    everything = touched is ALL
    if kind is Timer:
        state.next_tick = Instant(event.at + state.config.minute // 60)
        past.forget(state)
    actions: list[Action] = []
    if everything or state.now >= state.next_reconcile:
        state.budget.refill(state.now)
        actions = _questions(state, everything)
    if touched:
        state.budget.refill(state.now)
        actions += _decisions(state, event, touched)
    if state.alerts:
        for what, words in state.alerts:
            state.rows.append(note(state, what, words))
            actions.append(Alert(what, words))
        state.alerts.clear()
    state.counters.actions += len(actions)
    return actions


def _decisions(state: State, event: Event, touched: Iterable[str]) -> list[Action]:
    """Decide for every market that was touched, then act on what is wanted, most urgent and most valuable first."""
    wants: list[Want] = []
    stopped = global_reasons(state)
    for market in _with_cuts(state, _to_decide(state, event, touched, stopped)):
        wants += decide(state, market, stopped)
    if len(wants) > 1:
        wants.sort(key=_most_urgent_first)
    if type(event) is Timer:
        state.behind = False
    actions: list[Action] = []
    for want in wants:
        actions += _act(state, want)
    return actions


def _unpaid(state: State, priority: Priority) -> list[Action]:
    """The exchange would not take it now: woken as soon as the bucket pays for it, not at the next tick. While renewals
    wait, what is only better or new does not take their tokens."""
    state.behind = state.behind or priority is Priority.RENEW
    soon = state.now + max(state.budget.wait(cost.AMEND), state.config.minute // _SOONEST)
    state.next_tick = min(state.next_tick, Instant(soon))
    return []


def _most_urgent_first(want: Want) -> tuple[int, float]:
    return want.priority, -want.value


def _to_decide(
    state: State, event: Event, touched: Iterable[str], stopped: tuple[str, ...]
) -> list[MarketState]:  # fmt: skip
    """The markets whose decision this event can change: on a tick those that time alone can change."""
    if touched is not ALL:
        return [state.markets[t] for t in touched if t in state.markets]
    under = (stopped, bool(state.reduce_only))
    if type(event) is Timer and under == state.decided_under:
        return [market for market in state.markets.values() if market.due <= state.now]
    state.decided_under = under
    return list(state.markets.values())


def _with_cuts(state: State, markets: list[MarketState]) -> list[MarketState]:
    """These markets, and those of which orders must go because a limit was passed here."""
    over = [event for event in dict.fromkeys([market.event for market in markets]) if state.passed(event)]
    if not over:
        return markets
    also = [market for event in over for market in cuts.cut(state, event)]
    return list(dict.fromkeys([*markets, *also]))


def _quiet_until(state: State, market: MarketState) -> Instant:
    """Until when a market of which nothing is wanted need not be looked at, unless something happens to it."""
    config, fair = state.config, market.event.fair
    if fair is None or config.quote.requote == "queue":
        return state.now
    until = min(
        state.now + config.minute // 4,
        fair.valid_until,
        market.close_at - max(config.quote.stop_before_close, config.quote.exit_before_close),
    )
    for pause in market.pauses.values():
        if state.now < pause.until < until:
            until = pause.until
    for window in fair.windows:
        for edge in (window.start, window.end):
            if edge > state.now:
                until = min(until, edge)
    for order in market.orders.values():
        until = min(until, order.expires_at - config.refresh_before if order.life is Life.RESTING else state.now)
    return Instant(until)


def decide(state: State, market: MarketState, stopped: tuple[str, ...]) -> list[Want]:
    """One market: may we quote, what would we like, what must change?"""
    reasons = stopped or market_reasons(state, market)
    bid_reasons = ask_reasons = reasons
    wanted: tuple[Quote, ...] = ()
    if not reasons:
        wanted, bid_reasons, ask_reasons = quotes_of(state, market)
    market.desired, market.bid_reasons, market.ask_reasons = wanted, bid_reasons, ask_reasons
    market.touch, market.due = market.others_touch() if market.book.known else None, state.now
    shown = (wanted, bid_reasons, ask_reasons)
    if shown != market.shown:
        market.shown = shown
        state.counters.quotes += 1
        state.rows.append(quote_row(state, market))
    if not market.orders and not wanted:
        return []
    wants = changes(state, market, wanted)
    if not wants and not reasons:
        market.due = _quiet_until(state, market)
    return wants


# --- acting on a want ------------------------------------------------------------------------------------------------


def _act(state: State, want: Want) -> list[Action]:
    if type(want) is WantPlace:
        return _place(state, want.market, want.quote)
    if type(want) is WantAmend:
        return _amend(state, want)
    if type(want) is WantCancel:
        return _cancel(state, want.order)
    assert type(want) is WantDecrease, want
    return _decrease(state, want)


def _cancel(state: State, order: Order) -> list[Action]:
    if state.now < order.cancel_from:
        state.next_tick = min(state.next_tick, order.cancel_from)
        return []
    if not state.budget.take(cost.CANCEL, reserved=True):
        state.next_tick = min(state.next_tick, Instant(state.now + state.config.minute // _SOONEST))
        return []
    order.become(Happening.CANCEL_SENT)
    order.sent_at = state.now
    state.counters.cancels += 1
    request: CancelOrder = cancel_request(order)
    return [Approved(request)]


def _amend(state: State, want: WantAmend) -> list[Action]:
    order, market = want.order, want.market
    verdict = _amendment(state, want)
    if isinstance(verdict, Refused) and want.price != order.price:
        gone = max(order.filled, order.told)
        size = (want.total - gone) // 200 * 100  # half, in whole contracts
        while size >= _LEAST and isinstance(verdict, Refused):
            want.total = Count(gone + size)
            verdict, size = _amendment(state, want), size // 200 * 100
    if isinstance(verdict, Refused):
        _count_refusal(state, market, order.side, verdict.reason)
        if want.price == order.price and want.total > order.total:
            return []  # more of the same may not be had; what rests was approved and keeps its place
        return _cancel(state, order)  # what may not be amended may not stay as it is either
    if (state.behind and want.priority is Priority.MOVE) or not state.budget.take(cost.AMEND):
        return _cancel(state, order) if want.priority is Priority.MAKE_SAFE else _unpaid(state, want.priority)
    order.new_price, order.new_total, order.new_expires_at = want.price, want.total, want.expires_at
    order.become(Happening.AMEND_SENT)
    order.sent_at = state.now
    state.remeasure(market)
    state.counters.amends += 1
    return [verdict]


def _amendment(state: State, want: WantAmend) -> Approved[AmendOrder] | Refused:
    order = want.order
    now = whatif.amended(state, want.market, order, want.price, want.total)
    return check(amend_request(want), Count(want.total - order.filled), now, state.limits)


def _decrease(state: State, want: WantDecrease) -> list[Action]:
    """Less only takes risk away and needs no check; until the answer comes the larger size counts."""
    if state.behind or not state.budget.take(cost.AMEND):
        return _unpaid(state, want.priority)
    order = want.order
    order.new_left = want.left
    order.new_total = Count(max(order.filled, order.told) + want.left)
    order.become(Happening.AMEND_SENT)
    order.sent_at = state.now
    state.counters.amends += 1
    return [Approved(decrease_request(want))]


def _place(state: State, market: MarketState, quote: Quote) -> list[Action]:
    side, price, size, reason = quote.side, quote.price, quote.count, ""
    if state.behind or state.budget.tokens - cost.CREATE < state.budget.reserve:
        _says(market, side, "rate_limit")
        return _unpaid(state, Priority.QUOTE)
    expires_at = Instant(state.now + state.config.order_life)
    client_order_id = f"{state.config.prefix}-{state.run}-{state.n + 1}"
    while size >= _LEAST:
        request = PlaceOrder(client_order_id, market.ticker, side, price, size, expires_at,
                             group=market.event.group or None)  # fmt: skip
        verdict = check(request, size, whatif.placed(state, market, side, price, size), state.limits)
        if not isinstance(verdict, Refused):
            state.n += 1
            state.budget.take(cost.CREATE)
            market.orders[client_order_id] = Order(
                client_order_id, market.ticker, side, price, size, expires_at, state.now,
                sent_at=state.now, level=quote.level,
            )  # fmt: skip
            state.remeasure(market)
            state.counters.orders_sent += 1
            return [verdict]
        reason = verdict.reason
        size = Count(size // 200 * 100)  # half, in whole contracts
    _count_refusal(state, market, side, reason)
    return []


def _count_refusal(state: State, market: MarketState, side: Side, reason: str) -> None:
    refusals = state.counters.refusals
    refusals[reason] = refusals.get(reason, 0) + 1
    _says(market, side, reason)


def _says(market: MarketState, side: Side, reason: str) -> None:
    """Why what is wanted on a side is not asked for."""
    if side is BID:
        market.bid_reasons = (reason,)
    else:
        market.ask_reasons = (reason,)


# --- asking ----------------------------------------------------------------------------------------------------------


def _questions(state: State, everything: bool) -> list[Action]:
    """What we must ask the exchange: lost orders, missing fills, the periodic reconciliation, new markets' streams."""
    found: list[Action] = []
    config, now = state.config, state.now
    if not everything and now < state.next_reconcile:
        return found
    owed: Instant | None = None  # since when a fill that we were told of has been missing
    for market in state.markets.values():
        for order in market.orders.values():
            if order.told > order.filled:
                owed = order.asked_at if owed is None else Instant(min(owed, order.asked_at))
            waiting = order.life in (Life.ASKED, Life.AMENDING, Life.CANCELLING)
            overdue = waiting and now - order.sent_at > config.ack_timeout
            if (order.life is Life.LOST or overdue) and now - order.looked_up_at > config.ack_timeout:
                if overdue and order.life is not Life.LOST:
                    order.become(Happening.UNKNOWN)
                order.looked_up_at = now
                found.append(LookUp(order.client_order_id, order.ticker, order.order_id))
    if everything:
        found += groups.requests(state)
    if owed is not None and now - state.fills_asked_at > config.ack_timeout:
        state.fills_asked_at = now
        found.append(AskFills(Instant(max(0, owed - config.minute))))
    if state.connected and now >= state.next_reconcile:
        state.next_reconcile = Instant(now + config.reconcile)
        found += [AskOrders(), AskPositions(), AskFills(Instant(max(0, state.last_fill_at - config.minute)))]
    if everything and config.status_every and now >= state.next_status:
        state.status_asked_at = now
        state.next_status = Instant(now + (config.ack_timeout if state.shut_now() else config.status_every))
        found.append(AskStatus())
    wanted = frozenset(t for t, x in state.markets.items() if past.awaited(state, x))
    if wanted != state.watched:
        state.watched = wanted
        found.append(Watch(tuple(sorted(wanted))))
    unknown = tuple(t for t, x in state.markets.items() if not x.book.known and t in wanted)
    if len(unknown) == len(wanted):  # just subscribed: the first snapshots are on their way
        unknown = tuple(t for t in unknown if state.markets[t].book.broken)
    if everything and state.connected and unknown:
        found.append(Resync(unknown))
    return found
