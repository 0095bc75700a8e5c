"""What the reports of a climate day amount to, report by report: the extreme so far and the temperature now. Pure.

Reports that are missing may hide the extreme: where they leave a hole in the hours in which it is usually made, what
was seen since is a floor and nothing more, until a six-hour group or an official word covers the hole.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.fair.cases import DOUBTED, FLOOR, GROUP, OFFICIAL, REPORTS, WHOLE, Extreme
from core.fair.screen import SOON, SUDDEN_F, believable

_SIX_HOURS = 0.25
# a six-hour group this far from its reports is a typing error (KLAS, 271 groups: at most 5 F from hourly reports)
_GROUP_JUMP_F, _GROUP_FEW_JUMP_F, _FEW = 10.0, 20.0, 4
# standard hours in which the extreme is usually made, and how many of them may be unseen (two reports on end missing)
_MADE = {"high": (9.0, 18.0), "low": (0.0, 9.0)}
_HOLE_H = 2.25
# how far an official word may be from what the thermometer had told before it, and how many reports say so
_WORD_BEYOND_F, _WORD_SHORT_F, _SAYING_SO = 8.0, 3.0, 3


class Reading(NamedTuple):
    """One report: its moment (days), the temperature (of an interval the end that was surely reached) and the six-hour
    extremes it may carry; `middle` of the interval, where it is one. Degrees F."""

    at: float
    value: float
    max_6h: float | None = None
    min_6h: float | None = None
    middle: float | None = None


class Word(NamedTuple):
    """An official extreme so far (degrees F), and the moment (days) up to which it surely holds."""

    until: float
    value: float


def progress(
    station: str, variable: str, day: int, offset_hours: float, readings: Iterable[Reading], word: Word | None = None
) -> list[Extreme]:
    """The state of a climate day after each of its reports; with an official word only from what came after it.

    A six-hour group counts once its six hours lie inside the day. `offset_hours`: local standard time less UTC.
    A report that jumps counts once the next one agrees; where the newest one would be the extreme, it is `DOUBTED`.
    """
    start = day - offset_hours / 24.0
    since = start if word is None else max(start, word.until)
    found: list[Extreme] = []
    sign = 1.0 if variable == "high" else -1.0
    best, by = (-math.inf, REPORTS) if word is None else (sign * word.value, OFFICIAL)
    told = sorted((r for r in readings if r.at < start + 1.0), key=lambda r: r.at)
    believed = _groups(believable(told))
    sudden: Reading | None = None
    before: list[Reading] = []
    holes: list[float] = []  # where they begin
    seen_to = since
    for r in believed:
        if sudden is None and _jumps(r, before):
            sudden = r
            continue
        counted = [r]
        if sudden is not None and abs(r.value - sudden.value) <= SUDDEN_F:
            counted = [sudden, r]
        sudden, before = None, [*before[-1:], *counted][-2:]
        if r.at < start:
            continue  # it only said whether its neighbours are to be believed
        for one in counted:
            if one.at >= since:
                if _unseen(variable, start, seen_to, one.at) > _HOLE_H:
                    holes.append(seen_to)
                seen_to = max(seen_to, one.at)
                if sign * one.value > best:
                    best, by = sign * one.value, REPORTS
            group = one.max_6h if variable == "high" else one.min_6h
            if group is not None and one.at - _SIX_HOURS >= since:
                holes = [h for h in holes if _unseen(variable, start, h, one.at - _SIX_HOURS) > _HOLE_H]
                if (sign * group, GROUP) > (best, by):
                    best, by = sign * group, GROUP
        now = r.value if r.middle is None else r.middle
        stands = FLOOR if holes else WHOLE
        found.append(Extreme(station, variable, day, r.at, (r.at - start) * 24.0, sign * best, now, by, stands))
    last = told[-1] if told else None
    alone = last is not None and (sudden is not None or not believed or last.at > believed[-1].at)
    if last is not None and alone and last.at >= since and sign * last.value > best:
        hour, extreme = (last.at - start) * 24.0, last.value if best == -math.inf else sign * best
        found.append(Extreme(station, variable, day, last.at, hour, extreme, last.value, by, DOUBTED))
    return found


def contradicted(
    variable: str, day: int, offset_hours: float, readings: Iterable[Reading], word: Word
) -> tuple[int, float] | None:
    """Does the thermometer contradict an official word? (how many reports, the extreme they tell), or None.

    It may be beyond every report by less than `_WORD_BEYOND_F`, if reports had no hole; and short of a few that were
    spikes, not of `_SAYING_SO` by `_WORD_SHORT_F`.
    """
    sign = 1.0 if variable == "high" else -1.0
    until = [r for r in readings if r.at < word.until]
    told = [x for x in progress("", variable, day, offset_hours, until) if x.stands != DOUBTED]
    if not told:
        return None
    start = day - offset_hours / 24.0
    further = [r for r in until if r.at >= start and sign * (r.value - word.value) >= _WORD_SHORT_F]
    if len(further) >= _SAYING_SO:
        return len(further), (max if variable == "high" else min)(r.value for r in further)
    whole = told[-1].stands == WHOLE and _unseen(variable, start, told[-1].at, word.until) <= _HOLE_H
    if whole and sign * (word.value - told[-1].extreme) > _WORD_BEYOND_F:
        return len(told), told[-1].extreme
    return None


def _jumps(r: Reading, before: Sequence[Reading]) -> bool:
    """Does it jump away from the newest reports before it?"""
    near = [b for b in before if r.at - b.at < SOON]
    return bool(near) and min(abs(r.value - b.value) for b in near) > SUDDEN_F


def _unseen(variable: str, start: float, since: float, until: float) -> float:
    """How many of the hours in which the extreme is usually made lie between two moments."""
    first, last = (start + hour / 24.0 for hour in _MADE[variable])
    return max(0.0, min(until, last) - max(since, first)) * 24.0


def _groups(readings: list[Reading]) -> list[Reading]:
    """The readings without six-hour groups far beyond every reading of their six hours."""
    out = []
    for i, r in enumerate(readings):
        if r.max_6h is not None or r.min_6h is not None:
            within = [b.value for b in readings[: i + 1] if b.at > r.at - _SIX_HOURS]
            far = _GROUP_JUMP_F if len(within) >= _FEW else _GROUP_FEW_JUMP_F
            high = r.max_6h if r.max_6h is not None and r.max_6h <= max(within) + far else None
            low = r.min_6h if r.min_6h is not None and r.min_6h >= min(within) - far else None
            r = r._replace(max_6h=high, min_6h=low)
        out.append(r)
    return out
