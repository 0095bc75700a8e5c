"""What was known when: one case per station-day and moment, with everything a forecast of it may use. Pure.

A case's values come only from rows issued by its moment `at`, and outcomes known by then. Days are whole numbers since
1970-01-01, moments are days as floats, temperatures degrees F. The reference is the forecast a correction starts from.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.fair.around import MOMENT, around
from core.fair.distribution import Array

# the first of these present is the reference; a source not named here comes after them, by name
REFERENCES = ("nws_grid", "nws", "nws_hourly", "nws_forecast", "nbm", "hrrr_d1", "gfs_mos")
REPORTS, GROUP, OFFICIAL = 0, 1, 2  # who knows the extreme so far: `Extreme.by`
# what the extreme so far is worth (`Extreme.stands`): all of the day so far; a floor, for reports are missing; nothing
# before the next report confirms it. Only the first is what a case has seen.
WHOLE, FLOOR, DOUBTED = 0, 1, 2
QUANTILES = "quantiles"  # the name under which a probabilistic forecast's median joins the sources
_SAME_ISSUE, _FRESH = 0.3, 1.01
HOURLY, _OUTSIDE_F, _MIDNIGHT_F = "nws_hourly", 2.0, 4.0
_LATELY = 2.0 / 24.0  # days: what is left of a day begins where the reports end
Days = NDArray[np.int64]
Names = NDArray[Any]


class Issued(NamedTuple):
    """A source's number for one station-day."""

    station: str
    variable: str
    day: int
    source: str
    at: float
    lead: int
    value: float


class Outcome(NamedTuple):
    """The official whole degree, and when it could be known."""

    station: str
    variable: str
    day: int
    value: float
    known: float


class Spread(NamedTuple):
    """A probabilistic forecast: median and standard deviation."""

    station: str
    variable: str
    day: int
    at: float
    median: float
    sd: float


class Extreme(NamedTuple):
    """On the climate day: the extreme so far and the temperature now, at a local standard hour. `by`: whether whole
    hours say so (`REPORTS`), a six-hour group, which misses nothing of its hours, or an official word. `stands`: what
    it is worth (`WHOLE`, `FLOOR`, `DOUBTED`)."""

    station: str
    variable: str
    day: int
    at: float
    hour: float
    extreme: float
    temperature: float
    by: int = REPORTS
    stands: int = WHOLE


class Promise(NamedTuple):
    """What the hourly forecasts promise of the rest of a climate day at a moment of it, in how many hours, and when the
    newest of them was issued."""

    station: str
    variable: str
    day: int
    at: float
    value: float
    hours: float
    issued: float


class Moment(NamedTuple):
    """A moment at which a case is wanted although no forecast was issued then."""

    station: str
    variable: str
    day: int
    at: float
    lead: int


@dataclass(slots=True)
class Cases:
    """Columns of equal length n; NaN is absent. `sources` (n x S) holds each source's latest value."""

    station: Names
    variable: Names
    day: Days
    at: Array
    lead: Days
    ref: Array
    ref_source: Names
    names: tuple[str, ...]
    sources: Array
    places: tuple[str, ...]
    around: Array  # n x places: each place's newest reference for the same day at that moment; NaN: none
    quantile_sd: Array
    trend: Array  # n x 3: reference less the same source's number 1, 2, 3 days earlier (0 where absent)
    before: Array  # the same issue's number for the day before, less the reference
    after: Array
    latest: Array  # the newest known outcome of the days before, less the reference
    hour: Array  # NaN: not on the climate day, or nothing observed
    extreme: Array
    temperature: Array
    extreme_by: Array  # REPORTS, GROUP or OFFICIAL; 0 where nothing was observed
    promise: Array  # NaN: no hourly forecast of the rest of the day, or nothing observed lately
    promise_hours: Array
    outcome: Array
    known: Array

    def __len__(self) -> int:
        return len(self.ref)

    @property
    def low(self) -> NDArray[np.bool_]:
        """Which cases are minima."""
        return np.asarray(self.variable == "low")

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which cases have seen part of their day."""
        return ~np.isnan(self.extreme)


def preference(source: str) -> tuple[int, str]:
    """Sort key of sources: the smaller, the rather it is the reference."""
    return (REFERENCES.index(source) if source in REFERENCES else len(REFERENCES), source)


Series = dict[tuple[str, str, int], dict[str, list[tuple[float, float]]]]


def gather(
    issued: Iterable[Issued],
    outcomes: Iterable[Outcome],
    spreads: Iterable[Spread] = (),
    extremes: Iterable[Extreme] = (),
    moments: Iterable[Moment] = (),
    fresh: float = _FRESH,
    promises: Iterable[Promise] = (),
) -> Cases:
    """Cases at each issue of a forecast (of no negative lead) and at each extra moment, in order of time.

    `fresh`: days after which a forecast no longer counts as a source's newest word. `promises` are for cases' moments.
    """
    series: Series = defaultdict(lambda: defaultdict(list))
    keys: dict[tuple[float, str, str, int], int] = {}
    for row in sorted(issued, key=lambda r: r.at):
        series[(row.station, row.variable, row.day)][row.source].append((row.at, row.value))
        if row.lead >= 0:
            keys[(row.at, row.station, row.variable, row.day)] = row.lead
    for m in moments:
        keys.setdefault((m.at, m.station, m.variable, m.day), m.lead)
    truth = {(o.station, o.variable, o.day): o for o in outcomes}
    medians: dict[tuple[str, str, int], list[Spread]] = defaultdict(list)
    for s in sorted(spreads, key=lambda r: r.at):
        medians[(s.station, s.variable, s.day)].append(s)
    seen: dict[tuple[str, str, int], list[Extreme]] = defaultdict(list)
    for x in sorted((x for x in extremes if x.stands == WHOLE), key=lambda r: r.at):
        seen[(x.station, x.variable, x.day)].append(x)
    names = sorted({name for one in series.values() for name in one})
    left = {(p.station, p.variable, p.day, round(p.at, 6)): p for p in promises}
    columns = _Columns((*names, QUANTILES) if medians else tuple(names), fresh)
    for at, station, variable, day in sorted(keys):
        key = (station, variable, day)
        promise = left.get((*key, round(at, 6)))
        columns.add(key, at, keys[(at, *key)], series, truth, medians.get(key, ()), seen.get(key, ()), promise)
    return columns.done()


class _Columns:
    """Rows on their way to columns."""

    def __init__(self, names: tuple[str, ...], fresh: float) -> None:
        self.names, self.fresh = names, fresh
        self.rows: list[tuple[Any, ...]] = []
        self.sources: list[list[float]] = []
        self.trends: list[list[float]] = []

    def add(
        self,
        key: tuple[str, str, int],
        at: float,
        lead: int,
        series: Series,
        truth: dict[tuple[str, str, int], Outcome],
        medians: Sequence[Spread],
        seen: Sequence[Extreme],
        promise: Promise | None,
    ) -> None:
        station, variable, day = key
        own = series.get(key, {})
        by = at + MOMENT
        now = {s: v for s, values in own.items() if (v := _last(values, by, at - self.fresh)) is not None}
        just = [s for s in now if any(abs(when - at) <= MOMENT for when, _ in own[s])]
        if not now:
            return
        source = min(just or now, key=preference)
        ref = now[source]
        hourly = now.get(HOURLY)
        if source == "nws_grid" and hourly is not None and _beyond(variable, hourly, ref) >= _OUTSIDE_F:
            ref = hourly  # the grid's windows are day and night; a midnight extreme is only in the hourly forecast
        median = next((s for s in reversed(medians) if s.at <= by), None)
        if median is not None:
            now[QUANTILES] = median.median
        if hourly is not None and all(
            _beyond(variable, hourly, v) >= _MIDNIGHT_F for s, v in now.items() if s != HOURLY
        ):
            now = dict.fromkeys(now, hourly)  # so are those of all others: to them as well the day reaches this far
        earlier = [_last(own[source], at - back + 0.6, at - back - 0.6) for back in (1.0, 2.0, 3.0)]
        beside = [_last(series.get((station, variable, day + d), {}).get(source, ()), by, at - _SAME_ISSUE)
                  for d in (-1, 1)]  # fmt: skip
        past = (truth.get((station, variable, day - back)) for back in range(1, lead + 4))
        newest = next((o.value for o in past if o is not None and o.known <= by), None)
        last = next((x for x in reversed(seen) if x.at <= by), None)
        result = truth.get(key)
        self.rows.append((
            station, variable, day, at, lead, ref, source, np.nan if median is None else median.sd,
            *(np.nan if v is None else v - ref for v in (*beside, newest)),
            *((np.nan, np.nan, np.nan, 0.0) if last is None else (last.hour, last.extreme, last.temperature, last.by)),
            *((np.nan,) * 2 if promise is None or last is None or at - last.at > _LATELY
              else (promise.value, promise.hours)),
            *((np.nan, np.inf) if result is None else (result.value, result.known)),
        ))  # fmt: skip
        self.sources.append([now.get(name, np.nan) for name in self.names])
        self.trends.append([0.0 if v is None else ref - v for v in earlier])

    def done(self) -> Cases:
        """The columns."""
        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * 19
        text = [np.array(columns[i], dtype=object) for i in (0, 1, 6)]
        number = {i: np.array(columns[i], dtype=np.float64) for i in (3, 5, *range(7, 19))}
        day, places = np.array(columns[2], dtype=np.int64), tuple(sorted(set(text[0])))
        elsewhere = around(places, text[0], text[1], day, number[3], number[5], self.fresh)
        return Cases(
            station=text[0], variable=text[1], day=day, at=number[3], places=places, around=elsewhere,
            lead=np.array(columns[4], dtype=np.int64), ref=number[5], ref_source=text[2], names=self.names,
            sources=np.array(self.sources, dtype=np.float64).reshape(len(self.rows), len(self.names)),
            trend=np.array(self.trends, dtype=np.float64).reshape(len(self.rows), 3), quantile_sd=number[7],
            before=number[8], after=number[9], latest=number[10], hour=number[11], extreme=number[12],
            temperature=number[13], extreme_by=number[14], promise=number[15], promise_hours=number[16],
            outcome=number[17], known=number[18],
        )  # fmt: skip


def _beyond(variable: str, value: float, ref: float) -> float:
    return value - ref if variable == "high" else ref - value


def _last(values: Sequence[tuple[float, float]], by: float, after: float) -> float | None:
    """The newest value in (after, by]."""
    for at, value in reversed(values):
        if at <= by:
            return value if at > after else None
    return None
