"""Numbers that cannot be: forecasts far from all others of their day, reports that jump from those around. Pure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from core.fair.cases import HOURLY
from core.fair.combination import family_of

_LEAST_FAMILIES, _APART_F, _APART_PER_DAY_F = 3, 12.0, 1.0
_MIDNIGHT_F = 18.0
_JUMP_F = 20.0  # a report this far from those around it is a typing error, until three in a row say so
_AROUND, _AGREEING = 6.0 / 24.0, 3
# a report that differs by more than this from those of the last hour and a half counts once the next one agrees
SUDDEN_F, SOON = 10.0, 1.5 / 24.0


class Reported(Protocol):
    """A report: its moment in days, its degrees F."""

    @property
    def at(self) -> float: ...
    @property
    def value(self) -> float: ...


def strays(values: Mapping[str, float], lead: int, variable: str = "high") -> dict[str, float]:
    """The sources further from the median of the families than weather ever is, with that median. None stray where
    fewer than three families speak: nobody can say who is wrong. `lead` in days."""
    by_family = _families(values)
    if len(by_family) < _LEAST_FAMILIES:
        return {}
    middle = float(np.median([np.median(its) for its in by_family.values()]))
    return {s: middle for s, value in values.items() if _apart(s, value, middle, variable) > _limit(lead)}


def divided(values: Mapping[str, float], lead: int, variable: str) -> tuple[str, str] | None:
    """Two sources further apart than weather ever is, where nobody can say which of them is wrong, or None.

    Either may then be the one in the wrong unit, of the wrong place or day, and their mean is surely wrong.
    """
    if len(_families(values)) >= _LEAST_FAMILIES:
        return None
    for one, value in sorted(values.items()):
        for other, its in sorted(values.items()):
            if _apart(one, value, its, variable) > _limit(lead) and _apart(other, its, value, variable) > _limit(lead):
                return one, other
    return None


def _families(values: Mapping[str, float]) -> dict[tuple[str, ...], list[float]]:
    found: dict[tuple[str, ...], list[float]] = {}
    for source, value in values.items():
        found.setdefault(family_of(source), []).append(value)
    return found


def _limit(lead: int) -> float:
    return _APART_F + _APART_PER_DAY_F * lead


def _apart(source: str, value: float, middle: float, variable: str) -> float:
    """Degrees F. The hourly forecast alone knows the hours around midnight: a front there takes its extreme far beyond
    what the others say of day and night, so that much is forgiven it."""
    beyond = value - middle if variable == "high" else middle - value
    return abs(beyond) - _MIDNIGHT_F if source == HOURLY and beyond > 0 else abs(beyond)


def believable[R: Reported](readings: Sequence[R]) -> list[R]:
    """Readings in order of time without those that jump away from the believed ones of the last six hours; where
    there are none, from the next three. Three that jump to the same place are weather after all."""
    kept: list[R] = []
    doubted: list[R] = []
    for i, r in enumerate(readings):
        before = [k for k in kept[-2:] if r.at - k.at < _AROUND]
        if before:
            jumps = min(abs(r.value - b.value) for b in before) > _JUMP_F
        else:
            after = [x for x in readings[i + 1 : i + 4] if x.at - r.at < _AROUND]
            jumps = len(after) >= 2 and min(abs(r.value - x.value) for x in after) > _JUMP_F
        if not jumps:
            kept.append(r)
            doubted = []
            continue
        doubted = [*doubted, r] if all(abs(a.value - r.value) <= _JUMP_F for a in doubted) else [r]
        if len(doubted) == _AGREEING:
            kept, doubted = [*kept, *doubted], []
    return kept
