"""Where our orders stand in their queues, and what a place is worth: learnt from the book and from trades.

Contracts ahead of an order are what others showed at its price when it came, less what traded there since; never more
than they show now. Cancels are taken to be behind us. How fast a side trades is an exponential average over an hour on
top of a prior, so a market in which nothing has traded is not thought dead.
"""

import math

from core.messages import Side, TradePrint
from core.side import BID
from core.units import HOUR, ONE_CONTRACT, ONE_DOLLAR, Count, Instant, Price
from quoter.engine.market import MarketState
from quoter.engine.orders import Order
from quoter.engine.spread import chance_of_fill
from quoter.engine.state import State


def joined(market: MarketState, order: Order) -> None:
    """The order rests anew at its price: everybody who is there is ahead of it."""
    order.joined_price, order.ahead = order.price, _others_at(market, order.side, order.price)


def traded(state: State, market: MarketState, trade: TradePrint) -> None:
    """Somebody's trade took from the side opposite to the taker's."""
    side = trade.taker.other
    market.flow[side] = (_flow(market, side, state.now) + trade.count / ONE_CONTRACT, state.now)
    for order in market.orders.values():
        if order.side is side and order.price == trade.price and order.ahead:
            order.ahead = Count(max(0, order.ahead - trade.count))


def _flow(market: MarketState, side: Side, now: Instant) -> float:
    amount, at = market.flow[side]
    return amount * math.exp((at - now) / HOUR)


def _others_at(market: MarketState, side: Side, price: Price) -> Count:
    levels = market.book.bids if side is BID else market.book.asks
    return Count(max(0, levels.get(price, 0) - market.own(side).get(price, 0)))


def _better(market: MarketState, side: Side, price: Price) -> int:
    levels = market.book.bids if side is BID else market.book.asks
    own = market.own(side)
    sign = side.sign
    return sum(max(0, size - own.get(at, 0)) for at, size in levels.items() if sign * at > sign * price)


def worth(state: State, market: MarketState, side: Side, price: Price, ahead: Count, count: int) -> float:
    """Dollars expected of `count` (1/100 contract) at `price` with `ahead` others at that price before it.

    P(fill within the horizon) x (distance from fair - what fills cost us afterwards) x contracts.
    """
    assert market.fair is not None, "valued without a fair value"
    config = state.config.quote
    expected = (_flow(market, side, state.now) + config.flow_prior) * config.fill_horizon / HOUR
    chance = chance_of_fill((ahead + _better(market, side, price)) / ONE_CONTRACT, expected)
    edge = side.sign * (market.fair.fair - price / ONE_DOLLAR) - config.adverse
    return chance * edge * count / ONE_CONTRACT


def gain(state: State, market: MarketState, order: Order, price: Price, left: int, count: int) -> float:
    """Dollars expected more from `count` at the back of the queue at `price` than from what the order has now."""
    here = _others_at(market, order.side, order.price)
    ahead = here if order.joined_price != order.price else Count(min(order.ahead, here))
    there = _others_at(market, order.side, price)
    new = worth(state, market, order.side, price, there, count)
    return new - worth(state, market, order.side, order.price, ahead, left)
