"""On the climate day itself: condition on what has been observed. Pure.

MAKING §1.7: with M the official extreme so far and R the extreme of the rest, T = max(M, R), so
P(T <= k) = P(M <= k) P(R <= k); lows mirrored. M is not observed: reports run below the official maximum (KLAS, 85
days: 0 F on 32 %, +1 F on 60 %, +2 F on 7 %), and at Central Park some maxima are spikes the official value ignores.
"""

import numpy as np
from scipy import special

from core.fair.distribution import DEGREES, Array
from core.station_day import StationDay, Variable
from core.units import HOUR, Instant

_OFFSETS = {
    Variable.HIGH: ((0, 0.34), (1, 0.58), (2, 0.07), (3, 0.01)),
    Variable.LOW: ((0, 0.55), (-1, 0.40), (-2, 0.05)),
}
# likelihood of the reports' extreme being a degree, or more, beyond the official one: spikes that the official value
# ignores are known at Central Park (1.5 % of days at 13 h local time); elsewhere rounding alone (KLAS: none in 85 days)
_SHORT = {"KNYC": (0.15, 0.02)}
_SHORT_ELSEWHERE = (0.05, 0.005)
# share of days on which a station's own extreme so far holds a spike that the report leaves out (KNYC: 1.2 %)
_SPIKE, _SPIKE_ELSEWHERE = {"KNYC": 0.012}, 0.003
_LEAST_SD = 0.45
_STAYS = (
    0.8  # share of days whose afternoon report is the final value (155 days: 80 % Chicago, 83 % New York, 95 % Miami)
)
# (local standard hour, share of the day-0 sd that is left): what remains to be learnt shrinks through the day
_LEFT = {
    Variable.HIGH: ((0, 1.0), (8, 0.95), (11, 0.80), (13, 0.62), (15, 0.40), (17, 0.22), (20, 0.15), (24, 0.10)),
    Variable.LOW: ((0, 0.85), (4, 0.55), (6, 0.38), (8, 0.30), (12, 0.28), (18, 0.25), (24, 0.10)),
}

# share of the variance between forecast and extreme so far, when the forecast says more is to come: either may stand
_EITHER = 0.5
# (hours until the promised extreme, share of the day-0 sd): at KLAS what was still to come had an sd of 2.2 F at 12 h,
# 1.5 at 14 h, 1.0 at 15 h and 0.7 at 16 h, some four, two, one and no hours before the usual maximum
_AHEAD = ((0, 0.25), (1, 0.42), (2, 0.62), (4, 0.85), (8, 0.95), (12, 1.0))


def share_left(day: StationDay, now: Instant) -> float:
    """The factor on the day-0 spread at `now`."""
    return share_left_at(day.variable, min(max((now - day.start) / HOUR, 0.0), 24.0))


def share_left_at(variable: Variable, hour: float) -> float:
    """The factor on the day-0 spread at a local standard hour."""
    hours, shares = zip(*_LEFT[variable], strict=True)
    return float(np.interp(hour, hours, shares))


def expected(
    variable: Variable,
    ref: Array,
    sd: Array,
    extreme: Array,
    hour: Array,
    promise: Array | None = None,
    promise_hours: Array | None = None,
) -> tuple[Array, Array]:
    """(mean, sd) of T = max(M, R) before anything was learnt: M the reports' extreme and its usual offset, R the rest
    of the day, which tends from the forecast to the extreme so far as what is left of the day shrinks. A forecast far
    beyond the extreme so far still stands (a front in the evening) or does not: a mixture of the two would have the
    variance left (1 - left) (ref - extreme)^2 between them, of which `_EITHER` is taken.

    Where the hourly forecasts promise an extreme of the hours that are left (not NaN), R is that of forecast and
    promise, weighted by their precision (Bates & Granger 1969, "The combination of forecasts"): the promise errs by
    the share `_AHEAD` of the day-0 sd, the forecast still stands for the share that is left. Both err with the same
    weather, so together they are not taken for better than the promise. Whole hours have the reports' offset.
    Clark (1961), "The greatest of a finite set of random variables", eq. 2 and 3, for independent
    normals; lows mirrored.
    """
    sign = 1.0 if variable is Variable.HIGH else -1.0
    hours, shares = zip(*_LEFT[variable], strict=True)
    left = np.interp(hour, hours, shares)
    steps, chances = (np.array(column, dtype=np.float64) for column in zip(*_OFFSETS[variable], strict=True))
    offset = float(steps @ chances)
    m, m_sd = sign * (extreme + offset), float(np.sqrt(chances @ (steps - offset) ** 2))
    r = left * ref + (1 - left) * extreme
    more = np.maximum(sign * (ref - extreme), 0.0)
    r_sd = np.sqrt((sd * left) ** 2 + _EITHER * left * (1 - left) * more**2)
    if promise is not None and promise_hours is not None:
        there = ~np.isnan(promise)
        until, parts = zip(*_AHEAD, strict=True)
        part = np.interp(np.where(there, promise_hours, 0.0), until, parts)
        stands = left * part**2 / (left * part**2 + 1.0)
        r = np.where(there, stands * ref + (1 - stands) * (promise + offset), r)
        r_sd = np.where(there, sd * part, r_sd)
    r = sign * r
    theta = np.sqrt(m_sd**2 + r_sd**2)
    a = (m - r) / theta
    density = np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)
    first = m * special.ndtr(a) + r * special.ndtr(-a) + theta * density
    second = (m**2 + m_sd**2) * special.ndtr(a) + (r**2 + r_sd**2) * special.ndtr(-a) + (m + r) * theta * density
    return np.asarray(sign * first), np.sqrt(np.maximum(second - first**2, _LEAST_SD**2))


def certain(value: int) -> Array:
    """All on one degree (an official preliminary value as the extreme so far)."""
    found = np.zeros(len(DEGREES))
    found[_index(value)] = 1.0
    return found


def beyond(station: str, reported: float, outcome: Array, variable: Variable) -> Array:
    """pmf of the day's extreme, given the reports' extreme so far: degrees short of it keep a small share, because the
    official value is sometimes a degree below the reports (`_SHORT`), and more seldom further."""
    short = np.round(reported) - DEGREES if variable is Variable.HIGH else DEGREES - np.round(reported)
    one, more = _SHORT.get(station, _SHORT_ELSEWHERE)
    found = outcome * np.where(short <= 0, 1.0, np.where(short == 1, one, more))
    return np.asarray(found / found.sum())


def told_by_station(station: str, value: int, variable: Variable) -> Array:
    """pmf of the official extreme so far when the station's own summary says `value`: a spike in it may be left out
    of the report."""
    one = _SPIKE.get(station, _SPIKE_ELSEWHERE)
    step = -1 if variable is Variable.HIGH else 1
    return np.asarray((1 - one) * certain(value) + one * certain(value + step))


def after_report(outcome: Array, so_far: Array, day: StationDay, issued: Instant) -> Array:
    """pmf of the day's extreme once an official word, issued `issued`, said what it was `so_far` (a pmf).

    The official value so far is a floor (lows: a ceiling). The model's chances beyond it are those of a day of which
    only the reports were known; knowing the official value, they shrink to the share of the day that is left.
    """
    floored = combine(so_far, outcome, day.variable)
    stays = _STAYS * (1 - share_left(day, issued))
    return np.asarray(stays * so_far + (1 - stays) * floored)


def combine(so_far: Array, rest: Array, variable: Variable) -> Array:
    """pmf of max (high) or min (low) of two independent whole degrees."""
    if variable is Variable.HIGH:
        cdf = np.cumsum(so_far) * np.cumsum(rest)
        return np.diff(np.concatenate(([0.0], cdf)))
    above = np.cumsum(so_far[::-1])[::-1] * np.cumsum(rest[::-1])[::-1]  # P(T >= k)
    return np.asarray(above - np.append(above[1:], 0.0))


def _index(degree: int) -> int:
    return int(min(max(degree - int(DEGREES[0]), 0), len(DEGREES) - 1))
