"""What must change so that what rests becomes what we would like? Wants, each with a priority; decides by comparing.

Hysteresis: a resting order stays while it is safe and off by no more than `requote_ticks` and `requote_size`; a smaller
size at the same price and a new expiry keep the place in the queue (amend facts, FACTS §3.4). An order whose answer is
still out is left alone: nothing is sent twice for one intent.
"""

from dataclasses import dataclass
from enum import IntEnum

from core.messages import AmendOrder, CancelOrder, Side
from core.units import Count, Instant, Price
from quoter.engine.orders import Life, Order
from quoter.engine.quoting import safe
from quoter.engine.state import MarketState, Quote, State


class Priority(IntEnum):
    """What is done first when not everything can be done."""

    TAKE_AWAY = 0  # cancels
    MAKE_SAFE = 1  # an order without its least edge
    RENEW = 2  # an order about to expire
    MOVE = 3  # a better place
    QUOTE = 4  # something new


@dataclass(slots=True)
class WantPlace:
    """A new order."""

    market: MarketState
    quote: Quote
    value: float
    priority: Priority = Priority.QUOTE


@dataclass(slots=True)
class WantAmend:
    """Other terms for a resting order."""

    market: MarketState
    order: Order
    price: Price
    total: Count
    expires_at: Instant
    value: float
    priority: Priority


@dataclass(slots=True)
class WantCancel:
    """An order away."""

    market: MarketState
    order: Order
    value: float = 0.0
    priority: Priority = Priority.TAKE_AWAY


Want = WantPlace | WantAmend | WantCancel


def changes(state: State, market: MarketState, desired: tuple[Quote, ...]) -> list[Want]:
    """The wants of one market."""
    wants: list[Want] = []
    fair = market.fair.fair if market.fair is not None else 0.5
    value = fair * (1 - fair)  # where a contract's outcome is most open, a quote is worth most
    for side in (Side.BID, Side.ASK):
        quotes = [quote for quote in desired if quote.side is side]
        ours = sorted((o for o in market.orders.values() if o.side is side), key=lambda o: o.level)
        for index, order in enumerate(ours):
            quote = quotes[index] if index < len(quotes) else None
            want = _change(state, market, order, quote, value)
            if want is not None:
                wants.append(want)
        wants.extend(WantPlace(market, quote, value) for quote in quotes[len(ours) :])
    return wants


def _change(state: State, market: MarketState, order: Order, quote: Quote | None, value: float) -> Want | None:
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
    if not safe(market, order.side, order.price, config):
        return WantAmend(market, order, quote.price, total, expires_at, value, Priority.MAKE_SAFE)
    if _ticks_apart(market, order.price, quote.price) > config.requote_ticks:
        return WantAmend(market, order, quote.price, total, expires_at, value, Priority.MOVE)
    if abs(quote.count - left) > config.requote_size * left:
        return WantAmend(market, order, order.price, total, expires_at, value, Priority.MOVE)
    if order.expires_at - state.now < state.config.refresh_before:
        return WantAmend(market, order, order.price, order.total, expires_at, value, Priority.RENEW)
    return None


def _ticks_apart(market: MarketState, a: Price, b: Price) -> float:
    low, high = min(a, b), max(a, b)
    step = (market.grid.up(low) or high) - low
    return (high - low) / step if step else 0.0


def cancel_request(order: Order) -> CancelOrder:
    """The request that takes an order away."""
    return CancelOrder(order.order_id, order.client_order_id, order.ticker)


def amend_request(want: WantAmend) -> AmendOrder:
    """The request for an order's new terms."""
    order = want.order
    return AmendOrder(
        order.order_id, order.client_order_id, order.ticker, order.side, want.price, want.total, want.expires_at
    )
