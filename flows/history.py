"""What the lake remembers, as cases to learn from: a station-day at eight moments from the day before to its evening.

A forecast counts from when it was received, so that nothing is learnt from what was not there yet.
"""

from collections import defaultdict
from datetime import date

import duckdb
import numpy as np

from core.fair.cases import Cases, Extreme, Issued, Moment, Promise, Spread, gather, preference
from core.fair.live import MAX_FORECAST_AGE, days_since, number, outcomes, reading
from core.fair.promise import SOURCES, Hour, promised
from core.fair.seen import Reading, progress
from core.fair.weights import Said, phase_of
from core.station_day import StationDay, Variable
from core.stations import STATIONS
from core.units import DAY, Instant, from_datetime, iso
from flows.inputs import FIRST_READ, NEWEST_FIRST, ONCE, climate, observation, rows_of
from flows.samples import samples

HISTORY_DAYS = 180
MOMENTS_H = (-14.2, -7.2, -1.2, 5.2, 9.2, 12.2, 15.2, 18.2)  # hours from the climate day's start
_FORECASTS = """
SELECT station, variable, date_diff('day', DATE '1970-01-01', day) AS day, source,
       epoch_ns(received_at) AS at, value_f
FROM forecasts
WHERE day >= $since::DATE AND received_at <= $now::TIMESTAMPTZ AND received_at > day::TIMESTAMPTZ - INTERVAL 92 HOUR
QUALIFY row_number() OVER (
    PARTITION BY station, variable, day, source, epoch_ns(received_at) // 10800000000000 ORDER BY issued_at DESC) = 1
"""
_PERCENTILES = """
SELECT station, variable, date_diff('day', DATE '1970-01-01', day) AS day, epoch_ns(received_at) AS at, p50_f, p10_f,
       p90_f
FROM percentiles WHERE day >= $since::DATE AND received_at <= $now::TIMESTAMPTZ
  AND received_at > day::TIMESTAMPTZ - INTERVAL 48 HOUR
  AND p10_f IS NOT NULL AND p50_f IS NOT NULL AND p90_f IS NOT NULL
"""
_OBSERVATIONS = f"""
SELECT DISTINCT ON (station, observed_at) * FROM observations
WHERE observed_at >= $since::TIMESTAMPTZ AND received_at <= $now::TIMESTAMPTZ AND kind <> 'five_minute'
ORDER BY station, observed_at, {NEWEST_FIRST}, kind
"""
# of each source the newest vintage at each moment of a climate day, its hours from then to the end of the day
_HOURLY = """
WITH wanted AS (
    SELECT unnest(range(len($stations))) AS number, unnest($stations) AS station, unnest($at)::TIMESTAMPTZ AS at,
           unnest($until)::TIMESTAMPTZ AS until),
vintages AS (SELECT DISTINCT station, source, issued_at, received_at FROM hourly_forecasts
    WHERE source IN (SELECT unnest($sources)) AND received_at >= $since::TIMESTAMPTZ),
newest AS (
    SELECT w.*, v.source, v.issued_at, v.received_at FROM wanted w JOIN vintages v ON v.station = w.station
        AND v.received_at <= w.at AND v.received_at > w.at - INTERVAL 6 HOUR
    QUALIFY row_number() OVER (PARTITION BY w.station, w.at, v.source ORDER BY v.issued_at DESC) = 1)
SELECT n.number, n.source, epoch_ns(n.issued_at), epoch_ns(n.received_at), epoch_ns(h.valid_at),
       h.value_f
FROM newest n JOIN hourly_forecasts h ON h.station = n.station AND h.source = n.source AND h.issued_at = n.issued_at
    AND h.valid_at >= n.at AND h.valid_at < n.until
"""
_REPORTS = f"""
SELECT {ONCE} * FROM climate_reports
WHERE final AND received_at <= $now::TIMESTAMPTZ AND day >= $since::DATE
{FIRST_READ}
"""
_SAID = samples(
    "v.market_usd IS NOT NULL AND v.published_at >= $since::TIMESTAMPTZ"
    " AND v.partition_date >= $since::TIMESTAMPTZ::DATE"
)
_BY_CODE = {s.code: s for s in STATIONS}
_EIGHTY_PERCENT = 2.563


def cases(db: duckdb.DuckDBPyConnection, now: Instant, history_days: int = HISTORY_DAYS) -> Cases:
    """Cases of the climate days of the last `history_days`, and their outcomes where they are known."""
    since = {"since": iso(Instant(now - history_days * DAY)), "now": iso(now)}
    issued = [
        Issued(s, v, d, source, at / DAY, -1, value)
        for s, v, d, source, at, value in db.execute(_FORECASTS, since).fetchall()
    ]
    spread = [
        Spread(s, v, d, at / DAY, p50, max((p90 - p10) / _EIGHTY_PERCENT, 0.3))
        for s, v, d, at, p50, p10, p90 in db.execute(_PERCENTILES, since).fetchall()
    ]
    found = outcomes([climate(row) for row in rows_of(db, _REPORTS, since)], now)
    moments = _moments(issued, now)
    return gather(
        issued, found, spread, _extremes(db, since), moments, fresh=MAX_FORECAST_AGE / DAY,
        promises=_promises(db, since["since"], moments),
    )  # fmt: skip


def _moments(issued: list[Issued], now: Instant) -> list[Moment]:
    received: dict[tuple[str, str, int], list[Issued]] = defaultdict(list)
    for one in issued:
        received[(one.station, one.variable, one.day)].append(one)
    found = []
    for (code, variable, day), its in received.items():
        start = day - _BY_CODE[code].standard_offset_hours / 24.0
        for hours in MOMENTS_H:
            at = start + hours / 24.0
            fresh = [one for one in its if at - MAX_FORECAST_AGE / DAY <= one.at <= at]
            if fresh and at <= days_since(now):
                best = min(fresh, key=lambda one: (preference(one.source), -one.at))
                found.append(Moment(code, variable, day, at, max(0, int(np.ceil(start - best.at)))))
    return found


def _promises(db: duckdb.DuckDBPyConnection, since: str, moments: list[Moment]) -> list[Promise]:
    """What the hourly forecasts promised of the rest of the climate day at those moments that lie in it."""
    start = {m: m.day - _BY_CODE[m.station].standard_offset_hours / 24.0 for m in moments}
    under_way = [m for m in moments if m.at >= start[m]]

    def key(m: Moment) -> tuple[str, int, int]:
        return m.station, round(m.at * DAY), round((start[m] + 1.0) * DAY)

    wanted = sorted({key(m) for m in under_way})
    if not wanted:
        return []
    stations, at, until = (list(column) for column in zip(*wanted, strict=True))
    hours: dict[tuple[str, int, int], list[Hour]] = defaultdict(list)
    for which, source, issued, received, valid, value in db.execute(_HOURLY, {
        "stations": stations, "at": [iso(Instant(t)) for t in at], "until": [iso(Instant(t)) for t in until],
        "sources": list(SOURCES), "since": since,
    }).fetchall():  # fmt: skip
        hours[wanted[which]].append(Hour(source, issued / DAY, received / DAY, valid / DAY, value))
    found = (promised(m.station, m.variable, m.day, m.at, start[m] + 1.0, hours[key(m)]) for m in under_way)
    return [p for p in found if p is not None]


def _extremes(db: duckdb.DuckDBPyConnection, since: dict[str, str]) -> list[Extreme]:
    by_day: dict[tuple[str, str, int], list[Reading]] = defaultdict(list)
    for row in rows_of(db, _OBSERVATIONS, since):
        one = observation(row)
        if one.station not in _BY_CODE:
            continue
        offset = _BY_CODE[one.station].standard_offset_hours
        day = int((days_since(one.observed_at) + offset / 24.0) // 1)
        for variable in Variable:
            if (r := reading(one, variable)) is not None:
                by_day[(one.station, variable.value, day)].append(r)
    return [
        x
        for (code, variable, day), its in by_day.items()
        for x in progress(code, variable, day, _BY_CODE[code].standard_offset_hours, its)
    ]


def said(db: duckdb.DuckDBPyConnection, now: Instant, history_days: int = HISTORY_DAYS) -> list[Said]:
    """What model and market gave to settled events, every three hours."""
    rows = db.execute(_SAID, {"since": iso(Instant(now - history_days * DAY))}).fetchall()
    ladders: dict[tuple[str, Instant], list[tuple[object, ...]]] = defaultdict(list)
    for row in rows:
        ladders[(row[0], from_datetime(row[1]))].append(row[2:])
    found = []
    for (event, at), ladder in ladders.items():
        station, variable, day, _, _, model, market, _, paid = zip(*ladder, strict=True)
        if sum(bool(p) for p in paid) != 1 or str(station[0]) not in _BY_CODE:
            continue  # the sample caught a part of a ladder, or no bracket paid
        assert isinstance(day[0], date), "a DATE column"
        about = StationDay(_BY_CODE[str(station[0])], Variable(str(variable[0])), day[0])
        known = number(day[0]) + 1.5  # noon UTC of the next day
        found.append(Said(about.station.code, about.variable.value, phase_of(about, at), event, known,
                          tuple(float(str(p)) for p in model), tuple(float(str(p)) for p in market),
                          [bool(p) for p in paid].index(True)))  # fmt: skip
    return found
