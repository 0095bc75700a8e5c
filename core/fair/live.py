"""The weather rows known now, as cases for the model: the same cases that a dataset gives, at this moment. Pure.

Only rows received by now count. A station-day without a fresh forecast is no case: it is refused, with the reason.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import NamedTuple

import numpy as np

from core.errors import Refused
from core.fair.cases import QUANTILES, Cases, Extreme, Issued, Moment, Outcome, Promise, Spread, gather, preference
from core.fair.distribution import Array
from core.fair.observed import seen
from core.fair.promise import Hour, promised
from core.fair.screen import divided, strays
from core.fair.seen import Reading, Word
from core.station_day import StationDay, Variable, climate_day
from core.units import DAY, HOUR, SECOND, Instant
from core.weather.climate_report import finals
from core.weather.rows import ClimateRow, ForecastRow, HourlyRow, ObservationRow, PortalRow, QuantileRow, SummaryRow

EPOCH = date(1970, 1, 1)
Key = tuple[str, str, date]
Wild = dict[str, tuple[float, float]]
MAX_FORECAST_AGE = 12 * HOUR
_STALE_OBSERVATION = 2 * HOUR
_BEFORE_ISSUE = HOUR  # an official word issued now surely holds up to then
_FIRST_CHOICE = "nws_grid"
_EIGHTY_PERCENT = 2.563  # width of a normal's 10-90 % interval in standard deviations
_SECOND_RATE, _BLIND, _STRANGER = 1.15, 1.10, 1.10  # factors on the spread: what is missing widens
_EXACT_F = 0.4  # a report whose interval is narrower than this names a whole degree


@dataclass(slots=True)
class Known:
    """Rows received so far, of all stations: forecasts of the last days and of neighbouring climate days, too."""

    forecasts: Sequence[ForecastRow] = ()
    percentiles: Sequence[QuantileRow] = ()
    observations: Sequence[ObservationRow] = ()
    climate: Sequence[ClimateRow] = ()
    hourly: Sequence[HourlyRow] = ()
    summaries: Sequence[SummaryRow] = ()
    portal: Sequence[PortalRow] = ()


@dataclass(slots=True)
class State:
    """Cases for the station-days that can be priced, the reasons for those that cannot, and what they stand on.

    `floor`: an extreme that was reached, of days whose reports have holes; the case knows only what was before them.
    """

    cases: Cases
    row: dict[StationDay, int] = field(default_factory=dict)
    refused: dict[StationDay, Refused] = field(default_factory=dict)
    quality: dict[StationDay, list[str]] = field(default_factory=dict)
    vintages: dict[StationDay, dict[str, Instant]] = field(default_factory=dict)
    widen: Array = field(default_factory=lambda: np.ones(0))
    floor: dict[StationDay, float] = field(default_factory=dict)


def days_since(at: int) -> float:
    """An instant as days since 1970."""
    return at / DAY


def number(day: date) -> int:
    """A date as whole days since 1970."""
    return (day - EPOCH).days


def state(
    days: Sequence[StationDay],
    known: Known,
    now: Instant,
    stations: Sequence[str] | None = None,
    words: Mapping[StationDay, tuple[Instant, float]] | None = None,
) -> State:
    """`stations`: those the model has seen; others are priced wider. None: do not ask. `words`: the official extreme
    so far of days under way, and when it was issued."""
    screened = _screened(known, now)
    known, newest, wild = screened.known, screened.newest, screened.wild
    out = State(gather([], []))
    moments: list[Moment] = []
    widen: dict[StationDay, float] = {}
    for day in days:
        key = (day.station.code, day.variable.value, day.day)
        fresh = {s: f for s, f in newest.get(key, {}).items() if s not in wild.get(key, {})}
        if not fresh:
            out.refused[day] = Refused("no_forecast", "no forecast younger than 12 hours")
            continue
        if key in screened.apart:
            out.refused[day] = Refused("contradiction", f"{screened.apart[key]}: nobody can say which is wrong")
            continue
        source = min(fresh, key=preference)
        issued = fresh[source].issued_at
        lead = max(0, (day.day - climate_day(day.station, issued)).days)
        moments.append(Moment(day.station.code, day.variable.value, number(day.day), days_since(now), lead))
        quality = out.quality.setdefault(day, [])
        out.vintages[day] = {s: f.issued_at for s, f in sorted(fresh.items())}
        widen[day] = 1.0
        for name, (value, middle) in sorted(wild.get(key, {}).items()):
            quality.append(f"{name} says {value:.0f} °F where the others say {middle:.0f}: not believed")
            widen[day] *= _SECOND_RATE
        if source != _FIRST_CHOICE:
            quality.append(f"no fresh {_FIRST_CHOICE}: using {source}")
            widen[day] *= _SECOND_RATE
        if stations is not None and day.station.code not in stations:
            quality.append("the model has not learnt this station yet")
            widen[day] *= _STRANGER
    extremes = _extremes([d for d in widen if d.start <= now], known, now, words or {}, newest, out)
    widen = {d: factor for d, factor in widen.items() if d not in out.refused}
    promises = _promises([d for d in widen if d.start <= now], known, now, extremes)
    out.cases = gather(
        [Issued(f.station, f.variable.value, number(f.day), f.source, days_since(f.issued_at), -1, f.value_f)
         for f in known.forecasts],
        outcomes(known.climate, now), spreads(known.percentiles, now), extremes, moments,
        fresh=MAX_FORECAST_AGE / DAY, promises=promises.values(),
    )  # fmt: skip
    at = {(str(s), str(v), int(d)): i for i, (s, v, d) in enumerate(
        zip(out.cases.station, out.cases.variable, out.cases.day, strict=True))}  # fmt: skip
    for day in list(widen):
        row = at.get((day.station.code, day.variable.value, number(day.day)))
        if row is None:
            del widen[day]
            out.refused[day] = Refused("no_forecast", "the only forecast turned twelve hours old this moment")
        else:
            out.row[day] = row
    out.widen = np.ones(len(out.cases))
    for day, promise in promises.items():
        if day in out.row and not np.isnan(out.cases.promise[out.row[day]]):
            out.vintages[day]["hourly forecasts"] = Instant(round(promise.issued * DAY / SECOND) * SECOND)
    for day, factor in widen.items():
        out.widen[out.row[day]] = factor * _observations(day, out, known, now)
    return out


class _Screened(NamedTuple):
    """What was received by now without the sources that stray from all others; each source's newest fresh row; by
    station-day the sources left out, with their value and the others'; and where two are too far apart, in words."""

    known: Known
    newest: dict[Key, dict[str, ForecastRow]]
    wild: dict[Key, Wild]
    apart: dict[Key, str]


def _screened(known: Known, now: Instant) -> _Screened:
    forecasts = [f for f in known.forecasts if f.received_at <= now and f.issued_at <= now]
    newest: dict[Key, dict[str, ForecastRow]] = defaultdict(dict)
    values: dict[Key, dict[str, float]] = defaultdict(dict)
    for q in sorted(known.percentiles, key=lambda q: q.issued_at):
        if q.received_at <= now and 0 <= now - q.issued_at < MAX_FORECAST_AGE:
            values[(q.station, q.variable.value, q.day)][QUANTILES] = q.p50_f
    for f in sorted(forecasts, key=lambda f: f.issued_at):
        if now - f.issued_at < MAX_FORECAST_AGE:
            key = (f.station, f.variable.value, f.day)
            newest[key][f.source], values[key][f.source] = f, f.value_f
    wild: dict[Key, Wild] = {}
    apart: dict[Key, str] = {}
    for key, its in values.items():
        lead = max(0, number(key[2]) - int(days_since(now)))
        if found := strays(its, lead, key[1]):
            wild[key] = {source: (its[source], middle) for source, middle in found.items()}
        if two := divided(its, lead, key[1]):
            apart[key] = " and ".join(f"{source} says {its[source]:.0f} °F" for source in two)
    if not wild:
        return _Screened(replace(known, forecasts=forecasts), newest, wild, apart)

    def kept(row: ForecastRow | QuantileRow, source: str) -> bool:
        return source not in wild.get((row.station, row.variable.value, row.day), {})

    left = [f for f in forecasts if kept(f, f.source)]
    percentiles = [q for q in known.percentiles if kept(q, QUANTILES)]
    return _Screened(replace(known, forecasts=left, percentiles=percentiles), newest, wild, apart)


def _observations(day: StationDay, out: State, known: Known, now: Instant) -> float:
    """Notes how fresh the observations of a climate day under way are; the factor on the spread."""
    if now < day.start:
        return 1.0
    hour = float(out.cases.hour[out.row[day]])
    if np.isnan(hour):
        out.quality[day].append("no observations of the climate day yet")
        return _BLIND if now - day.start > _STALE_OBSERVATION else 1.0
    newest = Instant(day.start + round(hour * HOUR / SECOND) * SECOND)
    out.vintages[day]["observations"] = newest
    if min(now, day.end) - newest > _STALE_OBSERVATION:
        out.quality[day].append(f"the last observation is {(now - newest) / HOUR:.0f} h old")
        return _BLIND
    return 1.0


def outcomes(reports: Sequence[ClimateRow], now: Instant) -> list[Outcome]:
    """Of each station, day and variable the first final report's extreme, known from when it was received."""
    by_day: dict[tuple[str, date], list[ClimateRow]] = defaultdict(list)
    for r in reports:
        if r.received_at <= now:
            by_day[(r.station, r.day)].append(r)
    found = []
    for (station, day), its in by_day.items():
        settling = finals(its, day)
        for variable, values in (("high", [r.max_f for r in settling]), ("low", [r.min_f for r in settling])):
            told = ((r, value) for r, value in zip(settling, values, strict=True) if value is not None)
            for r, value in islice(told, 1):
                found.append(Outcome(station, variable, number(day), float(value), days_since(r.received_at)))
    return found


def spreads(rows: Sequence[QuantileRow], now: Instant) -> list[Spread]:
    """Percentiles as median and spread."""
    return [
        Spread(q.station, q.variable.value, number(q.day), days_since(q.issued_at), q.p50_f,
               max((q.p90_f - q.p10_f) / _EIGHTY_PERCENT, 0.3))
        for q in rows if q.received_at <= now
    ]  # fmt: skip


def reading(o: ObservationRow, variable: Variable) -> Reading | None:
    """A report's whole degree: the exact one, or of a coarse interval the end that was surely reached."""
    if o.low_f is None or o.high_f is None:
        return None
    middle = (o.low_f + o.high_f) / 2
    if o.high_f - o.low_f <= _EXACT_F:
        value = middle = float(round(middle))
    else:
        value = float(np.ceil(o.low_f - 0.5) if variable is Variable.HIGH else np.floor(o.high_f + 0.5))
    return Reading(days_since(o.observed_at), value, o.max_6h_f, o.min_6h_f, middle)


def hour_of(row: HourlyRow) -> Hour:
    """A row of an hourly forecast, in days."""
    return Hour(row.source, days_since(row.issued_at), days_since(row.received_at), days_since(row.valid_at),
                row.value_f)  # fmt: skip


def _promises(
    days: Sequence[StationDay], known: Known, now: Instant, extremes: Sequence[Extreme]
) -> dict[StationDay, Promise]:
    by_station: dict[str, list[Hour]] = defaultdict(list)
    for row in known.hourly:
        by_station[row.station].append(hour_of(row))
    temperatures = {(x.station, x.variable, x.day): x.temperature for x in extremes}
    found = {
        d: promised(d.station.code, d.variable.value, number(d.day), days_since(now), days_since(d.end),
                    by_station[d.station.code],
                    temperatures.get((d.station.code, d.variable.value, number(d.day)), np.nan))
        for d in days
    }  # fmt: skip
    return {d: p for d, p in found.items() if p is not None}


def _extremes(
    days: Sequence[StationDay], known: Known, now: Instant, words: Mapping[StationDay, tuple[Instant, float]],
    newest: Mapping[Key, Mapping[str, ForecastRow]], out: State,
) -> list[Extreme]:  # fmt: skip
    """What was seen of the days under way; what is doubtful or has holes goes into `out`."""
    by_station: dict[str, list[ObservationRow]] = defaultdict(list)
    for o in known.observations:
        if o.received_at <= now:
            by_station[o.station].append(o)
    found: list[Extreme] = []
    for day in days:
        mine = [r for o in by_station[day.station.code] if (r := reading(o, day.variable)) is not None]
        issued, value = words.get(day, (None, 0.0))
        word = None if issued is None else Word(days_since(issued - _BEFORE_ISSUE), value)
        fresh = newest[(day.station.code, day.variable.value, day.day)].values()
        its = seen(day, mine, [f.value_f for f in fresh], word)
        if its.refused is not None:
            out.refused[day] = its.refused
        elif its.floor is not None:
            out.floor[day] = its.floor
            out.quality[day].append("reports are missing in hours in which the extreme is made: a floor, no more")
        if its.extreme is not None:
            found.append(its.extreme)
    return found
