"""A person changes settings while we quote."""

import dataclasses

import msgspec

from core import messages as m
from core.units import Count
from quoter.engine import events as e
from tests.stories.stage import EVENT, MILD, Stage


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
    limits = dataclasses.replace(stage.config.limits, max_order=Count(200))
    stage.say(e.Configured(stage.now, "a person", "risk.max_order", dataclasses.replace(stage.config, limits=limits)))
    stage.publish()
    placed = stage.requests(m.PlaceOrder)
    assert placed
    assert all(request.count <= 200 for request in placed)


def test_the_journal_holds_the_whole_new_configuration() -> None:
    stage = Stage()
    event = e.Configured(stage.now, "a person", "x", dataclasses.replace(stage.config, chosen=frozenset({MILD})))
    assert e.DECODER.decode(msgspec.json.encode(event)) == event
