"""Recorded answers of api.weather.gov for the embedded weather to give again, as if they were of today. Pure.

Everything of the payload stays as it came (nulls, cut windows, units, unknown fields); only instants move, by the whole
days that bring its `updateTime` within the last day (itself it becomes the last issue time), and temperatures by what
brings them to the embedded weather's level, so that forecast, observations and settlement tell one story. Recordings
whose instants are templates (as weather.gov's own test data has them: `date:now -3600 seconds`, `date:now:hour 9
hours`) get instants: those that put mornings back to 06 (periods) or 07 (the window of a maximum) local standard time.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec

from core.errors import Malformed
from core.station_day import StationDay, Variable, climate_day
from core.stations import BY_CODE, Station
from core.units import DAY, HOUR, SECOND, Instant, instant, iso, to_datetime
from core.weather.world import World, issue_time

KINDS = ("gridpoint", "forecast", "hourly")
_TEMPLATE = re.compile(r"da(?:te|y):now(:hour)?(?: ([+-]?) ?(\d+) (second|hour)s?)?")
_UNIT = {"second": SECOND, "hour": HOUR}
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?")
_EXTREMES = {"maxTemperature": Variable.HIGH, "minTemperature": Variable.LOW}


def load(body: bytes, name: str) -> dict[str, Any]:
    """One payload. Raises: Malformed when it is not an object with `properties`."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Malformed(name, body[:60], f"not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("properties"), dict):
        raise Malformed(name, body[:60], "expected an object with properties")
    return found


def station_and_kind(name: str) -> tuple[Station, str]:
    """`KDFW/gridpoint.json` -> (station, kind). Raises: Malformed."""
    code, _, rest = name.partition("/")
    kind = rest.removesuffix(".json")
    if code not in BY_CODE or kind not in KINDS:
        raise Malformed("payload", name, f"expected STATION/KIND.json, KIND one of {', '.join(KINDS)}")
    return BY_CODE[code], kind


def again(payload: dict[str, Any], kind: str, station: Station, world: World, now: Instant) -> dict[str, Any]:
    """The payload as of `now` at the level of `world`."""
    reference = _reference(payload["properties"], kind, station, now)
    told = _walk(payload, lambda text: _TEMPLATE.sub(lambda found: _at(found, reference), text).replace("Z / P", "Z/P"))
    updated = instant(str(told["properties"].get("updateTime")), "updateTime")
    days = (now - updated) // DAY
    moved: dict[str, Any] = _walk(told, lambda text: _STAMP.sub(lambda found: _shift(found[0], days), text))
    issued = issue_time(now)  # as if told again since: a forecast of yesterday evening is not one of this morning
    moved["properties"]["updateTime"] = iso(issued).replace("Z", "+00:00")
    if kind == "gridpoint":
        _level_grid(moved["properties"], station, world, issued, now)
    else:
        _level_periods(moved["properties"].get("periods") or [], station, world, issued, now)
    return moved


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(one, change) for one in value]
    return {key: _walk(one, change) for key, one in value.items()} if isinstance(value, dict) else value


def _at(found: re.Match[str], reference: Instant) -> str:
    base = reference // HOUR * HOUR if found[1] else reference // SECOND * SECOND
    distance = int(found[3] or 0) * _UNIT[found[4] or "second"] * (-1 if found[2] == "-" else 1)
    return iso(Instant(base + distance))


def _reference(properties: dict[str, Any], kind: str, station: Station, now: Instant) -> Instant:
    """The last instant at or before `now` that, put in for a template's "now", makes its days begin in the morning."""
    if kind == "gridpoint":
        windows = [str(v.get("validTime")) for v in (properties.get("maxTemperature") or {}).get("values") or []]
        mornings = [(text, 7) for text in windows if text.endswith("PT13H")]
    else:
        periods = properties.get("periods") or []
        mornings = [
            (str(after.get("startTime")), 6) for before, after in pairwise(periods)
            if after.get("isDaytime") and not before.get("isDaytime")
        ]  # fmt: skip
    found = _TEMPLATE.match(mornings[0][0]) if mornings else None
    if found is None or not found[4]:
        return now
    ahead = int(found[3]) * _UNIT[found[4]] * (-1 if found[2] == "-" else 1)
    wanted = (mornings[0][1] - station.standard_offset_hours) * HOUR - ahead  # of some day, for the reference
    return Instant(now - (now - wanted) % DAY)


def _shift(stamp: str, days: int) -> str:
    return (to_datetime(instant(stamp[:10] + "T00:00:00Z")) + timedelta(days=days)).strftime("%Y-%m-%d") + stamp[10:]


def _target(station: Station, variable: Variable, start: Instant) -> StationDay:
    """The climate day whose extreme a window beginning at `start` tells: a night's low is the coming morning's."""
    late = 6 * HOUR if variable is Variable.LOW else 0
    return StationDay(station, variable, climate_day(station, Instant(start + late)))


def _level_grid(properties: dict[str, Any], station: Station, world: World, issued: Instant, now: Instant) -> None:
    moved_by: dict[Variable, float] = {}
    for layer, variable in _EXTREMES.items():
        values = (properties.get(layer) or {}).get("values") or []
        whole = [v for v in values if v.get("value") is not None and _ahead(v["validTime"], now)]
        if not whole:
            continue
        day = _target(station, variable, instant(whole[0]["validTime"].split("/")[0]))
        wanted = (world.forecast(station, variable, day.day, issued) - 32) * 5 / 9
        moved_by[variable] = wanted - whole[0]["value"]
        for one in values:
            if one.get("value") is not None:
                one["value"] += moved_by[variable]
    for one in (properties.get("temperature") or {}).get("values") or []:
        if one.get("value") is not None and moved_by:
            one["value"] += sum(moved_by.values()) / len(moved_by)


def _ahead(valid: str, now: Instant) -> bool:
    """Is this a whole window (not one cut by the issuance) that still begins after `now`?"""
    start, _, length = valid.partition("/")
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(\d+)H)?", length)
    hours = int(found[1] or 0) * 24 + int(found[2] or 0) if found else 0
    return hours >= 11 and instant(start) >= now


def _level_periods(
    periods: list[dict[str, Any]], station: Station, world: World, issued: Instant, now: Instant
) -> None:
    moved_by: dict[bool, int] = {}
    for daytime in (True, False):
        variable = Variable.HIGH if daytime else Variable.LOW
        mine = [p for p in periods if bool(p.get("isDaytime")) is daytime and instant(p["startTime"]) >= now]
        values = [p["temperature"] for p in mine if isinstance(p.get("temperature"), int | float)]
        if not values:
            continue
        day = _target(station, variable, instant(mine[0]["startTime"]))
        same = [p["temperature"] for p in mine if _target(station, variable, instant(p["startTime"])) == day]
        extreme = max(same) if daytime else min(same)
        moved_by[daytime] = round(world.forecast(station, variable, day.day, issued) - extreme)
    for period in periods:
        if isinstance(period.get("temperature"), int | float):
            period["temperature"] += moved_by.get(bool(period.get("isDaytime")), 0)
