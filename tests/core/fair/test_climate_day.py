"""The climate day itself: what was observed, officially said, and promised for the hours that are left."""

from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from core.fair import coefficients, nowcast, stored
from core.fair.assemble import Belief, believe
from core.fair.distribution import DEGREES, pmf
from core.fair.live import Known, outcomes
from core.fair.promise import Hour, promised
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant
from core.weather.rows import ClimateRow, ForecastRow, HourlyRow, ObservationRow, PortalRow, SummaryRow

PRICER = stored.unfitted(coefficients.load())
HIGH = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 9, 1))
LOW = StationDay(BY_CODE["KNYC"], Variable.LOW, date(2026, 9, 1))
HOURS = np.arange(24)


def forecast(day: StationDay, value: float, at: Instant) -> ForecastRow:
    return ForecastRow(station=day.station.code, variable=day.variable, day=day.day, source="nws_grid", issued_at=at,
                       received_at=at, value_f=value)  # fmt: skip


def report(day: StationDay, value: float, at: Instant) -> ObservationRow:
    return ObservationRow(station=day.station.code, observed_at=at, received_at=at, kind="metar", low_f=value - 0.09,
                          high_f=value + 0.09)  # fmt: skip


def climate(day: StationDay, value: int, at: Instant, final: bool = False) -> ClimateRow:
    return ClimateRow(station=day.station.code, product="CLINYC", day=day.day, issued_at=at, received_at=at,
                      final=final, as_of="" if final else "0400 PM", correction="", max_f=value,
                      min_f=value)  # fmt: skip


def summary(day: StationDay, value: int, at: Instant) -> SummaryRow:
    return SummaryRow(station=day.station.code, day=day.day, source="dsm", issued_at=at, received_at=at, max_f=value,
                      min_f=value, max_at=None, min_at=None, complete=False)  # fmt: skip


def relayed(day: StationDay, value: int, at: Instant, official: bool) -> PortalRow:
    return PortalRow(station=day.station.code, day=day.day, status="official" if official else "preliminary",
                     official=official, max_f=value, min_f=value, issued_at=at, received_at=at)  # fmt: skip


def hours(day: StationDay, values: list[float], issued: Instant, source: str = "nws_grid_hourly") -> list[HourlyRow]:
    """One value for each whole hour from `issued` on."""
    return [
        HourlyRow(station=day.station.code, source=source, issued_at=issued, received_at=issued,
                  valid_at=Instant(issued + k * HOUR), value_f=value)
        for k, value in enumerate(values)
    ]  # fmt: skip


def at(day: StationDay, hour: float) -> Instant:
    """A local standard hour of the climate day."""
    return Instant(day.start + round(hour * HOUR))


def belief(day: StationDay, now: Instant, ref: float, seen: dict[float, float], **more: Any) -> Belief:
    known = Known([forecast(day, ref, Instant(now - HOUR))], (), [report(day, v, at(day, h)) for h, v in seen.items()],
                  **more)  # fmt: skip
    found = believe([day], known, PRICER, now)[day]
    assert isinstance(found, Belief)
    return found


def chance(found: Belief, low: int, high: int = 200) -> float:
    return float(found.pmf[(low <= DEGREES) & (high >= DEGREES)].sum())


def mean(found: Belief) -> float:
    return float(found.pmf @ DEGREES)


def hourly(seen: dict[int, float]) -> dict[float, float]:
    """Whole degrees F by standard hour, each hour from the first to the last."""
    values = np.interp(range(min(seen), max(seen) + 1), list(seen), list(seen.values()))
    return {float(hour): float(round(value)) for hour, value in enumerate(values, min(seen))}


WARM_DAY = hourly({0: 70, 10: 80, 13: 84, 15: 86})
COLD_NIGHT = hourly({0: 67, 1: 66, 5: 62, 9: 70, 12: 75})


def test_a_preliminary_report_is_a_floor_from_its_issuance_on_and_not_a_minute_before() -> None:
    issued = at(HIGH, 15.6)
    said = {"climate": [climate(HIGH, 89, issued)]}
    before = Instant(issued - MINUTE)
    assert np.array_equal(belief(HIGH, before, 86, WARM_DAY, **said).pmf, belief(HIGH, before, 86, WARM_DAY).pmf), (
        "a minute before it is out it changes nothing"
    )
    assert chance(belief(HIGH, before, 86, WARM_DAY), 89) < 0.25
    after = belief(HIGH, issued, 86, WARM_DAY, **said)
    assert chance(after, 89) == pytest.approx(1.0) and after.observed == 89
    assert after.vintages["climate"] == issued


def test_of_a_low_the_preliminary_report_is_a_ceiling() -> None:
    now = at(LOW, 15.6)
    found = belief(LOW, now, 63, COLD_NIGHT, climate=[climate(LOW, 60, now)])
    assert chance(found, 61) == pytest.approx(0.0, abs=1e-12) and found.observed == 60
    assert chance(belief(LOW, now, 63, COLD_NIGHT), 61) > 0.5


def test_what_the_portal_relays_counts_as_the_report_does() -> None:
    now = at(HIGH, 15.6)
    relay = belief(HIGH, now, 86, WARM_DAY, portal=[relayed(HIGH, 89, now, official=False)])
    own = belief(HIGH, now, 86, WARM_DAY, climate=[climate(HIGH, 89, now)])
    assert np.array_equal(relay.pmf, own.pmf) and relay.vintages["portal"] == now


AFTERNOON = {10.0: 80.0, 12.0: 82.0, 13.0: 83.0, 14.0: 83.0, 15.0: 82.0, 16.0: 81.0, 17.0: 80.0, 19.0: 77.0, 21.0: 74.0}


def cooling(until: float) -> dict[float, float]:
    """Reports of an afternoon that is over its warmest hour, up to an hour."""
    return {hour: value for hour, value in AFTERNOON.items() if hour < until}


def test_what_the_report_said_is_surer_with_every_hour_that_does_not_add_to_it() -> None:
    """Of 155 afternoon reports 80 to 95 % were the final value (weather facts, 1.4)."""
    said = {"climate": [climate(HIGH, 83, at(HIGH, 15.6))]}
    chances = [chance(belief(HIGH, at(HIGH, h), 83, cooling(h), **said), 83, 83) for h in (16.0, 18.0, 20.0, 22.5)]
    assert chances[0] > 0.6 and chances[-1] > 0.85 and chances == sorted(chances)


def test_a_spike_that_the_report_leaves_out_is_forgotten_and_one_after_it_counts() -> None:
    said = {"climate": [climate(HIGH, 83, at(HIGH, 15.6))]}
    now = at(HIGH, 20.0)
    plain, spike = cooling(20.0), cooling(20.0) | {13.0: 86.0}
    assert np.allclose(belief(HIGH, now, 84, spike, **said).pmf, belief(HIGH, now, 84, plain, **said).pmf)
    assert chance(belief(HIGH, now, 84, cooling(20.0) | {17.0: 86.0}, **said), 86) > 0.9


def test_a_low_that_the_report_gave_stays_while_the_evening_is_warm() -> None:
    now, said = at(LOW, 20.0), {"climate": [climate(LOW, 62, at(LOW, 15.6))]}
    night = COLD_NIGHT | {14.0: 80.0, 19.0: 74.0}
    assert chance(belief(LOW, now, 62, night, **said), 62, 62) > 0.8


@pytest.mark.parametrize("day,sign", [(HIGH, 1), (LOW, -1)])
def test_a_six_hour_group_misses_nothing_of_its_hours_as_whole_hours_do(day: StationDay, sign: int) -> None:
    """At KLAS the official value was the six-hour extreme on 86 % (lows 98 %) of days, the hourly one on 21 (65) %."""
    now, hours_seen = at(day, 18.5), {float(h): 70.0 + sign * (10 - abs(h - 14)) for h in range(1, 19)}
    rows = [report(day, value, at(day, hour)) for hour, value in hours_seen.items()]
    group = {"max_6h_f": 80.0} if sign > 0 else {"min_6h_f": 60.0}
    with_group = [*rows[:-1], msgspec.structs.replace(rows[-1], **group)]
    found = []
    for seen in (rows, with_group):
        one = believe([day], Known([forecast(day, 70.0 + sign * 10, Instant(now - HOUR))], (), seen), PRICER, now)[day]
        assert isinstance(one, Belief)
        found.append(one)
    extreme = 70 + sign * 10
    assert chance(found[1], extreme, extreme) > chance(found[0], extreme, extreme) + 0.15
    assert abs(mean(found[1]) - extreme) < abs(mean(found[0]) - extreme)


def test_a_station_s_own_summary_is_a_floor_that_may_hold_a_spike() -> None:
    now = at(HIGH, 16.3)
    found = belief(HIGH, now, 86, WARM_DAY, summaries=[summary(HIGH, 89, now)])
    assert chance(found, 89) > 0.98 and 0.001 < chance(found, 88, 88) < 0.02
    assert chance(found, -60, 87) == pytest.approx(0.0, abs=1e-12)
    early = belief(HIGH, Instant(now - MINUTE), 86, WARM_DAY, summaries=[summary(HIGH, 89, now)])
    assert chance(early, 89) < 0.25, "not a minute before it is here"


def test_final_report_and_portal_settle_and_where_they_differ_either_may() -> None:
    now = Instant(HIGH.end + 3 * HOUR)
    final, official = climate(HIGH, 88, now, final=True), relayed(HIGH, 88, now, official=True)
    for said in ({"climate": [final]}, {"portal": [official]}, {"climate": [final], "portal": [official]}):
        assert chance(belief(HIGH, now, 86, WARM_DAY, **said), 88, 88) == 1.0
    apart = belief(HIGH, now, 86, WARM_DAY, climate=[final], portal=[relayed(HIGH, 90, now, official=True)])
    assert chance(apart, 88, 88) == chance(apart, 90, 90) == 0.5 and "either may settle" in apart.quality[0]


@pytest.mark.parametrize("variable", list(Variable))
def test_at_central_park_the_reports_extreme_may_be_a_spike_and_elsewhere_hardly(variable: Variable) -> None:
    """Of Central Park's days 1.2 % had a report at least a degree beyond the official extreme, 0.3 % two."""
    believed = pmf(80.0, 1.2)
    reported = 81 if variable is Variable.HIGH else 79
    short = lambda code: nowcast.beyond(code, reported, believed, variable)[DEGREES == 80][0]  # noqa: E731 - one line
    assert short("KNYC") > 2 * short("KMDW") > 0.0
    spiked = hourly({0: 70, 10: 78, 14: 80, 15: 84, 16: 80, 19: 76})
    late = belief(StationDay(BY_CODE["KNYC"], variable, HIGH.day), at(HIGH, 20), 80, spiked)
    if variable is Variable.HIGH:
        assert 0.002 < chance(late, -60, 83) < 0.05, "small, and never nothing"


def test_hours_that_promise_more_than_was_seen_move_the_fair_value_there() -> None:
    now = at(HIGH, 12.0)
    seen = {10.0: 80.0, 12.0: 82.0}
    without = belief(HIGH, now, 85, seen)
    hot, cool = (
        belief(HIGH, now, 85, seen, hourly=hours(HIGH, [82.0, peak - 1, peak, peak - 1, *[80.0] * 8], now))
        for peak in (91.0, 82.0)
    )
    assert hot.vintages["hourly forecasts"] == now and "hourly forecasts" not in without.vintages
    assert mean(hot) > mean(without) + 1.0 and mean(cool) < mean(without)


def test_an_evening_colder_than_the_morning_is_seen_coming() -> None:
    """A front in the evening: the morning's 62 is not the day's low when the hours to come promise 52."""
    now = at(LOW, 12.0)
    without = belief(LOW, now, 62, COLD_NIGHT)
    front = belief(LOW, now, 62, COLD_NIGHT, hourly=hours(LOW, [74 - 2 * k for k in range(12)], now))
    assert chance(front, -60, 57) > 0.8 > 0.05 > chance(without, -60, 57)


def test_when_the_hours_to_come_are_cooler_the_extreme_so_far_is_nearly_sure() -> None:
    now = at(HIGH, 17.0)
    seen = WARM_DAY | {16.0: 85.0, 17.0: 84.0}
    falling = belief(HIGH, now, 88, seen, hourly=hours(HIGH, [84 - 2.0 * k for k in range(7)], now))
    assert chance(falling, 86, 87) > chance(belief(HIGH, now, 88, seen), 86, 87) > 0.5


def test_hourly_forecasts_that_are_old_incomplete_or_late_change_nothing() -> None:
    now = at(HIGH, 12.0)
    seen = {10.0: 80.0, 12.0: 82.0}
    plain = belief(HIGH, now, 85, seen).pmf
    whole = [95.0] * 12
    old = hours(HIGH, [95.0] * 19, Instant(now - 7 * HOUR))
    short = hours(HIGH, whole[:11], now)
    later = [r.__class__(**{f: getattr(r, f) for f in r.__struct_fields__} | {"received_at": Instant(now + MINUTE)})
             for r in hours(HIGH, whole, now)]  # fmt: skip
    coarse = hours(HIGH, whole, now, "gfs_mos")
    for rows in (old, short, later, coarse, []):
        assert np.array_equal(belief(HIGH, now, 85, seen, hourly=rows).pmf, plain)
    assert not np.array_equal(belief(HIGH, now, 85, seen, hourly=hours(HIGH, whole, now)).pmf, plain)


def test_the_promise_is_of_the_newest_vintage_and_the_mean_of_the_sources() -> None:
    def vintage(source: str, issued: float, level: float) -> list[Hour]:
        return [Hour(source, issued, issued, 100 + h / 24, level - abs(h - 15)) for h in HOURS]

    now, end = 100 + 12.5 / 24, 101.0
    told = [*vintage("nws_grid_hourly", 100.30, 95.0), *vintage("nws_grid_hourly", 100.48, 90.0),
            *vintage("nbm_hourly", 100.45, 92.0), *vintage("nws_hourly", 100.51, 70.0)]  # fmt: skip
    found = promised("KNYC", "high", 100, now, end, told)
    assert found is not None and found.value == 91.0 and found.hours == pytest.approx(2.5)
    low = promised("KNYC", "low", 100, now, end, told)
    assert low is not None and low.value == 83.0 and low.hours == pytest.approx(10.5), "the coldest of 13 to 23 h"
    assert promised("KNYC", "high", 100, 101 - 0.5 / 24, end, told) is None, "no whole hour is left"


def test_what_is_learnt_from_is_what_settles_whatever_the_order_of_the_rows() -> None:
    """A correction may keep its original's heading; a final report may lack a value that the next one has."""
    out = Instant(HIGH.end + 2 * HOUR)
    first, later = climate(HIGH, 85, out, final=True), climate(HIGH, 90, Instant(out + HOUR), final=True)
    corrected = msgspec.structs.replace(first, correction="CCA", max_f=90)
    lacking = msgspec.structs.replace(first, max_f=None)
    for rows, value in (([corrected, first], 85.0), ([first, corrected], 85.0), ([later, lacking], 90.0)):
        highs = [o.value for o in outcomes(rows, Instant(out + 5 * HOUR)) if o.variable == "high"]
        assert highs == [value]
