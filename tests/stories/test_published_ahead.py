"""A publication of the future is refused by name: it would count as fresh until our time had caught up."""

import msgspec

from core.messages import PlaceOrder
from core.units import SECOND, Instant
from quoter.engine import events as e
from quoter.engine.actions import Alert
from tests.stories.stage import Stage, make_config


def of_the_future(stage: Stage, seconds: float) -> e.Published:
    """The next publication, by a clock that is ahead of ours."""
    other = Stage()
    other.now = Instant(stage.now + int(seconds * SECOND) - SECOND)
    other.publish()
    assert other.state.publication is not None
    return e.Published(stage.now, other.state.publication)


def test_it_is_refused_with_the_remedy_and_nothing_is_quoted_on_it() -> None:
    stage = Stage().begin()
    done = stage.say(of_the_future(stage, 312.0))
    assert stage.state.publication is None
    said = [a.words for a in done if isinstance(a, Alert)]
    assert len(said) == 1 and "312 s ahead of our time" in said[0] and "NTP" in said[0]
    assert stage.state.publication_trouble == said[0]
    assert not stage.requests(PlaceOrder)


def test_the_one_in_use_keeps_ageing_and_is_not_replaced() -> None:
    stage = Stage().begin()
    stage.publish()
    known = stage.state.publication
    stage.say(of_the_future(stage, 6.0))
    assert stage.state.publication is known


def test_clocks_that_differ_by_a_few_seconds_refuse_nothing() -> None:
    stage = Stage().begin()
    stage.say(of_the_future(stage, 4.0))
    assert stage.state.publication is not None
    assert stage.requests(PlaceOrder)


def test_a_journal_of_an_earlier_version_replays_as_it_was() -> None:
    earlier = msgspec.to_builtins(make_config())
    del earlier["publication_ahead"]
    stage = Stage(msgspec.convert(earlier, type(make_config()))).begin()
    stage.say(of_the_future(stage, 312.0))
    assert stage.state.publication is not None
