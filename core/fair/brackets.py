"""From whole degrees to brackets: sums over the degrees that pay, kept away from 0 and 1, summing to one. Pure."""

from collections.abc import Sequence

import numpy as np

from core.contract import Bracket
from core.fair.distribution import DEGREES, Array

SETTLEMENT_NOISE = 0.004  # share of events whose result is not what the weather says (weather FACTS §1.4: 0.3-0.5 %)


def ladder(probabilities: Array, brackets: Sequence[Bracket]) -> Array:
    """P(bracket pays) of exclusive, exhaustive brackets, mixed with a uniform share of settlement noise."""
    raw = np.array([probabilities[_inside(bracket)].sum() for bracket in brackets])
    return np.asarray((1 - SETTLEMENT_NOISE) * raw / raw.sum() + SETTLEMENT_NOISE / len(brackets))


def _inside(bracket: Bracket) -> Array:
    low = -1000 if bracket.low is None else bracket.low
    high = 1000 if bracket.high is None else bracket.high
    return np.asarray((low <= DEGREES) & (high >= DEGREES))


def slopes(probabilities: Array, brackets: Sequence[Bracket]) -> Array:
    """d p / d mu per degree: the central difference of moving the whole distribution by a degree."""
    up, down = np.roll(probabilities, 1), np.roll(probabilities, -1)
    up[0] = down[-1] = 0.0
    return np.asarray((ladder(up, brackets) - ladder(down, brackets)) / 2)
