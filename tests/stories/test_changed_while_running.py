"""A person changes settings while we quote; the exchange changes its markets."""

import dataclasses

import msgspec
import pytest

from core import messages as m
from core.contract import LINEAR_CENT, PriceGrid
from core.units import HOUR, MINUTE, SECOND, Count, Instant, Price
from quoter.engine import events as e
from quoter.engine.actions import Action, Alert
from tests.stories.stage import CLOSE, COLD, EVENT, FAIRS, MILD, WARM, Stage


def quoting() -> Stage:
    stage = Stage().begin()
    stage.publish()
    assert stage.requests(m.PlaceOrder), "it quotes"
    return stage


def test_what_is_not_chosen_is_taken_away_and_says_why() -> None:
    stage = quoting()
    for request in stage.requests(m.PlaceOrder):
        stage.ack(request)
    other = dataclasses.replace(stage.config, chosen=frozenset({"KXHIGHCHI"}))
    done = stage.say(e.Configured(stage.now, "a person", "events.series", other))
    assert len(stage.requests(m.CancelOrder, done)) == len(stage.requests(m.PlaceOrder))
    assert stage.market().bid_reasons == ("not_chosen",)
    back = dataclasses.replace(stage.config, chosen=frozenset({EVENT}))
    stage.say(e.Configured(stage.now, "a person", "events.only", back))
    assert stage.market().bid_reasons == ()


def test_a_lower_limit_holds_for_the_next_order() -> None:
    stage = Stage().begin()
    limits = dataclasses.replace(stage.config.limits, max_order=Count(399))
    stage.say(e.Configured(stage.now, "a person", "risk.max_order", dataclasses.replace(stage.config, limits=limits)))
    stage.publish()
    placed = stage.requests(m.PlaceOrder)
    assert placed
    assert {request.count for request in placed} == {300}, "whole contracts, and no fewer than may be"
    assert stage.market().bid_reasons == stage.market().ask_reasons == ()


def test_the_journal_holds_the_whole_new_configuration() -> None:
    stage = Stage()
    event = e.Configured(stage.now, "a person", "x", dataclasses.replace(stage.config, chosen=frozenset({MILD})))
    assert e.DECODER.decode(msgspec.json.encode(event)) == event


def refused(stage: Stage, done: list[Action]) -> int:
    """The exchange says that the market is inactive, to whatever is placed there; how often it had to."""
    found = [r for r in stage.requests(m.PlaceOrder, done) if r.ticker == MILD]
    for r in found:
        stage.say(m.Rejected(stage.now, r.client_order_id, MILD, "PlaceOrder", "market_inactive"))
    return len(found)


@pytest.mark.parametrize("lost", ["connection", "channel"])
def test_a_market_whose_opening_was_missed_is_quoted_again(lost: str) -> None:
    """Connections drop in every week's maintenance, and nothing is told again: it stayed closed until a restart."""
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "deactivated"))
    assert stage.market().bid_reasons == ("closed",)
    if lost == "channel":
        stage.say(m.Gap(stage.now, "market_lifecycle_v2", [], "seq 3 then 5"))
        assert stage.market().bid_reasons == (), "at once: nothing else may happen here for long"
        return
    stage.say(m.Disconnected(stage.now, "maintenance"))
    stage.now = Instant(stage.now + SECOND)
    stage.say(m.Connected(stage.now))
    stage.reconcile()
    for ticker in FAIRS:
        stage.book(ticker, 20, 60)
    stage.publish()
    assert stage.market().bid_reasons == ()


def test_a_market_that_refuses_orders_as_inactive_is_tried_again_once_a_minute() -> None:
    """One refusal closed a market until a restart."""
    stage = quoting()
    assert refused(stage, stage.actions) == 2
    tries = 0
    for n in range(250):
        stage.book(MILD, 39, 51)
        tries += refused(stage, stage.wait(1)) > 0
        if n % 10 == 0:
            stage.reconcile()
            tries += refused(stage, stage.publish()) > 0
    assert 3 <= tries <= 5, "a try a minute"
    stage.say(m.MarketChanged(stage.now, MILD, "activated"))
    assert "closed" not in stage.market().bid_reasons, "the stream's word is enough"


def test_a_market_that_was_determined_does_not_open_by_a_reconnect() -> None:
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "determined"))
    stage.say(m.Gap(stage.now, "market_lifecycle_v2", [], "error 25"))
    stage.publish()
    assert stage.market().bid_reasons == ("closed",)


def test_a_close_that_the_stream_moved_forward_is_not_undone_by_an_older_listing() -> None:
    """An early determination: quotes were placed inside stop_before_close until the listing was read again."""
    stage = quoting()
    early = Instant(stage.now + 5 * MINUTE)
    stage.say(m.MarketChanged(stage.now, MILD, "close_date_updated", close_at=early))
    assert stage.market().bid_reasons == ("closing_soon",)
    stage.publish()
    assert (stage.market().close_at, stage.market().bid_reasons) == (early, ("closing_soon",))
    stage.say(m.MarketChanged(stage.now, MILD, "close_date_updated", close_at=CLOSE))
    assert stage.market().bid_reasons == (), "taken back by the stream itself"


def test_of_two_closes_the_earlier_holds() -> None:
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "close_date_updated", close_at=Instant(CLOSE + HOUR)))
    assert stage.market().close_at == CLOSE
    stage.publish(close=Instant(CLOSE + HOUR))
    assert stage.market().close_at == CLOSE + HOUR, "the listing has come up"
    stage.publish(close=Instant(CLOSE - HOUR))
    assert stage.market().close_at == CLOSE - HOUR


def test_a_grid_that_the_stream_told_holds_until_another_one_is_published() -> None:
    """An older listing in the next publication gave the market its former prices back."""
    fine, finer = (PriceGrid(((Price(0), Price(10_000), Price(step)),)) for step in (50, 10))
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "price_level_structure_updated", price_ranges=list(fine.ranges)))
    stage.publish()
    assert stage.market().grid == fine
    stage.publish(grid=fine)
    assert stage.market().grid == fine
    stage.publish(grid=finer)
    assert stage.market().grid == finer, "a change that the stream's word is not of is news"
    stage.say(m.MarketChanged(stage.now, MILD, "price_level_structure_updated", price_ranges=list(LINEAR_CENT.ranges)))
    stage.publish(grid=finer)
    assert stage.market().grid == LINEAR_CENT


def test_an_event_of_which_a_bracket_moved_is_not_quoted_until_the_new_one_is_published() -> None:
    """It was quoted on with the fair value of the old bracket."""
    stage = quoting()
    stage.ack_all()
    resting = len(stage.state.by_order_id)
    done = stage.say(m.MarketChanged(stage.now, MILD, "metadata_updated", strikes=(45, 47)))
    assert len(stage.requests(m.CancelOrder, done)) == resting, "the other brackets pay other degrees too"
    assert any(isinstance(a, Alert) and a.kind == "strikes" for a in done)
    for _ in range(2):
        assert {stage.market(t).bid_reasons for t in FAIRS} == {("strikes_moved",)}
        stage.publish()
    bounds: dict[str, tuple[int | None, int | None]] = {COLD: (None, 44), MILD: (45, 47), WARM: (48, None)}
    stage.publish(bounds=bounds)
    assert {stage.market(t).bid_reasons for t in FAIRS} == {()}


def test_metadata_that_moves_no_strike_stops_nothing() -> None:
    stage = quoting()
    stage.say(m.MarketChanged(stage.now, MILD, "metadata_updated"))
    stage.say(m.MarketChanged(stage.now, MILD, "metadata_updated", strikes=(46, 47)))
    assert stage.market().bid_reasons == ()
    stage.say(m.MarketChanged(stage.now, MILD, "metadata_updated", strikes=(None, None)))
    assert stage.market().bid_reasons == ("strikes_moved",), "strikes that cannot be read are other strikes"


def test_a_maker_fee_of_the_events_own_is_paid_for_at_once_and_an_older_listing_does_not_undo_it() -> None:
    """The flows read it a quarter of an hour later; until then every fill cost more than its edge was made for."""
    stage = quoting()
    stage.ack_all()
    before = stage.market().desired
    done = stage.say(m.FeesChanged(stage.now, EVENT, 175_000))  # ten times the usual one: 4 cents at the middle
    assert any(isinstance(a, Alert) and a.kind == "fees" for a in done)
    wide = stage.market().desired
    assert wide[0].price < before[0].price and wide[1].price > before[1].price
    loss = stage.market().event.loss
    stage.publish()
    assert (stage.market().desired, stage.market().event.loss) == (wide, loss), "what is published is of the old fee"
    stage.say(m.FeesChanged(stage.now, EVENT, 0, cleared=True))
    stage.publish()
    assert stage.market().desired == before


def test_an_event_whose_fee_nobody_can_compute_is_not_quoted_until_the_flows_have_dropped_it() -> None:
    stage = quoting()
    stage.ack_all()
    resting = len(stage.state.by_order_id)
    done = stage.say(m.FeesChanged(stage.now, EVENT, None))
    assert len(stage.requests(m.CancelOrder, done)) == resting
    stage.publish()
    assert {stage.market(t).bid_reasons for t in FAIRS} == {("fees_unknown",)}
    assert stage.say(m.FeesChanged(stage.now, "KXHIGHMIA-26NOV25", 0)) == [], "of others we need not know"
