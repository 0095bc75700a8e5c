"""The model: ensemble model output statistics for whole-degree extremes, fitted in stages. Pure.

Gneiting et al. (2005), "Calibrated probabilistic forecasting using ensemble model output statistics": the outcome has a
location linear in the forecasts and a spread that depends on theirs. Here both regressions are Bayesian and robust
(`regression`), first over all rows, then, with half the prior scale, over the residuals of each lead group and each
station that has enough of them. Standardised residuals, smoothed, give the shape; a Student-t(8) where they are few.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from core.fair import combination, nowcast
from core.fair.cases import Cases, Days
from core.fair.coefficients import NEUTRAL, Prior
from core.fair.distribution import DEGREES, Array, student_cdf
from core.fair.features import YEAR, Context, Design, climate_of, mean_columns, patterns_of, spread_columns
from core.fair.past import Rolling, collect, errors_of, rolling
from core.fair.regression import Fit, regress
from core.station_day import Variable

VERSION = "emos-2026.11.5"
Z = np.round(np.linspace(-8.0, 8.0, 321), 6)
_LEAST_ROWS, _GROUP_ROWS, _STATION_ROWS = 5, 200, 1000
_HALF_LIFE_YEARS, _ROW_WEIGHT, _SHARE, _LATER = 4.0, 0.5, 0.7, 0.5
_SEASON, _SEASON_DAYS = 0.9, 50.0
_STATION_WEIGHT, _STATION_SHARE = 2.0, 1.0
_SMOOTH, _SHAPE_ROWS, _STRAY = 0.3, 250.0, 0.005
Stage = tuple[Array, Array]


@dataclass(slots=True)
class Model:
    """A fitted model: everything needed to predict, nothing else. Later stages by group and by station."""

    version: str
    fitted_at: float
    rows: int
    context: Context
    prior: Prior = NEUTRAL
    pooled: Stage | None = None
    groups: dict[str, Stage] = field(default_factory=dict)
    stations: dict[str, Stage] = field(default_factory=dict)
    shapes: dict[str, Array] = field(default_factory=dict)  # group -> CDF of the standardised residual on Z
    station_shapes: dict[str, tuple[float, Array]] = field(default_factory=dict)  # its share and CDF


def group_names(cases: Cases) -> NDArray[np.object_]:
    """The later stage a case belongs to: its lead, or on the climate day its variable and three hours of the day."""
    names = np.array([f"lead {min(int(lead), 6)}" for lead in cases.lead], dtype=object)
    for i in np.flatnonzero(cases.observed):
        names[i] = f"{cases.variable[i]} {int(cases.hour[i] // 3) * 3:02d} h"
    return names


def start(cases: Cases, prior: Prior) -> tuple[Array, Array]:
    """(mean, sd) before anything was learnt: by lead and station, and on the climate day by what was seen of it."""
    mu, sd = prior.centre(cases), combination.spread(prior.spread(cases), cases)
    for variable in Variable:
        mine = cases.observed & (cases.variable == variable.value)
        if mine.any():
            mu[mine], sd[mine] = nowcast.expected(
                variable, mu[mine], sd[mine], cases.extreme[mine], cases.hour[mine], cases.extreme_by[mine],
                cases.promise[mine], cases.promise_hours[mine],
            )  # fmt: skip
    return mu, np.maximum(sd, 0.5)


def fit(cases: Cases, past: Rolling, now: float, prior: Prior = NEUTRAL) -> Model:
    """Fit to what was known at `now`."""
    usable = (cases.known <= now + 1e-6) & ~np.isnan(cases.outcome)
    rows = np.flatnonzero(usable)
    context = _context(take(cases, rows))
    model = Model(VERSION, now, len(rows), context, prior)
    if len(rows) < _LEAST_ROWS:
        return model
    cases, past = take(cases, rows), take_past(past, rows)
    mean, spread = mean_columns(cases, past, context), spread_columns(cases, past, context)
    weight, within = _weights(cases, now)
    mu, sd = start(cases, prior)
    names, residuals = group_names(cases), np.zeros(len(rows))

    def stage(mine: Days, w: Array, share: float) -> Stage:
        part = Design(mean.columns[mine], mean.prior, mean.groups)
        wide = Design(spread.columns[mine], spread.prior, spread.groups)
        found: Fit = regress(part, wide, cases.outcome[mine] - mu[mine], w, sd[mine], share)
        mu[mine] += part.columns @ found.mean
        sd[mine] *= _factor(wide.columns @ found.spread)
        residuals[mine] = found.residuals
        return found.mean, found.spread

    everything = np.arange(len(rows))
    model.pooled = stage(everything, weight * within, 1.0)
    for name in sorted(set(names)):
        mine = np.flatnonzero(names == name)
        if len(mine) >= _GROUP_ROWS:
            model.groups[name] = stage(mine, weight[mine], _LATER)
    if len(context.stations) > 1:
        for station in context.stations:
            mine = np.flatnonzero(cases.station == station)
            if len(mine) >= _STATION_ROWS:
                model.stations[station] = stage(mine, _STATION_WEIGHT * (weight * within)[mine], _STATION_SHARE)
    for name in sorted(set(names)):
        mine = np.flatnonzero(names == name) if name in model.groups else everything
        model.shapes[name] = _shape(residuals[mine], weight[mine])
    for station in model.stations:
        mine = np.flatnonzero(cases.station == station)
        w = (weight * within)[mine]
        model.station_shapes[station] = (float(w.sum() / (w.sum() + _SHAPE_ROWS)), _smoothed(residuals[mine], w))
    return model


def location(model: Model, cases: Cases, past: Rolling) -> tuple[Array, Array]:
    """(mean, sd) of each case before its shape is put on."""
    mu, sd = start(cases, model.prior)
    if model.pooled is None:
        return mu, sd
    mean = mean_columns(cases, past, model.context).columns
    spread = spread_columns(cases, past, model.context).columns
    names = group_names(cases)
    stages: list[tuple[NDArray[np.bool_], Stage]] = [(np.ones(len(cases), dtype=bool), model.pooled)]
    stages += [(np.asarray(names == name), one) for name, one in model.groups.items()]
    stages += [(np.asarray(cases.station == name), one) for name, one in model.stations.items()]
    for mine, (beta, gamma) in stages:
        if mine.any():
            mu[mine] += mean[mine] @ beta
            sd[mine] *= _factor(spread[mine] @ gamma)
    return mu, sd


def predict(model: Model, cases: Cases, past: Rolling, widen: Array | float = 1.0) -> Array:
    """Probabilities of `DEGREES` for each case (n x degrees), each row summing to one; `widen` multiplies the spread.

    The one way from cases to probabilities: of history when the model is judged, of now when it is published.
    """
    mu, sd = location(model, cases, past)
    sd = sd * widen
    names = group_names(cases)
    out = np.zeros((len(cases), len(DEGREES)))
    for name, station in sorted(set(zip(names, cases.station, strict=True))):
        mine = (names == name) & (cases.station == station)
        shape = model.shapes.get(name)
        if shape is None:
            shape = next(iter(model.shapes.values()), student_cdf(Z))
        if station in model.station_shapes:
            share, own = model.station_shapes[station]
            shape = share * own + (1 - share) * shape
        out[mine] = _integrate(shape, mu[mine], sd[mine])
    for i in np.flatnonzero(cases.observed):
        variable = Variable(cases.variable[i])
        out[i] = nowcast.beyond(str(cases.station[i]), float(cases.extreme[i]), out[i], variable)
    return out


def past_of(cases: Cases) -> Rolling:
    """The rolling errors of cases that hold their own history."""
    return rolling(cases, collect(errors_of(cases)))


def take(cases: Cases, rows: Days) -> Cases:
    """Some of the cases."""
    whole = ("names", "places")
    columns = {n: getattr(cases, n)[rows] for n in Cases.__slots__ if n not in whole}
    return Cases(names=cases.names, places=cases.places, **columns)


def take_past(past: Rolling, rows: Days) -> Rolling:
    """The rolling errors of some of the cases."""
    return replace(past, **{n: getattr(past, n)[rows] for n in Rolling.__slots__})


def _context(cases: Cases) -> Context:
    truth: dict[str, dict[int, float]] = {}
    for i in range(len(cases)):
        truth.setdefault(f"{cases.station[i]} {cases.variable[i]}", {})[int(cases.day[i])] = float(cases.outcome[i])
    climate = _climate(truth)
    names = tuple(n for k, n in enumerate(cases.names) if not np.isnan(cases.sources[:, k]).all())
    context = Context(
        stations=tuple(sorted(set(cases.station))), names=names, variables=tuple(sorted(set(cases.variable))),
        observed=tuple(sorted(set(cases.variable[cases.observed]))),
        promised=tuple(sorted(set(cases.variable[~np.isnan(cases.promise)]))), climate=climate,
    )  # fmt: skip
    return replace(context, patterns=patterns_of(cases, context))


def _climate(truth: Mapping[str, Mapping[int, float]]) -> dict[str, list[float]]:
    found = {}
    for name, days in sorted(truth.items()):
        normal = climate_of(np.array(list(days), dtype=np.int64), np.array(list(days.values())))
        if normal is not None:
            found[name] = normal
    return found


def _weights(cases: Cases, now: float) -> tuple[Array, Array]:
    """Row weights: old rows and those of other seasons count less (a Gaussian of the days away in the year, over a
    floor), rows of one station, day and lead share theirs; and the share of the leads."""
    keys = list(zip(cases.station, cases.variable, cases.day, cases.lead, strict=True))
    same: dict[object, int] = {}
    day: dict[object, int] = {}
    for key in keys:
        same[key] = same.get(key, 0) + 1
        day[key[:3]] = day.get(key[:3], 0) + 1
    count = np.array([same[k] for k in keys], dtype=np.float64)
    within = count / np.array([day[k[:3]] for k in keys])
    age_years = (now - cases.day) / 365.0
    away = np.abs((cases.day - now + YEAR / 2) % YEAR - YEAR / 2)
    season = 1 - _SEASON + _SEASON * np.exp(-((away / _SEASON_DAYS) ** 2) / 2)
    return _ROW_WEIGHT * count**-_SHARE * np.exp(-age_years / _HALF_LIFE_YEARS) * season, within


def _factor(log_variance: Array) -> Array:
    return np.asarray(np.exp(np.clip(log_variance, -6.0, 3.0) / 2))


def _smoothed(residuals: Array, weight: Array) -> Array:
    """CDF on Z of the residuals, each widened to a normal of sd `_SMOOTH`."""
    fine = np.linspace(-9.0, 9.0, 1801)
    middles = (fine[:-1] + fine[1:]) / 2
    found, _ = np.histogram(np.clip(residuals, -8.0, 8.0), bins=fine, weights=weight)
    steps = special.ndtr((Z[:, None] - middles[None, :]) / _SMOOTH)
    return np.asarray(steps @ (found / found.sum()))


def _shape(residuals: Array, weight: Array) -> Array:
    """A group's CDF on Z: its smoothed residuals mixed with the Student-t by how many there are."""
    student = student_cdf(Z)
    if len(residuals) < 60:
        return student
    share = weight.sum() / (weight.sum() + _SHAPE_ROWS)
    return np.asarray(share * _smoothed(residuals, weight) + (1 - share) * student)


def _integrate(shape: Array, mu: Array, sd: Array) -> Array:
    """P(T = k) = F(k + 1/2) - F(k - 1/2), with a small share of a wide Student-t(4) for what no history holds."""
    edges = np.append(DEGREES - 0.5, DEGREES[-1] + 0.5)
    z = (edges[None, :] - mu[:, None]) / sd[:, None]
    cdf = (1 - _STRAY) * np.interp(z, Z, shape, left=0.0, right=1.0) + _STRAY * special.stdtr(4.0, z / 1.5)
    p = np.clip(np.diff(cdf, axis=1), 0.0, None)
    return np.asarray(p / p.sum(axis=1, keepdims=True))
