"""The brakes: order groups, the daily loss latch, reduce-only, the collar. Each told to the engine line by line."""

import dataclasses

from core import messages as m
from core.units import SECOND, Instant, money
from quoter.engine import events as e
from quoter.engine import groups
from quoter.engine.groups import limit_of
from quoter.engine.market import EventState
from quoter.shell import heartbeat
from tests.stories.stage import COLD, EVENT, MILD, Stage, make_config


def quoting(**changes: object) -> Stage:
    stage = Stage(make_config(**changes)).begin()
    stage.publish()
    stage.ack_all()
    return stage


# --- order groups ----------------------------------------------------------------------------------------------------


def test_no_order_is_sent_before_the_event_has_its_group_and_every_order_carries_it() -> None:
    stage = Stage(makes_groups=False).begin()
    done = stage.publish()
    (asked,) = stage.requests(m.CreateGroup, done)
    assert asked.name == EVENT
    assert stage.requests(m.PlaceOrder) == []
    assert stage.market().bid_reasons == ("no_group",)
    stage.say(m.GroupCreated(stage.now, EVENT, "og-1", asked.limit))
    stage.wait(2)
    placed = stage.requests(m.PlaceOrder)
    assert len(placed) == 6
    assert {r.group for r in placed} == {"og-1"}


def test_a_groups_limit_is_what_the_events_loss_limit_pays_for_at_half_a_dollar_a_contract() -> None:
    stage = quoting()
    event = stage.state.events[EVENT]
    assert limit_of(stage.state, event) == 120_00 == event.group_limit
    done = stage.publish(max_loss="5.00")
    assert [r.limit for r in stage.requests(m.SetGroupLimit, done + stage.wait(2))] == [10_00]


def test_a_group_that_is_lost_on_the_way_is_asked_for_again() -> None:
    stage = Stage(makes_groups=False).begin()
    stage.publish()
    stage.wait(stage.config.ack_timeout / SECOND + 2)
    assert len(stage.requests(m.CreateGroup)) == 2


def test_a_group_triggered_by_fills_stops_its_event_and_is_reset_after_a_while() -> None:
    stage = quoting(group_most=1_000)
    for request in stage.requests(m.PlaceOrder)[:2]:
        stage.fill(request)
    done = stage.say(m.GroupChanged(stage.now, f"og-{EVENT}", "triggered"))
    assert stage.market().bid_reasons == ("group_triggered",)
    assert len(stage.requests(m.CancelOrder, done)) == 4, "what may still rest is taken away"
    early = stage.wait(stage.config.group_reset / SECOND - 1)
    assert stage.requests(m.ResetGroup, early) == []
    late = stage.wait(3)
    assert len(stage.requests(m.ResetGroup, late)) == 1
    stage.say(m.GroupChanged(stage.now, f"og-{EVENT}", "reset"))
    assert "group_triggered" not in stage.market().bid_reasons


def test_a_group_triggered_by_somebody_waits_for_a_person() -> None:
    stage = quoting()
    stage.say(m.GroupChanged(stage.now, f"og-{EVENT}", "triggered"))
    assert stage.requests(m.ResetGroup, stage.wait(200)) == []
    done = stage.say(e.Resumed(stage.now, "a person"))
    assert len(stage.requests(m.ResetGroup, done)) == 1


def test_an_order_declined_for_its_group_tells_us_what_the_stream_did_not() -> None:
    stage = Stage().begin()
    stage.publish()
    request = stage.requests(m.PlaceOrder)[0]
    stage.say(m.Rejected(stage.now, request.client_order_id, request.ticker, "PlaceOrder", "order_group_triggered"))
    assert stage.state.events[EVENT].tripped
    stage.say(m.Rejected(stage.now, stage.requests(m.PlaceOrder)[1].client_order_id, request.ticker, "PlaceOrder",
                         "order_group_not_found"))  # fmt: skip
    assert len(stage.requests(m.CreateGroup)) >= 1
    assert stage.state.counters.rejections == {"order_group_triggered": 1, "order_group_not_found": 1}


# --- the daily loss latch --------------------------------------------------------------------------------------------


def lost() -> Stage:
    stage = Stage().begin(pnl="-201.00")
    stage.publish()
    stage.wait(2)
    assert stage.state.halted.startswith("daily loss limit reached")
    return stage


def test_a_plain_resume_does_not_end_a_halt_by_the_daily_loss() -> None:
    stage = lost()
    done = stage.say(e.Resumed(stage.now, "a person"))
    assert stage.state.halted
    assert stage.requests(m.PlaceOrder, done) == []


def test_who_accepts_the_loss_starts_again_from_nought() -> None:
    stage = lost()
    stage.say(e.Resumed(stage.now, "a person", accept_loss=True))
    assert not stage.state.halted
    assert stage.state.lost_today() == 0
    assert stage.state.pnl_today() == money("-201.00"), "what the day has earned is what it has earned"
    stage.wait(5)
    assert not stage.state.halted


def test_a_halt_on_top_of_the_daily_loss_does_not_open_its_latch() -> None:
    stage = lost()
    for _ in range(2):
        stage.say(e.Halted(stage.now, "a person"))
        stage.say(e.Resumed(stage.now, "a person"))
        assert stage.state.lost_the_day() and "halted by a person" in stage.state.halted
    stage.say(e.Resumed(stage.now, "a person", accept_loss=True))
    assert not stage.state.halted


def test_halting_and_resuming_does_not_count_the_loss_anew() -> None:
    stage = Stage().begin(pnl="-150.00")
    stage.publish()
    stage.say(e.Halted(stage.now, "a person"))
    stage.say(e.Resumed(stage.now, "a person"))
    assert (stage.state.lost_today(), stage.state.pnl_today()) == (money("150.00"), money("-150.00"))
    stage.state.pnl_carried = money("-201.00")
    stage.say(e.Halted(stage.now, "a person"))
    stage.wait(1)
    stage.say(e.Resumed(stage.now, "a person"))
    assert stage.state.lost_the_day(), "the loss is latched also while a person has halted"


def test_what_was_accepted_and_the_day_s_best_are_known_to_the_next_run() -> None:
    stage = lost()
    stage.say(e.Resumed(stage.now, "a person", accept_loss=True))
    again = Stage(now=stage.now)
    again.say(heartbeat.started(heartbeat.left_of(stage.state), "r2", stage.now))
    again.say(m.Connected(again.now))
    again.reconcile()
    again.wait(3)
    assert again.state.pnl_today() == money("-201.00") and not again.state.halted


def test_what_is_held_between_close_and_payout_is_worth_what_it_was_last() -> None:
    """The flows drop an event at its close, the exchange empties the book, and the result comes in the morning."""
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    bid = stage.placed(MILD, m.Side.BID)
    stage.fill(bid, 5)
    stage.wait(2)
    before = stage.state.pnl_today()
    stage.state.publication = None
    for market in stage.state.markets.values():
        market.fair, market.event.fair = None, None
        stage.say(m.BookSnapshot(stage.now, market.ticker, [], []))
    stage.wait(2)
    assert stage.market().position == 500 and stage.state.pnl_today() == before and not stage.state.halted


def test_only_reducing_because_of_the_day_s_loss_ends_with_the_day() -> None:
    stage = Stage(make_config(reduce_only_at=0.5)).begin(pnl="-150.00")
    stage.wait(2)
    assert stage.state.reduce_only
    left = heartbeat.left_of(stage.state)
    later = Instant(stage.now + 10 * 3_600 * SECOND)  # past midnight UTC
    assert heartbeat.started(left, "r2", later).reduce_only == ""
    assert heartbeat.started(heartbeat.left_of(lost().state), "r2", later).halted.startswith("a new day after")
    stage.now = later
    stage.wait(2)
    assert not stage.state.reduce_only


def test_after_the_drawdown_the_day_s_best_is_what_it_is_now() -> None:
    stage = Stage(make_config(max_drawdown=money("50.00"))).begin(pnl="-60.00")
    stage.wait(1)
    stage.say(e.Halted(stage.now, "a person"))
    assert stage.state.halted.startswith("drawdown") and "halted by a person" in stage.state.halted
    stage.say(e.Resumed(stage.now, "a person"))
    stage.wait(3)
    assert not stage.state.halted and stage.state.pnl_today() == money("-60.00")


def test_the_latch_survives_a_restart_and_a_new_day_asks_only_for_a_plain_resume() -> None:
    stage = Stage().begin(halted=lost().state.halted)
    stage.say(e.Resumed(stage.now, "a person"))
    assert stage.state.halted
    stage.now = Instant(stage.now + 10 * 3_600 * SECOND)  # past midnight UTC
    stage.wait(1)
    assert stage.state.halted, "a new day does not start us by itself"
    stage.say(e.Resumed(stage.now, "a person"))
    assert not stage.state.halted


def test_fees_count_in_the_days_loss() -> None:
    stage = Stage().begin(pnl="-199.50")
    stage.publish()
    stage.ack_all()
    request = stage.requests(m.PlaceOrder)[0]
    stage.say(m.Fill(stage.now, "t", f"x-{request.client_order_id}", request.ticker, request.side, request.price,
                     request.count, money("2.00"), False, stage.now, request.client_order_id))  # fmt: skip
    stage.wait(2)
    assert stage.state.halted.startswith("daily loss limit reached")


# --- only what reduces -----------------------------------------------------------------------------------------------


def test_near_the_daily_loss_only_reducing_orders_are_sent() -> None:
    stage = Stage().begin(pnl="-185.00", positions={MILD: 5, COLD: -5})
    stage.wait(1)
    stage.publish()
    placed = stage.requests(m.PlaceOrder)
    assert {(r.ticker, r.side, r.count) for r in placed} == {(MILD, m.Side.ASK, 500), (COLD, m.Side.BID, 500)}
    assert "reduce_only" in stage.market().bid_reasons


def test_a_person_lets_only_reducing_orders_through_and_all_again() -> None:
    stage = quoting()
    done = stage.say(e.ReduceOnly(stage.now, "a person", True))
    assert len(stage.requests(m.CancelOrder, done)) == 6
    for request in stage.requests(m.CancelOrder, done):
        stage.say(m.Gone(stage.now, request.client_order_id, request.ticker, request.order_id, filled=m.Count(0)))
    stage.say(e.ReduceOnly(stage.now, "a person", False))
    stage.wait(2)
    assert stage.market().bid_reasons == ()


# --- the collar ------------------------------------------------------------------------------------------------------


def test_in_a_book_without_anybody_we_are_the_first_only_when_a_person_wants_it() -> None:
    for allowed in (False, True):
        stage = Stage(make_config(empty_books=allowed)).begin()
        stage.say(m.BookSnapshot(stage.now, MILD, [], []))
        stage.publish()
        assert (MILD in {r.ticker for r in stage.requests(m.PlaceOrder)}) == allowed
        assert ("book_empty" in stage.market().bid_reasons) != allowed


def test_limits_published_by_the_flows_bind_where_they_are_tighter() -> None:
    stage = quoting()
    tight = dataclasses.replace(stage.config.limits, max_loss_total=money("9999.00"), max_loss_city=money("9999.00"))
    stage.say(e.Configured(stage.now, "a person", "x", dataclasses.replace(stage.config, limits=tight)))
    assert stage.state.limits.max_loss_total == money("1500.00")
    assert stage.state.limits.max_loss_city == money("150.00")


def test_a_fill_that_is_paid_out_before_positions_were_first_reported_is_in_the_days_result() -> None:
    stage = Stage()
    stage.say(e.Started(stage.now, "r1", "2026-11-24", money("0.00")))
    stage.say(m.Connected(stage.now))
    stage.now = Instant(stage.now + SECOND)
    stage.say(
        m.Fill(stage.now, "t", "x-1", MILD, m.Side.BID, m.Price(4_000), m.Count(100), m.Money(0), False, stage.now)
    )
    stage.say(m.MarketChanged(stage.now, MILD, "settled", settlement_value=money("1.00")))
    stage.reconcile()
    assert stage.state.realised == money("0.60")


def test_where_one_group_is_gone_all_are_made_anew_at_once_but_a_late_refusal_takes_no_new_one() -> None:
    stage = quoting()
    other = stage.state.events["KXLOWTNYC-26NOV24"] = EventState("KXLOWTNYC-26NOV24", group="og-other")
    stage.state.by_group["og-other"] = other
    first, second, *_ = stage.requests(m.PlaceOrder)
    orders = stage.state.market(first.ticker).orders | stage.state.market(second.ticker).orders
    sent_at = orders[second.client_order_id].sent_at
    groups.refused(stage.state, stage.state.events[EVENT], "order_group_not_found", sent_at)
    assert (stage.state.events[EVENT].group, other.group) == ("", "")
    assert len(stage.requests(m.CreateGroup, stage.wait(2))) == 1
    assert stage.state.events[EVENT].group
    groups.refused(stage.state, stage.state.events[EVENT], "order_group_not_found", sent_at)
    assert stage.state.events[EVENT].group, "the order carried the group before this one"
