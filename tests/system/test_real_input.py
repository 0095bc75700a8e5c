"""The whole main job on real input: the books of July 2026, real payloads of the weather service, nothing by hand."""

import json
import time
from pathlib import Path

import pytest

from tests.shared import shared
from tests.system.house import House

pytestmark = pytest.mark.slow

_SAMPLES = "weather/samples/nws_weathergov_official"
# station -> kind -> recorded answer; Dallas and Oakland are the offices of KDFW and KSFO, Tallahassee's is detailed
_PAYLOADS = {
    "KDFW/gridpoint.json": f"{_SAMPLES}/gridpoint_FWD_89_104.json",
    "KDFW/forecast.json": f"{_SAMPLES}/forecast_FWD_89_104.json",
    "KDFW/hourly.json": f"{_SAMPLES}/forecast_hourly_FWD_89_104.json",
    "KSFO/gridpoint.json": f"{_SAMPLES}/gridpoint_MTR_90_105.json",
    "KSFO/forecast.json": f"{_SAMPLES}/forecast_MTR_90_105.json",
    "KSFO/hourly.json": f"{_SAMPLES}/forecast_hourly_MTR_90_105.json",
    "KNYC/gridpoint.json": "weather/samples/nws_tMer234/griddata_nyc_trimmed.json",
    "KMSY/gridpoint.json": "weather/samples/nws_pynws/detailed_forecast.json",
}
_MOMENT = "2026-07-23T01:05:00Z"  # a minute after the capture: the day is still ahead in all of America


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory):
    books = shared("kalshi/samples/weather_books_2026-07/dt=2026-07-23.jsonl")
    folder = tmp_path_factory.mktemp("july")
    for name, source in _PAYLOADS.items():
        target = folder / "payloads" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(shared(source).read_bytes())
    running = House(
        folder, "--world-from", _MOMENT,
        environment={"KWM_EXCHANGE__BOOKS": str(books), "KWM_WEATHER__PAYLOADS": str(folder / "payloads")},
    )  # fmt: skip
    yield running
    running.kill()


def two_sided(house: House) -> dict[str, int]:
    """Event -> how many of its markets rest on both sides."""
    found = {}
    for event in house.api("/api/events"):
        both = sum(bool(m["our_bids"]) and bool(m["our_asks"]) for m in event["markets"])
        if both:
            found[event["event"]] = both
    return found


def test_forty_real_events_are_quoted_two_sided_for_a_minute_within_the_limits(house: House) -> None:
    house.until("forty events quoted on both sides", lambda: len(two_sided(house)) >= 40, 150)
    began, least, worst = time.monotonic(), 10**9, 0.0
    limits = house.api("/api/strategy/status")["limits"]
    while time.monotonic() < began + 60:
        least = min(least, len(two_sided(house)))
        status = house.api("/api/strategy/status")
        worst = max(worst, status["worst_usd"])
        for event in house.api("/api/events"):
            assert event["worst_usd"] <= (event["limit_usd"] or limits["event_usd"]), event["event"]
        time.sleep(2)
    assert least >= 40
    assert 0 < worst <= limits["total_usd"]
    counters = house.api("/api/strategy/status")["counters"]
    assert counters["rejections"] == {}, "an order was rejected, and the fault was ours"
    assert counters["errors"] == 0


def test_the_real_payloads_were_parsed_and_priced(house: House) -> None:
    priced = {event["event"]: event for event in house.api("/api/events")}
    for event in ("KXHIGHTDAL-26JUL23", "KXHIGHTSFO-26JUL23", "KXHIGHNY-26JUL23", "KXHIGHTNOLA-26JUL23"):
        assert priced[event]["mean_f"] is not None, event
        assert sum(m["fair_c"] or 0 for m in priced[event]["markets"]) == pytest.approx(100, abs=1.5)


def test_a_command_in_another_shell_goes_by_the_world_s_time(house: House) -> None:
    said = house.kwm("fair").stdout
    assert "2026-07-23" in said and "valid until" in said and "EXPIRED" not in said, said


def test_the_stop_leaves_nothing_behind(house: House) -> None:
    report = house.stop()
    assert report["totals"]["orders_sent"] > 80
    assert report["totals"]["publications"] >= 1
    assert isinstance(report["flow_runs"], dict)
    assert report["flow_runs"].get("failed", 0) == 0
    assert "none left, verified" in Path(house.data / "logs" / "quoter.log").read_text()
    assert json.loads((house.data / "live" / "quoter.json").read_text())["working"] == 0
    assert not (house.data / "live" / "clock.json").exists(), "a world that stands still has no time"
