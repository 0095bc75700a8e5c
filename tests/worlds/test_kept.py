"""What the engine keeps of its markets is what their orders, positions and books say, after every event of a world."""

import pytest

from core.risk.exposure import losses_by_outcome, stress
from core.units import Money
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.market import EventState, MarketState
from quoter.engine.state import State
from quoter.engine.step import step
from quoter.shell.world import World

pytestmark = pytest.mark.slow


def fresh(market: MarketState) -> MarketState:
    """The same market, measured by somebody who kept nothing."""
    again = MarketState(market.ticker, EventState(market.event.ticker), fair=market.fair, book=market.book)
    again.position, again.cash, again.orders, again.foreign = (
        market.position, market.cash, market.orders, market.foreign
    )  # fmt: skip
    again.measure()
    return again


def looked_through(state: State, event: e.Event) -> list[Action]:
    actions = step(state, event)
    cities: dict[str, int] = {}
    for known in state.events.values():
        for market in known.markets:
            again, mine = fresh(market), market.mine
            assert (mine.bids, mine.asks) == (again.mine.bids, again.mine.asks), event
            assert (mine.best_bid, mine.best_ask) == (again.mine.best_bid, again.mine.best_ask), event
            assert (mine.most_long, mine.most_short) == (again.mine.most_long, again.mine.most_short), event
            assert market.leg == again.leg, event
            assert market.others_touch() == again.others_touch(), event
        legs = [market.leg for market in known.markets]
        assert known.by_outcome == losses_by_outcome(legs, exhaustive=known.fair is not None), event
        assert (known.loss, known.stress) == (max(known.by_outcome, default=0), stress(legs)), event
        cities[known.city] = cities.get(known.city, 0) + max(0, known.loss)
    assert {c: loss for c, loss in cities.items() if loss} == {c: x for c, x in state.city_loss.items() if x}, event
    assert state.total_loss == Money(sum(cities.values())), event
    return actions


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6, 7, 8, 9])
def test_what_is_kept_is_what_the_orders_and_books_say_after_every_event(seed: int) -> None:
    World(seed, step_=looked_through).run()
