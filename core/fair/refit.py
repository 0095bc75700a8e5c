"""The nightly refit: fit anew, judge it against the model in force on the last 60 days, keep the better. Pure.

A model in force that was fitted after those days began has seen some of them; so has a refit on everything, and they
are compared as they are. One fitted before (or never) has not: then the refit is judged walking forward, fitted every
15 days on what was known before. Either way a refit that scores worse is refused, and what is kept gets the newest
errors and weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.fair import emos
from core.fair.assemble import Pricer
from core.fair.cases import Cases
from core.fair.coefficients import Prior
from core.fair.distribution import DEGREES, Array
from core.fair.past import Error, collect, errors_of, rolling
from core.fair.walk import walk
from core.fair.weights import Said, learn

JUDGED_DAYS, _EVERY_DAYS = 60, 15.0
_AS_GOOD = 0.002  # nats by which a refit may seem worse before it counts as worse
_LEAST_P = 1e-4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is in force from now on, and why. Scores: mean -ln p of the official degree, and CRPS in degrees F."""

    pricer: Pricer
    errors: list[Error]
    accepted: bool
    judged: int
    old: float
    new: float
    old_crps: float
    new_crps: float
    words: str


def refit(cases: Cases, said: Sequence[Said], old: Pricer, prior: Prior, now: float) -> Verdict:
    """`now` in days since 1970; `cases` hold what the lake remembers."""
    errors = newest_errors([e for e in errors_of(cases) if e.known <= now], now)
    past = collect(errors)
    own = rolling(cases, past)
    weights = learn(said, now)
    first = int(now) - JUDGED_DAYS
    judged = np.flatnonzero((cases.day >= first) & (cases.known <= now) & ~np.isnan(cases.outcome))
    new = emos.fit(cases, own, now, prior)
    if not len(judged):
        kept = Pricer(new, past, weights)
        return Verdict(kept, errors, True, 0, np.nan, np.nan, np.nan, np.nan, "no settled day to judge by yet")
    outcome, some, its = cases.outcome[judged], emos.take(cases, judged), emos.take_past(own, judged)
    before = emos.predict(old.model, some, its)
    if old.model.rows and old.model.fitted_at > first:
        after, how = emos.predict(new, some, its), "as they are"
    else:
        after, how = walk(cases, first, _EVERY_DAYS, prior)[judged], "walking forward"
    a, b = surprise(before, outcome), surprise(after, outcome)
    accepted = b <= a + _AS_GOOD
    words = f"{len(judged)} cases of {JUDGED_DAYS} days, {how}: {b:.4f} nats against {a:.4f} of the model in force"
    words = f"accepted: {words}" if accepted else f"refused, the model in force stays: {words}"
    kept = Pricer(new if accepted else old.model, past, weights)
    return Verdict(kept, errors, accepted, len(judged), a, b, crps(before, outcome), crps(after, outcome), words)


def newest_errors(errors: Sequence[Error], now: float, days: int = 400) -> list[Error]:
    """One error a station, variable, lead and day: that of the freshest forecast; those of the last `days`."""
    found: dict[tuple[str, str, int, int], Error] = {}
    for e in errors:
        key = (e.station, e.variable, e.lead, e.day)
        if e.day > now - days and (key not in found or e.at > found[key].at):
            found[key] = e
    return sorted(found.values())


def surprise(pmfs: Array, outcome: Array) -> float:
    """Mean of -ln P(official degree) (Good 1952, the ignorance score)."""
    column = np.clip(outcome.astype(np.int64) - int(DEGREES[0]), 0, len(DEGREES) - 1)
    return float(-np.log(np.maximum(pmfs[np.arange(len(pmfs)), column], _LEAST_P)).mean())


def crps(pmfs: Array, outcome: Array) -> float:
    """Mean over rows of sum_k (F(k) - 1{k >= outcome})^2 (Gneiting & Raftery 2007, eq. 20, on whole degrees)."""
    steps = DEGREES[None, :] >= outcome[:, None]
    return float(((np.cumsum(pmfs, axis=1) - steps) ** 2).sum(axis=1).mean())
