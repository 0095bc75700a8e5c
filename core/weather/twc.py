"""The Weather Company's portal for the exchange (weather.com/kalshi), JSON to rows. Pure and strict: only Malformed.

`/climate/primary?date=D` relays the climate report of each station; since the events of 2026-08-14 it is what the
exchange settles by. Field names as three independent clients read them; what else may come is not guessed at.
"""

from datetime import date
from typing import Any

from core.errors import Malformed
from core.stations import Station
from core.units import Instant, instant
from core.weather import nws
from core.weather.rows import PortalRow

_NOTHING_YET = ("no_report", "pending")
_REPORTS = ("preliminary", "official", "revised")
_COLDEST, _HOTTEST = -80, 140


def daily(body: bytes, station: Station, received_at: Instant) -> list[PortalRow]:
    """The station's report in one day's answer: one row, or none while there is no report.

    Raises: Malformed when the station is not in it, its climate product is another than the exchange's rules name, or
    a status, a number or a time is not what it must be.
    """
    found = nws.load(body)
    day = _day(found.get("date"))
    results = found.get("results")
    if not isinstance(results, list):
        raise Malformed("portal.results", results, "expected a list")
    mine = [r for r in results if isinstance(r, dict) and _of(r).get("icao") == station.code]
    if len(mine) != 1:
        raise Malformed("portal.results", len(mine), f"expected {station.code} once")
    result = mine[0]
    product = _of(result).get("cliId")
    if not isinstance(product, str) or product.upper().removeprefix("CLI") != station.site:
        raise Malformed("portal.station.cliId", product, f"expected {station.climate_product}, as the rules name it")
    status = result.get("status")
    if status in _NOTHING_YET:
        return []
    if status not in _REPORTS:
        raise Malformed("portal.status", status, f"expected one of {', '.join((*_NOTHING_YET, *_REPORTS))}")
    data = result.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("isOfficial"), bool):
        raise Malformed("portal.data", data, "expected an object with isOfficial")
    official = bool(data["isOfficial"])
    if official != (status != "preliminary"):
        raise Malformed("portal.data.isOfficial", official, f"contradicts its status {status}")
    high, low = _degrees(data, "maxTemp"), _degrees(data, "minTemp")
    if high is not None and low is not None and high < low:
        raise Malformed("portal.data", (high, low), "a maximum below its minimum")
    return [
        PortalRow(station=station.code, day=day, status=str(status), official=official, max_f=high, min_f=low,
                  issued_at=instant(data.get("issueTime", ""), "portal.data.issueTime"), received_at=received_at)
    ]  # fmt: skip


def _of(result: dict[str, Any]) -> dict[str, Any]:
    station = result.get("station")
    return station if isinstance(station, dict) else {}


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Malformed("portal.date", value, "expected YYYY-MM-DD") from error


def _degrees(data: dict[str, Any], key: str) -> int | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value != int(value):
        raise Malformed(f"portal.data.{key}", value, "expected a whole number")
    if not _COLDEST <= value <= _HOTTEST:
        raise Malformed(f"portal.data.{key}", value, "not a temperature of this planet")
    return int(value)
