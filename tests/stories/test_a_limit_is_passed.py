"""A limit falls under what rests, or something comes on top: orders go until it holds again, what is held stays."""

from dataclasses import replace

import pytest

from core import messages as m
from core.units import Count, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.orders import Life, Order
from tests.stories.stage import COLD, EVENT, MILD, WARM, Stage


def resting() -> Stage:
    """A stage whose quotes rest: 10 contracts on both sides of three brackets."""
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    assert len(orders(stage)) == 6
    return stage


def orders(stage: Stage) -> list[Order]:
    """Those that rest or are on their way."""
    every = (order for market in stage.state.markets.values() for order in market.orders.values())
    return [order for order in every if order.life is not Life.CANCELLING]


def limit(stage: Stage, **limits: Money) -> list[Action]:
    """A person changes limits."""
    config = stage.state.config
    told = replace(config, limits=replace(config.limits, **limits))
    return stage.say(e.Configured(stage.now, "a person", "limits", told))


def gone(stage: Stage, actions: list[Action]) -> list[m.CancelOrder]:
    """The exchange does what was asked."""
    asked = stage.requests(m.CancelOrder, actions)
    for request in asked:
        stage.actions += stage.say(
            m.Gone(stage.now, request.client_order_id, request.ticker, request.order_id, Count(0), None, "Cancel")
        )
    return asked


def test_a_lower_limit_takes_away_what_costs_most_in_the_worst_outcome_and_no_more() -> None:
    stage = resting()
    before = stage.state.events[EVENT].loss
    half = Money(before // 2)
    done = limit(stage, max_loss_event=half)
    cancelled = stage.requests(m.CancelOrder, done)
    assert 0 < len(cancelled) < 6
    assert gone(stage, done) == cancelled
    assert 0 < stage.state.events[EVENT].loss <= half
    assert stage.requests(m.CancelOrder, stage.wait(5)) == [], "what is left holds the limit and keeps its place"


def test_a_publication_that_misses_an_input_allows_less_and_what_rests_follows() -> None:
    stage = resting()
    loss = stage.state.events[EVENT].loss
    done = stage.publish(max_loss=f"{loss / 1e6 * 0.6:.2f}")
    assert stage.requests(m.CancelOrder, done)
    gone(stage, done)
    assert stage.state.events[EVENT].loss <= loss * 0.6


@pytest.mark.parametrize("name", ["max_loss_station_day", "max_loss_city", "max_loss_total"])
def test_so_it_is_for_every_sum_over_events(name: str) -> None:
    stage = resting()
    less = Money(stage.state.total_loss // 3)
    gone(stage, limit(stage, **{name: less}))
    assert stage.state.total_loss <= less
    assert orders(stage), "no more than must"


def test_what_is_held_is_not_sold_and_orders_that_cost_nothing_more_stay() -> None:
    stage = resting()
    bid = stage.placed(MILD, m.Side.BID)
    stage.fill(bid)
    stage.ack_all()
    done = limit(stage, max_loss_event=money("0.01"))
    gone(stage, done)
    assert stage.market(MILD).position == bid.count
    left = orders(stage)
    assert [order.side for order in left if order.ticker == MILD] == [m.Side.ASK], "the order that sells it may stay"
    assert all(order.side is m.Side.ASK for order in left) or not left


def test_a_persons_own_order_on_top_makes_ours_go() -> None:
    stage = resting()
    loss = stage.state.events[EVENT].loss
    limit(stage, max_loss_event=loss)
    ours = [
        m.OrderView(o.order_id, o.client_order_id, o.ticker, o.side, o.price, "resting", o.filled, o.total)
        for o in orders(stage)
    ]
    theirs = m.OrderView("x-hers", "by-hand", WARM, m.Side.BID, Price(2_000), "resting", Count(0), Count(2_000))
    done = stage.say(m.OrdersReported(stage.now, stage.now, [*ours, theirs]))
    assert stage.requests(m.CancelOrder, done)
    gone(stage, done)
    assert stage.state.events[EVENT].loss <= loss
    assert all(request.client_order_id != "by-hand" for request in stage.requests(m.CancelOrder)), "hers is hers"


def test_an_order_whose_answer_is_out_goes_as_soon_as_it_can_be_named() -> None:
    stage = Stage().begin()
    stage.publish()
    assert limit(stage, max_loss_event=money("0.01")) is not None
    assert stage.requests(m.CancelOrder) == [], "nothing can be named yet"
    stage.now = Instant(stage.now + 1)
    for request in stage.requests(m.PlaceOrder):
        stage.ack(request)
    assert {r.client_order_id for r in stage.requests(m.CancelOrder)} >= {
        r.client_order_id for r in stage.requests(m.PlaceOrder) if r.side is m.Side.BID and r.ticker == COLD
    }
