"""Every recorded bulletin and payload goes through our parsers; what cannot be parsed is refused with a reason."""

import csv
import json
import re

import pytest

from core.errors import Malformed
from core.station_day import Variable
from core.stations import BY_CODE
from core.units import Instant, instant
from core.weather import climate_report, nws
from tests.shared import shared

REFUSED_BULLETINS = {"cli_pyiem/CLIPPG4.txt": 'no "CLIMATE SUMMARY FOR" line'}
NORMALS_ONLY = {"cli_pyiem/CLIFMY.txt", "cli_pyiem/CLIICT.txt", "cli_pyiem/CLISAD.txt"}
# read here as if of New York: Samoa's day ends later, and one heading is of a day weeks after the one it reports
BEFORE_ITS_DAY_ENDED = {"cli_pyiem/CLIEWN.txt", *(f"cli_pyiem/CLIPPG{n}.txt" for n in ("", "2", "3"))}
KNYC = BY_CODE["KNYC"]


def test_every_recorded_climate_report_gives_its_maximum_and_minimum_or_a_named_refusal() -> None:
    folder = shared("weather/samples")
    rows = list(csv.DictReader((folder / "cli_index.csv").open()))
    assert len(rows) >= 60
    for row in rows:
        text = (folder / row["file"]).read_text(errors="replace")
        if row["file"] in REFUSED_BULLETINS:
            with pytest.raises(Malformed, match=re.escape(REFUSED_BULLETINS[row["file"]])):
                climate_report.summaries(text, "KNYC", Instant(0))
            continue
        found = climate_report.summaries(text, "KNYC", Instant(0))
        expected = [re.search(r"-?\d+", row[k].split("(F)")[-1]) for k in ("max_line", "min_line")]
        high, low = (int(e.group()) if e else None for e in expected)
        if row["file"] in NORMALS_ONLY:
            high = None  # the only MAXIMUM in these is tomorrow's climate normal
        assert (found[0].max_f, len(found)) == (high, int(row["summaries"])), row["file"]
        if row["file"] not in NORMALS_ONLY:
            assert found[0].min_f == low, row["file"]
        assert (found[0].as_of != "") == (row["valid_as_of"] != ""), row["file"]
        assert found[0].final == (not row["valid_as_of"] and row["file"] not in BEFORE_ITS_DAY_ENDED), row["file"]


def test_a_normal_for_tomorrow_is_not_a_maximum_of_today() -> None:
    text = shared("weather/samples/cli_pyiem/CLIFMY.txt").read_text()
    assert climate_report.summaries(text, "KFMY", Instant(0))[0].max_f is None


def test_houston_settles_on_hobby_not_on_intercontinental_in_the_same_bulletin() -> None:
    text = shared("weather/samples/cli_pyiem/CLIHOU.txt").read_text()
    both = climate_report.summaries(text, "KHOU", Instant(0))
    assert [(r.place, r.max_f, r.min_f) for r in both] == [
        ("HOUSTON INTERCONTINENTAL", 80, 61), ("HOUSTON/HOBBY AIRPORT", 79, 62),
    ]  # fmt: skip
    assert [r.max_f for r in climate_report.parse(text, "KHOU", Instant(0))] == [79]


def test_a_bulletin_of_another_place_or_of_several_is_nobodys() -> None:
    houston = shared("weather/samples/cli_pyiem/CLIHOU.txt").read_text().replace("HOBBY", "GALVESTON")
    with pytest.raises(Malformed, match="no summary that is surely of KHOU"):
        climate_report.parse(houston, "KHOU", Instant(0))
    several = shared("weather/samples/cli_pyiem/CLIANC.txt").read_text()
    with pytest.raises(Malformed, match="surely of KANC"):
        climate_report.parse(several, "KANC", Instant(0))


def test_the_first_final_wins_and_its_issuance_is_the_wmo_header() -> None:
    text = shared("weather/samples/cli_tMer234/nyc_final.txt").read_text()
    row = climate_report.parse(text, "KNYC", Instant(0))[0]
    assert (row.product, row.max_f, row.min_f, row.issued_at) == ("CLINYC", 85, 64, instant("2026-07-09T06:26:00Z"))


PARSERS = {
    "forecast_hourly": nws.hourly, "gridpoints_forecast_hourly": nws.hourly, "hourly": nws.hourly,
    "forecast": nws.forecast, "gridpoints_forecast": nws.forecast,
    "stations_observations": nws.observations, "observations": nws.observations,
    "gridpoint": nws.grid_extremes, "detailed_forecast": nws.grid_extremes, "griddata": nws.grid_extremes,
}  # fmt: skip


def test_every_recorded_nws_payload_gives_rows_or_is_malformed_by_name() -> None:
    folder = shared("weather/samples")
    parsed, refused = [], {}
    for name in ("nws_weathergov_official", "nws_pynws", "nws_tMer234"):
        for path in sorted((folder / name).glob("*.json")):
            stem = path.stem
            kind = max((k for k in PARSERS if stem.startswith(k)), key=len, default=None)
            if kind is None:
                continue
            try:
                rows = PARSERS[kind](path.read_bytes(), KNYC, Instant(0))
            except Malformed as error:
                refused[stem] = str(error)
            else:
                parsed.append((stem, len(rows)))
    assert len(parsed) >= 10, refused
    assert all("date:now" in why or "updateTime" in why or "time" in why.lower() or "timestamp" in why
               or "properties" in why or "unitCode" in why or "feature" in why or "recogni" in why
               for why in refused.values()), refused  # fmt: skip


def test_html_saved_as_json_is_malformed() -> None:
    with pytest.raises(Malformed):
        nws.observations(b"<html><body>504 Gateway Time-out</body></html>", KNYC, Instant(0))


def test_the_recorded_new_york_grid_holds_whole_degrees() -> None:
    body = shared("weather/samples/nws_tMer234/griddata_nyc_trimmed.json").read_bytes()
    rows = nws.grid_extremes(body, KNYC, Instant(0))
    assert {row.variable for row in rows} >= {Variable.HIGH}
    assert all(row.value_f == round(row.value_f) and 40 < row.value_f < 110 for row in rows)


def test_captured_forecasts_of_three_cities_parse() -> None:
    for city, code in (("nyc", "KNYC"), ("denver", "KDEN"), ("miami", "KMIA")):
        raw = json.loads(shared(f"weather/samples/nws_tankthesigma/nws_{city}_2026-05-21.json").read_text())
        rows = nws.forecast(json.dumps(raw["forecast_response"]).encode(), BY_CODE[code], Instant(0))
        assert {row.variable for row in rows} == {Variable.HIGH, Variable.LOW}
