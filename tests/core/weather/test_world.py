"""The embedded weather says of itself what the parsers read back."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.station_day import StationDay, Variable
from core.stations import BY_CODE, STATIONS
from core.units import DAY, HOUR, Instant, instant
from core.weather import climate_report, metar, nws, world_answers
from core.weather.world import World, issue_time

NOW = instant("2026-11-23T20:10:00Z")
WORLD = World(1)
KNYC = BY_CODE["KNYC"]


def test_what_the_climate_report_says_is_what_settles() -> None:
    for station in STATIONS:
        day = date(2026, 11, 20)
        text, issued = world_answers.bulletin(WORLD, station, day, final=True)
        row = climate_report.parse(text, station.code, NOW)[0]
        assert row.final and row.day == day and row.issued_at == issued
        assert row.max_f == WORLD.truth(station, Variable.HIGH, day)
        assert row.min_f == WORLD.truth(station, Variable.LOW, day)


def test_nobody_knows_the_official_value_before_its_report() -> None:
    day = date(2026, 11, 22)
    out = WORLD.final_at(KNYC, Variable.HIGH, day)
    assert WORLD.official(KNYC, Variable.HIGH, day, Instant(out - 1)) is None
    assert WORLD.official(KNYC, Variable.HIGH, day, out) == WORLD.truth(KNYC, Variable.HIGH, day)


def test_the_grid_it_serves_is_the_forecast_it_made() -> None:
    issued = issue_time(NOW)
    rows = nws.grid_extremes(msgspec.json.encode(world_answers.gridpoint(WORLD, KNYC, NOW)), KNYC, NOW)
    assert len(rows) >= 12
    for row in rows:
        assert row.issued_at == issued
        assert row.value_f == WORLD.forecast(KNYC, row.variable, row.day, issued)


def test_forecasts_get_better_as_the_day_comes() -> None:
    errors: dict[int, list[float]] = {0: [], 3: []}
    for station in STATIONS:
        for k in range(25):
            day = date(2026, 10, 1) + timedelta(days=k)
            start = StationDay(station, Variable.HIGH, day).start
            for lead in errors:
                forecast = WORLD.forecast(station, Variable.HIGH, day, Instant(start - lead * DAY))
                errors[lead].append(abs(WORLD.exact(station, Variable.HIGH, day) - forecast))
    assert sum(errors[0]) < 0.75 * sum(errors[3])


def test_a_report_pins_the_temperature_to_the_whole_degree_the_sensor_had() -> None:
    at = instant("2026-11-23T19:53:00Z")
    groups = metar.groups(world_answers.metar(WORLD, KNYC, at))
    assert groups.exact and metar.whole_fahrenheit(groups.temperature_c) == round(WORLD.observed(KNYC, at))


def test_an_observed_maximum_never_exceeds_the_official_one_by_more_than_a_spike() -> None:
    day = date(2026, 11, 20)
    start = StationDay(KNYC, Variable.HIGH, day).start
    seen = [WORLD.observed(KNYC, Instant(start + h * HOUR + 53 * HOUR // 60)) for h in range(24)]
    assert round(max(seen)) <= WORLD.truth(KNYC, Variable.HIGH, day) + 1


@given(st.binary(max_size=400))
def test_any_bytes_give_rows_or_malformed(body: bytes) -> None:
    for parse in (nws.grid_extremes, nws.forecast, nws.hourly, nws.observations):
        with pytest.raises(Malformed):
            parse(body, KNYC, NOW)
    with pytest.raises(Malformed):
        climate_report.parse(body.decode("latin-1"), "KNYC", NOW)


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["properties", "features", "periods", "updateTime", "values", "value",
                                         "validTime", "maxTemperature", "minTemperature", "timestamp", "temperature",
                                         "rawMessage", "uom", "startTime"]), inner, max_size=5)))  # fmt: skip
def test_any_json_gives_rows_or_malformed(value: object) -> None:
    body = msgspec.json.encode(value)
    for parse in (nws.grid_extremes, nws.forecast, nws.hourly, nws.observations, nws.grid_hourly):
        try:
            parse(body, KNYC, NOW)
        except Malformed:
            continue
