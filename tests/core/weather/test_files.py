"""Files of all stations at once, over loopback: read once a cycle, whatever each station finds in them."""

import pytest

from core.units import MINUTE, Instant, instant
from core.weather import world_guidance
from tests.core.weather.host import KDEN, KNYC, WORLD, Host, Turn, play, reply

pytestmark = pytest.mark.slow


def nbm_path(hour: str) -> str:
    return f"/nbm/blend.20261124/{hour}/text/blend_nbptx.t{hour}z"


def test_while_the_newest_cycle_is_not_out_the_one_before_is_read_and_only_once() -> None:
    text = world_guidance.file(WORLD, "nbm", instant("2026-11-24T07:00:00Z"))
    host = Host({nbm_path("07"): [reply(text.encode(), 200, "binary/octet-stream")]})

    async def script(t: Turn) -> None:
        found = await t.round("nbm", stations=("KNYC", "KDEN"))
        assert {r.station for r in found.percentiles} == {"KNYC", "KDEN"} and not found.failures
        assert t.host.seen[nbm_path("13")] == 1
        assert not (await t.round("nbm", stations=("KNYC", "KDEN"))).percentiles
        assert t.host.seen[nbm_path("07")] == 1, "34 megabytes are not fetched twice"
        t.host.answers[nbm_path("13")] = [
            reply(world_guidance.file(WORLD, "nbm", instant("2026-11-24T13:00:00Z")).encode(), 200, "text/plain")
        ]
        newer = await t.round("nbm", stations=("KNYC", "KDEN"))
        assert {r.issued_at for r in newer.percentiles} == {instant("2026-11-24T13:00:00Z")}

    play(host, script)


def test_a_station_that_is_not_in_the_file_fails_alone() -> None:
    text = world_guidance.bulletin(WORLD, "nbm", KDEN, instant("2026-11-24T13:00:00Z"))
    host = Host({nbm_path("13"): [reply(text.encode(), 200, "text/plain")]})

    async def script(t: Turn) -> None:
        found = await t.round("nbm", stations=("KNYC", "KDEN"))
        assert {r.station for r in found.percentiles} == {"KDEN"}
        assert list(found.failures) == ["KNYC nbm"]

    play(host, script)


def test_a_file_without_one_of_our_stations_is_not_fetched_round_after_round() -> None:
    cycle = instant("2026-11-24T13:00:00Z")
    text = world_guidance.bulletin(WORLD, "nbm", KDEN, cycle)
    host = Host({nbm_path("13"): [reply(text.encode(), 200, "text/plain")]})

    async def script(t: Turn) -> None:
        for _ in range(36):
            await t.round("nbm", stations=("KNYC", "KDEN"))
            t.now = Instant(t.now + 5 * MINUTE)
        assert t.host.seen[nbm_path("13")] == 2, "once more, for it may have been growing: it was as long as before"
        assert t.state.standings["KNYC nbm"].reason and t.state.standings["KDEN nbm"].good
        found = await t.round("nbm", stations=("KNYC", "KDEN", "KBOS"))
        assert t.host.seen[nbm_path("13")] == 3 and list(found.failures) == ["KBOS nbm"], "a station nobody asked for"

    play(host, script)


def test_a_malformed_station_waits_for_the_next_cycle_and_costs_the_others_nothing() -> None:
    cycle = instant("2026-11-24T13:00:00Z")
    odd = world_guidance.bulletin(WORLD, "nbm", KNYC, cycle).replace(" 23| 35 ", " 22| 35 ")
    text = odd + world_guidance.bulletin(WORLD, "nbm", KDEN, cycle)
    host = Host({nbm_path("13"): [reply(text.encode(), 200, "text/plain")]})

    async def script(t: Turn) -> None:
        for _ in range(12):
            await t.round("nbm", stations=("KNYC", "KDEN"))
            t.now = Instant(t.now + 5 * MINUTE)
        assert t.host.seen[nbm_path("13")] == 2
        assert t.state.standings["KNYC nbm"].verdict == "refused" and t.state.standings["KDEN nbm"].good

    play(host, script)


def test_a_file_that_still_grows_is_read_again_after_a_pause_until_it_is_whole() -> None:
    cycle = instant("2026-11-24T13:00:00Z")
    half = world_guidance.bulletin(WORLD, "nbm", KDEN, cycle)
    whole = half + world_guidance.bulletin(WORLD, "nbm", KNYC, cycle)
    host = Host({nbm_path("13"): [reply(b.encode(), 200, "text/plain") for b in (half, whole)]})

    async def script(t: Turn) -> None:
        assert {r.station for r in (await t.round("nbm", stations=("KNYC", "KDEN"))).percentiles} == {"KDEN"}
        t.now = Instant(t.now + MINUTE)
        assert not (await t.round("nbm", stations=("KNYC", "KDEN"))).percentiles
        assert t.host.seen[nbm_path("13")] == 1, "not at once"
        t.now = Instant(t.now + 4 * MINUTE)
        assert {r.station for r in (await t.round("nbm", stations=("KNYC", "KDEN"))).percentiles} == {"KNYC"}
        t.now = Instant(t.now + 30 * MINUTE)
        await t.round("nbm", stations=("KNYC", "KDEN"))
        assert t.host.seen[nbm_path("13")] == 2

    play(host, script)
