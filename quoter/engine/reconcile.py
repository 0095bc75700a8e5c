"""What must change so that what rests becomes what we would like? Wants, each with a priority; decides by comparing.

Hysteresis, once an order is safe: by "ticks" it stays while it is off by no more than `requote_ticks` and
`requote_size`; by "queue" it moves only where that earns `requote_gain` more than its place in the queue is worth. A
smaller size at the same price is a decrease and a new expiry an amend of nothing else: both keep the place (Kalshi API,
"Amend", "Decrease"). An order whose answer is still out is left alone: nothing is sent twice for one intent.
"""

from enum import IntEnum
from operator import attrgetter
from typing import Final

import msgspec

from core.messages import AmendOrder, CancelOrder, DecreaseOrder, Side
from core.side import ASK, BID
from core.units import ONE_CONTRACT, ONE_DOLLAR, Count, Instant, Price
from quoter.engine.market import MarketState, Quote
from quoter.engine.orders import Life, Order
from quoter.engine.quoting import safe
from quoter.engine.standing import gain
from quoter.engine.state import State


class Priority(IntEnum):
    """What is done first when not everything can be done."""

    TAKE_AWAY = 0  # cancels
    MAKE_SAFE = 1  # an order without its least edge
    RENEW = 2  # an order about to expire
    MOVE = 3  # a better place
    QUOTE = 4  # something new


class WantPlace(msgspec.Struct):
    """A new order."""

    market: MarketState
    quote: Quote
    value: float
    priority: Priority = Priority.QUOTE


class WantAmend(msgspec.Struct):
    """Other terms for a resting order."""

    market: MarketState
    order: Order
    price: Price
    total: Count
    expires_at: Instant
    value: float
    priority: Priority


class WantDecrease(msgspec.Struct):
    """Less of a resting order, at its place in the queue."""

    market: MarketState
    order: Order
    left: Count
    value: float
    priority: Priority = Priority.MOVE


class WantCancel(msgspec.Struct):
    """An order away."""

    market: MarketState
    order: Order
    value: float = 0.0
    priority: Priority = Priority.TAKE_AWAY


_SIDES: Final = (BID, ASK)
_level: Final = attrgetter("level")
Want = WantPlace | WantAmend | WantDecrease | WantCancel


def changes(state: State, market: MarketState, desired: tuple[Quote, ...]) -> list[Want]:
    """The wants of one market."""
    wants: list[Want] = []
    for side in _SIDES:
        quotes = [quote for quote in desired if quote.side is side]
        ours = [order for order in market.orders.values() if order.side is side]
        if len(ours) > 1:
            ours.sort(key=_level)
        for order, quote in _paired(ours, quotes):
            want = _change(state, market, order, quote)
            if want is not None:
                wants.append(want)
        for quote in quotes:
            wants.append(WantPlace(market, quote, _promise(market, side, quote.price, quote.count)))
    return wants


def _paired(ours: list[Order], quotes: list[Quote]) -> list[tuple[Order, Quote | None]]:
    """Each order with the quote of its level, those without one with what is left; takes their quotes out of `quotes`.

    By level, not by place: where the first level may not be had, the second must not be moved there and lost.
    """
    pairs: list[tuple[Order, Quote | None]] = []
    homeless: list[Order] = []
    for order in ours:
        found = next((quote for quote in quotes if quote.level == order.level), None)
        if found is None:
            homeless.append(order)
        else:
            quotes.remove(found)
            pairs.append((order, found))
    for order in homeless:
        pairs.append((order, quotes.pop(0) if quotes else None))
    return pairs


def _promise(market: MarketState, side: Side, price: Price, count: int) -> float:
    """What orders of the same priority are sorted by: dollars of edge, less where the outcome is hardly open."""
    if market.fair is None:
        return 0.0
    fair = market.fair.fair
    return side.sign * (fair - price / ONE_DOLLAR) * count / ONE_CONTRACT * fair * (1 - fair)


def _change(state: State, market: MarketState, order: Order, quote: Quote | None) -> Want | None:
    if order.life is not Life.RESTING:
        if quote is None and order.life in (Life.ASKED, Life.AMENDING):
            order.wanted_gone = True  # the wish is remembered until the order can be named
        return None
    if quote is None or order.wanted_gone or order.new_price is not None:
        return WantCancel(market, order)  # the last: an amend got lost and may still arrive; a cancel settles it
    config = state.config.quote
    expires_at = Instant(state.now + state.config.order_life)
    left = order.total - max(order.filled, order.told)
    if left <= 0:
        return None  # its last fill is on its way
    total = Count(order.total - left + quote.count)
    moves = order.price != quote.price
    if moves and not safe(market, order.side, order.price, config):
        saves = -_promise(market, order.side, order.price, left)
        return WantAmend(market, order, quote.price, total, expires_at, saves, Priority.MAKE_SAFE)
    better = _better(state, market, order, quote, left) if moves or quote.count > left else None
    if better is not None:
        return WantAmend(market, order, quote.price, total, expires_at, better, Priority.MOVE)
    if left - quote.count > config.requote_size * left:
        return WantDecrease(market, order, quote.count, _promise(market, order.side, order.price, left - quote.count))
    if order.expires_at - state.now < state.config.refresh_before:
        keeps = _promise(market, order.side, order.price, left)
        return WantAmend(market, order, order.price, order.total, expires_at, keeps, Priority.RENEW)
    return None


def _better(state: State, market: MarketState, order: Order, quote: Quote, left: int) -> float | None:
    """What moving a safe order to its quote is worth, or None: it stays where it is."""
    config = state.config.quote
    if config.requote == "queue":
        more = gain(state, market, order, quote.price, left, quote.count)
        short = state.budget.tokens < state.budget.burst / 2
        return more if more > config.requote_gain * (2 if short else 1) else None
    far = _ticks_apart(market, order.price, quote.price) > config.requote_ticks
    larger = quote.count - left > config.requote_size * left
    return _promise(market, quote.side, quote.price, quote.count) if far or larger else None


def _ticks_apart(market: MarketState, a: Price, b: Price) -> float:
    low, high = min(a, b), max(a, b)
    step = (market.grid.up(low) or high) - low
    return (high - low) / step if step else 0.0


def cancel_request(order: Order) -> CancelOrder:
    """The request that takes an order away."""
    return CancelOrder(order.order_id, order.client_order_id, order.ticker)


def decrease_request(want: WantDecrease) -> DecreaseOrder:
    """The request that leaves less of an order."""
    order = want.order
    return DecreaseOrder(order.order_id, order.client_order_id, order.ticker, want.left)


def amend_request(want: WantAmend) -> AmendOrder:
    """The request for an order's new terms."""
    order = want.order
    return AmendOrder(
        order.order_id, order.client_order_id, order.ticker, order.side, want.price, want.total, want.expires_at
    )
