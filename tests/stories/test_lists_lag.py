"""What the exchange lists is of a while ago: `asked_at` says what it holds for certain. Found in seeded worlds."""

from core import messages as m
from core.units import SECOND, Count, Instant, Price, money
from quoter.engine import events as e
from quoter.engine.actions import AskOrders, AskPositions
from quoter.engine.orders import Life
from tests.stories.stage import MILD, Stage


def at_the_start() -> Stage:
    """A run that has just begun, a second after another one died."""
    stage = Stage()
    stage.say(e.Started(stage.now, "r1", "2026-11-24", money("0.00")))
    stage.say(m.Connected(stage.now))
    return stage


def test_a_list_from_before_the_run_does_not_say_what_the_run_before_it_left() -> None:
    stage = at_the_start()
    stage.say(m.OrdersReported(stage.now, Instant(stage.now - SECOND // 2), []))
    assert not stage.state.orders_known, "what was placed half a second ago may not be listed yet"
    assert AskOrders() in stage.wait(2), "it is asked for anew"
    stage.say(m.OrdersReported(stage.now, Instant(stage.now - SECOND), []))
    assert stage.state.orders_known


def test_an_order_that_only_the_second_list_shows_counts_before_anything_is_quoted() -> None:
    stage = at_the_start()
    stage.say(m.OrdersReported(stage.now, Instant(stage.now - 5 * SECOND), []))
    view = m.OrderView("o-1", "kwm-r0-7", MILD, m.Side.BID, Price(4_000), "resting", Count(0),
                       Count(1_000), stage.now, Instant(stage.now + 60 * SECOND))  # fmt: skip
    stage.wait(2)
    stage.say(m.OrdersReported(stage.now, Instant(stage.now - SECOND), [view]))
    assert stage.market(MILD).orders["kwm-r0-7"].adopted and not stage.requests(m.PlaceOrder)


def test_never_heard_of_it_proves_nothing_where_the_exchange_looked_at_a_time_before_its_expiry() -> None:
    stage = Stage().begin()
    stage.publish()
    bid = stage.placed(MILD, m.Side.BID)
    order, expires_at = stage.market().orders[bid.client_order_id], bid.expires_at
    assert expires_at is not None
    stage.say(m.Unknown(stage.now, bid.client_order_id, MILD, "PlaceOrder", "timeout"))
    stage.now = Instant(expires_at + 10 * SECOND)
    stage.say(m.OrderLookedUp(stage.now, Instant(expires_at - SECOND), bid.client_order_id, None))
    assert order.life is Life.LOST, "it may have come, and traded, in its last second"
    stage.say(m.OrderLookedUp(stage.now, Instant(expires_at + 1), bid.client_order_id, None))
    assert order.life is Life.GONE


def test_an_end_is_believed_of_whenever_the_word_is() -> None:
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    bid = stage.placed(MILD, m.Side.BID)
    order = stage.market().orders[bid.client_order_id]
    stage.say(e.Halted(stage.now, "a person"))
    stage.say(m.CancelNotFound(stage.now, bid.client_order_id, MILD, order.order_id))
    view = m.OrderView(order.order_id, bid.client_order_id, MILD, bid.side, bid.price, "executed", bid.count, Count(0))
    earlier = Instant(stage.now - SECOND)  # as far as the exchange's stamp says, it might be of before our cancel
    stage.say(m.OrderLookedUp(stage.now, earlier, bid.client_order_id, view))
    assert (order.life, order.told) == (Life.GONE, bid.count)


def test_positions_that_may_lack_our_last_fill_are_asked_for_a_second_later_and_not_in_a_rush() -> None:
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    bid = stage.placed(MILD, m.Side.BID)
    stage.fill(bid, 3)
    stage.now = Instant(stage.now + SECOND // 2)
    lags = m.PositionsReported(stage.now, Instant(stage.now - SECOND), [], money("10000.00"))
    assert AskPositions() not in stage.say(lags) and AskPositions() not in stage.say(m.Heartbeat(stage.now))
    assert stage.market().disputed is None and stage.market().position == 300
    assert AskPositions() in stage.wait(2)
