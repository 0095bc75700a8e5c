"""What happens to a market maker, and what ours does about it. Each story is told to the engine line by line."""

import dataclasses

import msgspec
import pytest

from core import messages as m
from core.publication import Window
from core.units import SECOND, Count, Instant, Price, money
from quoter.engine import events as e
from quoter.engine.actions import AskFills, LookUp, Resync
from quoter.engine.orders import Life
from tests.stories.stage import COLD, EVENT, FAIRS, MILD, WARM, Stage, make_config


@pytest.fixture
def stage() -> Stage:
    quoting = Stage().begin()
    quoting.publish()
    return quoting


def places(stage: Stage, ticker: str = MILD) -> dict[m.Side, m.PlaceOrder]:
    return {r.side: r for r in stage.requests(m.PlaceOrder) if r.ticker == ticker}


# --- quoting ---------------------------------------------------------------------------------------------------------


def test_a_publication_makes_two_sided_quotes_around_fair_that_never_cross(stage: Stage) -> None:
    for ticker, fair in FAIRS.items():
        both = places(stage, ticker)
        assert both[m.Side.BID].price < fair * 10_000 < both[m.Side.ASK].price
        assert both[m.Side.BID].price < (round(fair * 100) + 6) * 100
        assert all(r.post_only and r.cancel_on_pause and r.expires_at is not None for r in both.values())


def test_nothing_is_quoted_before_it_is_published_or_reconciled_or_connected() -> None:
    stage = Stage()
    stage.say(e.Started(stage.now, "r1", "2026-11-24", money("0.00")))
    stage.publish()
    assert stage.requests(m.PlaceOrder) == []
    assert "disconnected" in stage.market().bid_reasons
    stage.say(m.Connected(stage.now))
    stage.wait(1)
    assert "orders_unknown" in stage.market().bid_reasons
    stage.reconcile()
    assert stage.requests(m.PlaceOrder) == []
    stage.wait(1)
    assert stage.market().bid_reasons == ("book_unknown",)
    for ticker in FAIRS:
        stage.book(ticker, 10, 90)
    assert len(stage.requests(m.PlaceOrder)) == 6


def test_nothing_is_sent_twice_for_one_intent(stage: Stage) -> None:
    before = len(stage.requests(m.PlaceOrder))
    stage.wait(1)
    stage.publish()
    stage.book(MILD, 38, 52)
    assert len(stage.requests(m.PlaceOrder)) == before, "the answers are still out"


def test_inventory_moves_both_quotes_and_near_the_limit_only_the_reducing_side_is_left() -> None:
    flat, long = Stage().begin(), Stage().begin(positions={MILD: 50})
    for stage in (flat, long):
        stage.book(MILD, 43, 47)
        stage.publish()
    assert places(long)[m.Side.BID].price < places(flat)[m.Side.BID].price
    assert places(long)[m.Side.ASK].price <= places(flat)[m.Side.ASK].price

    full = Stage().begin(positions={MILD: make_config().limits.max_position // 100})
    full.publish()
    assert set(places(full)) == {m.Side.ASK}
    assert full.market().bid_reasons == ("inventory_full",)


def test_a_middle_far_from_our_fair_means_that_we_are_probably_wrong() -> None:
    stage = Stage().begin()
    stage.book(MILD, 70, 76)
    stage.publish()
    assert places(stage) == {}
    assert stage.market().bid_reasons == ("market_disagrees",)
    assert len(places(stage, COLD)) == 2, "the others go on"


def test_a_release_pulls_quotes_and_they_come_back_after_it(stage: Stage) -> None:
    stage.ack_all()
    soon = Instant(stage.now + 5 * SECOND)
    stage.publish(windows=[Window(soon, Instant(soon + 5 * SECOND), 0.0, "METAR")])
    assert stage.requests(m.CancelOrder) == []
    stage.wait(6)
    assert len(stage.requests(m.CancelOrder)) == 6
    assert stage.market().bid_reasons == ("release_window",)


def test_a_changed_fair_amends_and_an_order_without_its_edge_goes_first(stage: Stage) -> None:
    stage.ack_all()
    stage.actions.clear()
    stage.publish({COLD: 0.25, MILD: 0.38, WARM: 0.37})
    amended = stage.requests(m.AmendOrder)
    assert {r.ticker for r in amended} == {MILD, WARM}
    first = amended[0]
    assert (first.ticker, first.side) in {(MILD, m.Side.BID), (WARM, m.Side.ASK)}, "the dangerous sides first"


# --- stale, disconnected, halted ------------------------------------------------------------------------------------


def test_a_publication_that_expires_takes_the_quotes_away(stage: Stage) -> None:
    stage.ack_all()
    for _ in range(26):
        stage.ack_amends(stage.wait(10))
        stage.say(m.Heartbeat(stage.now))
    assert "publication_stale" in stage.market().bid_reasons
    assert len(stage.requests(m.CancelOrder)) == 6


def test_a_silent_feed_takes_the_quotes_away(stage: Stage) -> None:
    stage.ack_all()
    stage.wait(stage.config.book_stale / SECOND + 2)
    assert "feed_silent" in stage.market().bid_reasons
    assert len(stage.requests(m.CancelOrder)) == 6


def test_after_a_disconnect_nothing_is_believed_until_reconciled(stage: Stage) -> None:
    stage.ack_all()
    stage.say(m.Disconnected(stage.now, "reset by peer"))
    assert not stage.market().book.known
    stage.say(m.Connected(stage.now))
    for ticker in FAIRS:
        stage.book(ticker, 20, 60)
    assert "orders_unknown" in stage.market().bid_reasons


def test_a_gap_asks_for_that_book_again_and_quotes_wait(stage: Stage) -> None:
    stage.ack_all()
    done = stage.say(m.Gap(stage.now, "orderbook_delta", [MILD], "seq 7 after 5")) + stage.wait(2)
    assert any(isinstance(a, Resync) and a.tickers == (MILD,) for a in done)
    assert {r.ticker for r in stage.requests(m.CancelOrder, done)} == {MILD}


@pytest.mark.parametrize("fallen", [(MILD,), (COLD, MILD, WARM)], ids=["one market", "every market"])
def test_a_clock_that_falls_pulls_the_quotes_until_a_new_snapshot(fallen: tuple[str, ...]) -> None:
    """In maintenance a market's clock may fall; deltas of the new clock were swallowed, the frozen book quoted."""
    stage = Stage().begin()
    bids, asks = [(Price(2_000), Count(9_000))], [(Price(5_100), Count(9_000))]
    books = {t: m.BookSnapshot(stage.now, t, bids, asks, clock=4_000) for t in FAIRS}
    for told in books.values():
        stage.say(told)
    stage.publish()
    for ticker in fallen:
        stage.say(m.BookDelta(stage.now, ticker, m.Side.BID, Price(2_000), Count(-9_000), clock=17))
        assert stage.market(ticker).bid_reasons == ("book_unknown",)
    asked = [t for a in stage.wait(1) if isinstance(a, Resync) for t in a.tickers]
    assert sorted(asked) == sorted(fallen), "also where no book is left that is known"
    for ticker in fallen:
        stage.say(msgspec.structs.replace(books[ticker], at=stage.now, clock=18))
        stage.say(m.BookDelta(stage.now, ticker, m.Side.BID, Price(1_900), Count(100), clock=19))
        assert "book_unknown" not in stage.market(ticker).bid_reasons
    assert [a for a in stage.wait(1) if isinstance(a, Resync)] == []


def test_halt_cancels_everything_and_only_a_person_starts_again(stage: Stage) -> None:
    stage.ack_all()
    stage.say(e.Halted(stage.now, "a person"))
    assert len(stage.requests(m.CancelOrder)) + 10 * len(stage.requests(m.CancelAllOrders)) >= 6
    stage.publish()
    stage.wait(30)
    assert len(stage.requests(m.PlaceOrder)) == 6, "nothing new"
    assert stage.state.halted


def test_a_halt_survives_a_restart() -> None:
    stage = Stage().begin(halted="daily loss")
    stage.publish()
    assert stage.requests(m.PlaceOrder) == []
    stage.say(e.Resumed(stage.now, "a person"))
    assert len(stage.requests(m.PlaceOrder)) == 6


# --- orders whose fate is not known ---------------------------------------------------------------------------------


def test_an_order_whose_answer_is_lost_counts_until_it_is_proved_gone(stage: Stage) -> None:
    request = places(stage)[m.Side.BID]
    worst = stage.state.total_loss
    done = stage.say(m.Unknown(stage.now, request.client_order_id, MILD, "PlaceOrder", "timeout")) + stage.wait(5)
    assert [a for a in done if isinstance(a, LookUp) and a.client_order_id == request.client_order_id]
    assert stage.market().orders[request.client_order_id].life is Life.LOST
    assert stage.state.total_loss >= worst, "it still counts"
    assert len([r for r in stage.requests(m.PlaceOrder) if r.ticker == MILD and r.side is m.Side.BID]) == 1


def test_not_found_on_a_cancel_is_not_gone_but_maybe_filled(stage: Stage) -> None:
    request = places(stage)[m.Side.BID]
    stage.ack_all()
    stage.say(m.Gap(stage.now, "orderbook_delta", [MILD]))
    assert request.client_order_id in {r.client_order_id for r in stage.requests(m.CancelOrder)}
    done = stage.say(
        m.CancelNotFound(stage.now, request.client_order_id, MILD, f"x-{request.client_order_id}")
    ) + stage.wait(3)
    assert request.client_order_id in stage.market().orders, "it counts on"
    assert any(isinstance(a, LookUp | AskFills) for a in done), "and is asked about"
    stage.fill(request)
    assert stage.market().position == request.count


def test_a_fill_that_comes_twice_counts_once_and_one_before_the_ack_counts_too(stage: Stage) -> None:
    request = places(stage)[m.Side.BID]
    stage.fill(request, 3, "same")
    stage.fill(request, 3, "same")
    assert stage.market().position == Count(300)
    stage.ack(request)
    assert stage.market().position == Count(300)
    order = stage.market().orders[request.client_order_id]
    assert order.could_fill == request.count - 300


def test_what_was_not_sent_is_forgotten_at_once(stage: Stage) -> None:
    request = places(stage)[m.Side.BID]
    stage.say(m.NotSent(stage.now, request.client_order_id, MILD, "PlaceOrder", words="connection refused"))
    assert request.client_order_id not in stage.market().orders
    assert stage.market().bid_reasons == ("cooling_down",), "and not tried again at once"


# --- limits -----------------------------------------------------------------------------------------------------------


def test_the_worst_case_with_everything_filled_never_exceeds_the_events_limit() -> None:
    tight = dataclasses.replace(make_config().limits, max_loss_event=money("4.00"))
    stage = Stage(make_config(limits=tight)).begin()
    stage.publish()
    event = stage.state.events[EVENT]
    assert 0 < event.loss <= money("4.00")
    assert stage.state.counters.refusals.get("event_loss_limit", 0) > 0
    for request in stage.requests(m.PlaceOrder):
        stage.fill(request)
        assert event.loss <= money("4.00")


def test_the_published_limit_binds_when_it_is_the_tighter_one() -> None:
    stage = Stage().begin()
    stage.publish(max_loss="5.00")
    assert stage.state.events[EVENT].loss <= money("5.00")


def test_a_losing_day_stops_at_its_limit_and_stays_stopped() -> None:
    stage = Stage().begin(pnl="-199.00")
    stage.publish()
    stage.ack_all()
    bid = places(stage)[m.Side.BID]
    stage.fill(bid)
    stage.book(MILD, 25, 31)  # the middle falls: ten contracts bought near 42 are worth 28 now
    stage.wait(2)
    assert stage.state.pnl_today() <= -money("200.00")
    assert "daily loss" in stage.state.halted
    stage.wait(120)
    assert len(stage.requests(m.CancelOrder)) >= 5
    assert not [o for o in stage.market(WARM).orders.values() if o.life is Life.RESTING]


def test_too_many_fills_in_a_minute_pull_the_quotes() -> None:
    stage = Stage(make_config(max_fills_per_minute=3)).begin()
    stage.publish()
    stage.ack_all()
    for request in stage.requests(m.PlaceOrder)[:5]:
        stage.fill(request, 1)
    stage.wait(1)
    assert "too_many_fills" in stage.market().bid_reasons


def test_orders_of_others_are_never_touched_but_counted(stage: Stage) -> None:
    before = stage.state.total_loss
    foreign = m.OrderView(
        "someone",
        "x-foreign",
        MILD,
        m.Side.BID,
        Price(4_000),
        Count(0),
        Count(5_000),
        Count(5_000),
        "resting",
        None,
        None,
    )
    stage.say(m.OrdersReported(stage.now, stage.now, [foreign]))
    assert stage.state.total_loss > before
    stage.say(e.Halted(stage.now, "a person"))
    assert "x-foreign" not in {r.order_id for r in stage.requests(m.CancelOrder)}
    assert stage.requests(m.CancelAllOrders) == [], "that would take the other's order too"
