"""Every recorded weather file goes through its parser: it gives rows, or is refused for a reason that stands here."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Malformed
from core.stations import BY_CODE
from core.units import instant
from core.weather import climate_report, nws
from tests.shared import shared

KNYC = BY_CODE["KNYC"]
NOW = instant("2026-11-24T12:00:00Z")
TEMPLATE = re.compile(rb'date:now[^"]*')  # weather.gov's own test data has instants relative to now


def numbers(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def text(body: bytes) -> list[object]:
    return [nws.product_text(body)]


def wrapped(body: bytes) -> list[object]:
    return list(nws.forecast(json.dumps(json.loads(body)["forecast_response"]).encode(), KNYC, NOW))


Parse = Callable[[bytes], object]
GRID: Parse = lambda b: nws.grid_extremes(b, KNYC, NOW)  # noqa: E731 - a table of parsers
HOURS: Parse = lambda b: nws.grid_hourly(b, KNYC, NOW)  # noqa: E731 - a table of parsers
TWELVE: Parse = lambda b: nws.forecast(b, KNYC, NOW)  # noqa: E731 - a table of parsers
HOURLY: Parse = lambda b: nws.hourly(b, KNYC, NOW)  # noqa: E731 - a table of parsers
SEEN: Parse = lambda b: nws.observations(b, KNYC, NOW)  # noqa: E731 - a table of parsers
CLI: Parse = lambda b: climate_report.parse(b.decode(), "KNYC", NOW)  # noqa: E731 - a table of parsers

# file (a regular expression over "folder/name") -> (parser, rows it gives)
PARSED: list[tuple[str, Parse, int]] = [
    (r"nws_pynws/detailed_forecast", GRID, 16), (r"nws_pynws/detailed_forecast", HOURS, 182),
    (r"nws_pynws/gridpoints_forecast_hourly_(us|si)", HOURLY, 2), (r"nws_pynws/gridpoints_forecast_(us|si)", TWELVE, 2),
    (r"nws_pynws/gridpoints_forecast_relative_icon_us", TWELVE, 2),
    (r"nws_pynws/gridpoints_forecast_strings_us", TWELVE, 1),  # its second period has no temperature
    (r"nws_pynws/gridpoints_forecast_(hourly_)?empty_us", TWELVE, 0),
    (r"nws_pynws/points", lambda b: [nws.grid_of(b)], 1),
    (r"nws_pynws/stations_observations(_alternate_units|_latest|_metar|_other_unitcode|_relative_icon|_strings)?\.json",
     SEEN, 1),
    (r"nws_pynws/stations_observations_multiple", SEEN, 2),
    (r"nws_pynws/stations_observations_(empty|missing_value|noprop|metar_noparse)", SEEN, 0),  # no time or no number
    (r"nws_tMer234/griddata_nyc_trimmed", GRID, 8), (r"nws_tMer234/points_nyc", lambda b: [nws.grid_of(b)], 1),
    (r"nws_weathergov_official/observations_K(DAL|BKF|OAK)", SEEN, 1),
    (r"nws_weathergov_official/points_", lambda b: [nws.grid_of(b)], 1),
    (r"nws_weathergov_official/product_(AFD_full|error_or_small)", text, 1),
    (r"nws_weathergov_official/products_types_AFD", nws.product_list, 73),
    (r"nws_tankthesigma/nws_(nyc|denver|miami)", wrapped, 14),
    (r"nws_aclarkson/nws_forecast_nyc", TWELVE, 5), (r"nws_aclarkson/nws_points", lambda b: [nws.grid_of(b)], 1),
    (r"iem/text_clinyc", CLI, 1),
    (r"nws_pynws/(alerts_active_zone|gridpoints_stations)", SEEN, 0),  # features of other kinds: none has a time
    (r"nws_weathergov_official/stations_", SEEN, 0),
]  # fmt: skip
# file -> (parser that must refuse it, its words)
REFUSED: list[tuple[str, Parse, str]] = [
    (r"openmeteo/nyc_bad_capture_html", GRID, "not JSON"),  # a gateway's page saved as JSON
    (r"openmeteo/nyc_14d_hourly", GRID, "properties"),  # another service, which we do not ask
    (r"nws_weathergov_official/(forecast|gridpoint)_", GRID, "updateTime|validTime"),  # templates; see below
    (r"nws_tankthesigma/(ncei|power)_", GRID, "JSON object|properties"),  # other services' daily values
    (r"nws_aclarkson/(kalshi_|openmeteo_|station_configs|nws_cli)", SEEN, "properties"),  # made up, other shapes
    (r"nws_forecast_archive_basicbill/", TWELVE, "properties"),  # an archive's own shape
    (r"iem/list_clinyc", nws.product_list, "@graph"),  # the text archive's list, which we do not ask for
]
# these are read in tests of their own: every climate report, guidance bulletin, summary and month's table
ELSEWHERE = re.compile(r"^(cli_pyiem|cli_tMer234|mos_nbm_pyiem|dsm_cf6_pyiem|kalshi_\w+)/")
NO_DATA = re.compile(r"(__init__\.py|README\.md|cli_index\.csv|meta\.json)$")


def recorded() -> list[tuple[str, Path]]:
    root = shared("weather/samples")
    names = [(str(p.relative_to(root)), p) for p in sorted(root.rglob("*")) if p.is_file()]
    return [(n, p) for n, p in names if not ELSEWHERE.match(n) and not NO_DATA.search(n)]


def body(name: str, path: Path) -> bytes:
    raw = path.read_bytes()
    return TEMPLATE.sub(b"2026-11-24T11:00:00Z", raw) if "observations_K" in name else raw


def test_every_recorded_file_gives_its_rows_or_is_refused_for_its_reason() -> None:
    told: set[str] = set()
    for name, path in recorded():
        for pattern, parse, count in PARSED:
            if re.match(pattern, name):
                rows = numbers(parse(body(name, path)))
                # of twelve-hour periods two may tell of one day: the one that is left of a day and the day's own
                assert len(rows) == count or (parse is wrapped and len(rows) >= 13), (name, len(rows))
                told.add(name)
        for pattern, parse, why in REFUSED:
            if re.match(pattern, name):
                with pytest.raises(Malformed, match=why):
                    parse(body(name, path))
                told.add(name)
    assert [name for name, _ in recorded() if name not in told] == [], "every file is spoken of"


def test_each_reason_is_about_some_file() -> None:
    names = [name for name, _ in recorded()]
    idle = [p for p, *_ in (*PARSED, *REFUSED) if not any(re.match(p, n) for n in names)]
    assert idle == []


def test_a_report_without_a_time_is_no_report_and_spoils_no_other() -> None:
    row = {
        "timestamp": "2026-11-24T11:53:00+00:00",
        "rawMessage": "",
        "temperature": {"unitCode": "wmoUnit:degC", "value": 9},
    }
    features = [{"properties": row | {"timestamp": None}}, {"properties": row}]
    (found,) = nws.observations(json.dumps({"features": features}).encode(), KNYC, NOW)
    assert found.low_f is not None and round(found.low_f, 1) == 47.3
