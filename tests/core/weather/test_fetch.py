"""The fetcher against a loopback server that behaves as badly as the real ones have: each fault has its answer."""

import asyncio
from itertools import pairwise

import msgspec
import pytest

from core import config
from core.errors import Malformed, Unavailable
from core.stations import BY_CODE
from core.units import DAY, HOUR, MINUTE, Instant, instant
from core.weather import sources, standing, world_answers
from core.weather.fetch import Fetcher
from core.weather.harvest import gather
from core.weather.standing import State
from tests.core.weather.host import (
    EXPIRED,
    FORECAST,
    GRID,
    KNYC,
    NOON,
    WORLD,
    Host,
    Turn,
    grid,
    play,
    points,
    reply,
)

pytestmark = pytest.mark.slow


def test_we_say_who_we_are_and_what_we_want() -> None:
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        assert (await t.round("nws_grid")).forecasts
        (sent,) = t.host.headers(GRID)
        assert sent["user-agent"].startswith("kalshi-weather-maker") and "geo+json" in sent["accept"]
        assert not any(r.url.query for r in t.host.asked), "an unknown query parameter is refused by the service"

    play(host, script)


def test_what_has_not_changed_is_not_sent_again_and_is_still_known() -> None:
    tags = {"etag": '"v1"', "last_modified": "Tue, 24 Nov 2026 15:21:00 GMT"}
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(NOON), **tags), reply(b"", 304)]})

    async def script(t: Turn) -> None:
        first = await t.round("nws_grid")
        t.now = Instant(NOON + 5 * MINUTE)
        again = await t.round("nws_grid")
        assert first.forecasts and not again.forecasts and not again.failures and again.good == 1
        sent = t.host.headers(GRID)[1]
        assert sent["if-none-match"] == '"v1"' and sent["if-modified-since"] == "Tue, 24 Nov 2026 15:21:00 GMT"
        known = t.state.standings["KNYC nws_grid"]
        assert (known.verdict, known.issued_at) == ("unchanged", instant("2026-11-24T15:20:00Z"))

    play(host, script)


def test_not_modified_does_not_keep_a_forecast_young() -> None:
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(NOON), etag='"v1"'), reply(b"", 304)]})

    async def script(t: Turn) -> None:
        await t.round("nws_grid")
        t.now = Instant(NOON + 13 * HOUR)
        late = await t.round("nws_grid")
        assert "KNYC nws_grid" in late.failures and not late.forecasts

    play(host, script)


def test_a_200_that_is_stale_is_asked_for_past_the_caches_and_then_refused() -> None:
    old = grid(Instant(NOON - 88 * HOUR))
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [reply(old, etag='"old"')]})

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert not found.forecasts and "stale" in found.failures["KNYC nws_grid"]
        first, second = t.host.headers(GRID)
        assert "cache-control" not in first and second["cache-control"] == "no-cache"
        assert t.state.standings["KNYC nws_grid"].verdict == "stale"
        assert not [d for u, d in t.state.documents.items() if u.endswith(GRID)], "its validators are not kept"

    play(host, script)


def test_behind_a_stale_cache_the_fresh_answer_is_found() -> None:
    host = Host(
        {"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(Instant(NOON - 2 * DAY))), reply(grid(NOON))]}
    )

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert found.forecasts and not found.failures
        assert all(row.issued_at == instant("2026-11-24T15:20:00Z") for row in found.forecasts)

    play(host, script)


def test_an_older_vintage_than_the_known_one_changes_nothing() -> None:
    host = Host(
        {"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(NOON)), reply(grid(Instant(NOON - 3 * HOUR)))]}
    )

    async def script(t: Turn) -> None:
        await t.round("nws_grid")
        found = await t.round("nws_grid")
        assert not found.forecasts and "went back" in found.failures["KNYC nws_grid"]
        assert t.state.standings["KNYC nws_grid"].issued_at == instant("2026-11-24T15:20:00Z"), (
            "the last good one stays"
        )

    play(host, script)


@pytest.mark.parametrize("kind", ["text/html", "application/geo+json"])
def test_html_is_no_forecast_whatever_it_calls_itself(kind: str) -> None:
    page = reply(b"<html><head><title>504 Gateway Time-out</title></head></html>", 200, kind)
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [page], FORECAST: [reply(b"{}")]})

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert not found.forecasts and not found.raw and "HTML" in found.failures["KNYC nws_grid"]

    play(host, script)


def test_a_gateways_page_passes_and_the_forecast_behind_it_comes() -> None:
    page = reply(b"<html></html>", 200, "text/html")
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [page, reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        assert (await t.round("nws_grid")).forecasts

    play(host, script)


def test_nulls_give_no_rows_and_a_grid_of_nulls_is_no_grid() -> None:
    one = world_answers.gridpoint(WORLD, KNYC, NOON)["properties"]
    values = [dict(v) for v in one["maxTemperature"]["values"]]
    values[0]["value"] = None
    nothing = {"uom": "wmoUnit:degC", "values": [{"validTime": v["validTime"], "value": None} for v in values]}
    host = Host({
        "/points/40.7789,-73.9692": [points()],
        GRID: [reply(grid(NOON, maxTemperature={"uom": "wmoUnit:degC", "values": values})),
               reply(grid(Instant(NOON + 3 * HOUR), maxTemperature=nothing, minTemperature=nothing))],
    })  # fmt: skip

    async def script(t: Turn) -> None:
        whole = world_answers.gridpoint(WORLD, KNYC, NOON)["properties"]
        found = [r for r in (await t.round("nws_grid")).forecasts if r.source == "nws_grid" and r.variable == "high"]
        assert len(found) == len(whole["maxTemperature"]["values"]) - 1
        t.now = Instant(NOON + 3 * HOUR)
        empty = await t.round("nws_grid")
        assert not empty.forecasts and "only nulls" in empty.failures["KNYC nws_grid"]
        assert t.state.standings["KNYC nws_grid"].verdict == "refused"

    play(host, script)


def test_an_expired_grid_is_asked_for_once_and_the_hourly_forecast_stands_in() -> None:
    hourly = msgspec.json.encode(world_answers.hourly(WORLD, KNYC, NOON))
    host = Host({
        "/points/40.7789,-73.9692": [points()], GRID: [reply(EXPIRED, 503, "application/problem+json")],
        GRID + "/forecast/hourly": [reply(hourly)],
    })  # fmt: skip

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert t.host.seen[GRID] == 1, "an office that sends no grids does so for hours"
        assert "Forecast Grid Expired" in found.failures["KNYC nws_grid"]
        assert {row.source for row in found.forecasts} == {"nws_hourly"} and found.hourly

    play(host, script)


def test_a_500_is_tried_again() -> None:
    broken = reply(b'{"title":"Unexpected Problem"}', 500, "application/problem+json")
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [broken, broken, reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert found.forecasts and not found.failures and t.host.seen[GRID] == 3

    play(host, script)


def test_a_429_makes_the_whole_host_wait_as_long_as_it_says() -> None:
    much = reply(b'{"title":"Too Many Requests"}', 429, "application/problem+json", retry_after="0.3")
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [much, reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        found = await t.round("nws_grid")
        assert found.forecasts and not found.failures
        asked = [at for at, r in zip(t.host.at, t.host.asked, strict=True) if r.url.path == GRID]
        assert [b - a >= 0.3 for a, b in pairwise(asked)] == [True]

    play(host, script)


def test_what_fails_round_after_round_is_left_alone_for_a_while_and_then_asked_again() -> None:
    broken = reply(b"{}", 500, "application/problem+json")
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [broken] * 12 + [reply(grid(NOON))]})

    async def script(t: Turn) -> None:
        for _ in range(3):
            await t.round("nws_grid")
        asked = t.host.seen[GRID]
        assert asked == 12
        quiet = await t.round("nws_grid")
        assert t.host.seen[GRID] == asked and "not asked again before" in quiet.failures["KNYC nws_grid"]
        t.now = Instant(NOON + 5 * MINUTE)
        assert (await t.round("nws_grid")).forecasts
        assert not t.state.circuits, "one good answer closes the circuit"

    play(host, script)


def test_a_grid_that_moved_is_looked_up_again() -> None:
    host = Host({"/points/40.7789,-73.9692": [points()]})

    async def script(t: Turn) -> None:
        assert "404" in (await t.round("nws_grid")).failures["KNYC nws_grid"]
        t.host.answers[GRID] = [reply(grid(NOON))]
        assert (await t.round("nws_grid")).forecasts
        assert t.host.seen["/points/40.7789,-73.9692"] == 2

    play(host, script)


def test_the_archives_error_with_status_200_is_an_error() -> None:
    host = Host({"/afos/cgi-bin/afos/retrieve.py": [reply(b"ERROR: Could not Find: NBSNYC", 200, "text/plain")]})

    async def script(t: Turn) -> None:
        found = await t.round("nbm_short")
        assert "archive has none" in found.failures["KNYC nbm_short"] and not found.forecasts

    play(host, script)


def test_one_source_that_is_away_fails_no_other() -> None:
    host = Host({"/points/40.7789,-73.9692": [points()], GRID: [reply(grid(NOON))],
                 "/portal/climate/primary": [reply(b"<html>", 200, "text/html")]})  # fmt: skip

    async def script(t: Turn) -> None:
        names = ("nws_grid", "nws_forecast", "observations", "climate_report", "portal", "nbm", "gfs_mos", "dsm")
        found = await t.round(*names)
        assert found.forecasts and found.good == 1
        assert set(found.failures) == {f"KNYC {name}" for name in names if name != "nws_grid"}

    play(host, script)


def test_a_source_that_is_switched_off_is_not_asked() -> None:
    host = Host()

    async def script(t: Turn) -> None:
        off = t.settings.model_copy(update={"weather": t.settings.weather.model_copy(update={"sources": ("nbm",)})})
        fetcher = Fetcher(off, lambda: NOON, t.state, first_wait_s=0.01)
        await gather(off, fetcher, (KNYC,))
        await fetcher.close()
        assert {r.url.path.split("/")[1] for r in t.host.asked} == {"nbm"}

    play(host, script)


def test_a_host_that_lets_nobody_connect_is_tried_once_a_round() -> None:
    async def run() -> None:
        settings = config.load({"KWM_WEATHER__PORT": "9"})
        fetcher = Fetcher(settings, lambda: NOON, State(), first_wait_s=0.01)
        found = await gather(settings, fetcher, tuple(BY_CODE.values()), sources.FIRST)
        await fetcher.close()
        assert len(found.failures) == 24 * len(sources.FIRST) and not found.good
        assert any("lets nobody connect" in why for why in found.failures.values())

    asyncio.run(run())


def test_every_source_has_a_switch_and_live_hosts_are_settings() -> None:
    settings = config.load({})
    assert set(settings.weather.sources) == set(sources.SOURCES)
    live = config.load({"KWM_WEATHER__SOURCE": "live", "KWM_WEATHER__NBM_URL": "https://example.org/nbm"})
    assert sources.hosts(live)["nbm"] == "https://example.org/nbm"
    assert sources.hosts(live)["nws"] == "https://api.weather.gov"


def test_what_is_remembered_survives_a_file_and_a_damaged_file_is_malformed() -> None:
    state = State(products={"x": NOON})
    assert standing.decode(standing.encode(state)) == state
    with pytest.raises(Malformed):
        standing.decode(b'{"cells": 3}')
    with pytest.raises(Unavailable, match="yet to come"):
        standing.young("x", Instant(NOON + HOUR), NOON, sources.SOURCES["nbm"].max_age, None)
