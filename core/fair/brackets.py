"""From whole degrees to brackets: sums over the degrees that pay, kept away from 0 and 1, summing to one. Pure."""

from collections.abc import Sequence

import numpy as np

from core.contract import Bracket
from core.fair.distribution import DEGREES, Array, student_cdf

SETTLEMENT_NOISE = 0.004  # share of events whose result is not what the weather says (weather FACTS §1.4: 0.3-0.5 %)


def ladder(probabilities: Array, brackets: Sequence[Bracket]) -> Array:
    """P(bracket pays) of exclusive, exhaustive brackets, mixed with a uniform share of settlement noise."""
    below = np.concatenate(([0.0], np.cumsum(probabilities)))
    raw = np.array([below[_index(b.high, 1, len(DEGREES))] - below[_index(b.low, 0, 0)] for b in brackets])
    return np.asarray((1 - SETTLEMENT_NOISE) * raw / raw.sum() + SETTLEMENT_NOISE / len(brackets))


def _index(degree: int | None, add: int, opened: int) -> int:
    """How many degrees lie below `degree` (+ `add`); `opened` where the bracket has no such end."""
    return opened if degree is None else min(max(degree + add - int(DEGREES[0]), 0), len(DEGREES))


def ladders(mean: Array, sd: Array, brackets: Sequence[Bracket]) -> Array:
    """Ladders of many Student-t(8) beliefs at once (n x brackets): scenarios of mean and spread.

    P(a..b) = F(b + 1/2) - F(a - 1/2) (MAKING §1.7), settlement noise as in `ladder`. The brackets are in order.
    """
    edges = np.array([b.high + 0.5 for b in brackets[:-1] if b.high is not None])
    cdf = student_cdf((edges[None, :] - mean[:, None]) / sd[:, None])
    raw = np.diff(cdf, axis=1, prepend=0.0, append=1.0)
    return np.asarray((1 - SETTLEMENT_NOISE) * raw + SETTLEMENT_NOISE / len(brackets))


def slopes(probabilities: Array, brackets: Sequence[Bracket]) -> Array:
    """d p / d mu per degree: the central difference of moving the whole distribution by a degree."""
    up, down = np.roll(probabilities, 1), np.roll(probabilities, -1)
    up[0] = down[-1] = 0.0
    return np.asarray((ladder(up, brackets) - ladder(down, brackets)) / 2)
