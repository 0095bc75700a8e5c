"""What the world would be with one more order, or with other terms of one: computed, nothing is changed.

An order can only hurt where its bracket does not pay (a bid) or where it pays (an ask): with `more` dollars at stake on
one side of one bracket, a bid raises the loss of every other outcome by `more`, an ask that of its own
(`core/risk/exposure.py`). Equal to placing the order and measuring everything anew (tests).
"""

from core.fees import fee
from core.messages import Side
from core.risk.limits import Situation
from core.side import BID
from core.units import ONE_DOLLAR, Count, Money, Price
from quoter.engine.guard import leaving
from quoter.engine.market import MarketState
from quoter.engine.orders import Order
from quoter.engine.state import State


def at_stake(market: MarketState, side: Side, price: Price, count: int) -> int:
    """What a fill of `count` at `price` loses in the outcome that hurts it, the maker fee included."""
    maker = market.fair.maker_fee if market.fair is not None else 0
    lost = (price if side is BID else ONE_DOLLAR - price) * count
    return lost + fee(maker, price, Count(count)) if maker else lost


def placed(state: State, market: MarketState, side: Side, price: Price, count: Count) -> Situation:
    """With one more order."""
    return _situation(state, market, side, at_stake(market, side, price, count), count)


def amended(state: State, market: MarketState, order: Order, price: Price, total: Count) -> Situation:
    """With `price` and `total` for an order: until the answer comes the worse of old and new terms counts."""
    assert order.new_price is None and order.new_total is None, "one amend at a time"
    side, old = order.side, order.could_fill
    now = order.worst_price
    worst = max(now, price) if side is BID else min(now, price)
    new = max(0, max(order.total, total) - order.filled)
    more = at_stake(market, side, worst, new) - at_stake(market, side, now, old)
    return _situation(state, market, side, more, new - old)


def _situation(state: State, market: MarketState, side: Side, more: int, count: int) -> Situation:
    event, leg, mine, here = market.event, market.leg, market.mine, market.index
    before = event.by_outcome
    own = before[here]
    others: int | None = None  # the largest loss among the other outcomes
    for n, loss in enumerate(before):
        if n != here and (others is None or loss > others):
            others = loss
    bid_loss, ask_loss = leg.bid_loss, leg.ask_loss
    held = leg.position * ONE_DOLLAR
    least = min(-bid_loss, held - ask_loss)
    if side is BID:
        raised = None if others is None else others + more
        after = own if raised is None else max(own, raised)
        bid_loss = Money(bid_loss + more)
    else:
        raised = own + more
        after = raised if others is None else max(raised, others)
        ask_loss = Money(ask_loss + more)
    stress = event.stress + least - min(-bid_loss, held - ask_loss)
    change = max(0, after) - max(0, event.loss)
    bid, ask = market.others_touch()
    day, city = state.station_day_loss.get(event.station_day, 0), state.city_loss.get(event.city, 0)
    return Situation(
        fair=market.fair.fair if market.fair is not None else None,
        book_known=market.book.known,
        book_bid=bid,
        book_ask=ask,
        own_bid=mine.best_bid,
        own_ask=mine.best_ask,
        most_long=Count(mine.most_long + count) if side is BID else mine.most_long,
        most_short=mine.most_short if side is BID else Count(mine.most_short - count),
        event_loss=Money(after),
        event_loss_before=event.loss,
        event_raised=raised if more > 0 else None,
        event_limit=state.event_limit(event),
        event_stress=Money(stress),
        event_stress_before=event.stress,
        station_day_loss=Money(day + change),
        station_day_loss_before=Money(day),
        city_loss=Money(city + change),
        city_loss_before=Money(city),
        total_loss=Money(state.total_loss + change),
        total_loss_before=state.total_loss,
        balance=state.balance,
        reduce_only=bool(state.reduce_only),
        empty_book=state.config.empty_books,
        doubtful=state.passed(event) and state.counts_twice(),
        to_leave=bool(leaving(state, market)),
    )
