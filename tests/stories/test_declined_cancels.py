"""The exchange will not cancel, or a word about our orders could not be read."""

import pytest

from core import messages as m
from quoter.engine import events as e
from quoter.engine.actions import AskFills, AskOrders, AskPositions
from tests.stories.stage import FAIRS, MILD, Stage


def quoting() -> Stage:
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    return stage


def decline(stage: Stage, seconds: int, code: str) -> int:
    """Every cancel is declined at once, for so long; how many were asked for."""
    asked = 0
    for _ in range(seconds * 10):
        for r in stage.requests(m.CancelOrder, stage.wait_ms(100)):
            asked += 1
            stage.say(m.Rejected(stage.now, r.client_order_id, r.ticker, "CancelOrder", code))
    return asked


def test_a_cancel_that_is_declined_is_asked_for_again_ever_more_slowly() -> None:
    """Twenty a second of each order emptied the bucket, the cancels' reserve too, and pulled every other market."""
    stage = quoting()
    stage.say(e.Halted(stage.now, "a person"))
    orders = stage.state.working()
    for r in stage.requests(m.CancelOrder):
        stage.say(m.Rejected(stage.now, r.client_order_id, r.ticker, "CancelOrder", "authentication_error"))
    asked = decline(stage, 60, "authentication_error")
    assert orders * 6 <= asked <= orders * 12, "at .25 .5 1 2 4 8 16 16 16 seconds"
    assert stage.state.budget.tokens > stage.state.config.token_burst / 2
    assert "too_many_errors" not in stage.market().bid_reasons


def test_a_market_that_closes_under_our_orders_pulls_no_other() -> None:
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "deactivated"))
    for r in stage.requests(m.CancelOrder):
        stage.say(m.Rejected(stage.now, r.client_order_id, r.ticker, "CancelOrder", "market_inactive"))
    decline(stage, 10, "market_inactive")
    assert not stage.state.recent_errors
    other = next(t for t in FAIRS if t != MILD)
    assert stage.market(other).bid_reasons == ()


def test_the_order_goes_as_soon_as_the_exchange_lets_it_after_the_pause() -> None:
    stage = quoting()
    stage.say(e.Halted(stage.now, "a person"))
    first = stage.requests(m.CancelOrder)[0]
    stage.say(m.Rejected(stage.now, first.client_order_id, first.ticker, "CancelOrder", "trading_is_paused"))
    again = [r for r in stage.requests(m.CancelOrder, stage.wait_ms(400)) if r == first]
    assert again == [first]


@pytest.mark.parametrize("channel", ["fill", "user_orders"])
def test_a_word_on_our_orders_that_could_not_be_read_is_asked_for_within_a_second(channel: str) -> None:
    stage = quoting()
    stage.wait(3)
    stage.say(m.Gap(stage.now, channel, [], "unreadable"))
    done = stage.wait(2)
    assert AskOrders() in done and AskPositions() in done
    assert any(isinstance(a, AskFills) for a in done)
