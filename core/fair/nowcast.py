"""On the climate day itself: condition on what has been observed. Pure.

MAKING §1.7: with M the official extreme so far and R the extreme of the rest, T = max(M, R), so
P(T <= k) = P(M <= k) P(R <= k); lows mirrored. M is not observed: reports run below the official maximum (KLAS, 85
days: 0 F on 32 %, +1 F on 60 %, +2 F on 7 %), and at Central Park 1 % of maxima are spikes the official value ignores.
"""

import numpy as np

from core.fair.distribution import DEGREES, Array
from core.station_day import StationDay, Variable
from core.units import HOUR, Instant

_OFFSETS = {
    Variable.HIGH: ((0, 0.34), (1, 0.58), (2, 0.07), (3, 0.01)),
    Variable.LOW: ((0, 0.55), (-1, 0.40), (-2, 0.05)),
}
_SHORT = (
    0.15,
    0.02,
)  # likelihood of reports a degree, or more, beyond the official extreme (KNYC at 13 h: 1.5 % of days)
_SPIKE = {"KNYC": 0.012}
# (local standard hour, share of the day-0 sd that is left): what remains to be learnt shrinks through the day
_LEFT = {
    Variable.HIGH: ((0, 1.0), (8, 0.95), (11, 0.80), (13, 0.62), (15, 0.40), (17, 0.22), (20, 0.15), (24, 0.10)),
    Variable.LOW: ((0, 0.85), (4, 0.55), (6, 0.38), (8, 0.30), (12, 0.28), (18, 0.25), (24, 0.10)),
}


def share_left(day: StationDay, now: Instant) -> float:
    """The factor on the day-0 spread at `now`."""
    return share_left_at(day.variable, min(max((now - day.start) / HOUR, 0.0), 24.0))


def share_left_at(variable: Variable, hour: float) -> float:
    """The factor on the day-0 spread at a local standard hour."""
    hours, shares = zip(*_LEFT[variable], strict=True)
    return float(np.interp(hour, hours, shares))


def extreme_so_far(station: str, variable: Variable, reported: int) -> Array:
    """pmf of the official extreme so far, given the whole-degree extreme of the reports."""
    found = np.zeros(len(DEGREES))
    spike = _SPIKE.get(station, 0.0) if variable is Variable.HIGH else 0.0
    for offset, chance in _OFFSETS[variable]:
        found[_index(reported + offset)] += chance * (1 - spike)
    if spike:
        found[_index(reported - 1)] += spike * 0.6
        found[_index(reported - 2)] += spike * 0.4
    return found / found.sum()


def certain(value: int) -> Array:
    """All on one degree (an official preliminary value as the extreme so far)."""
    found = np.zeros(len(DEGREES))
    found[_index(value)] = 1.0
    return found


def beyond(reported: float, outcome: Array, variable: Variable) -> Array:
    """pmf of the day's extreme, given the reports' extreme so far: degrees short of it keep a small share, because the
    official value is sometimes a degree below the reports (`_SHORT`), and more seldom further."""
    short = np.round(reported) - DEGREES if variable is Variable.HIGH else DEGREES - np.round(reported)
    found = outcome * np.where(short <= 0, 1.0, np.where(short == 1, _SHORT[0], _SHORT[1]))
    return np.asarray(found / found.sum())


def combine(so_far: Array, rest: Array, variable: Variable) -> Array:
    """pmf of max (high) or min (low) of two independent whole degrees."""
    if variable is Variable.HIGH:
        cdf = np.cumsum(so_far) * np.cumsum(rest)
        return np.diff(np.concatenate(([0.0], cdf)))
    above = np.cumsum(so_far[::-1])[::-1] * np.cumsum(rest[::-1])[::-1]  # P(T >= k)
    return np.asarray(above - np.append(above[1:], 0.0))


def _index(degree: int) -> int:
    return int(min(max(degree - int(DEGREES[0]), 0), len(DEGREES) - 1))
