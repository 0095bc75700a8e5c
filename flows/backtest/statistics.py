"""How sure a result is: block bootstrap over days, Sharpe ratios, and what a search does to the best of many. Pure.

Days are resampled in blocks, because neighbouring days share weather and traders (Künsch 1989, circular after Politis &
Romano 1992). Deflated Sharpe ratio: Bailey & López de Prado (2014), "The deflated Sharpe "
                                                                     "ratio", J. Portfolio Management
40(5), equations 1 and 2: the chance that the true ratio is above zero, given that it is the best of N that were tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.fair.distribution import Array

BLOCK, DRAWS, SEED, LEAST = 5, 4_000, 20_241_124, 10
_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Band:
    """A sum over days, its 95 % interval and the share of resamples at or below zero."""

    total: float
    low: float
    high: float
    chance_of_loss: float
    days: int

    @property
    def sign(self) -> int:
        """+1 or -1 when the interval leaves zero out, else 0; of fewer than ten days nothing is said."""
        if self.days < LEAST:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0

    @property
    def interval(self) -> str:
        """`-3 to +27`; of fewer than ten days an interval would only look like one."""
        return f"{self.low:+,.0f} to {self.high:+,.0f}" if self.known else "too few days"

    @property
    def known(self) -> bool:
        """Are there days enough for an interval?"""
        return self.days >= LEAST


def resampled(values: Sequence[float] | Array, block: int = BLOCK, draws: int = DRAWS) -> Array:
    """Sums of `draws` resampled histories, circular blocks of `block` days."""
    x = np.asarray(values, dtype=np.float64)
    if not len(x):
        return np.zeros(draws)
    block = max(1, min(block, len(x)))
    rng = np.random.default_rng(SEED)
    number = -(-len(x) // block)
    starts = rng.integers(0, len(x), size=(draws, number))
    index = (starts[:, :, None] + np.arange(block)[None, None, :]).reshape(draws, -1)[:, : len(x)] % len(x)
    return np.asarray(x[index].sum(axis=1))


def band(values: Sequence[float] | Array, block: int = BLOCK) -> Band:
    """The sum of daily values with its interval."""
    x = np.asarray(values, dtype=np.float64)
    sums = resampled(x, block)
    low, high = np.quantile(sums, (0.025, 0.975))
    return Band(float(x.sum()), float(low), float(high), float((sums <= 0).mean()), len(x))


def ratio(numerator: Array, denominator: Array, block: int = BLOCK) -> tuple[float, float, float]:
    """(sum a / sum b, low, high) over days resampled together: PnL a contract, say."""
    total = float(denominator.sum())
    if total == 0:
        return float("nan"), float("nan"), float("nan")
    both = resampled(numerator, block), resampled(denominator, block)  # the same seed: the same days
    found = both[0] / np.where(both[1] == 0, np.nan, both[1])
    low, high = np.nanquantile(found, (0.025, 0.975))
    return float(numerator.sum()) / total, float(low), float(high)


def sharpe(values: Sequence[float] | Array) -> float:
    """Mean over standard deviation of daily values; 0 when they do not vary."""
    x = np.asarray(values, dtype=np.float64)
    sd = float(x.std(ddof=1)) if len(x) > 1 else 0.0
    return float(x.mean()) / sd if sd > 0 else 0.0


def deflated(values: Sequence[float] | Array, tried: Sequence[float]) -> float:
    """P(true Sharpe > 0) of a strategy that is the best of `tried` (all their daily ratios, its own among them)."""
    x = np.asarray(values, dtype=np.float64)
    n, sd = len(x), float(x.std()) if len(x) else 0.0
    if n < 3 or sd == 0.0:
        return 0.0
    z = (x - x.mean()) / sd
    skew, kurtosis = float((z**3).mean()), float((z**4).mean())
    found, bar = sharpe(x), expected_best(tried)
    spread = max(1.0 - skew * found + (kurtosis - 1.0) / 4.0 * found**2, 1e-9)
    return float(special.ndtr((found - bar) * (n - 1) ** 0.5 / spread**0.5))


def expected_best(tried: Sequence[float]) -> float:
    """The Sharpe ratio that the best of so many worthless strategies is expected to show."""
    n = len(tried)
    if n < 2:
        return 0.0
    spread = float(np.std(np.asarray(tried), ddof=1))
    first, second = special.ndtri(1.0 - 1.0 / n), special.ndtri(1.0 - 1.0 / (n * np.e))
    return spread * ((1.0 - _EULER) * float(first) + _EULER * float(second))


def drawdown(values: Sequence[float] | Array) -> float:
    """The deepest fall of the running sum from its best, >= 0."""
    run = np.concatenate(([0.0], np.cumsum(np.asarray(values, dtype=np.float64))))
    return float((np.maximum.accumulate(run) - run).max())
