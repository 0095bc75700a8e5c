"""How good was a forecast? Brier, log-loss, CRPS on whole degrees, PIT. Pure; closed forms.

Brier (1950) over an event's brackets; Gneiting & Raftery (2007), "Strictly Proper Scoring Rules", eq. 20 for the CRPS.
"""

import numpy as np

from core.fair.distribution import DEGREES, Array


def brier(ladder: Array, paid: int) -> float:
    """Mean over brackets of (p - outcome)^2; `paid` is the index of the bracket that paid."""
    outcome = np.zeros(len(ladder))
    outcome[paid] = 1.0
    return float(np.mean((ladder - outcome) ** 2))


def log_loss(ladder: Array, paid: int) -> float:
    """-ln p of the bracket that paid."""
    return float(-np.log(max(ladder[paid], 1e-9)))


def crps(probabilities: Array, value: int) -> float:
    """Continuous ranked probability score on the integer grid: the sum of (F(k) - 1{k >= value})^2."""
    return float(np.sum((np.cumsum(probabilities) - (value <= DEGREES)) ** 2))


def pit(probabilities: Array, value: int) -> float:
    """Mid-PIT: F(value - 1) + half of P(value)."""
    below = float(probabilities[value > DEGREES].sum())
    return below + float(probabilities[value == DEGREES].sum()) / 2
