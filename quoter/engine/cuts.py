"""Which of our orders must go because a limit was passed by what already rests.

`core/risk/limits.check` keeps every new order within the limits, but a limit can fall under orders that rest: a person
lowers it, the flows miss an input and publish a tighter one; or a fill that raced a cancel, or a person's own order,
comes on top. Then the orders that cost most in the worst outcome are wished gone, until what is left holds the limit;
what is held is not sold for it. Orders whose cancel is asked for already are taken to be gone: if that fails, they are
looked at anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.messages import Side
from core.side import ASK
from core.units import Money
from quoter.engine.market import EventState, MarketState
from quoter.engine.orders import Life, Order
from quoter.engine.state import State
from quoter.engine.whatif import at_stake


@dataclass(slots=True)
class _Left:
    """What an event may lose in each outcome without the orders that go, and the orders that could go: with what each
    may lose, and in which market's outcome."""

    losses: list[int]
    orders: list[tuple[int, int, Order]]

    def loss(self) -> int:
        return max(0, *self.losses) if self.losses else 0

    def take(self, index: int, side: Side, stake: int) -> None:
        """Without an order of `stake` on `side` of market `index`."""
        for n in range(len(self.losses)):
            if (n == index) == (side is ASK):
                self.losses[n] -= stake

    def cut(self) -> Order | None:
        """Let the order go that costs most in the worst outcome; None when none costs anything there."""
        worst = self.losses.index(max(self.losses)) if self.losses else -1
        best: tuple[int, int, Order] | None = None
        for stake, index, order in self.orders:
            if (index == worst) == (order.side is ASK) and (best is None or stake > best[0]):
                best = stake, index, order
        if best is None:
            return None
        self.orders.remove(best)
        self.take(best[1], best[2].side, best[0])
        return best[2]


def cut(state: State, event: EventState) -> list[MarketState]:
    """Wish orders gone until this event, its station's day, its city and the account hold their limits; where."""
    limits, every = state.limits, state.events.values()
    scopes: list[tuple[int, Money, list[EventState]]] = [
        (state.station_day_loss.get(event.station_day, 0), limits.max_loss_station_day,
         [one for one in every if one.station_day == event.station_day]),
        (state.city_loss.get(event.city, 0), limits.max_loss_city, [one for one in every if one.city == event.city]),
        (state.total_loss, limits.max_loss_total, list(every)),
    ]  # fmt: skip
    if event.fair is not None:  # without a belief everything of the event goes anyway
        scopes.insert(0, (event.loss, state.event_limit(event), [event]))
    known: dict[str, _Left] = {}
    gone: list[Order] = []
    for loss, limit, members in scopes:
        if loss <= limit:
            continue
        members = [one for one in members if one.loss > 0]
        known |= {one.ticker: _left(one) for one in members if one.ticker not in known}
        _until([known[one.ticker] for one in members], limit, gone)
    for order in gone:
        order.wanted_gone = True
    return list({order.ticker: state.markets[order.ticker] for order in gone}.values())


def _left(event: EventState) -> _Left:
    found = _Left(list(event.by_outcome), [])
    for market in event.markets:
        for order in market.orders.values():
            stake = at_stake(market, order.side, order.worst_price, order.could_fill)
            if order.wanted_gone or order.life is Life.CANCELLING:
                found.take(market.index, order.side, stake)
            elif order.life is not Life.GONE:
                found.orders.append((stake, market.index, order))
    return found


def _until(members: Iterable[_Left], limit: Money, gone: list[Order]) -> None:
    """Cut where most may be lost until the sum holds the limit, or nothing is left to cut."""
    open_ = list(members)
    while open_ and sum(one.loss() for one in open_) > limit:
        most = max(open_, key=_Left.loss)
        order = most.cut() if most.loss() else None
        if order is None:
            limit = Money(limit - most.loss())  # what is held stays
            open_.remove(most)
        else:
            gone.append(order)
