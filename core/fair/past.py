"""How wrong the reference has been lately: causal rolling errors of each station, variable and lead. Pure.

An error is the outcome less the reference. Only outcomes known by a case's moment enter its means, and the means are
shrunk to zero: sum(w e) / (sum(w) + n0).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from core.fair.cases import Cases
from core.fair.distribution import Array

_WINDOW, _LONGEST = 46, 7
PRIOR_SD = (2.4, 2.8, 3.2, 3.7, 4.3, 5.0, 5.6, 6.2)  # degrees F by lead: NWS, weather FACTS section 3


class Error(NamedTuple):
    """One past error; `at` is the moment of its forecast."""

    station: str
    variable: str
    lead: int
    day: int
    at: float
    known: float
    error: float


@dataclass(slots=True)
class Rolling:
    """Per case: shrunk means over 45 days and about 8 days, the root mean square over 45 days around the year's mean as
    a multiple of the lead's prior sd, the newest errors whatever their lead, and the 8-day mean of all stations now."""

    month: Array
    week: Array
    scatter: Array
    newest: Array
    everywhere: Array


@dataclass(slots=True)
class Past:
    """Errors grouped and sorted by day: `groups[(station, variable, lead)]` = (day, known, error, weight)."""

    groups: dict[tuple[str, str, int], tuple[Array, Array, Array, Array]] = field(default_factory=dict)
    freshest: dict[tuple[str, str], dict[int, tuple[float, float, float]]] = field(default_factory=dict)


def errors_of(cases: Cases) -> list[Error]:
    """The errors of cases whose outcome is there."""
    found = np.flatnonzero(~np.isnan(cases.outcome))
    return [
        Error(cases.station[i], cases.variable[i], int(cases.lead[i]), int(cases.day[i]), float(cases.at[i]),
              float(cases.known[i]), float(cases.outcome[i] - cases.ref[i]))
        for i in found
    ]  # fmt: skip


def collect(errors: Iterable[Error]) -> Past:
    """Group them. Several errors of one day share that day's weight."""
    past, lists = Past(), {}  # type: tuple[Past, dict[tuple[str, str, int], list[tuple[int, float, float]]]]
    for e in errors:
        lists.setdefault((e.station, e.variable, min(e.lead, _LONGEST)), []).append((e.day, e.known, e.error))
        days = past.freshest.setdefault((e.station, e.variable), {})
        if e.day not in days or e.at > days[e.day][0]:
            days[e.day] = (e.at, e.known, e.error)
    for key, rows in lists.items():
        rows.sort()
        day, known, error = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
        _, inverse, counts = np.unique(day, return_inverse=True, return_counts=True)
        past.groups[key] = (day, known, error, 1.0 / counts[inverse])
    return past


def rolling(cases: Cases, past: Past) -> Rolling:
    """The rolling means of every case."""
    n = len(cases)
    out = Rolling(np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n), np.zeros(n))
    memory: dict[tuple[str, str, float], float] = {}
    at_once: dict[tuple[str, int, float], list[int]] = {}
    for i in range(n):
        station, variable, lead = cases.station[i], cases.variable[i], min(int(cases.lead[i]), _LONGEST)
        day, at = int(cases.day[i]), float(cases.at[i]) + 1e-6
        at_once.setdefault((variable, lead, round(at, 3)), []).append(i)
        key = (station, variable, round(at, 3))
        if key not in memory:
            memory[key] = _newest(past.freshest.get((station, variable), {}), at)
        out.newest[i] = memory[key]
        group = past.groups.get((station, variable, lead))
        if group is None:
            continue
        year, first, end = np.searchsorted(group[0], (day - 365, day - _WINDOW - int(cases.lead[i]), day + 1))
        days, known, error, weight = (column[first:end] for column in group)
        usable = known <= at
        if not usable.any():
            continue
        days, error, weight = days[usable], error[usable], weight[usable]
        long = group[1][year:end] <= at
        centre = (group[3][year:end][long] @ group[2][year:end][long]) / (group[3][year:end][long].sum() + 10.0)
        total = weight.sum()
        out.month[i] = (weight @ error) / (total + 10.0)
        recent = weight * np.exp((days - day) / 8.0)
        out.week[i] = (recent @ error) / (recent.sum() + 3.0)
        typical = PRIOR_SD[lead]
        out.scatter[i] = ((weight @ (error - centre) ** 2 / typical**2 + 10.0) / (total + 10.0)) ** 0.5
    for rows in at_once.values():
        out.everywhere[rows] = out.week[rows].mean()
    return out


def _newest(days: dict[int, tuple[float, float, float]], at: float) -> float:
    """Errors of the freshest forecast of each of the last six known days, weighted exp(-age / 1.5 days)."""
    total = weight = 0.0
    newest = int(np.floor(at - 1.5))
    for back in range(6):
        found = days.get(newest - back)
        if found is not None and found[1] <= at:
            w = float(np.exp(-back / 1.5))
            total, weight = total + w * found[2], weight + w
    return total / (weight + 1.0)
