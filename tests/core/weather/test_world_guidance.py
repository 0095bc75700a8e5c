"""The embedded world's other hosts tell the same story as its truth, in the shapes that the parsers are written for."""

from datetime import date, timedelta

import msgspec

from core.station_day import StationDay, Variable
from core.stations import BY_CODE, STATIONS
from core.units import DAY, HOUR, Instant, instant
from core.weather import mos, nbm, summary, twc, world_guidance
from core.weather.sources import SOURCES
from core.weather.world import World

WORLD = World(1)
NOW = instant("2026-11-24T14:00:00Z")
KDEN = BY_CODE["KDEN"]


def test_eight_in_ten_official_values_lie_between_the_tenth_and_the_ninetieth_percentile() -> None:
    inside = total = 0
    for station in STATIONS:
        for k in range(30):
            day = date(2026, 10, 1) + timedelta(days=k)
            cycle = Instant(StationDay(station, Variable.HIGH, day).start - DAY + 12 * HOUR)
            mean, sd = WORLD.guidance("nbm", station, Variable.HIGH, day, cycle)
            inside += abs(WORLD.exact(station, Variable.HIGH, day) - mean) <= 1.2816 * sd
            total += 1
    assert 0.72 <= inside / total <= 0.86


def test_each_bulletin_says_what_the_world_means_to_the_whole_degree() -> None:
    for name in ("nbm", "nbm_short", "gfs_mos", "gfs_mos_ext", "nam_mos"):
        source = SOURCES[name]
        cycle = instant(f"2026-11-24T{source.cycles[0]:02d}:00:00Z")
        body = world_guidance.bulletin(WORLD, name, KDEN, cycle).encode()
        rows = (
            nbm.means(nbm.percentiles(body, KDEN, NOW)) if name == "nbm"
            else mos.extremes(body, KDEN, NOW, source.product)
        )  # fmt: skip
        assert len(rows) >= 5 and {r.source for r in rows} == {name}
        for row in rows:
            mean, _ = WORLD.guidance(name, KDEN, row.variable, row.day, cycle)
            assert row.issued_at == cycle and row.value_f == round(mean), (name, row)


def test_models_that_err_more_err_more() -> None:
    def error(source: str) -> float:
        total = 0.0
        for station in STATIONS:
            for k in range(12):
                day = date(2026, 10, 1) + timedelta(days=k)
                cycle = Instant(StationDay(station, Variable.HIGH, day).start - 12 * HOUR)
                mean, _ = WORLD.guidance(source, station, Variable.HIGH, day, cycle)
                total += abs(WORLD.exact(station, Variable.HIGH, day) - mean)
        return total

    assert error("nbm") < error("gfs_mos") < 1.3 * error("nam_mos")


def test_report_portal_and_summary_tell_one_day_alike() -> None:
    day = date(2026, 11, 23)
    answer = msgspec.json.encode(world_guidance.portal(WORLD, day, NOW))
    for station in STATIONS:
        truth = [WORLD.truth(station, variable, day) for variable in (Variable.HIGH, Variable.LOW)]
        (portal,) = twc.daily(answer, station, NOW)
        assert portal.official and [portal.max_f, portal.min_f] == truth
        dsm = world_guidance.archive(WORLD, f"DSM{station.site}", NOW).encode()
        (message,) = summary.dsm(dsm, station, NOW)
        assert message.complete and [message.max_f, message.min_f] == truth


def test_nobody_hears_of_a_day_before_its_report() -> None:
    early = Instant(StationDay(KDEN, Variable.HIGH, date(2026, 11, 24)).start + 12 * HOUR)
    found = world_guidance.portal(WORLD, date(2026, 11, 24), early)
    assert twc.daily(msgspec.json.encode(found), KDEN, early) == []
