"""What is over is forgotten, so that a run of months knows no more markets than one of days, and is no slower.

An event is over when nothing is published of it, held in it or working in it, and its markets have closed. It is kept
for `config.forget_after` then: a fill or a payment may be heard late. So long fills are known by name, too.
"""

from core.units import Instant, Money
from quoter.engine.market import FOREVER, EventState, MarketState
from quoter.engine.state import State


def forget(state: State) -> None:
    """Once a minute: let go of the events that have been over for long enough. The ledger stays as it is."""
    after = state.config.forget_after
    if not after or state.now < state.next_forget:
        return
    state.next_forget = Instant(state.now + state.config.minute)
    _forget_fills(state)
    gone = [event for event in state.events.values() if _over_since(state, event) <= state.now - after]
    for event in gone:
        _let_go(state, event)
    if gone:
        known = {event.station_day for event in state.events.values()}
        state.station_day_loss = {day: loss for day, loss in state.station_day_loss.items() if day in known or loss}


def _forget_fills(state: State) -> None:
    """A fill that is not known by name any more must not count a second time: what is older counts as seen. So nothing
    is let go that we ask for again (`step._questions`) or still owe to an order, however long ago it was."""
    oldest = min(state.now - state.config.forget_after, state.last_fill_at)
    for market in state.markets.values():
        for order in market.orders.values():
            oldest = min(oldest, order.asked_at)
    state.fills_from = Instant(max(state.fills_from, oldest - 2 * state.config.minute))
    state.fills_seen = {key: at for key, at in state.fills_seen.items() if at >= state.fills_from}
    state.unclaimed = {name: kept for name, kept in state.unclaimed.items() if kept[1] >= state.fills_from}


def awaited(state: State, market: MarketState) -> bool:
    """Is there anything to hear of it? Also of a flat market its payment: what was lost there counts in its event's
    worst case until then."""
    if market.settled:
        return False
    earned = state.config.forget_after and (market.cash or market.booked is not None)
    return bool(market.fair is not None or market.position or earned)


def _over_since(state: State, event: EventState) -> Instant:
    if event.fair is not None or not all([_over(market, state.now) for market in event.markets]):
        event.over_since = FOREVER
    elif event.over_since == FOREVER:
        event.over_since = state.now
    return event.over_since


def _over(market: MarketState, now: Instant) -> bool:
    """What is `booked` is realised at its last mark: if its payment was not heard by then, it never is."""
    if market.position or market.orders or market.foreign or market.early != (0, 0) or market.disputed is not None:
        return False
    return market.settled or market.over or market.close_at == FOREVER or market.close_at <= now


def _let_go(state: State, event: EventState) -> None:
    """What was earned in markets of whose payment we never heard, and that are flat, is realised."""
    for market in event.markets:
        state.realised = Money(state.realised + market.cash)
        market.cash = Money(0)
        state.remeasure(market)
        del state.markets[market.ticker]
    del state.events[event.ticker]
    state.by_group.pop(event.group, None)
