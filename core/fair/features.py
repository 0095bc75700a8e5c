"""The columns of the two regressions: what moves the mean of the outcome less the reference, and what its spread. Pure.

Each column has a prior standard deviation (degrees F per unit, of a Gaussian centred on zero): how far it may move
without evidence. Columns of one group share a factor on it, chosen by the marginal likelihood (`regression.evidence`).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.fair.cases import QUANTILES, Cases, Days
from core.fair.distribution import Array
from core.fair.past import Rolling

YEAR = 365.2425
LONGEST_LEAD = 7
_PATTERNS, _PATTERN_STATIONS = 6, 4  # so many, from so many stations on


@dataclass(frozen=True, slots=True)
class Context:
    """What a fitted model must know to build the same columns again."""

    stations: tuple[str, ...]
    names: tuple[str, ...]
    variables: tuple[str, ...]
    observed: tuple[str, ...]  # variables of which climate days under way were seen
    promised: tuple[str, ...]  # those of which hourly forecasts of the rest of the day were known
    climate: dict[str, list[float]]  # "KNYC high": harmonics of the normal (`harmonics`)
    patterns: list[list[float]] = field(default_factory=list)  # stations x patterns: how departures go together


@dataclass(frozen=True, slots=True)
class Design:
    """Columns (n x p), their prior standard deviations and groups."""

    columns: Array
    prior: Array
    groups: tuple[str, ...]


class _Build:
    def __init__(self, n: int) -> None:
        self.n, self.columns, self.prior, self.groups = n, list[Array](), list[float](), list[str]()

    def add(self, group: str, prior: float, *columns: ArrayLike) -> None:
        for column in columns:
            self.columns.append(np.broadcast_to(np.asarray(column, dtype=np.float64), (self.n,)))
            self.prior.append(prior)
            self.groups.append(group)

    def done(self) -> Design:
        return Design(np.stack(self.columns, axis=1), np.array(self.prior), tuple(self.groups))


def harmonics(days: Days) -> Array:
    """(1, sin, cos, sin 2, cos 2) of the day of the year: n x 5."""
    turn = 2 * np.pi * days / YEAR
    return np.stack([np.ones(len(days)), np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)], axis=1)


def climate_of(days: Days, values: Array) -> list[float] | None:
    """The normal of a station's variable as harmonics, by ridge regression; None below 200 days."""
    if len(days) < 200:
        return None
    basis = harmonics(days)
    penalty = np.diag([3e-6, 0.06, 0.06, 1.5, 1.5])
    return [float(b) for b in np.linalg.solve(basis.T @ basis + penalty, basis.T @ values)]


def departure(cases: Cases, context: Context) -> Array:
    """The normal less the reference; 0 where no normal is known."""
    out = np.zeros(len(cases))
    for name, coefficients in context.climate.items():
        station, variable = name.split()
        mine = (cases.station == station) & (cases.variable == variable)
        out[mine] = harmonics(cases.day[mine]) @ np.array(coefficients) - cases.ref[mine]
    return out


def departures(cases: Cases, context: Context) -> Array:
    """Each station's reference for the case's day less its normal (n x stations); 0 where either is unknown."""
    out = np.zeros((len(cases), len(context.stations)))
    for k, station in enumerate(context.stations):
        if station not in cases.places:
            continue
        there = cases.around[:, cases.places.index(station)]
        for variable in context.variables:
            normal = context.climate.get(f"{station} {variable}")
            if normal is not None:
                mine = cases.variable == variable
                out[mine, k] = there[mine] - harmonics(cases.day[mine]) @ np.array(normal)
    return _filled(out, 25.0)


def patterns_of(cases: Cases, context: Context) -> list[list[float]]:
    """The directions in which the stations' departures vary most: principal components, stations x patterns."""
    if len(context.stations) < _PATTERN_STATIONS or not context.climate:
        return []
    apart = departures(cases, context)
    _, directions = np.linalg.eigh(apart.T @ apart)
    return [[float(v) for v in row] for row in directions[:, ::-1][:, :_PATTERNS]]


def _filled(x: Array, limit: float = 20.0) -> Array:
    return np.clip(np.nan_to_num(x, nan=0.0), -limit, limit)


def _progress(cases: Cases) -> tuple[NDArray[np.bool_], Array, Array]:
    """Observed?, and how far the extreme so far and the temperature are beyond the reference (lows mirrored)."""
    seen = cases.observed
    sign = np.where(cases.low, -1.0, 1.0)
    extreme = np.where(seen, sign * (cases.extreme - cases.ref), 0.0)
    return seen, extreme, np.where(seen, sign * (cases.temperature - cases.ref), 0.0)


def _to_come(cases: Cases) -> tuple[Array, Array]:
    """How far the promised rest of the day is beyond the extreme so far (lows mirrored), and in how many hours / 4."""
    there = cases.observed & ~np.isnan(cases.promise)
    sign = np.where(cases.low, -1.0, 1.0)
    beyond = np.where(there, sign * (cases.promise - np.where(there, cases.extreme, 0.0)), 0.0)
    return np.clip(beyond, -15.0, 15.0), np.where(there, cases.promise_hours / 4.0, 0.0)


def mean_columns(cases: Cases, past: Rolling, context: Context) -> Design:
    """Columns of the mean."""
    b, lead = _Build(len(cases)), cases.lead
    _, sin, cos, sin2, cos2 = harmonics(cases.day).T
    far = departure(cases, context)
    b.add("level", 1.0, 1.0)
    b.add("season", 0.7, sin, cos, cases.low)
    b.add("season", 0.4, sin2, cos2)
    for station in context.stations:
        here = cases.station == station
        b.add("station", 0.8, here)
        b.add("station season", 0.5, here * sin, here * cos)
    b.add("lead", 0.5, *(lead == k for k in range(1, LONGEST_LEAD + 1)))
    if len(context.variables) > 1:
        b.add("lead of lows", 0.3, *(cases.low & (lead >= k) for k in (1, 3, 5)))
    _sources(b, cases, context)
    b.add("trend", 0.3, cases.trend[:, 0])
    b.add("trend", 0.2, cases.trend[:, 0] * (lead >= 3))
    for least in (0, 2, 4):
        b.add("older trend", 0.15, *(cases.trend[:, k] * (lead >= least) for k in range(3)))
    for near in (cases.before, cases.after, cases.latest):
        step = _filled(near)
        b.add("neighbours", 0.3, ~np.isnan(near))
        b.add("neighbours", 0.1, step)
        b.add("neighbours", 0.06, step * (lead >= 2), step * (lead >= 4))
    b.add("rolling", 0.3, past.month, past.week)
    b.add("newest", 0.15, *(past.newest * (lead >= least) for least in (0, 1, 3)))
    b.add("everywhere", 0.3, past.everywhere)
    b.add("normal", 0.15, far)
    b.add("normal", 0.08, *(far * (lead >= least) for least in (2, 3, 4, 5, 6)))
    if len(context.stations) > 1:
        _by_station(b, cases, past, context, far)
    if context.observed:
        _today(b, cases, context)
    return b.done()


def _sources(b: _Build, cases: Cases, context: Context) -> None:
    for name in context.names:
        if name != QUANTILES:
            b.add("sources", 0.7, cases.ref_source == name)
    for name in context.names:
        value = cases.sources[:, cases.names.index(name)] - cases.ref if name in cases.names else np.full(b.n, np.nan)
        b.add("sources", 0.4, _filled(value, 15.0))
        b.add("sources", 0.5, np.isnan(value))


def _by_station(b: _Build, cases: Cases, past: Rolling, context: Context, far: Array) -> None:
    """A city's forecast used for its airport errs with the weather: by distance from normal, trend and neighbours."""
    _, sin, cos, _, _ = harmonics(cases.day).T
    step = _filled(cases.latest)
    flow = departures(cases, context) @ np.array(context.patterns) if context.patterns else np.zeros((len(cases), 0))
    for station in context.stations:
        here = cases.station == station
        b.add("patterns", 0.04, *(here * pattern for pattern in flow.T))
        for variable in context.variables:
            mine = here & (cases.variable == variable)
            b.add("slope", 0.12, mine * far, mine * np.maximum(-far - 5, 0))
            b.add("slope", 0.08, mine * far * cos, mine * far * sin)
        b.add("station trend", 0.1, here * cases.trend[:, 0])
        b.add("station step", 0.08, here * step)
        b.add("station rolling", 0.2, here * past.month)


def _today(b: _Build, cases: Cases, context: Context) -> None:
    """On the climate day the extreme so far and the temperature now replace most of the forecast; lows mirrored."""
    _, sin, cos, _, _ = harmonics(cases.day).T
    seen, extreme, temperature = _progress(cases)
    for variable, flip in (("high", 1.0), ("low", -1.0)):
        if variable not in context.observed:
            continue
        mine = seen & (cases.variable == variable)
        x, t, on = flip * mine * extreme, flip * mine * temperature, flip * mine
        high = mine * extreme
        b.add("today", 0.7, on, on * (cases.extreme_by > 0))
        b.add("today", 0.5, x, t, flip * np.maximum(high, 0), flip * mine * np.minimum(high + 2, 0))
        b.add("today", 0.5, flip * mine * np.minimum(high + 5, 0), on * sin, on * cos)
        b.add("today", 0.3, x - t)
        b.add("today", 0.2, t * cos, x * cos)
        if variable in context.promised:
            to_come, until = _to_come(cases)
            known = mine & ~np.isnan(cases.promise)
            b.add("promise", 0.5, flip * known)
            b.add("promise", 0.3, flip * known * to_come, flip * known * np.maximum(to_come, 0))
            b.add("promise", 0.1, flip * known * until)


def spread_columns(cases: Cases, past: Rolling, context: Context) -> Design:
    """Columns of the log variance, on top of the prior by lead (`emos.prior_sd`)."""
    b, lead = _Build(len(cases)), cases.lead
    _, sin, cos, _, _ = harmonics(cases.day).T
    far = departure(cases, context)
    b.add("level", 3.0, 1.0)
    b.add("season", 0.3, sin, cos)
    b.add("low", 2.0, cases.low)
    for station in context.stations:
        here = cases.station == station
        b.add("station", 0.4, here)
        b.add("station", 0.3, here * cos, here * sin)
        b.add("station", 0.2, here * np.maximum(-far / 10, 0), here * np.maximum(far / 10, 0))
    b.add("lead", 0.4, *(lead >= k for k in range(1, LONGEST_LEAD + 1)))
    if len(context.variables) > 1:  # how a low may miss depends less on the lead than how a high does
        b.add("lead of lows", 0.4, *(cases.low & (lead >= k) for k in (1, 3, 5)))
    values = cases.sources[:, [k for k, name in enumerate(cases.names) if name in context.names]]
    count = (~np.isnan(values)).sum(axis=1)
    middle = np.nansum(values, axis=1) / np.maximum(count, 1)
    apart = np.sqrt(np.nansum((values - middle[:, None]) ** 2, axis=1) / np.maximum(count, 1))
    b.add("sources", 0.6, (count > 1) * np.log(apart + 0.7))
    b.add("sources", 0.5, count > 1)
    unsure = np.isnan(cases.quantile_sd)
    b.add("quantiles", 0.8, np.where(unsure, 0.0, np.log(np.maximum(np.nan_to_num(cases.quantile_sd, nan=2.0), 0.5))))
    b.add("quantiles", 0.4, unsure)
    before, after = _filled(cases.before), _filled(cases.after)
    b.add("trend", 0.3, np.log1p(np.abs(cases.trend[:, 0])))
    b.add("neighbours", 0.2, np.log1p(np.abs(before)), np.log1p(np.abs(after)))
    b.add("neighbours", 0.2, np.log1p(np.maximum(after, 0)), np.log1p(np.maximum(before, 0)))
    b.add("rolling", 0.6, np.log(past.scatter))
    if context.observed:
        seen, extreme, temperature = _progress(cases)
        b.add("today", 0.7, seen, seen & cases.low, cases.extreme_by > 0)
        b.add("today", 0.2, np.minimum(extreme, 0), extreme - temperature)
        b.add("today", 0.3, np.maximum(extreme, 0), seen * cos)
        b.add("today", 0.4, seen * np.log1p(np.maximum(-extreme, 0)))
        if context.promised:
            to_come, until = _to_come(cases)
            b.add("promise", 0.4, ~np.isnan(cases.promise), until)
            b.add("promise", 0.3, np.log1p(np.maximum(to_come, 0)))
    return b.done()
