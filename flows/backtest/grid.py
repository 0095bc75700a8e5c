"""A grid of settings, and what may be believed of its best point: walk-forward choice and the deflated Sharpe. Pure."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import SettingsError
from core.fair.distribution import Array
from flows.backtest.statistics import Band, band, deflated, expected_best, sharpe

MOST, LEARN_DAYS, FOLD_DAYS = 500, 28, 14


@dataclass(frozen=True, slots=True)
class Point:
    """One combination of settings."""

    name: str
    settings: dict[str, str]

    @property
    def words(self) -> str:
        """`edge=0.03 size=20`."""
        return " ".join(f"{key.partition('.')[2]}={value}" for key, value in self.settings.items()) or "as set"


def points(sets: Sequence[str]) -> list[Point]:
    """`quoting.edge=0.02,0.03` ... -> every combination, after the settings as they are. Raises: SettingsError."""
    axes: list[list[tuple[str, str]]] = []
    for one in sets:
        key, found, values = one.partition("=")
        if not found or "." not in key or not all(v.strip() for v in values.split(",")):
            raise SettingsError(f"--set {one}: expected section.key=value,value like quoting.edge=0.02,0.03")
        axes.append([(key.strip(), value.strip()) for value in values.split(",")])
    if not axes:
        raise SettingsError("--set is missing: name at least one setting, like --set quoting.edge=0.02,0.03")
    combined = [dict(choice) for choice in itertools.product(*axes)]
    if len(combined) > MOST:
        raise SettingsError(f"{len(combined)} combinations: at most {MOST}; each more makes the best less credible")
    return [Point("as_set", {}), *(Point(f"g{i:03d}", settings) for i, settings in enumerate(combined))]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Walk-forward: `picks` (first day, point) and the days it was then traded on."""

    picks: list[tuple[int, str]] = field(default_factory=list)
    result: Band | None = None
    daily: Array | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the search found. `bar`: the daily Sharpe that the best of so many worthless points would show."""

    best: str
    chance: float
    bar: float
    ratios: dict[str, float]
    chosen: Chosen


def walk_forward(daily: Mapping[str, Array], learn: int = LEARN_DAYS, fold: int = FOLD_DAYS) -> Chosen:
    """Every `fold` days take the point that was best on all days before, and trade it on the days that follow."""
    length = len(next(iter(daily.values())))
    picks: list[tuple[int, str]] = []
    parts: list[Array] = []
    for at in range(learn, length, fold):
        best = max(daily, key=lambda name: (sharpe(daily[name][:at]), name == "as_set"))
        picks.append((at, best))
        parts.append(daily[best][at : at + fold])
    if not parts:
        return Chosen()
    traded = np.concatenate(parts)
    return Chosen(picks, band(traded), traded)


def judge(daily: Mapping[str, Array]) -> Judged:
    """All points together."""
    ratios = {name: sharpe(values) for name, values in daily.items()}
    best = max(ratios, key=lambda name: ratios[name])
    return Judged(best, deflated(daily[best], list(ratios.values())), expected_best(list(ratios.values())), ratios,
                  walk_forward(daily))  # fmt: skip


def words(points_: Sequence[Point], judged: Judged, daily: Mapping[str, Array]) -> list[str]:
    """What may be said of it, with the warning that belongs to it."""
    named = {p.name: p.words for p in points_}
    found = band(daily[judged.best])
    lines = [
        f"The best of {len(daily)} settings on these days: {named[judged.best]} with {found.total:+,.0f} $ "
        f"({found.interval}), a daily Sharpe ratio of {judged.ratios[judged.best]:.2f}.",
        f"The best of {len(daily)} worthless ones would be expected to show {judged.bar:.2f}. Deflated for "
        f"the search, the "
        f"chance that its true ratio is above zero is {judged.chance:.0%} (Bailey & López de Prado 2014)"
        + ("." if judged.chance >= 0.95 else ": not enough to change a setting for."),
    ]
    chosen = judged.chosen
    if chosen.result is None:
        lines.append(f"Fewer than {LEARN_DAYS} days: no walk-forward choice.")
    else:
        start = chosen.picks[0][0]
        as_set = band(daily["as_set"][start:])
        lines.append(
            f"Chosen walk-forward (every {FOLD_DAYS} days the best so far) it would have made "
            f"{chosen.result.total:+,.0f} $ "
            f"({chosen.result.interval}) on {chosen.result.days} days; the "
            f"settings as they "
            f"are, on the same days, {as_set.total:+,.0f} $ ({as_set.interval})."
        )
    return lines
