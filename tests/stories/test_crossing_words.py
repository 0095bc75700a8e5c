"""Requests, fills and words that cross on the wire; each of these once lost money in a seeded world."""

from dataclasses import replace
from typing import Any

from core import messages as m
from core.units import SECOND, Count, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.engine.orders import Life, Order
from tests.stories.stage import MILD, Stage, make_config


def resting(**changes: Any) -> tuple[Stage, Order, m.PlaceOrder]:
    """A stage that quotes, its bid on the mild bracket, and the request that placed it."""
    stage = Stage(make_config(**changes)).begin()
    stage.publish()
    stage.ack_all()
    bid = stage.placed(MILD, m.Side.BID)
    return stage, stage.market().orders[bid.client_order_id], bid


def word(stage: Stage, order: Order, filled: int, remaining: int, at: int, **changes: Any) -> m.Acked:
    said = m.Acked(stage.now, order.client_order_id, order.order_id, order.ticker, order.side, order.price,
                   Count(filled), Count(remaining), order.expires_at, Instant(at))  # fmt: skip
    return m.Acked(**{name: getattr(said, name) for name in said.__struct_fields__} | changes)


def amending(stage: Stage, order: Order) -> m.AmendOrder:
    """The market moves down, our bid with it."""
    done = stage.publish({t: x.fair.fair - 0.04 for t, x in stage.state.markets.items() if x.fair is not None})
    found: m.AmendOrder = next(
        r for r in stage.requests(m.AmendOrder, done) if r.client_order_id == order.client_order_id
    )
    return found


def test_a_fill_that_we_were_told_of_counts_at_the_price_it_may_have_had() -> None:
    stage, order, bid = resting()
    change = amending(stage, order)
    assert change.price < bid.price, "the new price is cheaper: fills at the old one hurt more"
    stage.say(word(stage, order, 300, bid.count - 300, stage.now))  # 3 filled before the amend arrived
    stage.say(word(stage, order, 300, change.total - 300, stage.now + 1, price=change.price,
                   expires_at=change.expires_at))  # fmt: skip
    assert order.price == change.price and order.told == 300 and order.filled == 0
    assert order.worst_price == bid.price, "the three that are on their way were bought at the old price"
    stage.fill(bid, 3)
    assert order.worst_price == change.price


def test_a_fill_that_ended_an_order_of_a_lost_amend_may_have_had_either_price() -> None:
    stage, order, bid = resting()
    stage.wait(1)
    stage.book(MILD, 41, 56)
    change = next(r for r in stage.requests(m.AmendOrder) if r.client_order_id == bid.client_order_id)
    assert change.price > bid.price, "the new price is dearer"
    stage.say(m.Unknown(stage.now, order.client_order_id, MILD, "AmendOrder", "timeout"))
    view = m.OrderView(order.order_id, order.client_order_id, MILD, order.side, change.price, "executed", bid.count,
                       Count(0), stage.now, order.expires_at, None)  # fmt: skip
    stage.wait(1)
    stage.say(m.OrderLookedUp(stage.now, stage.now, order.client_order_id, view))
    assert (order.life, order.could_fill) == (Life.GONE, bid.count), "its fill is still on its way to us"
    assert order.worst_price == change.price


def test_an_amend_of_which_nothing_is_known_goes_on_counting_when_a_later_cancel_is_refused() -> None:
    stage, order, _ = resting()
    change = amending(stage, order)
    order.new_total = Count(change.total + 500)
    stage.say(m.Unknown(stage.now, order.client_order_id, MILD, "AmendOrder", "timeout"))
    view = m.OrderView(order.order_id, order.client_order_id, MILD, order.side, order.price, "resting", Count(0),
                       order.total, stage.now, order.expires_at, None)  # fmt: skip
    stage.wait(1)
    done = stage.say(m.OrderLookedUp(stage.now, stage.now, order.client_order_id, view))
    assert stage.requests(m.CancelOrder, done), "a cancel settles what became of it"
    stage.say(m.NotSent(stage.now, order.client_order_id, MILD, "CancelOrder", throttled=True))
    assert order.new_total == change.total + 500 and order.could_fill == change.total + 500


def test_how_many_are_left_is_not_reckoned_from_a_total_that_an_amend_may_have_changed() -> None:
    stage, order, bid = resting()
    change = amending(stage, order)
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, None, Count(200), "Cancel"))
    assert change.total == bid.count and order.life is Life.LOST, "reduced by 2, but of which total? It is asked"


def test_a_decrease_that_was_never_answered_and_arrived_makes_no_fill_that_nobody_had() -> None:
    """A word from before it said 10 rest; the cancel then reduced by 3: the other 7 were taken off, not filled."""
    stage, order, bid = resting()
    config = stage.state.config
    less = replace(config.quote, size=Count(300))
    stage.say(e.Configured(stage.now, "a person", "less", replace(config, quote=less)))
    done = stage.wait(1)
    assert any(r.client_order_id == bid.client_order_id for r in stage.requests(m.DecreaseOrder, done))
    stage.say(m.Unknown(stage.now, order.client_order_id, MILD, "DecreaseOrder", "500"))
    stage.say(word(stage, order, 0, bid.count, order.updated_at))  # said before, heard after
    stage.say(e.Halted(stage.now, "a person"))
    assert order.life is Life.CANCELLING
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, None, Count(300), "Cancel"))
    assert (order.life, order.told) == (Life.LOST, 0), "how much of it filled is asked, not reckoned"
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, Count(0), None, "Cancel"))
    assert order.client_order_id not in stage.market().orders


def test_an_ack_while_a_cancel_is_on_its_way_does_not_take_the_wish_back() -> None:
    stage, order, bid = resting()
    stage.say(m.Disconnected(stage.now))
    assert order.life is Life.CANCELLING
    stage.say(word(stage, order, 100, bid.count - 100, stage.now))
    assert order.life is Life.CANCELLING and order.told == 100


def test_the_word_before_an_amend_that_comes_after_it_with_the_same_stamp_changes_nothing() -> None:
    stage, order, bid = resting()
    change = amending(stage, order)
    stamp = stage.now + 5
    stage.say(word(stage, order, 0, change.total, stamp, price=change.price, expires_at=change.expires_at))
    assert order.life is Life.RESTING and order.price == change.price
    stage.say(word(stage, order, 0, bid.count, stamp, price=bid.price, expires_at=bid.expires_at))
    assert order.price == change.price and order.expires_at == change.expires_at


def test_an_adopted_order_owes_its_fills_until_they_come_or_a_report_holds_them() -> None:
    for comes in (True, False):
        stage = Stage()
        view = m.OrderView("x-old", "kwm-r0-1", MILD, m.Side.BID, Price(4_000), "resting", Count(300), Count(700),
                           stage.now, Instant(stage.now + 60 * SECOND), None)  # fmt: skip
        stage.begin()
        stage.say(m.OrdersReported(stage.now, stage.now, [view]))
        order = stage.market().orders["kwm-r0-1"]
        stage.wait(2)
        stage.say(m.Gone(stage.now, "kwm-r0-1", MILD, "x-old", Count(1_000), None, "Trade"))
        assert "kwm-r0-1" in stage.market().orders and order.could_fill == 1_000, "nothing of it is in our position yet"
        stage.wait(1)
        if comes:
            for n, count in enumerate((300, 700)):
                stage.say(m.Fill(stage.now, f"t{n}", "x-old", MILD, m.Side.BID, Price(4_000), Count(count), Money(0),
                                 False, stage.now, "kwm-r0-1"))  # fmt: skip
            assert stage.market().position == 1_000
        else:
            held = m.PositionView(MILD, Count(1_000), money("4.00"), Money(0), Money(0))
            for _ in range(2):  # once may be a report that lags its fills; twice is a fact
                stage.wait(1)
                stage.say(m.PositionsReported(stage.now, stage.now, [held], money("1000.00")))
            assert stage.market().position == 1_000
        assert "kwm-r0-1" not in stage.market().orders


def paid_out(stage: Stage, value: str) -> None:
    stage.say(m.MarketChanged(stage.now, MILD, "settled", None, None, "yes", money(value)))


def test_a_fill_heard_after_its_market_was_paid_out_is_paid_not_held() -> None:
    stage, _, bid = resting()
    before = stage.state.ledger()
    paid_out(stage, "1.00")
    stage.fill(bid, 2)
    assert stage.market().position == 0
    assert stage.state.ledger() - before == 2 * (1_000_000 - bid.price * 100)


def test_a_position_that_vanished_is_booked_at_its_mark_until_the_payment_says_better() -> None:
    stage, _, bid = resting()
    stage.fill(bid, 2)
    before = stage.state.pnl_today()
    for _ in range(2):
        stage.wait(1)
        stage.say(m.PositionsReported(stage.now, stage.now, [], money("1000.00")))
    assert stage.market().position == 0 and stage.state.pnl_today() == before, "nothing was earned by a report"
    paid_out(stage, "0.00")
    assert stage.state.ledger() == -2 * bid.price * 100


def test_a_position_that_was_away_in_one_report_and_is_back_is_counted_once() -> None:
    stage, _, bid = resting()
    stage.fill(bid, 2)
    before = stage.state.pnl_today()
    held = m.PositionView(MILD, Count(200), Money(200 * bid.price), Money(0), Money(0))
    for views in ([], [], [held], [held]):
        stage.wait(1)
        stage.say(m.PositionsReported(stage.now, stage.now, list(views), money("1000.00")))
    assert stage.market().position == 200 and stage.state.pnl_today() == before


def test_where_the_first_level_may_not_be_had_the_second_keeps_its_order() -> None:
    stage = Stage(make_config())
    stage.config = replace(
        stage.config, quote=replace(stage.config.quote, levels=2, level_step=0.05, size_by="fixed"), order_groups=False,
    )  # fmt: skip
    stage.__post_init__()
    stage.begin()
    stage.publish()
    placed = [r for r in stage.requests(m.PlaceOrder) if r.ticker == MILD and r.side is m.Side.BID]
    assert len(placed) == 2
    first, second = placed
    stage.say(m.Rejected(stage.now, first.client_order_id, MILD, "PlaceOrder", "post_only_cross", ""))
    stage.ack_all()
    done = stage.wait(1)
    assert not [r for r in stage.requests(m.CancelOrder, done) if r.client_order_id == second.client_order_id]
    assert not [r for r in stage.requests(m.AmendOrder, done) if r.client_order_id == second.client_order_id]


def test_an_amend_that_may_not_be_had_in_full_is_tried_with_less() -> None:
    stage, order, bid = resting()
    unit = (bid.price - 300) * bid.count
    limits = replace(stage.state.limits, max_order_notional=Money(unit // 2))
    stage.state.config = replace(stage.state.config, limits=limits)
    change = amending(stage, order)
    assert 0 < change.total <= bid.count // 2


def test_a_fill_that_comes_after_the_position_was_taken_over_with_it_is_not_counted_again() -> None:
    stage, order, bid = resting()
    traded_at = stage.now
    stage.wait(5)
    held = m.PositionView(MILD, Count(200), Money(200 * bid.price), Money(0), Money(0))
    for _ in range(2):  # its fill was lost on the way: twice reported, it is taken over
        stage.wait(1)
        stage.say(m.PositionsReported(stage.now, stage.now, [held], money("1000.00")))
    assert stage.market().position == 200
    stage.wait(5)
    stage.say(m.Fill(stage.now, "late", order.order_id, MILD, m.Side.BID, bid.price, Count(200), Money(0), False,
                     traded_at, order.client_order_id))  # fmt: skip
    assert stage.market().position == 200 and order.filled == 200


def shown(order: Order, remaining: int, at: int) -> m.OrderView:
    return m.OrderView(order.order_id, order.client_order_id, order.ticker, order.side, order.price, "resting",
                       Count(0), Count(remaining), order.asked_at, order.expires_at, None, Instant(at))  # fmt: skip


def test_a_list_that_lags_behind_the_stream_does_not_overrule_it() -> None:
    """Kalshi, "Get User Data Timestamp": there is a delay before lists and look-ups show what happened."""
    stage, order, bid = resting()
    stage.wait(1)
    stage.say(word(stage, order, 0, bid.count + 400, stage.now))
    stage.wait(1)
    stage.say(m.OrdersReported(stage.now, stage.now, [shown(order, bid.count, order.updated_at - 1)]))
    assert order.total == bid.count + 400 and order.life is Life.RESTING
    stage.wait(1)
    stage.say(m.OrdersReported(stage.now, stage.now, [shown(order, bid.count, stage.now)]))
    assert order.total == bid.count, "a newer one is believed"


def test_an_order_that_ended_just_before_a_list_is_not_found_again_in_it() -> None:
    stage, order, bid = resting()
    stage.say(e.Halted(stage.now, "a person"))
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, Count(0), None, "Cancel"))
    stage.wait(1)
    stage.say(m.OrdersReported(stage.now, stage.now, [shown(order, bid.count, stage.now - 5 * SECOND)]))
    assert order.client_order_id not in stage.market().orders
    stage.wait(20)
    stage.say(m.OrdersReported(stage.now, stage.now, [shown(order, bid.count, stage.now - 5 * SECOND)]))
    assert order.client_order_id in stage.market().orders, "a list says so for ever: it is there, whatever we believed"


def test_a_fill_that_we_were_told_of_and_that_no_report_ever_holds_was_none() -> None:
    stage, order, _ = resting()
    stage.say(e.Halted(stage.now, "a person"))
    stage.say(m.Gone(stage.now, order.client_order_id, MILD, order.order_id, Count(600), None, "Cancel"))
    for seconds, owed in ((100, True), (30, False)):
        stage.wait(seconds)
        stage.say(m.PositionsReported(stage.now, stage.now, [], Money(10_000_000_000)))
        assert (order.client_order_id in stage.market().orders) == owed
