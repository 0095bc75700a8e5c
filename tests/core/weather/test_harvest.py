"""One round against a host whose answers are odd in part: what is good counts, what is not is told."""

from pathlib import Path

import msgspec
import pytest
from starlette.responses import Response

from core.stations import STATIONS
from core.units import DAY, HOUR, MINUTE, Instant, instant
from core.weather import harvest_nws, world_answers
from tests.core.weather.host import GRID, KNYC, NOON, WORLD, Host, Turn, grid, play, points, reply
from tests.core.weather.test_nws import reads, seen

pytestmark = pytest.mark.slow
POINTS = "/points/40.7789,-73.9692"
HOURLY = GRID + "/forecast/hourly"
FIXTURES = Path(__file__).with_name("fixtures")
LISTED = "/products/types/CLI/locations/MIA"


def product(text: str) -> Response:
    return reply(msgspec.json.encode({"productText": text}), kind="application/ld+json")


def test_an_odd_report_is_a_failure_to_be_seen_and_the_others_are_there() -> None:
    host = Host({"/stations/KNYC/observations": [reply(seen(reads("wmoUnit:degC", 99.9), slice(5, 6)))]})

    async def script(t: Turn) -> None:
        found = await t.round("observations")
        assert len(found.observations) > 20 and t.state.standings["KNYC observations"].good
        assert found.failures["KNYC observations left out"].startswith("1 left out: value: not a temperature of this")

    play(host, script)


def test_a_grid_that_is_refused_is_as_one_that_is_away() -> None:
    hourly = reply(msgspec.json.encode(world_answers.hourly(WORLD, KNYC, NOON)))
    for broken in ({"maxTemperature": None, "minTemperature": None}, {"updateTime": None}):
        host = Host({POINTS: [points()], GRID: [reply(grid(NOON, **broken))], HOURLY: [hourly]})

        async def script(t: Turn) -> None:
            found = await t.round("nws_grid")
            assert {row.source for row in found.forecasts} == {"nws_hourly"} and found.hourly
            assert t.state.standings["KNYC nws_grid"].verdict == "refused" and "KNYC nws_grid" in found.failures

        play(host, script)


def test_a_grid_without_hours_gives_its_extremes_and_the_hourly_forecast_its_hours() -> None:
    hourly = reply(msgspec.json.encode(world_answers.hourly(WORLD, KNYC, NOON)))
    host = Host({POINTS: [points()], GRID: [reply(grid(NOON, temperature=None))], HOURLY: [hourly]})

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert {row.source for row in found.forecasts} == {"nws_grid", "nws_hourly"} and found.hourly
        assert "temperature" in found.failures["KNYC nws_grid_hourly left out"]

    play(host, script)


def test_an_hourly_forecast_that_is_no_document_is_a_reason_and_no_crash() -> None:
    answers = {POINTS: [points()], GRID: [reply(grid(NOON, updateTime=None))], HOURLY: [reply(b'{"properties": null}')]}

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert "properties" in found.failures["KNYC nws_hourly"] and "updateTime" in found.failures["KNYC nws_grid"]

    play(Host(answers), script)


@pytest.mark.parametrize(
    ("broken", "asked"),
    [(product("000\nCDUS42 KMFL 300910\nCLIMIA\n\nTEST ONLY"), 1), (reply(b'{"title":"Unexpected Problem"}', 404), 2),
     (reply(b'{"productText": null}'), 2)],
    ids=["no summary", "not there", "no text"],
)  # fmt: skip
def test_a_bulletin_that_cannot_be_read_hides_no_other(broken: Response, asked: int) -> None:
    """Its text is immutable and asked for once; what brought no text is asked for again."""
    listed = [
        {"id": name, "issuanceTime": f"2026-08-30T{at}:00+00:00"} for name, at in (("b", "09:10"), ("a", "08:24"))
    ]
    final = (FIXTURES / "cli_high_final.txt").read_text()
    host = Host({LISTED: [reply(msgspec.json.encode({"@graph": listed}))], "/products/a": [product(final)],
                 "/products/b": [broken]})  # fmt: skip

    async def script(t: Turn) -> None:
        t.now = instant("2026-08-30T10:00:00Z")
        found = await t.round("climate_report", stations=("KMIA",))
        assert [row.max_f for row in found.climate] == [90] and "KMIA climate_report" in found.failures
        t.now = Instant(t.now + 5 * MINUTE)
        again = await t.round("climate_report", stations=("KMIA",))
        assert t.host.seen["/products/b"] == asked and bool(again.failures) == (asked == 2)
        assert not again.climate and t.host.seen["/products/a"] == 1
        if broken.status_code == 200:
            assert any(raw.body == broken.body for raw in found.raw), "what nobody could read is there to be looked at"

    play(host, script)


@pytest.mark.parametrize("broken", [reply(b'{"title":"Unexpected Problem"}', 500), reply(b'{"properties": {}}')])
def test_a_grid_cell_that_cannot_be_renewed_is_still_good(broken: Response) -> None:
    host = Host({POINTS: [points(), broken], GRID: [reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        await t.round("nws_grid")
        t.now = Instant(t.now + 10 * DAY)
        t.host.answers[GRID] = [reply(grid(t.now))]
        found = await t.round("nws_grid")
        assert found.forecasts and t.state.standings["KNYC nws_grid"].good
        assert found.failures["KNYC points"].startswith("the grid cell found 2026-11-24T17:10:00Z stays: ")
        t.host.answers[POINTS] = [points()]
        t.now = Instant(t.now + HOUR)
        assert "KNYC points" not in (await t.round("nws_grid")).failures
        assert t.state.cells["KNYC"].resolved_at == t.now

    play(host, script)


def test_a_station_nobody_ever_found_has_no_grid() -> None:
    async def script(t: Turn) -> None:
        assert "/points" in (await t.round("nws_grid")).failures["KNYC nws_grid"]

    play(Host({POINTS: [reply(b'{"title":"Unexpected Problem"}', 500)]}), script)


def test_grid_cells_found_in_one_round_are_not_renewed_in_one() -> None:
    lives = [harvest_nws._cell_life(station) for station in STATIONS]
    assert min(lives) >= 7 * DAY and max(lives) < 9 * DAY
    assert max(lives.count(life) for life in lives) <= 3 and len(set(lives)) > len(lives) // 2
