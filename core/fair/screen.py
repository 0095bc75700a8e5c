"""Numbers that cannot be: forecasts far from all others of their day, reports that jump from those around. Pure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from core.fair.combination import family_of

_LEAST_FAMILIES, _APART_F, _APART_PER_DAY_F = 3, 12.0, 1.0
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


def strays(values: Mapping[str, float], lead: int) -> dict[str, float]:
    """The sources further from the median of the families than weather ever is, with that median. None stray where
    fewer than three families speak: nobody can say who is wrong. `lead` in days."""
    by_family: dict[tuple[str, ...], list[float]] = {}
    for source, value in values.items():
        by_family.setdefault(family_of(source), []).append(value)
    if len(by_family) < _LEAST_FAMILIES:
        return {}
    middle = float(np.median([np.median(its) for its in by_family.values()]))
    limit = _APART_F + _APART_PER_DAY_F * lead
    return {source: middle for source, value in values.items() if abs(value - middle) > limit}


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
