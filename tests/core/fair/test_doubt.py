"""A fair value that is confidently wrong is the dearest fault: what cannot be believed widens or withdraws it."""

from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from core.errors import Refused
from core.fair import coefficients, stored
from core.fair.assemble import Belief, believe
from core.fair.distribution import DEGREES, moments
from core.fair.live import Known, reading
from core.fair.seen import Reading, progress
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import DAY, HOUR, Instant
from core.weather.rows import ClimateRow, ForecastRow, HourlyRow, ObservationRow, PortalRow, SummaryRow

PRICER = stored.unfitted(coefficients.load())
HIGH = StationDay(BY_CODE["KDEN"], Variable.HIGH, date(2026, 9, 1))
LOW = StationDay(BY_CODE["KDEN"], Variable.LOW, date(2026, 9, 1))
# degrees F by standard hour: the coldest hour is the fifth, the warmest the fourteenth
HOURLY = dict(enumerate(
    [60, 59, 58, 57, 56, 56, 58, 62, 66, 70, 73, 75, 77, 78, 79, 79, 78, 76, 74, 71, 68, 66, 64, 62]
))  # fmt: skip
USUAL = {Variable.HIGH: 80.0, Variable.LOW: 56.0}


def at(hour: float) -> Instant:
    """A local standard hour of the climate day."""
    return Instant(HIGH.start + round(hour * HOUR))


def report(hour: float, value: float, **more: Any) -> ObservationRow:
    return ObservationRow(station="KDEN", observed_at=at(hour), received_at=at(hour), kind="metar",
                          low_f=value - 0.09, high_f=value + 0.09, **more)  # fmt: skip


def forecast(day: StationDay, value: float, issued: Instant, source: str = "nws_grid") -> ForecastRow:
    return ForecastRow(station="KDEN", variable=day.variable, day=day.day, source=source, issued_at=issued,
                       received_at=issued, value_f=value)  # fmt: skip


def hours(day: StationDay, issued: Instant, values: list[float]) -> list[HourlyRow]:
    return [
        HourlyRow(station="KDEN", source="nws_grid_hourly", issued_at=issued, received_at=issued,
                  valid_at=Instant(issued + k * HOUR), value_f=value)
        for k, value in enumerate(values)
    ]  # fmt: skip


def climate(day: StationDay, value: int, issued: Instant, final: bool = False) -> ClimateRow:
    return ClimateRow(station="KDEN", product="CLIDEN", day=day.day, issued_at=issued, received_at=issued, final=final,
                      as_of="" if final else "0400 PM", correction="", max_f=value, min_f=value)  # fmt: skip


def summary(day: StationDay, value: int, issued: Instant) -> SummaryRow:
    return SummaryRow(station="KDEN", day=day.day, source="dsm", issued_at=issued, received_at=issued, max_f=value,
                      min_f=value, max_at=None, min_at=None, complete=False)  # fmt: skip


def priced(day: StationDay, now: Instant, reports: list[ObservationRow], **more: Any) -> Belief | Refused:
    told = [forecast(day, USUAL[day.variable], Instant(now - HOUR))]
    return believe([day], Known(told, (), reports, **more), PRICER, now)[day]


def belief(day: StationDay, now: Instant, reports: list[ObservationRow], **more: Any) -> Belief:
    found = priced(day, now, reports, **more)
    assert isinstance(found, Belief)
    return found


def told(until: int, without: range = range(0), **instead: float) -> list[ObservationRow]:
    """The day's reports up to an hour, but for those that are missing, with others in their place (`h13=96`)."""
    values = HOURLY | {int(hour[1:]): value for hour, value in instead.items()}
    return [report(hour, value) for hour, value in values.items() if hour <= until and hour not in without]


@pytest.mark.parametrize(
    "day,missing,later", [(HIGH, range(10, 18), 19), (HIGH, range(13, 16), 17), (LOW, range(1, 9), 10)]
)
def test_an_extreme_may_hide_where_reports_are_missing_and_what_came_after_is_a_floor(
    day: StationDay, missing: range, later: int
) -> None:
    found = belief(day, at(later + 0.1), told(later, missing))
    mean, sd = moments(found.pmf)
    seen = [v for h, v in HOURLY.items() if h <= later and h not in missing]
    reached = max(seen) if day is HIGH else min(seen)
    assert abs(mean - USUAL[day.variable]) < 2.0 and sd > 1.5, "as wide as before the hole"
    assert found.observed == reached
    assert found.pmf[reached - 2 > DEGREES if day is HIGH else reached + 2 < DEGREES].sum() < 0.01
    assert any("reports are missing" in words for words in found.quality)


def test_a_hole_that_a_six_hour_group_covers_is_none() -> None:
    now, missing = at(18.1), range(13, 17)
    with_group = [*told(17, missing), report(18.0, 74, max_6h_f=79)]
    found = belief(HIGH, now, with_group)
    assert found.observed == 79 and moments(found.pmf)[1] < 1.2 and not found.quality
    assert moments(belief(HIGH, now, [*told(17, missing), report(18.0, 74)]).pmf)[1] > 1.4


def test_one_report_that_is_late_or_missing_is_no_hole() -> None:
    for missing in (range(14, 15), range(4)):
        assert not belief(HIGH, at(18.1), told(18, missing)).quality


def test_what_the_hours_left_promise_says_nothing_of_hours_nobody_saw() -> None:
    """Reports end at nine; at sixteen the hours that are left are cool: the maximum was in between."""
    now = at(16.0)
    evening = hours(HIGH, now, [70.0 - 2 * k for k in range(8)])
    assert np.array_equal(belief(HIGH, now, told(9), hourly=evening).pmf, belief(HIGH, now, told(9)).pmf)
    assert moments(belief(HIGH, now, told(16), hourly=evening).pmf)[1] < 1.0, "of hours that were seen it does"


def test_a_report_that_jumps_has_no_fair_value_until_the_next_one_and_counts_if_that_agrees() -> None:
    spike = priced(HIGH, at(13.1), told(13, h13=94))
    assert isinstance(spike, Refused) and spike.reason == "doubtful_report" and "94" in spike.words
    assert belief(HIGH, at(14.1), told(14, h13=94)).observed == 79, "it went back: it was nothing"
    heat = belief(HIGH, at(14.1), told(14, h13=92, h14=91))
    assert heat.observed == 92, "it stayed: it is weather"
    assert belief(HIGH, at(13.1), told(13, h13=60)).observed == 77, "a drop does not make a maximum"


def test_a_sensor_that_fails_far_above_every_forecast_has_no_fair_value_however_long_it_says_so() -> None:
    stuck = priced(HIGH, at(16.1), told(16, h13=114, h14=114, h15=114, h16=114))
    assert isinstance(stuck, Refused) and stuck.reason == "contradiction"
    cold = priced(LOW, at(7.1), told(7, h4=34, h5=34, h6=34, h7=34))
    assert isinstance(cold, Refused) and cold.reason == "contradiction"


def test_a_six_hour_group_ten_degrees_beyond_its_reports_is_a_typing_error() -> None:
    """10350 for 10250. Of 271 groups at Las Vegas none was more than 5 F from its hourly reports."""
    now, plain = at(18.1), told(18)
    odd = [*plain[:-1], msgspec.structs.replace(plain[-1], max_6h_f=95)]
    assert np.array_equal(belief(HIGH, now, odd).pmf, belief(HIGH, now, plain).pmf)


@pytest.mark.parametrize("value", [98, 70])
@pytest.mark.parametrize("who", ["climate", "summaries"])
def test_an_official_word_that_the_thermometer_contradicts_has_no_fair_value(value: int, who: str) -> None:
    """89 typed as 98: reports of every hour know better, and the final report may hold either."""
    row = {"climate": climate, "summaries": summary}[who](HIGH, value, at(17.3))
    found = priced(HIGH, at(17.5), told(17), **{who: [row]})
    assert isinstance(found, Refused) and found.reason == "contradiction" and str(value) in found.words
    agreeing = {"climate": climate, "summaries": summary}[who](HIGH, 81, at(17.3))
    assert belief(HIGH, at(17.5), told(17), **{who: [agreeing]}).observed == 81
    unseen = belief(HIGH, at(17.5), told(17, range(10, 17)), **{who: [agreeing]})
    assert unseen.observed == 81, "where reports are missing nobody contradicts"


def test_the_temperature_now_is_the_middle_of_an_interval_and_the_extreme_its_near_end() -> None:
    """25 °C is 76.1 to 77.9 °F: the maximum is surely 76, the temperature most likely 77."""
    row = ObservationRow(station="KDEN", observed_at=at(12), received_at=at(12), kind="five_minute", low_f=76.1,
                         high_f=77.9)  # fmt: skip
    found = reading(row, Variable.HIGH)
    assert found is not None
    (state,) = progress("KDEN", "high", round((HIGH.start - 7 * HOUR) / DAY), -7, [*morning(), found])[-1:]
    assert state.extreme == 76 and state.temperature == pytest.approx(77.0)


def morning() -> list[Reading]:
    return [r for o in told(11) if (r := reading(o, Variable.HIGH)) is not None]


def test_a_group_that_begins_before_the_climate_day_is_not_of_it() -> None:
    """At Denver's 05:00 (11:53 UTC) it reaches back to 22:53 of the day before, whose evening was warmer."""
    early = [*told(4), report(4 + 53 / 60, 56, max_6h_f=75, min_6h_f=55)]
    assert belief(HIGH, at(5.0), early).observed == 60
    assert belief(LOW, at(5.0), early).observed == 56
    noon = belief(HIGH, at(11.0), [*told(10), report(10 + 53 / 60, 75, max_6h_f=76)])
    assert noon.observed == 76


def test_yesterday_s_final_value_under_today_s_date_says_nothing_of_today() -> None:
    """Whoever dates it wrongly, the report's office or the portal: 95 is not today's maximum, nor a floor of it."""
    now, plain = at(8.1), belief(HIGH, at(8.1), told(8)).pmf
    report_of_yesterday = climate(HIGH, 95, at(1.5), final=True)
    relay = PortalRow(station="KDEN", day=HIGH.day, status="official", official=True, max_f=95, min_f=61,
                      issued_at=at(3.0), received_at=at(3.1))  # fmt: skip
    for said in ({"climate": [report_of_yesterday]}, {"portal": [relay]}):
        assert np.array_equal(belief(HIGH, now, told(8), **said).pmf, plain)
    over = PortalRow(station="KDEN", day=HIGH.day, status="official", official=True, max_f=81, min_f=56,
                     issued_at=at(27.0), received_at=at(27.1))  # fmt: skip
    assert belief(HIGH, at(28.0), told(23), portal=[over]).pmf[DEGREES == 81] == 1.0


def before(day: StationDay, **values: float) -> Belief | Refused:
    """The evening before: what the sources say of the day."""
    now = at(-6)
    known = Known([forecast(day, value, Instant(now - HOUR), source) for source, value in values.items()])
    return believe([day], known, PRICER, now)[day]


def test_two_voices_a_world_apart_have_no_fair_value_and_a_third_decides() -> None:
    """29.4 °C for 85 °F: between them lies what nobody forecasts."""
    for pair in ({"nws_grid": 29.4, "nbm": 85.0}, {"nws_grid": 29.4, "nws_forecast": 85.0}):
        found = before(HIGH, **pair)
        assert isinstance(found, Refused) and found.reason == "contradiction" and "nws_grid says 29" in found.words
    third = before(HIGH, nws_grid=29.4, nbm=85.0, gfs_mos=84.0)
    assert isinstance(third, Belief) and moments(third.pmf)[0] == pytest.approx(85.0, abs=2.0)


@pytest.mark.parametrize("day,sign", [(HIGH, 1), (LOW, -1)])
def test_a_front_at_midnight_makes_the_day_s_extreme_though_only_the_hourly_forecast_knows(
    day: StationDay, sign: int
) -> None:
    """Of 4.6 % of days the extreme lies outside the windows of day and night of which the others speak."""
    others = {"nws_grid": 46.0, "nws_forecast": 46.0, "nbm": 45.0, "gfs_mos": 47.0}
    found = before(day, nws_hourly=46.0 + sign * 20, **others)
    assert isinstance(found, Belief) and moments(found.pmf)[0] == pytest.approx(46.0 + sign * 20, abs=2.0)
    assert not found.quality, "it is believed"
    wild = before(day, nws_hourly=46.0 + sign * 60, **others)
    assert isinstance(wild, Belief) and moments(wild.pmf)[0] == pytest.approx(46.0, abs=2.0) and wild.quality


@pytest.mark.parametrize("wrong", [25.6, 120.0])
def test_an_hourly_forecast_whose_next_hour_is_far_from_the_thermometer_promises_nothing(wrong: float) -> None:
    """25.6 °C for 78 °F: the hours that are left would say that the maximum is over."""
    now = at(13.0)
    plain = belief(HIGH, now, told(13)).pmf
    assert np.array_equal(belief(HIGH, now, told(13), hourly=hours(HIGH, now, [wrong] * 11)).pmf, plain)
    assert not np.array_equal(belief(HIGH, now, told(13), hourly=hours(HIGH, now, [82.0] * 11)).pmf, plain)
