"""The day's charts and the markouts of fills."""

from core import messages as m
from core.units import SECOND, Count, Instant, Money, Price
from quoter.dashboard import record as r
from tests.stories.stage import MILD, Stage


def quoting() -> Stage:
    stage = Stage().begin()
    stage.publish()
    return stage


def test_a_day_is_fair_market_and_ours_with_gaps_where_nothing_was() -> None:
    stage, record = quoting(), r.Record()
    for known in (True, False, True):
        stage.market().book.known = known
        record.start(stage.state)
        record.sample(stage.market())
    found = record.series(stage.market())
    assert found.fair_c == [45.0, 45.0, 45.0]
    assert found.bid_c == [39.0, None, 39.0]
    assert found.our_bid_c[0] is not None and found.our_bid_c[0] < 45.0
    assert len(found.at_ms) == 3


def test_a_market_that_came_late_begins_late() -> None:
    stage, record = quoting(), r.Record()
    record.start(stage.state)
    record.start(stage.state)
    record.sample(stage.market())
    assert len(record.series(stage.market()).at_ms) == 1


def test_a_long_day_is_thinned_and_its_times_stay_with_their_prices() -> None:
    stage, record = quoting(), r.Record()
    for n in range(10_000):
        stage.state.now = Instant(n * SECOND)
        record.start(stage.state)
        if n >= 3_001:
            record.sample(stage.market())
    found = record.series(stage.market())
    assert len(record.at) <= 4_096
    assert len(found.at_ms) == len(found.fair_c)
    assert 3_001_000 <= found.at_ms[0] < 3_100_000
    assert found.at_ms == sorted(found.at_ms)


def test_what_the_engine_has_forgotten_is_let_go_when_the_day_is_thinned() -> None:
    stage, record = quoting(), r.Record()
    record.start(stage.state)
    record.sample(stage.market())
    assert set(record.rows) == {MILD}
    stage.state.markets.clear()
    for n in range(4_097):
        stage.state.now = Instant(n * SECOND)
        record.start(stage.state)
    assert (record.rows, record.began) == ({}, {}), "a year has a hundred thousand markets"


def test_a_markout_is_what_the_mark_moved_our_way() -> None:
    stage, record = quoting(), r.Record()
    at = stage.state.now
    fills = [
        m.Fill(at, f"t{n}", f"o{n}", MILD, side, Price(4_000), Count(100), Money(0), False, at)
        for n, side in enumerate((m.Side.BID, m.Side.ASK))
    ]
    record.markouts(stage.state, fills)
    assert record.shown(fills)[0].markouts_c == {}, "too early to say"
    stage.state.now = Instant(at + 61 * SECOND)
    record.markouts(stage.state, fills)
    bought, sold = record.shown(fills)
    assert bought.markouts_c == {"60": 5.0}, "the mark is 45 cents, bought at 40"
    assert sold.markouts_c == {"60": -5.0}
