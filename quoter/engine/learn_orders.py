"""What the exchange says about our orders, and what that proves. Changes the state, decides nothing.

Evidence in order of strength: a fill, a final state with its filled count, a listing asked for after the last request.
Silence is no evidence; the passing of an order's own expiry is.
"""

from collections.abc import Iterable
from typing import Final

from core import messages as m
from core.units import SECOND, Count, Instant
from quoter.engine import groups, standing
from quoter.engine.market import MarketState
from quoter.engine.orders import Happening, Life, Order
from quoter.engine.state import State

PAUSED: Final = "trading_is_paused"
LAG: Final = 15 * SECOND  # how far a list may be behind what the stream and answers say (Kalshi "User Data Timestamp")


def find(state: State, ticker: str, client_order_id: str, order_id: str = "") -> Order | None:
    """Our order by its client id or, where the exchange does not say it, by the exchange's id."""
    market = state.markets.get(ticker)
    if market is not None and client_order_id in market.orders:
        return market.orders[client_order_id]
    return state.by_order_id.get(order_id) if order_id else None


def name(state: State, order: Order, order_id: str) -> None:
    """The exchange's id of our order is known now; fills that came under it before are its own."""
    if order.order_id == order_id:
        return
    order.order_id = order_id
    state.by_order_id[order_id] = order
    order.filled = Count(order.filled + _claimed(state, order_id))


def _claimed(state: State, order_id: str) -> Count:
    return state.unclaimed.pop(order_id, (Count(0), Instant(0)))[0]


def is_ours(state: State, client_order_id: str) -> bool:
    """Ours are known by their prefix; nothing else is ever touched."""
    return client_order_id.startswith(state.config.prefix + "-")


def changed(state: State, market: MarketState, order: Order) -> tuple[str, ...]:
    """Bring the sums up to date; an order that can change nothing any more is forgotten."""
    if not order.working:
        state.ended[order.client_order_id] = state.now
        market.orders.pop(order.client_order_id, None)
        state.by_order_id.pop(order.order_id, None)
    state.remeasure(market)
    return (market.ticker,)


def adopt(state: State, view: m.OrderView, at: Instant) -> Order:
    """An order of ours that this run did not make: it counts, and is ours to move or take away."""
    order = Order(
        view.client_order_id, view.ticker, view.side, view.price, Count(view.filled + view.remaining),
        view.expires_at if view.expires_at is not None else Instant(at + state.config.order_life), at,
        Life.RESTING, view.order_id, told=view.filled, told_at=state.now, adopted=True,
    )  # fmt: skip
    order.filled = _claimed(state, view.order_id)  # the rest is inside the positions, or on its way
    state.market(view.ticker).orders[order.client_order_id] = order
    state.by_order_id[order.order_id] = order
    return order


def filled(state: State, market: MarketState, event: m.Fill, *, counted: bool = True) -> None:
    """Attribute a fill to its order, if it is one of ours. `counted`: the position has changed by it."""
    order = find(state, event.ticker, event.client_order_id, event.order_id)
    if order is None:
        before, at = state.unclaimed.get(event.order_id, (Count(0), event.filled_at))
        state.unclaimed[event.order_id] = Count(before + event.count), Instant(max(at, event.filled_at))
        return
    name(state, order, event.order_id)
    if counted or not order.adopted:
        order.filled = Count(order.filled + event.count)
    order.become(Happening.FILLED)
    if order.life is not Life.GONE and order.could_fill == 0:
        order.become(Happening.GONE)
    changed(state, market, order)


def settle_told(state: State, market: MarketState, asked_at: Instant) -> tuple[str, ...]:
    """A report of positions agrees with ours, or was taken over."""
    settled = [order for order in market.orders.values() if order.settle_told(asked_at)]
    for order in settled:
        changed(state, market, order)
    return (market.ticker,) if settled else ()


def acked(state: State, event: m.Acked) -> Iterable[str]:
    """The order exists as described."""
    order = find(state, event.ticker, event.client_order_id, event.order_id)
    market = state.market(event.ticker)
    if order is None:
        return ()  # a late word on an order proved gone; a listing would bring it back if it were not
    stale = event.filled < order.told or (event.updated_at is not None and event.updated_at < order.updated_at)
    if stale and order.life is not Life.ASKED:
        return ()  # an older word that was overtaken by a newer one
    if order.life is Life.RESTING and event.updated_at == order.updated_at and event.filled == order.told:
        return ()  # of the same instant as the word we have: the same again, or the one before our last change
    order.updated_at = Instant(max(order.updated_at, event.updated_at or 0))
    order.heard_at = event.at
    order.tell(event.filled, event.at)
    name(state, order, event.order_id)
    if order.life is Life.AMENDING and not _as_amended(order, event):
        return changed(state, market, order)  # said before the amend arrived
    if order.life is Life.GONE:
        return changed(state, market, order)
    _stands(order, event)
    touched = changed(state, market, order)
    if order.joined_price != order.price:
        standing.joined(market, order)
    return touched


def _stands(order: Order, event: m.Acked | m.OrderView) -> None:
    """It rests on these terms. An amend whose outcome is not known may still arrive: its terms go on counting until
    they are seen, or the order is gone."""
    if order.new_left is not None:
        order.drop_amend()  # of a decrease nothing is to be feared: should it still arrive, it leaves less
    elif order.new_price is not None and _as_amended(order, event):
        order.settle_amend()
    order.rests_at(event.price)
    order.total = Count(event.filled + event.remaining)
    if event.expires_at is not None:
        order.expires_at = event.expires_at
    order.become(Happening.ACKED)


def _as_amended(order: Order, event: m.Acked | m.OrderView) -> bool:
    if order.new_left is not None:  # a decrease says what is to remain, however much filled on its way
        return event.remaining <= order.new_left
    price = order.price if order.new_price is None else order.new_price
    total = order.total if order.new_total is None else order.new_total
    same = event.price == price and event.filled + event.remaining == total
    if same and order.new_expires_at is not None and event.expires_at is not None:
        return event.expires_at // SECOND >= order.new_expires_at // SECOND
    return same


def gone(state: State, event: m.Gone) -> Iterable[str]:
    """The exchange proves it cannot fill any more; fills still on their way are waited for."""
    order = find(state, event.ticker, event.client_order_id, event.order_id)
    if order is None or order.life is Life.GONE:
        return ()
    market = state.market(event.ticker)
    if event.order_id:
        name(state, order, event.order_id)
    final = event.filled
    sure = order.new_total is None and not order.unsure  # else: reduced from which total?
    if event.reason == "HaltCancel":
        state.ask_status()
    if final is None and event.reduced_by is not None and sure:
        final = Count(max(0, order.total - event.reduced_by))
    if final is None:
        order.become(Happening.UNKNOWN)  # gone, but how much of it filled must be asked
        return changed(state, market, order)
    if order.life is not Life.CANCELLING and final < order.total and event.at < order.expires_at:
        market.pauses[order.side].failed(state.now)  # taken away, and not by us: at once it would be again
    order.tell(final, event.at)
    order.ends()
    return changed(state, market, order)


def rejected(state: State, event: m.Rejected) -> Iterable[str]:
    """Declined. A create leaves no order behind; an amend or cancel leaves the order as it was."""
    counters = state.counters
    counters.rejections[event.code] = counters.rejections.get(event.code, 0) + 1
    order = find(state, event.ticker, event.client_order_id)
    if order is None:
        return ()
    market = state.market(event.ticker)
    if event.request == "CancelOrder":
        counters.errors += 1
        if order.declined == 0 and event.code != "market_inactive":  # an order is one error, a market that closes none
            state.recent_errors.append(state.now)
        order.cancel_declined(state.now)
    else:
        _failed(state, market, order)
    if event.request == "PlaceOrder":
        if event.code in groups.REFUSALS:
            groups.refused(state, market.event, event.code, order.sent_at)
        if event.code == "order_already_exists":
            order.become(Happening.UNKNOWN)
        else:
            order.become(Happening.GONE)
    else:
        _as_it_was(order, event)
    if event.code == "market_inactive":
        market.shut_until = Instant(state.now + state.config.minute)
    if event.code == PAUSED and state.config.status_every and order.sent_at >= state.status_of:
        state.shut = state.shut_now() or "exchange_paused"  # whether for all of it, is asked at once
        state.shut_until, state.status_of = Instant(state.now + state.config.minute), order.sent_at
        state.ask_status()
    return changed(state, market, order)


def _as_it_was(order: Order, event: m.Rejected | m.NotSent) -> None:
    """A change was declined or never left. What is not known of an amend sent before a cancel stays unknown."""
    if order.life is Life.GONE:
        return
    if event.request != "CancelOrder":
        order.drop_amend()
    order.become(Happening.REFUSED)


def not_sent(state: State, event: m.NotSent) -> Iterable[str]:
    """It certainly did not arrive."""
    if event.throttled:
        state.budget.drained(state.now)
    order = find(state, event.ticker, event.client_order_id)
    if order is None:
        return ()
    market = state.market(event.ticker)
    _failed(state, market, order)
    if event.request == "PlaceOrder" and order.life is Life.ASKED:
        order.become(Happening.GONE)
    else:
        _as_it_was(order, event)
    return changed(state, market, order)


def unknown(state: State, event: m.Unknown) -> Iterable[str]:
    """Sent, no answer: it counts as all it could be until evidence arrives."""
    order = find(state, event.ticker, event.client_order_id)
    if order is None:
        return ()
    market = state.market(event.ticker)
    _failed(state, market, order)
    state.ask_status()
    order.become(Happening.UNKNOWN)
    return changed(state, market, order)


def not_found(state: State, event: m.CancelNotFound) -> Iterable[str]:
    """404: gone, reason unknown, maybe filled. The order counts until a look-up says how it ended."""
    order = find(state, event.ticker, event.client_order_id, event.order_id)
    if order is None or order.life is Life.GONE:
        return ()
    order.become(Happening.UNKNOWN)
    order.looked_up_at = Instant(0)
    return changed(state, state.market(event.ticker), order)


def _failed(state: State, market: MarketState, order: Order) -> None:
    state.counters.errors += 1
    state.recent_errors.append(state.now)
    market.pauses[order.side].failed(state.now)


def looked_up(state: State, event: m.OrderLookedUp) -> Iterable[str]:
    """What became of one order. "Never heard of it" proves nothing before the order's own expiry has passed
    where the exchange looked."""
    market_and_order = _by_client_id(state, event.client_order_id)
    if market_and_order is None:
        return ()
    market, order = market_and_order
    view = event.order
    ended = view is not None and view.status in ("canceled", "executed")  # for good, of whenever the word is
    if order.life is Life.GONE or (max(order.sent_at, order.heard_at) >= event.asked_at and not ended):
        return ()  # of before our last request: it says nothing about it
    if view is None:
        if event.asked_at > order.expires_at:
            order.become(Happening.GONE)
        return changed(state, market, order)
    if _overtaken(order, view):
        return ()
    name(state, order, view.order_id)
    order.tell(view.filled, event.at)
    if view.status == "resting":
        _stands(order, view)
    elif ended:
        order.ends()
    return changed(state, market, order)


def _overtaken(order: Order, view: m.OrderView) -> bool:
    """The list or look-up shows it as it was before the word we have. Of an order that is in doubt any word is one."""
    return order.life is Life.RESTING and view.updated_at is not None and view.updated_at < order.updated_at


def _by_client_id(state: State, client_order_id: str) -> tuple[MarketState, Order] | None:
    for market in state.markets.values():
        if client_order_id in market.orders:
            return market, market.orders[client_order_id]
    return None


def orders_reported(state: State, event: m.OrdersReported) -> Iterable[str]:
    """The whole list of what rests. Ours that it lacks are lost until looked up; ours it adds are adopted."""
    touched: set[str] = set()
    listed = {view.client_order_id: view for view in event.orders if is_ours(state, view.client_order_id)}
    foreign: dict[str, dict[str, m.OrderView]] = {}
    for view in event.orders:
        if not is_ours(state, view.client_order_id):
            foreign.setdefault(view.ticker, {})[view.order_id] = view
    for market in list(state.markets.values()):
        theirs = foreign.pop(market.ticker, {})
        if theirs != market.foreign:
            market.foreign = theirs
            touched.add(market.ticker)
        for order in list(market.orders.values()):
            found = listed.pop(order.client_order_id, None)
            if max(order.sent_at, order.heard_at) >= event.asked_at or order.life is Life.GONE:
                continue
            if found is None:
                if order.life not in (Life.LOST, Life.ASKED):  # one that was asked may still be on its way
                    order.become(Happening.UNKNOWN)
                touched.add(market.ticker)
                continue
            view = found
            if _overtaken(order, view):
                continue
            name(state, order, view.order_id)
            order.tell(view.filled, event.at)
            if order.life in (Life.LOST, Life.RESTING, Life.ASKED):
                _stands(order, view)
            touched.add(market.ticker)
    for ticker, theirs in foreign.items():
        state.market(ticker).foreign = theirs
        touched.add(ticker)
    for view in listed.values():
        if state.ended.get(view.client_order_id, -LAG) + LAG >= event.asked_at:
            continue  # the list may be older than the end that we have seen
        adopt(state, view, event.asked_at)
        touched.add(view.ticker)
    for ticker in sorted(touched):  # sorted: a replay must decide in the same order
        state.remeasure(state.market(ticker))
    if event.asked_at < state.began_at + state.config.clock_margin:
        state.next_reconcile = state.soon()  # what the run before this one placed last may not be in it yet
    elif not state.orders_known:
        state.orders_known, state.orders_known_at = True, event.at
    return sorted(touched)
