"""Guidance in columns, station summaries and the portal: one fixture a fact, and any bytes give rows or Malformed."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.station_day import Variable
from core.stations import BY_CODE, Station
from core.units import Instant, instant
from core.weather import climate_report, mos, nbm, summary, twc
from tests.shared import shared

FIXTURES = Path(__file__).with_name("fixtures")
KNYC, KDEN = BY_CODE["KNYC"], BY_CODE["KDEN"]
NOW = instant("2026-11-24T14:00:00Z")
HIGH, LOW = Variable.HIGH, Variable.LOW


def body(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def test_percentiles_under_00_utc_are_the_maximum_of_the_day_before_and_under_12_utc_a_minimum() -> None:
    rows = nbm.percentiles(body("nbp_percentiles_of_two_days.txt"), KDEN, NOW)
    assert [(r.variable, r.day.day, r.forecast_hour) for r in rows] == [
        (HIGH, 24, 17), (LOW, 25, 29), (HIGH, 25, 41), (LOW, 26, 53),
    ]  # fmt: skip
    hot = rows[2]
    assert (hot.mean_f, hot.sd_f, hot.p10_f, hot.p25_f, hot.p50_f, hot.p75_f, hot.p90_f) == (
        103,
        3,
        99,
        101,
        103,
        105,
        107,
    )
    assert hot.issued_at == instant("2026-11-24T07:00:00Z") and hot.received_at == NOW
    assert [r.value_f for r in nbm.means(rows)] == [55, 28, 103, -4]


def test_percentiles_that_descend_were_read_wrongly() -> None:
    with pytest.raises(Malformed, match="no distribution"):
        nbm.percentiles(body("nbp_percentiles_descend.txt"), KDEN, NOW)


def test_a_day_without_its_spread_has_no_row() -> None:
    rows = nbm.percentiles(body("nbp_one_spread_is_missing.txt"), KDEN, NOW)
    assert [(r.variable, r.day.day) for r in rows] == [(LOW, 25), (HIGH, 25), (LOW, 26)]


def test_hours_that_contradict_the_forecast_hours_are_refused() -> None:
    with pytest.raises(Malformed, match="UTC hours"):
        nbm.percentiles(body("nbp_hours_contradict_forecast_hours.txt"), KDEN, NOW)


def test_gfs_mos_knows_its_extremes_and_three_hourly_temperatures() -> None:
    text = body("mav_maximum_under_00_minimum_under_12.txt")
    rows = mos.extremes(text, KNYC, NOW, "MAV")
    assert [(r.variable, r.day.day, r.value_f) for r in rows] == [
        (HIGH, 24, 51), (LOW, 25, 38), (HIGH, 25, 49), (LOW, 26, 35), (HIGH, 26, 54), (LOW, 27, 40),
    ]  # fmt: skip
    assert {r.source for r in rows} == {"gfs_mos"}
    hours = mos.temperatures(text, KNYC, NOW, "MAV")
    assert [(h.valid_at, h.value_f) for h in hours[:1] + hours[-2:]] == [
        (instant("2026-11-24T18:00:00Z"), 48), (instant("2026-11-27T06:00:00Z"), 44),
        (instant("2026-11-27T12:00:00Z"), 41),
    ]  # fmt: skip


def test_a_row_that_is_shifted_is_not_read_under_the_wrong_hours() -> None:
    with pytest.raises(Malformed, match="no line of maxima"):
        mos.extremes(body("mav_a_shifted_row_is_no_row.txt"), KNYC, NOW, "MAV")


def test_the_climate_normals_behind_an_extended_forecast_are_not_read() -> None:
    rows = mos.extremes(body("mex_climate_normals_at_the_end_are_no_forecast.txt"), KNYC, NOW, "MEX")
    assert [(r.variable, r.day.day, r.value_f) for r in rows] == [
        (HIGH, 24, 51), (LOW, 25, 38), (HIGH, 25, 49), (LOW, 26, 35), (HIGH, 26, 54),
    ]  # fmt: skip


def test_another_stations_block_is_not_ours() -> None:
    with pytest.raises(Malformed, match="no NBP block of KNYC"):
        nbm.percentiles(body("nbp_percentiles_of_two_days.txt"), KNYC, NOW)


def test_a_file_of_thousands_is_cut_to_the_wanted_stations() -> None:
    den = body("nbp_percentiles_of_two_days.txt").decode()
    lines = (den.replace("KDEN", f"K{n:03d}") for n in range(300))
    cutter = mos.Cutter(frozenset({"KDEN", "KNYC"}))
    for line in "".join([*lines, den, den.replace("KDEN", "KNYC")]).splitlines():
        cutter.line(line)
    found = cutter.done()
    assert found["KDEN"] == den
    assert nbm.percentiles(found["KNYC"].encode(), KNYC, NOW)


def test_the_afternoons_summary_is_not_complete_and_the_one_after_midnight_is() -> None:
    (soon,) = summary.dsm(body("dsm_afternoon_tells_the_day_so_far.txt"), KNYC, instant("2026-11-24T21:25:00Z"))
    assert (soon.day, soon.max_f, soon.min_f, soon.complete) == (date(2026, 11, 24), 52, 39, False)
    assert soon.max_at == instant("2026-11-24T19:12:00Z") and soon.issued_at == instant("2026-11-24T21:20:00Z")
    (whole,) = summary.dsm(body("dsm_after_midnight_tells_the_whole_day.txt"), KNYC, instant("2027-01-01T05:20:00Z"))
    assert (whole.day, whole.max_f, whole.min_f, whole.complete) == (date(2026, 12, 31), 101, -3, True)


def test_a_summary_of_a_day_long_past_is_refused() -> None:
    with pytest.raises(Malformed, match="shortly before"):
        summary.dsm(body("dsm_afternoon_tells_the_day_so_far.txt"), KNYC, instant("2027-03-24T21:25:00Z"))


def test_the_months_table_has_its_past_days_only() -> None:
    rows = summary.cf6(body("cf6_days_to_come_are_no_days.txt"), KNYC, instant("2026-11-04T13:00:00Z"))
    assert [(r.day.day, r.max_f, r.min_f) for r in rows] == [(1, 61, 47), (2, 58, 44), (3, None, 41)]
    with pytest.raises(Malformed, match="not the table of DEN"):
        summary.cf6(body("cf6_days_to_come_are_no_days.txt"), KDEN, NOW)


def portal(code: str) -> list[tuple[str, bool, int | None, int | None]]:
    rows = twc.daily(body("portal_official_and_preliminary_and_none.json"), BY_CODE[code], NOW)
    return [(r.status, r.official, r.max_f, r.min_f) for r in rows]


def test_the_portal_tells_official_from_preliminary_and_from_nothing() -> None:
    assert portal("KNYC") == [("official", True, 52, 39)]
    assert portal("KDEN") == [("preliminary", False, 55, None)]
    assert portal("KMIA") == []


@pytest.mark.parametrize(
    ("code", "why"),
    [("KMDW", "cliId"), ("KLAX", "contradicts"), ("KBOS", "whole number"), ("KSEA", "expected KSEA once")],
)
def test_the_portal_is_refused_for_a_station_that_moved_or_contradicts_itself_or_is_not_there(
    code: str, why: str
) -> None:
    with pytest.raises(Malformed, match=why):
        portal(code)


def test_the_first_final_settles_and_a_correction_is_kept_but_changes_nothing() -> None:
    names = ("cli_high_corrected_next_morning", "cli_high_preliminary_in_the_afternoon", "cli_high_final")
    rows = [climate_report.parse(body(f"{n}.txt").decode(), "KMIA", NOW, n)[0] for n in names]
    assert [(r.max_f, r.final, r.correction) for r in rows] == [(85, True, "CCA"), (89, False, ""), (90, True, "")]
    settles = climate_report.first_final(rows, date(2026, 8, 29))
    assert settles is not None and (settles.max_f, settles.issued_at) == (90, instant("2026-08-30T08:24:00Z"))


def test_of_two_places_in_one_bulletin_the_one_that_settles_is_read() -> None:
    text = body("cli_two_places_in_one_bulletin.txt").decode()
    (hobby,) = climate_report.parse(text, "KHOU", NOW)
    assert (hobby.place, hobby.max_f, hobby.min_f) == ("HOUSTON/HOBBY AIRPORT", 79, 62)
    with pytest.raises(Malformed, match="surely of KSAT"):
        climate_report.parse(text, "KSAT", NOW)


def test_the_lists_time_of_issuance_tells_which_month_a_heading_means() -> None:
    text = body("cli_high_final.txt").decode()
    row = climate_report.parse(text, "KMIA", NOW, near=instant("2026-09-30T08:24:00Z"))[0]
    assert row.issued_at == instant("2026-09-30T08:24:00Z")


PARSERS: tuple[Callable[[bytes], object], ...] = (
    lambda b: nbm.percentiles(b, KDEN, NOW),
    lambda b: [mos.extremes(b, KNYC, NOW, p) for p in ("MAV", "MET", "MEX", "NBS")],
    lambda b: mos.temperatures(b, KNYC, NOW, "MAV"),
    lambda b: summary.dsm(b, KNYC, NOW),
    lambda b: summary.cf6(b, KNYC, NOW),
    lambda b: twc.daily(b, KNYC, NOW),
)
TEXTS = sorted(p for p in FIXTURES.iterdir() if p.suffix in (".txt", ".json"))


def never_anything_else(damaged: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(damaged)
        except Malformed:
            continue


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_malformed(damaged: bytes) -> None:
    never_anything_else(damaged)


@given(st.sampled_from(TEXTS), st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_bulletin_gives_rows_or_malformed(path: Path, start: int, gone: int, put: bytes) -> None:
    whole = path.read_bytes()
    never_anything_else(whole[:start] + put + whole[start + gone :])


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
                 lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                     st.sampled_from(["date", "results", "status", "station", "icao", "cliId", "data", "maxTemp",
                                      "minTemp", "issueTime", "isOfficial"]), inner, max_size=6))
)  # fmt: skip
def test_any_portal_json_gives_rows_or_malformed(value: object) -> None:
    fixture = msgspec.json.decode(body("portal_official_and_preliminary_and_none.json"))
    for damaged in (
        value,
        fixture | {"results": [value]},
        fixture | {"results": [fixture["results"][0] | {"data": value}]},
    ):
        never_anything_else(msgspec.json.encode(damaged))


def elsewhere(code: str) -> Station:
    return replace(KNYC, code=code, climate_product="CLI" + code[1:], standard_offset_hours=-6)


WITHOUT_EXTREMES = {"NBH", "NBP"}


def test_every_recorded_guidance_bulletin_gives_its_extremes_under_the_right_days() -> None:
    folder, blocks = shared("weather/samples/mos_nbm_pyiem"), 0
    for path in sorted(folder.glob("*.txt")):
        raw = path.read_bytes()
        text = raw.decode().replace("\r", "")
        for line in text.split("\n"):
            code = mos.header_of(line)
            if code is None:
                continue
            product = next(p for k, p in {"NBS": "NBS", "NBE": "NBE", "NBX": "NBX", "NBP": "NBP", "NBH": "NBH",
                                          "GFSX": "MEX"}.items() if f" {k} " in line)  # fmt: skip
            found = mos.block(raw, elsewhere(code), frozenset({product}))
            blocks += 1
            label = next((n for n in ("TXN", "N/X", "X/N") if n in found.rows), None)
            assert (label is None) == (product in WITHOUT_EXTREMES), (path.name, product)
            if label is not None:
                said = re.search(rf"^\s*{label}([^\n]*)", text[text.index(line) :], re.M)
                assert said is not None
                numbers = [int(n) for n in re.findall(r"-?\d+", said[1].replace("|", " ").replace("999999", " "))]
                read = [v for v in found.rows[label] if v is not None]
                fused = [n for n in numbers if n > 140]  # "999999", "74100": climate normals without a blank between
                assert read == [n for n in numbers if n not in fused][: len(read)] and len(read) >= 5, path.name
    assert blocks >= 15


def test_the_recorded_percentiles_of_las_vegas_are_those_in_the_bulletin() -> None:
    raw = shared("weather/samples/mos_nbm_pyiem/nbm_v5_KLAS_20260822_13Z_all_bulletins.txt").read_bytes()
    rows = nbm.percentiles(raw, BY_CODE["KLAS"], NOW)
    assert len(rows) == 18
    first = next(r for r in rows if r.variable is HIGH)
    assert (first.day, first.mean_f, first.sd_f, first.p10_f, first.p90_f) == (date(2026, 8, 23), 109, 2, 106, 111)
    short = {(r.variable, r.day): r.value_f for r in mos.extremes(raw, BY_CODE["KLAS"], NOW, "NBS")}
    assert short[(HIGH, date(2026, 8, 23))] == 109 and short[(LOW, date(2026, 8, 23))] == 85


REFUSED_TABLES = {
    "CF6DSM_bad.txt": "no MONTH and YEAR",  # its month stands on page 2 only
    "CF6WYS_error.txt": "no MONTH and YEAR",  # an error message of the office's program
}
TABLE_ISSUED = {"CF6ANC.txt": "2023-06-26", "CF6FYV_future.txt": "2024-05-03", "CF6GRR.txt": "2020-03-02",
                "CF6MKK.txt": "2020-04-21"}  # fmt: skip
TABLE_DAYS = {"CF6ANC.txt": 25, "CF6DSM.txt": 22, "CF6DSM_empty.txt": 0, "CF6FYV_future.txt": 2, "CF6GRR.txt": 1,
              "CF6MKK.txt": 20, "CF6SEA.txt": 22, "CF6WYS.txt": 23}  # fmt: skip


def test_every_recorded_months_table_gives_its_days_or_a_named_refusal() -> None:
    folder = shared("weather/samples/dsm_cf6_pyiem")
    for path in sorted(folder.glob("CF6*.txt")):
        station = elsewhere("K" + path.name[3:6])
        near = instant(TABLE_ISSUED.get(path.name, "2020-02-24") + "T12:00:00Z")
        if path.name in REFUSED_TABLES:
            with pytest.raises(Malformed, match=REFUSED_TABLES[path.name]):
                summary.cf6(path.read_bytes(), station, near)
            continue
        rows = summary.cf6(path.read_bytes(), station, near)
        assert len(rows) == TABLE_DAYS[path.name] and all(r.complete for r in rows), path.name
        assert all(r.max_f is None or r.min_f is None or r.max_f >= r.min_f for r in rows)


def test_every_recorded_summary_message_gives_its_stations_extremes() -> None:
    raw = shared("weather/samples/dsm_cf6_pyiem/DSM.txt").read_bytes()
    near = instant("2015-11-27T06:20:00Z")
    codes = re.findall(r"^(K\w{3}) DS", raw.decode(), re.M)
    assert len(codes) == 23
    for code in codes:
        (row,) = summary.dsm(raw, elsewhere(code), near)
        said = re.search(rf"^{code} DS 26/11 (\d\d)\d{{4}}/ (\d\d)", raw.decode(), re.M)
        assert said is not None and (row.max_f, row.min_f) == (int(said[1]), int(said[2]))
        assert row.complete and row.day == date(2015, 11, 26)
    missing = shared("weather/samples/dsm_cf6_pyiem/DSM_allmissing.txt").read_bytes()
    (nothing,) = summary.dsm(missing, elsewhere("KHKS"), near)
    assert (nothing.max_f, nothing.min_f, nothing.max_at) == (None, None, None)


def test_an_afternoon_report_is_final_for_nobody() -> None:
    assert climate_report.first_final(
        [climate_report.parse(body("cli_high_preliminary_in_the_afternoon.txt").decode(), "KMIA", Instant(0))[0]],
        date(2026, 8, 29),
    ) is None  # fmt: skip
