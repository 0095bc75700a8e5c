"""What the hours that are left of a climate day promise: their extreme in the hourly forecasts. Pure.

Of each source the newest vintage counts, if it is young and has every hour that is left; sources are averaged (Clemen
1989, "Combining forecasts": the mean is hard to beat). Without one there is no promise, and nothing takes its place.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.fair.cases import Promise

SOURCES = ("nws_grid_hourly", "nws_hourly", "nbm_hourly")  # those that have every hour
FRESH = 0.25  # days: an older vintage says no more than the day's forecast does
_HOUR = 1 / 24.0
_ASTRAY_F = 15.0
_MOMENT = 1e-6


class Hour(NamedTuple):
    """The forecast of one moment: when its source issued it and when it was here (days since 1970), degrees F."""

    source: str
    issued: float
    received: float
    valid: float
    value: float


def promised(
    station: str, variable: str, day: int, at: float, end: float, hours: Iterable[Hour], temperature: float = math.nan
) -> Promise | None:
    """The extreme of the whole hours from `at` to the day's `end` (days), as was known at `at`; None: not known.

    `temperature`: what it was `at`, if known; a source whose next hour is far from it is wrong, whatever its reason.
    """
    newest: dict[str, float] = {}
    for h in hours:
        if h.source in SOURCES and h.received <= at + _MOMENT and at - h.issued <= FRESH:
            newest[h.source] = max(newest.get(h.source, h.issued), h.issued)
    if "nws_grid_hourly" in newest:
        newest.pop("nws_hourly", None)  # the same forecast, told twice
    by_source: dict[str, list[tuple[float, float]]] = {}
    for h in hours:
        mine = newest.get(h.source) == h.issued and h.received <= at + _MOMENT
        if mine and at - _MOMENT <= h.valid < end - _MOMENT:
            by_source.setdefault(h.source, []).append((h.value, h.valid))
    wanted = _whole_hours(at, end)
    whole = [
        source for source, its in by_source.items()
        if len({round(v / _HOUR) for _, v in its}) >= wanted
        and not abs(min(its, key=lambda one: one[1])[0] - temperature) > _ASTRAY_F
    ]  # fmt: skip
    if not whole or wanted == 0:
        return None
    found = [_extreme(variable, by_source[source]) for source in whole]
    value, when = (sum(column) / len(found) for column in zip(*found, strict=True))
    return Promise(station, variable, day, at, value, (when - at) / _HOUR, max(newest[source] for source in whole))


def _whole_hours(at: float, end: float) -> int:
    """How many whole hours lie in [at, end)."""
    return max(0, math.ceil((end - _MOMENT) / _HOUR) - math.ceil((at - _MOMENT) / _HOUR))


def _extreme(variable: str, its: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return max(its) if variable == "high" else min(its)
