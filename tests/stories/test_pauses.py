"""What fails again and again in one place must not be asked for again and again, nor silence other places."""

import pytest

from core import messages as m
from core.units import SECOND, Count, Money, money
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.guard import global_reasons
from tests.stories.stage import COLD, MILD, WARM, Stage

BID, ASK = m.Side.BID, m.Side.ASK


def answer(stage: Stage, done: list[Action], refused: set[str]) -> int:
    """The exchange takes every order, but no bid in the `refused` markets. How many it refused."""
    found = 0
    for request in stage.requests(m.PlaceOrder, done):
        if request.ticker in refused and request.side is BID:
            found += 1
            stage.say(m.Rejected(stage.now, request.client_order_id, request.ticker, "PlaceOrder", "invalid_price", ""))
        else:
            stage.ack(request)
    stage.ack_amends(done)
    return found


def test_one_side_refused_for_ever_in_two_markets_neither_asks_for_ever_nor_stops_the_others() -> None:
    stage = Stage().begin()
    refused = answer(stage, stage.publish(valid_s=1_000), {COLD, WARM})
    by_minute = []
    for _ in range(4):
        for _ in range(60):
            stage.say(m.Heartbeat(stage.now))
            refused += answer(stage, stage.wait(1), {COLD, WARM})
            assert global_reasons(stage.state) == ()
        by_minute.append(refused)
        refused = 0
    assert by_minute[0] <= 12 and by_minute[-1] <= 2, by_minute
    for ticker in (COLD, WARM):
        assert stage.market(ticker).ask_reasons == (), "the other side is quoted all the time"
        assert [order.side for order in stage.market(ticker).orders.values()] == [ASK]


def test_a_side_that_worked_again_for_a_while_starts_with_the_shortest_pause() -> None:
    stage = Stage().begin()
    done = stage.publish(valid_s=1_000)
    for _ in range(3):
        assert answer(stage, done, {MILD}) == 1
        done = []
        while not stage.requests(m.PlaceOrder, done):
            stage.say(m.Heartbeat(stage.now))
            done = stage.wait(1)
    assert stage.market().pauses[BID].failures == 3
    answer(stage, done, set())
    for _ in range(150):
        stage.say(m.Heartbeat(stage.now))
        answer(stage, stage.wait(1), set())
    order = next(o for o in stage.market().orders.values() if o.side is BID)
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, Count(0), reason="canceled"))
    pause = stage.market().pauses[BID]
    assert (pause.failures, pause.until) == (1, stage.now + 2 * SECOND)


@pytest.mark.parametrize("reason", ["canceled", "PostOnlyCrossCancel"])
def test_an_order_that_the_exchange_takes_away_is_not_placed_again_at_once(reason: str) -> None:
    stage = Stage().begin()
    bid, ask = sorted(
        (r for r in stage.requests(m.PlaceOrder, stage.publish()) if r.ticker == MILD), key=lambda r: r.price
    )
    stage.ack(ask)
    done = stage.say(m.Gone(stage.now, bid.client_order_id, MILD, "x", Count(0), reason=reason)) + stage.wait(1)
    assert not [r for r in stage.requests(m.PlaceOrder, done) if r.ticker == MILD]
    assert (stage.market().bid_reasons, stage.market().ask_reasons) == (("cooling_down",), ())
    assert stage.state.counters.errors == 0, "it is no error"
    again = [r for r in stage.requests(m.PlaceOrder, stage.wait(3)) if r.ticker == MILD]
    assert [r.side for r in again] == [BID]


def test_an_order_that_filled_or_that_we_took_away_pauses_nothing() -> None:
    stage = Stage().begin()
    stage.publish()
    for request in stage.ack_all():
        if request.ticker == MILD and request.side is BID:
            stage.fill(request)
            stage.say(m.Gone(stage.now, request.client_order_id, MILD, f"x-{request.client_order_id}", request.count))
    for cancel in stage.requests(m.CancelOrder, stage.say(e.Paused(stage.now, "a person"))):
        stage.say(m.Gone(stage.now, cancel.client_order_id, cancel.ticker, cancel.order_id, None, Count(1_000)))
    assert stage.state.working() == 0
    assert all(not pause.until for market in stage.state.markets.values() for pause in market.pauses.values())


def test_a_result_that_is_amended_is_paid_as_amended() -> None:
    stage = Stage().begin()
    stage.publish()
    bid = next(r for r in stage.ack_all() if r.ticker == MILD and r.side is BID)
    stage.fill(bid, 7)
    cost = 7 * bid.price * 100
    stage.say(m.MarketChanged(stage.now, MILD, "determined", settlement_value=money("1.00")))
    assert stage.state.realised == money("7.00") - cost
    stage.say(m.MarketChanged(stage.now, MILD, "settled", settlement_value=money("1.00")))
    assert stage.state.realised == money("7.00") - cost, "the same again pays nothing"
    stage.fill(bid, 2)
    stage.say(m.MarketChanged(stage.now, MILD, "determined", settlement_value=money("0.00")))
    assert stage.state.realised == Money(-9 * bid.price * 100), "a fill heard of late included"
