"""On the climate day itself: condition on what has been observed. Pure.

MAKING §1.7: with M the official extreme so far and R the extreme of the rest, T = max(M, R), so
P(T <= k) = P(M <= k) P(R <= k); lows mirrored. M is not observed: whole hours run below the official maximum (KLAS, 85
days: 0 F on 21 to 32 %, +1 F on 51 to 60 %), six-hour groups hardly (0 F on 86 %), and at Central Park some maxima are
spikes the official value ignores.
"""

import numpy as np
from scipy import special

from core.fair.cases import REPORTS
from core.fair.distribution import DEGREES, Array
from core.station_day import StationDay, Variable
from core.units import HOUR, Instant

# how far the official extreme is beyond the one seen, by who saw it: whole hours, a six-hour group, an official word
_OFFSETS = {
    Variable.HIGH: (((0, 0.34), (1, 0.58), (2, 0.07), (3, 0.01)), ((0, 0.88), (1, 0.10), (2, 0.02)), ((0, 1.0),)),
    Variable.LOW: (((0, 0.55), (-1, 0.40), (-2, 0.05)), ((0, 0.97), (-1, 0.03)), ((0, 1.0),)),
}
# likelihood of the reports' extreme being a degree, or more, beyond the official one: spikes that the official value
# ignores are known at Central Park (1.5 % of days at 13 h local time); elsewhere rounding alone (KLAS: none in 85 days)
_SHORT = {"KNYC": (0.15, 0.02)}
_SHORT_ELSEWHERE = (0.05, 0.005)
# share of days on which a station's own extreme so far holds a spike that the report leaves out (KNYC: 1.2 %)
_SPIKE, _SPIKE_ELSEWHERE = {"KNYC": 0.012}, 0.003
_LEAST_SD, _LEAST_CHANCE = 0.45, 1e-6
# share of days whose afternoon report is the final value (155 days: 80 % Chicago, 83 % New York, 95 % Miami), and the
# local standard hour of that report
_STAYS, _AFTERNOON = 0.8, 15.5
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
    by: Array,
    promise: Array | None = None,
    promise_hours: Array | None = None,
) -> tuple[Array, Array]:
    """(mean, sd) of T = max(M, R) before anything was learnt: M the extreme so far and its usual offset, R the rest
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
    offsets, spreads = np.array([_moments(chances) for chances in _OFFSETS[variable]]).T
    offset, known = float(offsets[REPORTS]), by.astype(np.int64)
    m, m_sd = sign * (extreme + offsets[known]), spreads[known]
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


def _moments(chances: tuple[tuple[int, float], ...]) -> tuple[float, float]:
    mean = sum(step * chance for step, chance in chances)
    return mean, float(np.sqrt(sum(chance * (step - mean) ** 2 for step, chance in chances)))


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


def after_report(outcome: Array, so_far: Array, day: StationDay, issued: Instant, now: Instant) -> Array:
    """pmf of the day's extreme once an official word, issued `issued`, said what it was `so_far` (a pmf).

    The official value so far is a floor (lows: a ceiling). How likely is it to stay? The model says so by what it knows
    of the rest of the day, and the archive by how often an afternoon's report was the final value, more often the less
    of the day is left; both are estimates of one chance, and their log-odds are averaged (Genest & Zidek 1986).
    """
    below = np.cumsum(outcome) if day.variable is Variable.HIGH else np.cumsum(outcome[::-1])[::-1]
    stays = so_far * below
    more = combine(so_far, outcome, day.variable) - stays
    chance = min(max(float(stays.sum()), _LEAST_CHANCE), 1 - _LEAST_CHANCE)
    usual = _usually_stays(day, issued, now)
    odds = np.sqrt(chance / (1 - chance) * usual / (1 - usual))
    chance = odds / (1 + odds) if more.sum() > 0 else 1.0
    found = chance * so_far + (1 - chance) * more / max(more.sum(), _LEAST_CHANCE)
    return np.asarray(found / found.sum())


def _usually_stays(day: StationDay, issued: Instant, now: Instant) -> float:
    """The share of days on which a report issued `issued` is the final value, when at `now` it still was."""
    left = share_left(day, issued)
    at_issue = _STAYS * min(1.0, (1 - left) / (1 - share_left_at(day.variable, _AFTERNOON)))
    found = 1 - (1 - at_issue) * share_left(day, now) / left
    return min(max(found, _LEAST_CHANCE), 1 - _LEAST_CHANCE)


def combine(so_far: Array, rest: Array, variable: Variable) -> Array:
    """pmf of max (high) or min (low) of two independent whole degrees."""
    if variable is Variable.HIGH:
        cdf = np.cumsum(so_far) * np.cumsum(rest)
        return np.diff(np.concatenate(([0.0], cdf)))
    above = np.cumsum(so_far[::-1])[::-1] * np.cumsum(rest[::-1])[::-1]  # P(T >= k)
    return np.asarray(above - np.append(above[1:], 0.0))


def _index(degree: int) -> int:
    return int(min(max(degree - int(DEGREES[0]), 0), len(DEGREES) - 1))
