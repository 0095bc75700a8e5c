"""What rests when better or more may not be had, and what rests with exactly the least edge."""

from dataclasses import replace
from typing import Any

import pytest

from core import messages as m
from core.units import Count, Price
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.orders import Life, Order
from quoter.engine.quoting import safe
from tests.stories.stage import COLD, EVENT, MILD, WARM, Stage, make_config


def resting() -> tuple[Stage, Order]:
    """A stage whose quotes rest, and its bid on the mild bracket."""
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    return stage, next(o for o in stage.market().orders.values() if o.side is m.Side.BID)


def configure(stage: Stage, **changes: Any) -> list[Action]:
    """A person changes limits or quoting; no more may be lost than could be lost already."""
    config = stage.state.config
    tight = replace(config.limits, max_loss_event=stage.state.events[EVENT].loss)
    return stage.say(e.Configured(stage.now, "a person", "tight", replace(config, limits=tight, **changes)))


def touching(stage: Stage, order: Order, actions: list[Action]) -> list[str]:
    """The names of the requests about one order."""
    kinds = (m.PlaceOrder, m.AmendOrder, m.DecreaseOrder, m.CancelOrder)
    found = [r for kind in kinds for r in stage.requests(kind, actions)]
    return [type(r).__name__ for r in found if r.client_order_id == order.client_order_id]


def test_more_of_the_same_that_may_not_be_had_leaves_what_rests_in_its_place() -> None:
    stage, order = resting()
    total, quote = order.total, stage.state.config.quote
    done = configure(stage, quote=replace(quote, size=2 * quote.size))
    assert stage.market().desired[0].count == 2 * total, "more is wanted"
    assert touching(stage, order, done) == []
    assert (order.life, order.total) == (Life.RESTING, total)
    assert stage.market().bid_reasons == ("event_loss_limit",)
    assert touching(stage, order, stage.wait(3)) == [], "nor later: it was approved, and keeps its place in the queue"


def test_an_order_that_must_move_and_may_not_is_taken_away() -> None:
    stage, order = resting()
    small = replace(stage.state.config.limits, max_order=Count(50))
    stage.say(e.Configured(stage.now, "a person", "small", replace(stage.state.config, limits=small)))
    assert order.life is Life.RESTING
    done = stage.book(MILD, 44, 56)
    assert stage.market().desired[0].price > order.price
    assert stage.market().bid_reasons == ("order_size",), "no order of a whole contract may be sent"
    assert touching(stage, order, done) == ["CancelOrder"], "where it stands it is not wanted any more"
    assert order.life is Life.CANCELLING


@pytest.mark.parametrize("cents", [7, 14, 28, 29, 55, 56, 57, 58])
def test_exactly_the_least_edge_is_enough_and_a_tick_less_is_not(cents: int) -> None:
    stage = Stage().begin()
    config = replace(stage.state.config.quote, min_edge=0.01)
    stage.publish({COLD: 0.5 - cents / 200, MILD: cents / 100, WARM: 0.5 - cents / 200})
    for side in m.Side:
        edge = Price((cents - side.sign) * 100)
        assert safe(stage.market(), side, edge, config), f"{cents / 100} and a cent"
        assert not safe(stage.market(), side, Price(edge + side.sign), config)


@pytest.mark.parametrize("cents", [28, 29, 56, 57])
def test_a_quote_with_exactly_the_least_edge_is_left_where_it_is(cents: int) -> None:
    """0.28 + 0.01 are 0.29000000000000004: an order at 29 cents was made safe again and again, and lost its place."""
    usual = make_config()
    close = replace(usual.quote, edge=0.0, sd_edge=0.0, min_edge=0.01, spread="linear", reservation="none")
    stage = Stage(replace(usual, quote=close)).begin()
    fairs = {COLD: 0.5 - cents / 200, MILD: cents / 100, WARM: 0.5 - cents / 200}
    for ticker, fair in fairs.items():
        stage.book(ticker, round(fair * 100) - 2, round(fair * 100) + 2)
    stage.publish(fairs)
    stage.ack_all()
    prices = {o.side: o.price for o in stage.market().orders.values()}
    assert prices == {m.Side.BID: (cents - 1) * 100, m.Side.ASK: (cents + 1) * 100}
    assert stage.requests(m.AmendOrder, stage.publish(fairs)) == []
