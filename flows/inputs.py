"""What the lake knows, as the pure rooms want it: markets, forecasts, observations, reports, recent errors."""

import json
from collections import defaultdict
from datetime import date, datetime
from typing import Any

import duckdb

from core.contract import Bracket, Fees, Market, PriceGrid, station_day_of
from core.fair.assemble import Inputs
from core.station_day import Variable
from core.units import DAY, HOUR, Instant, Price, from_datetime, iso
from core.weather.rows import ClimateRow, ForecastRow, ObservationRow

Key = tuple[str, str, date]  # station, variable, climate day


def _at(moment: datetime | None) -> Instant:
    assert moment is not None, "a time column that must not be empty"
    return from_datetime(moment)


def open_markets(db: duckdb.DuckDBPyConnection, now: Instant) -> dict[str, list[Market]]:
    """Markets that may trade now or within the hour, by event."""
    rows = db.execute(
        "SELECT ticker, event_ticker, series, low_f, high_f, open_at, close_at, status, taker_fee_millionths,"
        " maker_fee_millionths, price_ranges, rules FROM latest_markets"
        " WHERE close_at > $now::TIMESTAMPTZ AND open_at < $now::TIMESTAMPTZ + INTERVAL 1 HOUR AND result = ''",
        {"now": iso(now)},
    ).fetchall()
    events: dict[str, list[Market]] = defaultdict(list)
    for ticker, event, series, low, high, opens, closes, status, taker, maker, ranges, rules in rows:
        grid = PriceGrid(tuple((Price(a), Price(b), Price(c)) for a, b, c in json.loads(ranges)))
        events[event].append(
            Market(ticker, event, series, station_day_of(event), Bracket(low, high), grid, _at(opens), _at(closes),
                   status, 0, rules, Fees(taker, maker))
        )  # fmt: skip
    return events


def inputs(db: duckdb.DuckDBPyConnection, now: Instant, errors_source: str = "nws_grid") -> dict[Key, Inputs]:
    """Everything known now, by station-day."""
    found: dict[Key, Inputs] = defaultdict(Inputs)
    parameters = {"now": iso(now), "day_ago": iso(Instant(now - DAY)), "since": iso(Instant(now - 30 * HOUR))}
    for row in _rows(
        db,
        "SELECT * FROM forecasts WHERE received_at > $day_ago::TIMESTAMPTZ AND received_at <= $now::TIMESTAMPTZ"
        " QUALIFY row_number() OVER (PARTITION BY station, variable, day, source ORDER BY issued_at DESC) = 1",
        {k: parameters[k] for k in ("now", "day_ago")},
    ):
        key = (row["station"], row["variable"], row["day"])
        found[key].forecasts = [*found[key].forecasts, _forecast(row)]
    seen: dict[str, list[ObservationRow]] = defaultdict(list)
    for row in _rows(
        db,
        "SELECT DISTINCT ON (station, observed_at) * FROM observations WHERE observed_at > $since::TIMESTAMPTZ"
        " AND received_at <= $now::TIMESTAMPTZ",
        {k: parameters[k] for k in ("now", "since")},
    ):
        seen[row["station"]].append(_observation(row))
    reports: dict[tuple[str, date], list[ClimateRow]] = defaultdict(list)
    for row in _rows(
        db,
        "SELECT DISTINCT ON (product_id) * FROM climate_reports WHERE received_at <= $now::TIMESTAMPTZ"
        " AND day > ($now::TIMESTAMPTZ)::DATE - 4",
        {"now": parameters["now"]},
    ):
        reports[(row["station"], row["day"])].append(_climate(row))
    errors: dict[tuple[str, str], list[tuple[date, float]]] = defaultdict(list)
    for station, variable, day, error in db.execute(
        "SELECT station, variable, day, avg(error_f) FROM forecast_errors WHERE source = $source AND lead_days = 1"
        " AND day > ($now::TIMESTAMPTZ)::DATE - 46 AND error_f IS NOT NULL GROUP BY ALL",
        {"source": errors_source, "now": parameters["now"]},
    ).fetchall():
        errors[(station, variable)].append((day, error))
    for (station, variable, day), one in found.items():
        one.observations = seen.get(station, [])
        one.climate = reports.get((station, day), [])
        one.errors = errors.get((station, variable), [])
    return found


def _rows(db: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = db.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _forecast(row: dict[str, Any]) -> ForecastRow:
    return ForecastRow(
        station=row["station"], variable=Variable(row["variable"]), day=row["day"], source=row["source"],
        issued_at=_at(row["issued_at"]), received_at=_at(row["received_at"]), value_f=row["value_f"],
    )  # fmt: skip


def _observation(row: dict[str, Any]) -> ObservationRow:
    return ObservationRow(
        station=row["station"], observed_at=_at(row["observed_at"]), received_at=_at(row["received_at"]),
        kind=row["kind"], low_f=row["low_f"], high_f=row["high_f"], max_6h_f=row["max_6h_f"],
        min_6h_f=row["min_6h_f"], max_24h_f=row["max_24h_f"], min_24h_f=row["min_24h_f"], raw=row["raw"] or "",
    )  # fmt: skip


def _climate(row: dict[str, Any]) -> ClimateRow:
    return ClimateRow(
        station=row["station"], product=row["product"], day=row["day"], issued_at=_at(row["issued_at"]),
        received_at=_at(row["received_at"]), final=row["final"], as_of=row["as_of"], correction=row["correction"],
        max_f=row["max_f"], min_f=row["min_f"], product_id=row["product_id"],
    )  # fmt: skip
