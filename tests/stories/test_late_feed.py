"""A feed that reaches us late, and clocks that differ: how either is told from the other."""

import pytest

from core import messages as m
from core.units import SECOND, Count, Duration, Instant, Price
from quoter.engine.actions import Action, Alert
from tests.stories.stage import COLD, FAIRS, Stage, make_config


@pytest.fixture
def stage() -> Stage:
    quoting = Stage().begin()
    quoting.publish()
    return quoting


def told(stage: Stage, late_s: float, ahead_s: float = 0.0) -> list[Action]:
    """A change deep in a book that was so long on its way; by the exchange's clock, which is so much ahead of ours."""
    sent = Instant(stage.now + round((ahead_s - late_s) * SECOND))
    return stage.say(m.BookDelta(stage.now, COLD, m.Side.BID, Price(100), Count(100), sent_at=sent))


@pytest.mark.parametrize("ahead", [-300.0, -2.0, 0.0, 300.0])
def test_a_feed_that_is_seconds_late_pulls_every_quote_until_it_is_in_time(ahead: float, stage: Stage) -> None:
    """Who reads slowly gets old books, not none; how far the exchange's clock is from ours does not matter."""
    stage.ack_all()
    for late in (0.3, 0.1, 4.0, 0.2):
        told(stage, late, ahead)
        assert stage.wait(1) == [] and stage.market().bid_reasons == ()
    done = told(stage, 6.0, ahead) + stage.wait(1)
    assert len(stage.requests(m.CancelOrder, done)) == 6
    assert {stage.market(t).bid_reasons for t in FAIRS} == {("feed_late",)}
    told(stage, 7.0, ahead)
    stage.wait(4)
    assert stage.market().bid_reasons == ("feed_late",)
    told(stage, 0.2, ahead)
    stage.wait(1)
    assert "feed_late" not in stage.market().bid_reasons


def test_a_late_feed_that_falls_quiet_counts_as_late_for_some_seconds_only(stage: Stage) -> None:
    told(stage, 0.1)
    told(stage, 9.0)
    stage.wait(4)
    assert stage.market().bid_reasons == ("feed_late",)
    stage.wait(2)
    assert "feed_late" not in stage.market().bid_reasons


def test_a_clock_that_jumps_silences_us_for_minutes_only(stage: Stage) -> None:
    late = 0
    for n in range(1_200):
        told(stage, 0.1, 0.0 if n < 60 else -3_600.0)
        stage.say(m.Heartbeat(stage.now))
        stage.wait(1)
        late += "feed_late" in stage.market().bid_reasons
    assert 240 <= late <= 600


@pytest.mark.parametrize(("ahead", "said"), [(0.5, ""), (-3.0, "3.1 s ahead of"), (3.0, "2.9 s behind")])
def test_a_clock_that_is_seconds_from_the_exchanges_is_said(ahead: float, said: str, stage: Stage) -> None:
    done: list[Action] = []
    for _ in range(320):
        done += told(stage, 0.1, ahead) + stage.say(m.Heartbeat(stage.now)) + stage.wait(1)
    words = [a.words for a in done if isinstance(a, Alert) and a.kind == "clock"]
    assert [said in one for one in words] == [True] * bool(said), words


def test_a_feed_without_stamps_or_with_the_setting_off_is_never_late() -> None:
    for allowed, sent in ((Duration(0), True), (Duration(SECOND), False)):
        stage = Stage(make_config(feed_late=allowed)).begin()
        stage.publish()
        for late in (0.0, 100.0):
            when = Instant(stage.now - int(late * SECOND)) if sent else None
            stage.say(m.BookDelta(stage.now, COLD, m.Side.BID, Price(100), Count(100), sent_at=when))
        stage.wait(1)
        assert stage.market().bid_reasons == ()
