"""Recorded answers of the weather service, given again as of another day at another level."""

import msgspec
import pytest

from core.errors import Malformed
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, Instant, instant
from core.weather import nws, recorded
from core.weather.world import World
from tests.shared import shared

WORLD = World(1)
NOW = instant("2026-07-23T01:05:00Z")
OFFICIAL = "weather/samples/nws_weathergov_official/"
FILES = [
    ("KDFW", "gridpoint", OFFICIAL + "gridpoint_FWD_89_104.json"),
    ("KDFW", "forecast", OFFICIAL + "forecast_FWD_89_104.json"),
    ("KDFW", "hourly", OFFICIAL + "forecast_hourly_FWD_89_104.json"),
    ("KSFO", "gridpoint", OFFICIAL + "gridpoint_MTR_90_105.json"),
    ("KSFO", "forecast", OFFICIAL + "forecast_MTR_90_105.json"),
    ("KSFO", "hourly", OFFICIAL + "forecast_hourly_MTR_90_105.json"),
    ("KNYC", "gridpoint", "weather/samples/nws_tMer234/griddata_nyc_trimmed.json"),
    ("KMSY", "gridpoint", "weather/samples/nws_pynws/detailed_forecast.json"),
]


@pytest.mark.parametrize(("code", "kind", "name"), FILES)
@pytest.mark.parametrize("later_h", [0, 5, 11, 17, 23])
def test_a_recorded_answer_is_of_today_and_at_the_worlds_level(code: str, kind: str, name: str, later_h: int) -> None:
    station, now = BY_CODE[code], Instant(NOW + later_h * HOUR)
    payload = recorded.load(shared(name).read_bytes(), name)
    told = msgspec.json.encode(recorded.again(payload, kind, station, WORLD, now))
    assert now - 24 * HOUR < nws.updated_at(told) <= now
    if kind == "hourly":
        rows = nws.hourly(told, station, now)
        assert len(rows) > 100
        return
    rows = nws.grid_extremes(told, station, now) if kind == "gridpoint" else nws.forecast(told, station, now)
    ahead = [r for r in rows if r.variable is Variable.HIGH and StationDay(station, r.variable, r.day).start >= now]
    assert ahead
    expected = WORLD.forecast(station, Variable.HIGH, ahead[0].day, nws.updated_at(told))
    if later_h == 0:  # later in the evening the first whole window is another day's
        assert ahead[0].value_f == pytest.approx(expected, abs=0.6), "moved to the level of this world"


def test_a_folder_with_a_strange_name_or_body_is_refused_by_name() -> None:
    with pytest.raises(Malformed, match="STATION/KIND"):
        recorded.station_and_kind("KXXX/gridpoint.json")
    with pytest.raises(Malformed, match="not JSON"):
        recorded.load(b"<html>", "KDFW/gridpoint.json")
    with pytest.raises(Malformed, match="properties"):
        recorded.load(b"{}", "KDFW/gridpoint.json")


def test_a_world_can_be_moved_to_what_books_believe() -> None:
    station = BY_CODE["KAUS"]
    wanted = {
        StationDay(station, Variable.HIGH, NOW_DAY): 97.3,
        StationDay(station, Variable.LOW, NOW_DAY): 75.8,
    }
    moved = WORLD.anchored(wanted, NOW)
    for day, mean in wanted.items():
        assert moved.belief(station, day.variable, day.day, NOW)[0] == pytest.approx(mean, abs=0.05)


NOW_DAY = recorded.to_datetime(NOW).date()
