"""What the lake knows, as the pure rooms want it: open markets, and the weather rows received so far."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from core.contract import Bracket, Fees, Market, PriceGrid, station_day_of
from core.fair import opinion
from core.fair.live import Known
from core.fair.opinion import Opinion
from core.fair.promise import SOURCES
from core.station_day import Variable
from core.units import Instant, Price, from_datetime, iso
from core.weather.rows import ClimateRow, ForecastRow, HourlyRow, ObservationRow, PortalRow, QuantileRow, SummaryRow

_FORECAST = "station, variable, day, source, issued_at, received_at, value_f"
# the newest number now, and the newest a good half, one and a half and two and a half days ago: what trends are made of
_FORECASTS = f"""
SELECT DISTINCT {_FORECAST} FROM (
    SELECT f.*, back FROM forecasts f, (VALUES (0), (10), (34), (58)) AS ago(back)
    WHERE received_at <= $now::TIMESTAMPTZ
      AND day BETWEEN ($now::TIMESTAMPTZ)::DATE - 2 AND ($now::TIMESTAMPTZ)::DATE + 8
      AND issued_at <= $now::TIMESTAMPTZ - to_hours(back) AND issued_at > $now::TIMESTAMPTZ - to_hours(back + 28)
    QUALIFY row_number() OVER (PARTITION BY station, variable, day, source, back ORDER BY issued_at DESC) = 1)
"""
_PERCENTILES = """
SELECT station, variable, day, source, issued_at, received_at, forecast_hour, mean_f, sd_f, p10_f, p25_f, p50_f, p75_f,
  p90_f
FROM percentiles WHERE received_at <= $now::TIMESTAMPTZ AND issued_at > $now::TIMESTAMPTZ - INTERVAL 1 DAY
  AND p10_f IS NOT NULL AND p50_f IS NOT NULL AND p90_f IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY station, variable, day, source ORDER BY issued_at DESC) = 1
"""
# of each source the newest vintage's hours that are left of the climate days under way
_HOURLY = """
SELECT station, source, issued_at, received_at, valid_at, value_f FROM hourly_forecasts
WHERE received_at <= $now::TIMESTAMPTZ AND issued_at > $now::TIMESTAMPTZ - INTERVAL 6 HOUR
  AND valid_at >= $now::TIMESTAMPTZ AND valid_at < $now::TIMESTAMPTZ + INTERVAL 24 HOUR
  AND source IN (SELECT unnest($sources))
QUALIFY rank() OVER (PARTITION BY station, source ORDER BY issued_at DESC) = 1
"""
_SUMMARIES = """
SELECT * FROM daily_summaries WHERE received_at <= $now::TIMESTAMPTZ AND day > ($now::TIMESTAMPTZ)::DATE - 3
"""
_PORTAL = """
SELECT * FROM portal_reports WHERE received_at <= $now::TIMESTAMPTZ AND day > ($now::TIMESTAMPTZ)::DATE - 3
"""
# of a report and its correction (COR) what was received last; of two that came at once the correction
NEWEST_FIRST = "received_at DESC, raw LIKE '% COR %' DESC, raw DESC, low_f DESC, high_f DESC"
_OBSERVATIONS = f"""
SELECT DISTINCT ON (station, observed_at, kind) * FROM observations
WHERE observed_at > $now::TIMESTAMPTZ - INTERVAL 30 HOUR AND received_at <= $now::TIMESTAMPTZ
ORDER BY station, observed_at, kind, {NEWEST_FIRST}
"""
# one product may tell of two days; read twice, it was known from the first time on
ONCE = "DISTINCT ON (station, day, product_id)"
FIRST_READ = "ORDER BY station, day, product_id, received_at, issued_at"
_REPORTS = f"""
SELECT {ONCE} * FROM climate_reports
WHERE received_at <= $now::TIMESTAMPTZ AND day > ($now::TIMESTAMPTZ)::DATE - 6
{FIRST_READ}
"""

_OPINIONS = """
SELECT event_ticker, mean_f, sd_f, weight, given_at, until, why FROM opinions
WHERE given_at > $now::TIMESTAMPTZ - INTERVAL 3 DAY AND given_at <= $now::TIMESTAMPTZ
"""


# of a market `m`: its event was refused after it was last written (its rules changed, its brackets overlap)
REFUSED_SINCE = "EXISTS (SELECT 1 FROM refused_markets r WHERE r.ticker = m.event_ticker AND r.seen_at > m.seen_at)"


def _at(moment: datetime | None) -> Instant:
    assert moment is not None, "a time column that must not be empty"
    return from_datetime(moment)


def open_markets(db: duckdb.DuckDBPyConnection, now: Instant) -> dict[str, list[Market]]:
    """Markets that may trade now or within the hour, by event, without those of events refused since."""
    rows = db.execute(
        "SELECT ticker, event_ticker, series, low_f, high_f, open_at, close_at, status, taker_fee_millionths,"
        f" maker_fee_millionths, price_ranges, rules FROM latest_markets m WHERE NOT {REFUSED_SINCE}"
        " AND close_at > $now::TIMESTAMPTZ AND open_at < $now::TIMESTAMPTZ + INTERVAL 1 HOUR AND result = ''",
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


def inputs(db: duckdb.DuckDBPyConnection, now: Instant) -> Known:
    """Everything known now."""
    at = {"now": iso(now)}
    return Known(
        [forecast(row) for row in rows_of(db, _FORECASTS, at)],
        [_quantiles(row) for row in rows_of(db, _PERCENTILES, at)],
        [observation(row) for row in rows_of(db, _OBSERVATIONS, at)],
        [climate(row) for row in rows_of(db, _REPORTS, at)],
        [hourly(row) for row in rows_of(db, _HOURLY, {**at, "sources": list(SOURCES)})],
        [summary(row) for row in rows_of(db, _SUMMARIES, at)],
        [portal(row) for row in rows_of(db, _PORTAL, at)],
    )  # fmt: skip


def opinions(db: duckdb.DuckDBPyConnection, now: Instant) -> dict[str, Opinion]:
    """Those that count now, by event."""
    given = db.execute(_OPINIONS, {"now": iso(now)}).fetchall()
    return opinion.in_force(
        (Opinion(event, mean, sd, weight, _at(said), _at(until), why or "")
         for event, mean, sd, weight, said, until, why in given), now,
    )  # fmt: skip


def rows_of(db: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    """What a query finds, by column name."""
    cursor = db.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def forecast(row: dict[str, Any]) -> ForecastRow:
    """A row of `forecasts`."""
    return ForecastRow(
        station=row["station"], variable=Variable(row["variable"]), day=row["day"], source=row["source"],
        issued_at=_at(row["issued_at"]), received_at=_at(row["received_at"]), value_f=row["value_f"],
    )  # fmt: skip


def _quantiles(row: dict[str, Any]) -> QuantileRow:
    return QuantileRow(
        station=row["station"], variable=Variable(row["variable"]), day=row["day"], source=row["source"],
        issued_at=_at(row["issued_at"]), received_at=_at(row["received_at"]), forecast_hour=row["forecast_hour"],
        mean_f=row["mean_f"], sd_f=row["sd_f"],
        p10_f=row["p10_f"], p25_f=row["p25_f"], p50_f=row["p50_f"], p75_f=row["p75_f"], p90_f=row["p90_f"],
    )  # fmt: skip


def observation(row: dict[str, Any]) -> ObservationRow:
    """A row of `observations`."""
    return ObservationRow(
        station=row["station"], observed_at=_at(row["observed_at"]), received_at=_at(row["received_at"]),
        kind=row["kind"], low_f=row["low_f"], high_f=row["high_f"], max_6h_f=row["max_6h_f"],
        min_6h_f=row["min_6h_f"], max_24h_f=row["max_24h_f"], min_24h_f=row["min_24h_f"], raw=row["raw"] or "",
    )  # fmt: skip


def climate(row: dict[str, Any]) -> ClimateRow:
    """A row of `climate_reports`."""
    return ClimateRow(
        station=row["station"], product=row["product"], day=row["day"], issued_at=_at(row["issued_at"]),
        received_at=_at(row["received_at"]), final=row["final"], as_of=row["as_of"], correction=row["correction"],
        max_f=row["max_f"], min_f=row["min_f"], product_id=row["product_id"],
    )  # fmt: skip


def hourly(row: dict[str, Any]) -> HourlyRow:
    """A row of `hourly_forecasts`."""
    return HourlyRow(
        station=row["station"], source=row["source"], issued_at=_at(row["issued_at"]),
        received_at=_at(row["received_at"]), valid_at=_at(row["valid_at"]), value_f=row["value_f"],
    )  # fmt: skip


def summary(row: dict[str, Any]) -> SummaryRow:
    """A row of `daily_summaries`."""
    return SummaryRow(
        station=row["station"], day=row["day"], source=row["source"], issued_at=_at(row["issued_at"]),
        received_at=_at(row["received_at"]), max_f=row["max_f"], min_f=row["min_f"],
        max_at=None if row["max_at"] is None else _at(row["max_at"]),
        min_at=None if row["min_at"] is None else _at(row["min_at"]), complete=row["complete"],
    )  # fmt: skip


def portal(row: dict[str, Any]) -> PortalRow:
    """A row of `portal_reports`."""
    return PortalRow(
        station=row["station"], day=row["day"], status=row["status"], official=row["official"], max_f=row["max_f"],
        min_f=row["min_f"], issued_at=_at(row["issued_at"]), received_at=_at(row["received_at"]),
    )  # fmt: skip
