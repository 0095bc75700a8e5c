"""The release calendar: news has its window where it can move the event, and the day stays quotable."""

from datetime import date, timedelta

import pytest

from core.fair.releases import AHEAD, between, windows
from core.publication import Window
from core.station_day import StationDay, Variable
from core.stations import BY_CODE, STATIONS
from core.units import DAY, HOUR, MINUTE, Instant, instant

JULY, NOVEMBER = date(2026, 7, 9), date(2026, 11, 24)
HIGH, LOW = Variable.HIGH, Variable.LOW


def of_day(code: str, variable: Variable, day: date = JULY) -> list[Window]:
    one = StationDay(BY_CODE[code], variable, day)
    return between(one, one.start, one.end)


def named(found: list[Window], reason: str) -> list[Window]:
    return [w for w in found if w.reason == reason]


def minutes(found: list[Window], start: int, end: int, least: float) -> int:
    """Minutes of a stretch in which quotes are pulled (`least` 0) or at least so much wider."""
    hit = 0
    for at in range(start, end, MINUTE):
        factors = [w.widen for w in found if w.start <= at < w.end]
        hit += any(f == 0.0 for f in factors) if least == 0.0 else any(f == 0.0 or f >= least for f in factors)
    return hit


@pytest.mark.parametrize("variable", list(Variable))
@pytest.mark.parametrize("day", [JULY, NOVEMBER])
def test_no_day_is_blanked_out(variable: Variable, day: date) -> None:
    """Of the 34 hours that a market trades."""
    for code in ("KNYC", "KDEN", "KPHX", "KSEA", "KLAS"):
        one = StationDay(BY_CODE[code], variable, day)
        opened = Instant(one.start - 10 * HOUR)
        found = between(one, opened, one.end)
        assert minutes(found, opened, one.end, 0.0) <= 6, code
        assert minutes(found, opened, one.end, 1.01) <= 0.16 * 34 * 60, code
        assert minutes(found, opened, one.end, 2.0) <= 0.03 * 34 * 60, code
        for at in range(one.start, one.end, HOUR):
            assert minutes(found, at, at + HOUR, 1.01) <= 45, (code, (at - one.start) // HOUR)


def test_quotes_are_pulled_at_the_six_hour_group_that_tells_the_afternoon() -> None:
    (pulled,) = [w for w in of_day("KNYC", HIGH) if w.widen == 0.0]
    assert (pulled.start, pulled.end) == (instant("2026-07-09T23:51:00Z"), instant("2026-07-09T23:54:00Z"))
    assert [w.start for w in of_day("KNYC", LOW) if w.widen == 0.0] == [instant("2026-07-09T11:51:00Z")]


def test_in_the_west_the_same_group_tells_the_morning_only() -> None:
    pulled = [w.start for w in of_day("KSEA", LOW) if w.widen == 0.0]
    assert pulled == [instant("2026-07-09T17:53:00Z")] or pulled == [], "06-12 and 12-18 UTC share Seattle's morning"
    assert all(w.start != instant("2026-07-09T11:53:00Z") for w in of_day("KSEA", HIGH) if w.widen == 0.0)


def test_hourly_reports_matter_to_a_high_in_the_afternoon_and_to_a_low_in_the_morning() -> None:
    noon, dawn = instant("2026-07-09T18:00:00Z"), instant("2026-07-09T10:00:00Z")  # 13 and 05 standard time

    def widest(variable: Variable, hour: Instant) -> float:
        near = [w.widen for w in named(of_day("KNYC", variable), "hourly report") if hour <= w.start < hour + HOUR]
        return max(near, default=1.0)

    assert (widest(HIGH, noon), widest(LOW, noon)) == (2.0, 1.0)
    assert (widest(HIGH, dawn), widest(LOW, dawn)) == (1.0, 2.0)


def test_a_report_has_its_stations_own_minute() -> None:
    starts = {(w.start // MINUTE) % 60 for w in named(of_day("KLAS", HIGH), "hourly report")}
    assert starts == {55}, "Las Vegas reports at :56"


def test_the_preliminary_report_is_by_the_clock_on_the_wall_and_the_summary_by_standard_time() -> None:
    (summer,) = named(of_day("KNYC", HIGH, JULY), "preliminary climate report")
    (winter,) = named(of_day("KNYC", HIGH, NOVEMBER), "preliminary climate report")
    assert summer.start <= instant("2026-07-09T20:35:00Z") < summer.end, "when the one of that day came"
    assert winter.start == instant("2026-11-24T21:20:00Z")
    (message,) = named(of_day("KNYC", HIGH, JULY), "daily summary message")
    assert message.start == instant("2026-07-09T21:16:00Z")


def test_denver_reports_in_the_morning_too() -> None:
    (morning,) = named(of_day("KDEN", LOW), "preliminary climate report")
    assert morning.start <= instant("2026-07-09T12:31:00Z") < morning.end, "when the one of that day came"


def test_models_and_grids_matter_until_the_thermometer_does() -> None:
    for variable, last_hour in ((HIGH, 12), (LOW, 4)):
        day = StationDay(BY_CODE["KMDW"], variable, JULY)
        found = [
            w for w in between(day, Instant(day.start - DAY), day.end) if "cycle" in w.reason or "grid" in w.reason
        ]
        assert found and all(w.start < day.start + last_hour * HOUR for w in found)
        assert any(w.start < day.start for w in found), "the day before they matter most"


def test_nothing_after_the_close_and_nothing_beyond_what_was_asked_for() -> None:
    for station in STATIONS:
        for variable in Variable:
            day = StationDay(station, variable, NOVEMBER)
            assert windows(day, day.end) == []
            now = Instant(day.start + 9 * HOUR)
            assert all(w.end > now and w.start < now + AHEAD and w.start < w.end for w in windows(day, now))


def test_the_calendar_is_the_same_whenever_it_is_asked() -> None:
    day = StationDay(BY_CODE["KDFW"], HIGH, JULY)
    whole = between(day, day.start, day.end)
    for hours in range(18):
        now = Instant(day.start + timedelta(hours=hours).seconds * 1_000_000_000)
        asked = windows(day, now)
        assert [w for w in whole if w.end > now and w.start < now + AHEAD] == asked


@pytest.mark.parametrize(
    ("code", "eve"),
    [("KNYC", "2026-03-07T20:25:00Z"), ("KLAX", "2026-03-07T23:25:00Z"), ("KPHX", "2026-03-07T22:25:00Z")],
)
def test_on_the_eve_of_a_day_of_23_hours_the_grids_come_by_that_day_s_own_clock(code: str, eve: str) -> None:
    """25 past three in the afternoon of 7 March is still winter time; Arizona has no other."""
    one = StationDay(BY_CODE[code], HIGH, date(2026, 3, 8))
    found = named(between(one, Instant(one.start - 14 * HOUR), one.start), "forecast grid update")
    assert instant(eve) in [w.start for w in found]
