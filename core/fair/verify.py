"""How good were model, market, blend and climatology on the same events? Pure.

All four are ladders of probabilities over an event's brackets, so all scores are of ladders: Brier (1950), logarithmic
(Good 1952), and the CRPS as the sum over the ladder's inner edges of (F(edge) - 1{below it})^2 times the edges' spacing
(Gneiting & Raftery 2007, eq. 20, on the edges). PIT is the middle one: F below the paid bracket and half of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from core.contract import Bracket
from core.fair.brackets import ladder
from core.fair.distribution import Array, pmf

WHO = ("model", "market", "blend", "climatology")
_BINS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
_LEAST_P, _SPACING_F, _RECENT_DAYS, _ALARM_SE = 1e-4, 2.0, 7, 3.0


class Told(NamedTuple):
    """One event at one moment: what each gave to its brackets, and which paid. `day` counts from 1970."""

    station: str
    variable: str
    phase: str
    event: str
    day: int
    ladders: Mapping[str, tuple[float, ...]]
    paid: int


class Score(NamedTuple):
    """One line: who, where, when, how well."""

    who: str
    station: str
    variable: str
    phase: str
    moments: int
    brier: float
    log_loss: float
    crps_f: float
    pit_mean: float
    pit_sd: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Is the model worse of late, measured by its log-loss beyond the market's?"""

    recent: float
    before: float
    error: float
    drifted: bool
    words: str


def scores(told: Sequence[Told]) -> list[Score]:
    """By who x station x variable x phase, and over all stations ("all")."""
    cells: dict[tuple[str, str, str, str], list[tuple[float, float, float, float]]] = {}
    for one in told:
        for who, p in one.ladders.items():
            found = of(np.array(p), one.paid)
            for station in (one.station, "all"):
                cells.setdefault((who, station, one.variable, one.phase), []).append(found)
    out = []
    for (who, station, variable, phase), ones in sorted(cells.items()):
        a = np.array(ones)
        brier, log_loss, crps, middle = (float(x) for x in a.mean(axis=0))
        spread = float(a[:, 3].std())
        out.append(Score(who, station, variable, phase, len(a), brier, log_loss, crps, middle, spread))
    return out


def of(p: Array, paid: int) -> tuple[float, float, float, float]:
    """(Brier, log-loss, CRPS in degrees F, PIT) of one ladder."""
    hit = np.zeros(len(p))
    hit[paid] = 1.0
    below = np.cumsum(p)[:-1]
    crps = float(_SPACING_F * ((below - np.cumsum(hit)[:-1]) ** 2).sum())
    pit = float(p[:paid].sum() + p[paid] / 2)
    return float(((p - hit) ** 2).mean()), float(-np.log(max(float(p[paid]), _LEAST_P))), crps, pit


def reliability(told: Sequence[Told], who: str) -> list[tuple[float, float, int]]:
    """(mean probability, share that paid, brackets) of each bin of probability that has any."""
    p = np.array([x for one in told for x in one.ladders.get(who, ())])
    hit = np.array([float(k == one.paid) for one in told for k in range(len(one.ladders.get(who, ())))])
    found = []
    for low, high in pairwise(_BINS):
        mine = (p >= low) & (p < high) if high < 1 else (p >= low)
        if mine.any():
            found.append((float(p[mine].mean()), float(hit[mine].mean()), int(mine.sum())))
    return found


def pits(told: Sequence[Told], who: str) -> Array:
    """Middle PIT of every moment."""
    return np.array([of(np.array(one.ladders[who]), one.paid)[3] for one in told if who in one.ladders])


def climatology(values: Sequence[float], shapes: Sequence[Bracket]) -> tuple[float, ...] | None:
    """A ladder from the station's own official values near this time of year; None below ten of them."""
    if len(values) < 10:
        return None
    return tuple(map(float, ladder(pmf(float(np.mean(values)), max(float(np.std(values)), 3.0)), shapes)))


def drift(told: Sequence[Told], today: int) -> Drift:
    """Daily means of (model's log-loss - market's): the last 7 days against those before; 3 standard
    errors alarm."""
    days: dict[int, list[float]] = {}
    for one in told:
        if "model" in one.ladders and "market" in one.ladders:
            gap = of(np.array(one.ladders["model"]), one.paid)[1] - of(np.array(one.ladders["market"]), one.paid)[1]
            days.setdefault(one.day, []).append(gap)
    means = {d: float(np.mean(x)) for d, x in days.items()}
    recent = np.array([m for d, m in means.items() if d > today - _RECENT_DAYS - 1])
    before = np.array([m for d, m in means.items() if d <= today - _RECENT_DAYS - 1])
    if len(recent) < 3 or len(before) < 10:
        return Drift(np.nan, np.nan, np.nan, False, "not enough days to tell a drift yet")
    error = float(np.sqrt(before.var(ddof=1) * (1 / len(recent) + 1 / len(before))))
    gone = float(recent.mean() - before.mean())
    drifted = gone > _ALARM_SE * max(error, 1e-6)
    words = (f"the model's log-loss beyond the market's: {recent.mean():+.3f} in the last {_RECENT_DAYS} days,"
             f" {before.mean():+.3f} before, standard error {error:.3f}")  # fmt: skip
    return Drift(float(recent.mean()), float(before.mean()), error, drifted, f"DRIFT: {words}" if drifted else words)
