"""How much of the model belongs in the blend: learnt from what model and market said before, event by event. Pure.

The weight w of the logarithmic pool (MAKING §1.9) has a posterior on a grid: a prior with a spike at no edge, times
the pool's likelihood of past results (each event counts once, halving in `HALF_LIFE_DAYS`). A station and
phase starts from what the other stations of its phase say, worth at most `_OTHERS` events. A model without skill is
voted out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.fair.distribution import Array
from core.station_day import StationDay
from core.units import HOUR, Instant

GRID = np.linspace(0.0, 1.0, 41)
SAMPLED = 3 * HOUR  # of what was said in so long the last is remembered
HALF_LIFE_DAYS, _OTHERS, _LONG_AGO = 90.0, 100.0, 8.0
# prior probability of no edge at all, by phase: the nearer the event, the more the market knows
_NO_EDGE = {"ahead": 0.4, "evening before": 0.6}
_NO_EDGE_TODAY = 0.8
_FLOOR = 0.005


class Said(NamedTuple):
    """What model and market gave to an event's brackets at one moment, and when the result was known (days).

    `market` is the market's own, of moments at which every book could be read (`blend.Reading.whole`): our own opinion,
    which fills the gaps, would count twice.
    """

    station: str
    variable: str
    phase: str
    event: str
    known: float
    model: tuple[float, ...]
    market: tuple[float, ...]
    paid: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Weight of the model by "station variable phase", and by phase for stations without a past."""

    of: Mapping[str, float] = field(default_factory=dict)
    phases: Mapping[str, float] = field(default_factory=dict)

    def at(self, day: StationDay, now: Instant) -> float:
        """The weight for an event now."""
        phase = phase_of(day, now)
        found = self.of.get(f"{day.station.code} {day.variable.value} {phase}")
        return found if found is not None else self.phases.get(f"{day.variable.value} {phase}", unlearnt(phase))


def phase_of(day: StationDay, now: Instant) -> str:
    """ahead | night | morning | afternoon: before the climate day, and by local standard hour on it."""
    hours = (now - day.start) / HOUR
    if hours < -10.0:
        return "ahead"
    if hours < 0.0:
        return "evening before"
    return "night" if hours < 8.0 else "morning" if hours < 12.0 else "afternoon"


def unlearnt(phase: str) -> float:
    """The prior's mean."""
    return _mean(_prior(phase))


def _prior(phase: str) -> Array:
    """Log probabilities on the grid: a spike at no edge, the rest uniform (Mitchell & Beauchamp 1988)."""
    spike = _NO_EDGE.get(phase, _NO_EDGE_TODAY)
    return np.log(np.where(GRID == 0.0, spike, (1 - spike) / (len(GRID) - 1)))


def _mean(log_density: Array) -> float:
    density = np.exp(log_density - log_density.max())
    return float(density @ GRID / density.sum())


@lru_cache(maxsize=100_000)
def likelihoods(said: Said) -> Array:
    """Log-likelihood of the result on the grid: w ln m_k + (1-w) ln q_k - ln sum_i m_i^w q_i^(1-w)."""
    m = np.log(np.maximum(np.array(said.model), _FLOOR))
    q = np.log(np.maximum(np.array(said.market), _FLOOR))
    mixed = GRID[:, None] * m[None, :] + (1 - GRID[:, None]) * q[None, :]
    return np.asarray(mixed[:, said.paid] - np.log(np.exp(mixed).sum(axis=1)))


def learn(past: Iterable[Said], now: float) -> Weights:
    """Weights from results known at `now` (days since 1970)."""
    events: dict[tuple[str, str, str, str], list[Said]] = {}
    for one in past:
        if one.known <= now:
            events.setdefault((one.station, one.variable, one.phase, one.event), []).append(one)
    cells: dict[tuple[str, str], dict[str, tuple[Array, float]]] = {}
    for (station, variable, phase, _), ones in events.items():
        age = (now - ones[0].known) / HALF_LIFE_DAYS
        if age > _LONG_AGO:
            continue
        share = 0.5**age
        total = share * np.mean([likelihoods(one) for one in ones], axis=0)
        cell = cells.setdefault((variable, phase), {})
        before, count = cell.get(station, (np.zeros(len(GRID)), 0.0))
        cell[station] = (before + total, count + share)
    of: dict[str, float] = {}
    phases: dict[str, float] = {}
    for (variable, phase), cell in sorted(cells.items()):
        everything = np.sum([total for total, _ in cell.values()], axis=0)
        number = sum(count for _, count in cell.values())
        phases[f"{variable} {phase}"] = _mean(_prior(phase) + everything * min(1.0, _OTHERS / number))
        for station, (total, count) in sorted(cell.items()):
            others = (everything - total) * min(1.0, _OTHERS / max(number - count, 1e-9))
            of[f"{station} {variable} {phase}"] = _mean(_prior(phase) + others + total)
    return Weights(of, phases)
