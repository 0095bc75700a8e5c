"""A dataset folder of tidy Parquet tables (forecasts, outcomes, observations, nbm_percentiles, ...) as cases.

Columns: forecasts(station, variable, climate_day, source, issued_at, lead_days, value_f); outcomes(station, variable,
climate_day, value_f), official and known from 12:00 UTC of the next day; observations(station, climate_day,
observed_at, and either raw_metar or hour_local, temp_f, max_so_far_f); nbm_percentiles(station, variable, climate_day,
issued_at, p10_f, p50_f, p90_f), known when their bulletin is out; hourly_forecasts(station, source, issued_at,
valid_at, value_f). Only forecasts must be there, source, lead_days and hour_local need not. Of what type a column is
does not matter (`flows.tables`).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from core.errors import SettingsError
from core.fair.cases import Cases, Extreme, Issued, Moment, Outcome, Promise, Spread, gather
from core.fair.promise import FRESH, Hour, promised
from core.fair.seen import Reading, progress
from core.stations import STATIONS
from core.weather.metar import fahrenheit, groups, whole_fahrenheit
from flows.tables import Dataset, Is, open_dataset

__all__ = ["Asked", "Dataset", "Forecasts", "day_number", "day_of_number", "forecasts", "open_dataset", "read"]

EPOCH = date(1970, 1, 1)
KNOWN_AFTER = 1.5  # days from the start of a day to when its outcome is known: 12:00 UTC of the next
_NBM_OUT = 65.0 / 1440.0  # days: issued_at is the cycle's hour, its bulletin is out about 65 minutes later
_EIGHTY_PERCENT = 2.563  # widths of a normal's 10-90 % interval in standard deviations
_MIDDLE = -6  # the standard time of a station that is not known: that of the middle of the country
_OFFSETS = {s.code: float(s.standard_offset_hours) for s in STATIONS}
_KEY = {"station": Is.TEXT, "variable": Is.TEXT, "climate_day": Is.DAY}
_SAME_KEY = {"station": "station", "variable": "lower(variable)", "climate_day": "climate_day"}


class Asked(NamedTuple):
    """A row of the forecasts table that wants a prediction, whether or not its own value can be used."""

    row: int
    station: str
    variable: str
    day: int
    at: float
    lead: int


class Forecasts(NamedTuple):
    """The forecasts table: what was forecast, and what is asked."""

    issued: list[Issued]
    asked: list[Asked]


def forecasts(dataset: Dataset) -> Forecasts:
    """A row that has a value, and no negative lead, is asked. Raises: SettingsError without the columns of a forecast.

    A row without its moment forecasts nothing, and is asked at the first moment of the day that its lead names.
    """
    there = dataset.columns("forecasts")
    missing = [name for name in (*_KEY, "issued_at", "value_f") if name not in there]
    if missing:
        raise SettingsError(f"{dataset.folder}/forecasts.parquet: no {', '.join(missing)} in it")
    start = f"climate_day - lead_days - coalesce(offset_hours, {_MIDDLE}) / 24.0"
    rows = dataset.screened(
        "forecasts",
        {**_KEY, "source": Is.TEXT, "issued_at": Is.MOMENT, "lead_days": Is.WHOLE, "value_f": Is.DEGREES},
        {"file_row_number": "file_row_number", **_SAME_KEY, "source": "coalesce(source, '')",
         "issued_at": "issued_at", "asked_at": f"coalesce(issued_at, {start})",
         "lead_days": "coalesce(lead_days, climate_day"
         f" - floor(issued_at + coalesce(offset_hours, {_MIDDLE}) / 24.0)::INTEGER)",
         "value_f": "value_f"},
        given="value_f IS NOT NULL", may_lack=("issued_at", "value_f"),
    )  # fmt: skip
    return Forecasts(
        [Issued(s, v, d, source, issued, lead, value) for _, s, v, d, source, issued, _, lead, value in rows
         if issued is not None and value is not None],
        [Asked(row, s, v, d, at, lead) for row, s, v, d, _, _, at, lead, _ in rows if lead >= 0],
    )  # fmt: skip


def read(dataset: Dataset, found: Forecasts | None = None) -> Cases:
    """All cases of the dataset: one at each moment that something is asked, if anything fresh is known then.

    `found`: its forecasts, if they have been read.
    """
    found = forecasts(dataset) if found is None else found
    moments = [Moment(a.station, a.variable, a.day, a.at, a.lead) for a in found.asked]
    return gather(
        found.issued, _outcomes(dataset), _spreads(dataset), _extremes(dataset), moments,
        promises=_promises(dataset, found.asked),
    )  # fmt: skip


def _readable(dataset: Dataset, table: str, *columns: str) -> bool:
    """Is the table there, with these columns? A table without them is of another kind: said, and left alone."""
    if not dataset.has(table):
        return False
    missing = [name for name in columns if name not in dataset.columns(table)]
    if missing:
        dataset.say(table, f"no {', '.join(missing)} in it: not used")
    return not missing


def _outcomes(dataset: Dataset) -> list[Outcome]:
    if not _readable(dataset, "outcomes", *_KEY, "value_f"):
        return []
    rows = dataset.screened("outcomes", {**_KEY, "value_f": Is.DEGREES}, {**_SAME_KEY, "value_f": "value_f"},
                            given="value_f IS NOT NULL")  # fmt: skip
    return [Outcome(s, v, d, y, d + KNOWN_AFTER) for s, v, d, y in rows]


def _spreads(dataset: Dataset) -> list[Spread]:
    percentiles = ("p10_f", "p50_f", "p90_f")
    if not _readable(dataset, "nbm_percentiles", *_KEY, "issued_at", *percentiles):
        return []
    rows = dataset.screened(
        "nbm_percentiles",
        {**_KEY, "issued_at": Is.MOMENT, **dict.fromkeys(percentiles, Is.DEGREES)},
        {**_SAME_KEY, "issued_at": "issued_at", "p50_f": "p50_f",
         "width": "CASE WHEN p10_f <= p50_f AND p50_f <= p90_f THEN p90_f - p10_f END"},
        given="p10_f IS NOT NULL AND p50_f IS NOT NULL AND p90_f IS NOT NULL",
    )  # fmt: skip
    return [Spread(s, v, d, t + _NBM_OUT, p50, width / _EIGHTY_PERCENT) for s, v, d, t, p50, width in rows]


def _extremes(dataset: Dataset) -> list[Extreme]:
    """Of rows that have them, the maximum so far and the temperature; of the others their METARs."""
    if not _readable(dataset, "observations", "station", "observed_at"):
        return []
    there = dataset.columns("observations")
    summed, reported = {"max_so_far_f", "temp_f"} <= there.keys(), "raw_metar" in there
    if not summed and not reported:
        dataset.say("observations", "neither max_so_far_f and temp_f nor raw_metar in it: not used")
    both = "max_so_far_f IS NOT NULL AND temp_f IS NOT NULL"
    found = _summed(dataset, both if reported else "TRUE") if summed else []
    return found + (_reported(dataset, f"NOT ({both})" if summed else "TRUE") if reported else [])


def _summed(dataset: Dataset, given: str) -> list[Extreme]:
    rows = dataset.screened(
        "observations",
        {"station": Is.TEXT, "climate_day": Is.DAY, "observed_at": Is.MOMENT, "hour_local": Is.HOUR,
         "max_so_far_f": Is.DEGREES, "temp_f": Is.DEGREES},
        {"station": "station", "day": "coalesce(climate_day, floor(observed_at + offset_hours / 24.0)::INTEGER)",
         "observed_at": "observed_at",
         "hour": "coalesce(hour_local, CASE WHEN (observed_at - day) * 24.0 + offset_hours BETWEEN 0 AND 24"
         " THEN (observed_at - day) * 24.0 + offset_hours END)",
         "max_so_far_f": "max_so_far_f", "temp_f": "temp_f"},
        given,
    )  # fmt: skip
    return [Extreme(station, "high", *row) for station, *row in rows]


def _reported(dataset: Dataset, given: str) -> list[Extreme]:
    readings: dict[str, list[Reading]] = defaultdict(list)
    for station, at, raw, _ in dataset.screened(
        "observations",
        {"station": Is.TEXT, "observed_at": Is.MOMENT, "raw_metar": Is.TEXT},
        {"station": "station", "observed_at": "observed_at", "raw_metar": "raw_metar",
         "standard_time": "offset_hours"},
        given,
    ):  # fmt: skip
        found = groups(raw)
        if found.temperature_c is not None and found.exact:
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


def _promises(dataset: Dataset, asked: Sequence[Asked]) -> list[Promise]:
    """What the hourly forecasts promised at each moment asked of a climate day under way."""
    if not _readable(dataset, "hourly_forecasts", "station", "source", "issued_at", "valid_at", "value_f"):
        return []
    hours: dict[str, list[Hour]] = defaultdict(list)
    for station, source, at, valid, value in dataset.screened(
        "hourly_forecasts",
        {"station": Is.TEXT, "source": Is.TEXT, "issued_at": Is.MOMENT, "valid_at": Is.MOMENT, "value_f": Is.DEGREES},
        {"station": "station", "source": "coalesce(source, '')", "issued_at": "issued_at", "valid_at": "valid_at",
         "value_f": "value_f"},
        given="value_f IS NOT NULL",
    ):  # fmt: skip
        hours[station].append(Hour(source, at, at, valid, value))
    for its in hours.values():
        its.sort(key=lambda h: h.received)
    received = {station: [h.received for h in its] for station, its in hours.items()}
    found = []
    for station, variable, day, at in sorted({(i.station, i.variable, i.day, i.at) for i in asked}):
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
