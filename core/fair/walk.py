"""Walk forward: refit as time goes, predict each case with a model fitted before it. Pure."""

from collections.abc import Iterator

import numpy as np

from core.fair import emos
from core.fair.cases import Cases, Days
from core.fair.coefficients import NEUTRAL, Prior
from core.fair.distribution import DEGREES, Array, pmf
from core.fair.features import YEAR

REFIT_DAYS = 14.0


def windows(cases: Cases, first_day: int, every: float = REFIT_DAYS) -> Iterator[tuple[float, Days]]:
    """(moment of the fit, rows to predict with it): cases of days from `first_day` on, `every` days together."""
    wanted = np.flatnonzero(cases.day >= first_day)
    if not len(wanted):
        return
    at, end = float(cases.at[wanted].min()), float(cases.at[wanted].max())
    while at <= end + 1e-9:
        rows = wanted[(cases.at[wanted] >= at) & (cases.at[wanted] < at + every)]
        if len(rows):
            yield at, rows
        at += every


def walk(cases: Cases, first_day: int, every: float = REFIT_DAYS, prior: Prior = NEUTRAL) -> Array:
    """Probabilities (n x degrees); rows of days before `first_day` stay zero."""
    past = emos.past_of(cases)
    out = np.zeros((len(cases), len(DEGREES)))
    for at, rows in windows(cases, first_day, every):
        model = emos.fit(cases, past, at, prior)
        out[rows] = emos.predict(model, emos.take(cases, rows), emos.take_past(past, rows))
    return out


def reference(cases: Cases, first_day: int) -> Array:
    """A plain yardstick: the reference forecast, its shrunk 45-day bias, the prior spread of its lead, Student-t(8)."""
    past = emos.past_of(cases)
    mean, sd = cases.ref + past.month, NEUTRAL.spread(cases)
    out = np.zeros((len(cases), len(DEGREES)))
    for i in np.flatnonzero(cases.day >= first_day):
        out[i] = pmf(float(mean[i]), float(sd[i]))
    return out


def climatology(cases: Cases, first_day: int) -> Array:
    """Knows no forecast: each case's `usual`."""
    known, out = outcomes_of(cases), np.zeros((len(cases), len(DEGREES)))
    for i in np.flatnonzero(cases.day >= first_day):
        mine = known.get((cases.station[i], cases.variable[i]))
        out[i] = usual(mine, int(cases.day[i]), float(cases.at[i]))
    return out


def outcomes_of(cases: Cases) -> dict[tuple[str, str], Array]:
    """Of each station and variable, rows of (day, when its outcome was known, the outcome), by day."""
    found: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}
    for i in np.flatnonzero(~np.isnan(cases.outcome)):
        found.setdefault((cases.station[i], cases.variable[i]), {})[int(cases.day[i])] = (
            float(cases.known[i]), float(cases.outcome[i]))  # fmt: skip
    return {k: np.array([(d, *v) for d, v in sorted(days.items())]) for k, days in found.items()}


def usual(outcomes: Array | None, day: int, at: float) -> Array:
    """What is usual on a date, of rows of `outcomes_of` known by the moment `at`: those of other years within 15 days
    of the date, else all."""
    rows = np.zeros((0, 3)) if outcomes is None else outcomes[outcomes[:, 1] <= at + 1e-6]
    apart = np.abs((rows[:, 0] - day + YEAR / 2) % YEAR - YEAR / 2)
    near = rows[apart <= 15.0] if (apart <= 15.0).sum() >= 30 else rows
    mean, sd = (float(near[:, 2].mean()), float(near[:, 2].std())) if len(near) >= 10 else (60.0, 20.0)
    return pmf(mean, max(sd, 3.0))
