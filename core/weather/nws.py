"""api.weather.gov JSON to rows: points, gridpoint layers, 12-hour and hourly forecasts, observations, product lists.

Pure; raises only Malformed. Gridpoints are always metric and carry whole F stored as C. A vintage is `updateTime`:
`generatedAt` changes with every rendering (FACTS §2). An odd element (99.9 C, kelvin, no time zone) is left out and
named in `odd`; Malformed is what is no such document, or has nothing but odd elements.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import msgspec

from core.errors import Malformed
from core.station_day import StationDay, Variable, climate_day
from core.stations import Station
from core.units import DAY, HOUR, SECOND, Instant, instant, to_datetime
from core.weather import metar
from core.weather.rows import ForecastRow, HourlyRow, ObservationRow

_DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_COLDEST, _HOTTEST = -90.0, 140.0  # degrees F
_FAILED = ("X", "B", "Q")  # MADIS: failed its checks, called bad by a person, questioned
_LEAST_HOURS = 20


class Rows[R](list[R]):
    """Rows, and in words what was left out of them."""

    def __init__(self, rows: Iterable[R] = (), odd: Iterable[str] = ()) -> None:
        super().__init__(rows)
        self.odd = list(odd)


def _each[E, R](elements: Iterable[E], read: Callable[[E], R | None]) -> Rows[R]:
    """Element by element; None is nothing to tell. Raises: Malformed when some are odd and none is good."""
    rows = Rows[R]()
    first: Malformed | None = None
    for element in elements:
        try:
            row = read(element)
        except Malformed as error:
            rows.odd.append(str(error))
            first = first or error
        else:
            if row is not None:
                rows.append(row)
    if first is not None and not rows:
        raise first
    return rows


def load(body: bytes) -> dict[str, Any]:
    """A JSON object, or Malformed: HTML, a list, a truncated body."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("body", body[:40], "not JSON") from error
    if not isinstance(found, dict):
        raise Malformed("body", body[:40], "not a JSON object")
    return found


def properties(body: bytes) -> dict[str, Any]:
    """The `properties` of a feature."""
    found = load(body).get("properties")
    if not isinstance(found, dict):
        raise Malformed("properties", found, "expected an object")
    return found


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise Malformed(key, value, "expected text")
    return value


def grid_of(body: bytes) -> tuple[str, int, int]:
    """/points/{lat},{lon} -> (office, x, y)."""
    found = properties(body)
    x, y = found.get("gridX"), found.get("gridY")
    if isinstance(x, bool) or isinstance(y, bool) or not isinstance(x, int) or not isinstance(y, int):
        raise Malformed("gridX", (x, y), "expected whole numbers")
    return _text(found, "gridId"), x, y


def updated_at(body: bytes) -> Instant:
    """The vintage of a gridpoint or forecast answer."""
    return instant(_text(properties(body), "updateTime"), "updateTime")


def _window(valid: object) -> tuple[Instant, Instant]:
    """`2026-07-10T12:00:00+00:00/PT13H` -> (start, end)."""
    if not isinstance(valid, str):
        raise Malformed("validTime", valid, "expected text")
    start_text, _, length = valid.partition("/")
    found = _DURATION.match(length)
    if found is None or not any(found.groups()):
        raise Malformed("validTime", valid, "expected start/duration")
    days, hours, minutes, seconds = (min(int(g), 10_000) if g else 0 for g in found.groups())
    start = instant(start_text, "validTime")
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return start, Instant(start + int(span.total_seconds()) * SECOND)


def _fahrenheit(value: object, unit: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError as error:
            raise Malformed("value", value, "expected a number") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed("value", value, "expected a number")
    if not -1000 <= value <= 1000:  # before it is converted: an integer may be too long for a float
        raise Malformed("value", str(value)[:40], "not a temperature of this planet")
    degrees = metar.fahrenheit(value) if unit.endswith("degC") or unit == "C" else float(value)
    if unit not in ("wmoUnit:degC", "wmoUnit:degF", "unit:degC", "unit:degF", "degC", "degF", "C", "F"):
        raise Malformed("unitCode", unit, "not a temperature")
    if not _COLDEST <= degrees <= _HOTTEST:
        raise Malformed("value", value, "not a temperature of this planet")
    return degrees


def _layer(found: dict[str, Any], name: str) -> Rows[tuple[Instant, Instant, float]]:
    layer = found.get(name)
    if not isinstance(layer, dict) or not isinstance(layer.get("values"), list):
        raise Malformed(name, layer, "expected a layer with values")
    unit = layer.get("uom", "wmoUnit:degC")

    def window(entry: object) -> tuple[Instant, Instant, float] | None:
        if not isinstance(entry, dict):
            raise Malformed(name, entry, "expected an object")
        value = _fahrenheit(entry.get("value"), unit if isinstance(unit, str) else "")
        return None if value is None else (*_window(entry.get("validTime")), value)

    return _each(layer["values"], window)


def grid_extremes(body: bytes, station: Station, received_at: Instant) -> Rows[ForecastRow]:
    """maxTemperature and minTemperature of a gridpoint -> one row a climate day and variable, whole F.

    A window belongs to the climate day in which its middle lies (maxima) or its end (minima: the night ends in the
    morning of the day whose low it is). A layer that is missing or odd leaves the other as it is.
    """
    found = properties(body)
    issued = instant(_text(found, "updateTime"), "updateTime")
    layers = _each(
        ((Variable.HIGH, "maxTemperature"), (Variable.LOW, "minTemperature")),
        lambda layer: (layer[0], _layer(found, layer[1])),
    )
    rows: dict[tuple[Variable, Any], ForecastRow] = {}
    for variable, windows in layers:
        for start, end, value in windows:
            for day in _days(variable, station, start, end):
                rows.setdefault((variable, day), ForecastRow(
                    station=station.code, variable=variable, day=day, source="nws_grid", issued_at=issued,
                    received_at=received_at, value_f=float(round(value)),
                ))  # fmt: skip
    return Rows(rows.values(), [*layers.odd, *(words for _, windows in layers for words in windows.odd)])


def _days(variable: Variable, station: Station, start: Instant, end: Instant) -> list[date]:
    """The climate days of a window: one; where equal days are merged each whose afternoon (lows: morning) it holds."""
    if end - start <= DAY:
        anchor = Instant((start + end) // 2) if variable is Variable.HIGH else Instant(end - 2 * HOUR)
        return [climate_day(station, anchor)]
    into = (14 if variable is Variable.HIGH else 6) * HOUR
    first = climate_day(station, start)
    found = (StationDay(station, variable, first + timedelta(days=k)) for k in range((end - start) // DAY + 2))
    return [d.day for d in found if start <= d.start + into < end]


def grid_hourly(body: bytes, station: Station, received_at: Instant) -> Rows[HourlyRow]:
    """The gridpoint's temperature layer, one row an hour (equal hours come merged)."""
    found = properties(body)
    issued = instant(_text(found, "updateTime"), "updateTime")
    windows = _layer(found, "temperature")
    rows = Rows[HourlyRow](odd=windows.odd)
    for start, end, value in windows:
        at = start
        while at < end and len(rows) < 400:
            rows.append(
                HourlyRow(station=station.code, source="nws_grid_hourly", issued_at=issued, received_at=received_at,
                          valid_at=Instant(at), value_f=round(value, 3))  # whole F stored as C come back as they were
            )  # fmt: skip
            at = Instant(at + HOUR)
    return rows


def _periods(body: bytes) -> tuple[Instant, list[object]]:
    found = properties(body)
    periods = found.get("periods")
    if not isinstance(periods, list):
        raise Malformed("periods", periods, "expected a list of objects")
    return instant(_text(found, "updateTime"), "updateTime"), periods


def _period(period: object) -> tuple[dict[str, Any], float] | None:
    if not isinstance(period, dict):
        raise Malformed("periods", period, "expected an object")
    value = _period_temperature(period)
    return None if value is None else (period, value)


def _period_temperature(period: dict[str, Any]) -> float | None:
    value = period.get("temperature")
    if isinstance(value, dict):  # a QuantitativeValue
        return _fahrenheit(value.get("value"), str(value.get("unitCode")))
    return _fahrenheit(value, str(period.get("temperatureUnit", "F")))


def forecast(body: bytes, station: Station, received_at: Instant) -> Rows[ForecastRow]:
    """The 12-hour forecast: daytime periods are highs, nights are the next morning's lows."""
    issued, periods = _periods(body)

    def extreme(element: object) -> ForecastRow | None:
        found = _period(element)
        if found is None:
            return None
        period, value = found
        start, end = instant(_text(period, "startTime")), instant(_text(period, "endTime"))
        if period.get("isDaytime") is True:
            variable, anchor = Variable.HIGH, Instant((start + end) // 2)
        else:
            variable, anchor = Variable.LOW, Instant(end - HOUR)
        return ForecastRow(
            station=station.code, variable=variable, day=climate_day(station, anchor), source="nws_forecast",
            issued_at=issued, received_at=received_at, value_f=value,
        )  # fmt: skip

    found = _each(periods, extreme)
    first: dict[tuple[Variable, Any], ForecastRow] = {}
    for row in found:
        first.setdefault((row.variable, row.day), row)
    return Rows(first.values(), found.odd)


def hourly(body: bytes, station: Station, received_at: Instant) -> Rows[HourlyRow]:
    """The hourly forecast."""
    issued, periods = _periods(body)

    def hour(element: object) -> HourlyRow | None:
        found = _period(element)
        if found is None:
            return None
        period, value = found
        return HourlyRow(
            station=station.code, source="nws_hourly", issued_at=issued, received_at=received_at,
            valid_at=instant(_text(period, "startTime")), value_f=value,
        )  # fmt: skip

    return _each(periods, hour)


def hourly_extremes(rows: list[HourlyRow], day: StationDay) -> tuple[float, float] | None:
    """(max, min) of hourly rows over the climate day, or None unless they cover most of it (>= 20 hours) without a gap:
    in a gap the extreme may hide."""
    inside = {row.valid_at: row.value_f for row in rows if day.start <= row.valid_at < day.end}
    if len(inside) < _LEAST_HOURS or any(b - a > HOUR for a, b in itertools.pairwise(sorted(inside))):
        return None
    return max(inside.values()), min(inside.values())


def observations(body: bytes, station: Station, received_at: Instant) -> Rows[ObservationRow]:
    """/stations/{id}/observations (a collection) or /latest (one feature) -> rows, oldest first; nulls are skipped."""
    found = load(body)
    features = found.get("features") if "features" in found else [found]
    if not isinstance(features, list):
        raise Malformed("features", features, "expected a list")
    rows = _each(features, lambda feature: _observation(feature, station, received_at))
    return Rows(sorted(rows, key=lambda row: row.observed_at), rows.odd)


def _observation(feature: object, station: Station, received_at: Instant) -> ObservationRow | None:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise Malformed("feature", feature, "expected an object with properties")
    found = feature["properties"]
    if found.get("timestamp") is None:
        return None  # no time, no observation
    observed = instant(_text(found, "timestamp"), "timestamp")
    raw = found.get("rawMessage") or ""
    if not isinstance(raw, str):
        raise Malformed("rawMessage", raw, "expected text")
    says = metar.groups(raw) if raw else metar.Groups()
    if says.contradicts:
        raise Malformed("rawMessage", raw, "its T-group is not the temperature of its body")
    low = high = None
    if says.exact and says.temperature_c is not None:
        exact = metar.fahrenheit(says.temperature_c)
        low, high = exact - 0.09, exact + 0.09
    else:
        quantity = found.get("temperature")
        value = None
        if isinstance(quantity, dict) and quantity.get("qualityControl") not in _FAILED:
            value = _fahrenheit(quantity.get("value"), str(quantity.get("unitCode", "wmoUnit:degC")))
        if value is None and says.temperature_c is not None:
            value = metar.fahrenheit(says.temperature_c)
        if value is not None:
            low, high = value - 0.9, value + 0.9  # a whole degree C is 1.8 F wide
    if low is None and says.max_6h_c is None and says.min_6h_c is None and says.max_24h_c is None:
        return None
    return ObservationRow(
        station=station.code, observed_at=observed, received_at=received_at,
        kind=("metar" if to_datetime(observed).minute >= 45 else "speci") if raw else "five_minute",
        low_f=low, high_f=high, max_6h_f=metar.whole_fahrenheit(says.max_6h_c),
        min_6h_f=metar.whole_fahrenheit(says.min_6h_c), max_24h_f=metar.whole_fahrenheit(says.max_24h_c),
        min_24h_f=metar.whole_fahrenheit(says.min_24h_c), raw=raw,
    )  # fmt: skip


def product_list(body: bytes) -> Rows[tuple[str, Instant]]:
    """/products/types/CLI/locations/{site} -> (product id, issuance), as listed (newest first)."""
    graph = load(body).get("@graph")
    if not isinstance(graph, list):
        raise Malformed("@graph", graph, "expected a list")

    def product(entry: object) -> tuple[str, Instant]:
        if not isinstance(entry, dict):
            raise Malformed("@graph", entry, "expected objects")
        return _text(entry, "id"), instant(_text(entry, "issuanceTime"), "issuanceTime")

    return _each(graph, product)


def product_text(body: bytes) -> str:
    """/products/{id} -> its text."""
    return _text(load(body), "productText")
