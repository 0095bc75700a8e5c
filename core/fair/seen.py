"""What the reports of a climate day amount to, report by report: the extreme so far and the temperature now. Pure."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from core.fair.cases import GROUP, OFFICIAL, REPORTS, Extreme
from core.fair.screen import believable

_SIX_HOURS = 0.25
_GROUP_JUMP_F = 20.0  # a six-hour group this far from its reports is a typing error


class Reading(NamedTuple):
    """One report: its moment (days), the temperature, and the six-hour extremes it may carry; degrees F."""

    at: float
    value: float
    max_6h: float | None = None
    min_6h: float | None = None


class Word(NamedTuple):
    """An official extreme so far (degrees F), and the moment (days) up to which it surely holds."""

    until: float
    value: float


def progress(
    station: str, variable: str, day: int, offset_hours: float, readings: Iterable[Reading], word: Word | None = None
) -> list[Extreme]:
    """The state of a climate day after each of its reports; with an official word only from what came after it.

    A six-hour group counts once its six hours lie inside the day. `offset_hours`: local standard time less UTC.
    """
    start = day - offset_hours / 24.0
    since = start if word is None else max(start, word.until)
    found: list[Extreme] = []
    sign = 1.0 if variable == "high" else -1.0
    best, by = (-math.inf, REPORTS) if word is None else (sign * word.value, OFFICIAL)
    for r in _groups(believable(sorted(readings, key=lambda r: r.at))):
        if not start <= r.at < start + 1.0:
            continue  # it only said whether its neighbours are to be believed
        if r.at >= since and sign * r.value > best:
            best, by = sign * r.value, REPORTS
        group = r.max_6h if variable == "high" else r.min_6h
        if group is not None and r.at - _SIX_HOURS >= since and (sign * group, GROUP) > (best, by):
            best, by = sign * group, GROUP
        found.append(Extreme(station, variable, day, r.at, (r.at - start) * 24.0, sign * best, r.value, by))
    return found


def _groups(readings: list[Reading]) -> list[Reading]:
    """The readings without six-hour groups far beyond every reading of their six hours."""
    out = []
    for i, r in enumerate(readings):
        if r.max_6h is not None or r.min_6h is not None:
            within = [b.value for b in readings[: i + 1] if b.at > r.at - _SIX_HOURS]
            high = r.max_6h if r.max_6h is not None and r.max_6h <= max(within) + _GROUP_JUMP_F else None
            low = r.min_6h if r.min_6h is not None and r.min_6h >= min(within) - _GROUP_JUMP_F else None
            r = Reading(r.at, r.value, high, low)
        out.append(r)
    return out
