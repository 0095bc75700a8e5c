"""A dataset folder of tidy Parquet tables (forecasts, outcomes, observations, nbm_percentiles, ...) as cases.

Columns: forecasts(station, variable, climate_day, source, issued_at, lead_days, value_f); outcomes(station, variable,
climate_day, value_f), official and known from 12:00 UTC of the next day; observations(station, climate_day,
observed_at, and either raw_metar or hour_local, temp_f, max_so_far_f); nbm_percentiles(station, variable, climate_day,
issued_at, p10_f, p50_f, p90_f); hourly_forecasts(station, source, issued_at, valid_at, value_f). Only forecasts must be
there.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from core.errors import SettingsError
from core.fair.cases import Cases, Extreme, Issued, Outcome, Promise, Spread, gather
from core.fair.promise import FRESH, Hour, promised
from core.fair.seen import Reading, progress
from core.stations import STATIONS
from core.weather.metar import fahrenheit, groups, whole_fahrenheit

EPOCH = date(1970, 1, 1)
KNOWN_AFTER = 1.5  # days from the start of a day to when its outcome is known: 12:00 UTC of the next
_EIGHTY_PERCENT = 2.563  # widths of a normal's 10-90 % interval in standard deviations
_DAY = "date_diff('day', DATE '1970-01-01', climate_day)"
_OFFSETS = {s.code: float(s.standard_offset_hours) for s in STATIONS}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder, opened."""

    folder: Path
    db: duckdb.DuckDBPyConnection

    def has(self, table: str) -> bool:
        """Is the table there?"""
        return (self.folder / f"{table}.parquet").exists()

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        rows = self.db.execute(f"DESCRIBE SELECT * FROM {self.named(table)}").fetchall()
        return {row[0]: row[1] for row in rows}

    def rows(self, what: str, table: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
        """Selected rows of a table."""
        return self.db.execute(f"SELECT {what} FROM {self.named(table)} WHERE {where}").fetchall()

    def named(self, table: str) -> str:
        """For use behind FROM."""
        return "'" + str(self.folder / f"{table}.parquet").replace("'", "''") + "'"


def open_dataset(folder: Path) -> Dataset:
    """Raises: SettingsError when there are no forecasts in it."""
    if not (folder / "forecasts.parquet").exists():
        raise SettingsError(
            f"{folder}: no forecasts.parquet; a dataset is a folder of Parquet tables with at least that"
        )
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'; SET enable_progress_bar=false")
    return Dataset(folder, db)


def _at(column: str) -> str:
    return f"epoch({column}::TIMESTAMPTZ) / 86400.0"


def read(dataset: Dataset) -> Cases:
    """All cases of the dataset."""
    issued = [
        Issued(*row)
        for row in dataset.rows(
            f"station, variable, {_DAY}, source, {_at('issued_at')}, lead_days, value_f", "forecasts",
            "value_f IS NOT NULL",
        )
    ]  # fmt: skip
    return gather(
        issued, _outcomes(dataset), _spreads(dataset), _extremes(dataset), promises=_promises(dataset, issued)
    )


def _outcomes(dataset: Dataset) -> list[Outcome]:
    if not dataset.has("outcomes"):
        return []
    rows = dataset.rows(f"station, variable, {_DAY}, value_f", "outcomes", "value_f IS NOT NULL")
    return [Outcome(s, v, d, float(y), d + KNOWN_AFTER) for s, v, d, y in rows]


def _spreads(dataset: Dataset) -> list[Spread]:
    if not dataset.has("nbm_percentiles"):
        return []
    rows = dataset.rows(f"station, variable, {_DAY}, {_at('issued_at')}, p50_f, p10_f, p90_f", "nbm_percentiles",
                        "p50_f IS NOT NULL AND p10_f IS NOT NULL AND p90_f IS NOT NULL")  # fmt: skip
    return [
        Spread(s, v, d, t, float(p50), (float(p90) - float(p10)) / _EIGHTY_PERCENT)
        for s, v, d, t, p50, p10, p90 in rows
    ]


def _extremes(dataset: Dataset) -> list[Extreme]:
    if not dataset.has("observations"):
        return []
    columns = dataset.columns("observations")
    if "max_so_far_f" in columns:
        rows = dataset.rows(f"station, 'high', {_DAY}, {_at('observed_at')}, hour_local, max_so_far_f, temp_f",
                            "observations", "max_so_far_f IS NOT NULL AND temp_f IS NOT NULL")  # fmt: skip
        return [Extreme(*row) for row in rows]
    if "raw_metar" not in columns:
        raise SettingsError(f"{dataset.folder}/observations.parquet: neither max_so_far_f nor raw_metar in it")
    readings: dict[str, list[Reading]] = defaultdict(list)
    for station, at, raw in dataset.rows(f"station, {_at('observed_at')}, raw_metar", "observations"):
        found = groups(raw or "")
        if found.temperature_c is not None and found.exact and station in _OFFSETS:
            value = float(round(fahrenheit(found.temperature_c)))
            high, low = whole_fahrenheit(found.max_6h_c), whole_fahrenheit(found.min_6h_c)
            readings[station].append(Reading(at, value, high, low))
    out: list[Extreme] = []
    for station, its in readings.items():
        by_day: dict[int, list[Reading]] = defaultdict(list)
        for r in its:
            by_day[int((r.at + _OFFSETS[station] / 24.0) // 1)].append(r)
        for day, mine in by_day.items():
            for variable in ("high", "low"):
                out += progress(station, variable, day, _OFFSETS[station], mine)
    return out


def _promises(dataset: Dataset, issued: list[Issued]) -> list[Promise]:
    """What the hourly forecasts promised at each issue of a forecast for the climate day under way."""
    if not dataset.has("hourly_forecasts"):
        return []
    hours: dict[str, list[Hour]] = defaultdict(list)
    for station, source, at, valid, value in dataset.rows(
        f"station, source, {_at('issued_at')}, {_at('valid_at')}, value_f", "hourly_forecasts", "value_f IS NOT NULL"
    ):
        hours[station].append(Hour(source, at, at, valid, float(value)))
    for its in hours.values():
        its.sort(key=lambda h: h.received)
    received = {station: [h.received for h in its] for station, its in hours.items()}
    found = []
    for station, variable, day, at in sorted({(i.station, i.variable, i.day, i.at) for i in issued}):
        start = day - _OFFSETS.get(station, 0.0) / 24.0
        if station in _OFFSETS and station in hours and start <= at < start + 1.0:
            first, last = bisect_left(received[station], at - FRESH), bisect_right(received[station], at)
            one = promised(station, variable, day, at, start + 1.0, hours[station][first:last])
            if one is not None:
                found.append(one)
    return found


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of_number(number: int) -> date:
    """The reverse."""
    return EPOCH + timedelta(days=number)
