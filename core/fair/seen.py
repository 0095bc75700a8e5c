"""What the reports of a climate day amount to, report by report: the extreme so far and the temperature now. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from core.fair.cases import Extreme

_SIX_HOURS = 0.25
_JUMP_F = 20.0  # a report this far from those around it, or a six-hour group from its reports, is a typing error


class Reading(NamedTuple):
    """One report: its moment (days), the temperature, and the six-hour extremes it may carry; degrees F."""

    at: float
    value: float
    max_6h: float | None = None
    min_6h: float | None = None


def progress(station: str, variable: str, day: int, offset_hours: float, readings: Iterable[Reading]) -> list[Extreme]:
    """The state of a climate day after each of its reports.

    A six-hour group counts once its six hours lie inside the day. `offset_hours`: local standard time less UTC.
    """
    start = day - offset_hours / 24.0
    found: list[Extreme] = []
    best: float | None = None
    keep = max if variable == "high" else min
    for r in believable([r for r in sorted(readings, key=lambda r: r.at) if start <= r.at < start + 1.0]):
        best = r.value if best is None else keep(best, r.value)
        group = r.max_6h if variable == "high" else r.min_6h
        if group is not None and r.at - _SIX_HOURS >= start:
            best = keep(best, group)
        found.append(Extreme(station, variable, day, r.at, (r.at - start) * 24.0, best, r.value))
    return found


def believable(readings: list[Reading]) -> list[Reading]:
    """Readings in order of time without those that jump away from the two before, and without six-hour groups far
    beyond every reading of their six hours."""
    kept = []
    for i, r in enumerate(readings):
        before = readings[max(i - 2, 0) : i]
        if before and min(abs(r.value - b.value) for b in before) > _JUMP_F:
            continue
        if r.max_6h is None and r.min_6h is None:
            kept.append(r)
            continue
        within = [b.value for b in readings[: i + 1] if b.at > r.at - _SIX_HOURS]
        high = r.max_6h if r.max_6h is not None and r.max_6h <= max(within) + _JUMP_F else None
        low = r.min_6h if r.min_6h is not None and r.min_6h >= min(within) - _JUMP_F else None
        kept.append(Reading(r.at, r.value, high, low))
    return kept
