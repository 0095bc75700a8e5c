"""The market knows things we do not: a logarithmic opinion pool of model and market. Pure.

MAKING §1.9: p*_i is proportional to p_model,i^w p_market,i^(1-w). Genest & Zidek (1986), "Combining probability
distributions". w = 0 quotes the market's own belief and earns the spread only. A book that cannot be read takes nothing
from what the others say: its bracket gets what they leave.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.fair.distribution import Array
from core.units import ONE_DOLLAR, Price

VERSION = "blend-2026.11.2"  # of how books become a belief: raise it when the same books would give another blend

_WIDEST = 0.25  # dollars: a book wider than this has no middle worth the name
_LEAST, _LEAST_TOTAL, _MOST_TOTAL = 0.002, 0.8, 1.25  # dollars: of one middle, of an event's together
# what the middles of six readable books sum to, and its sd (KXHIGHNY, 5 to 19 December 2025, minute by minute)
_USUAL_TOTAL, _TOTAL_SD = 1.05, 0.04


class Reading(NamedTuple):
    """What an event's books say: the market's belief, summing to one, and which brackets' books it was read from."""

    market: Array
    read: NDArray[np.bool_]

    @property
    def whole(self) -> bool:
        """Every book could be read: the market's own word, with nothing of the model in it."""
        return bool(self.read.all())

    def counts(self, weight: float) -> float:
        """What of the blend is the model's: its weight, and where no book was read the market's as well."""
        return weight + (1 - weight) * float(self.market[~self.read].sum())


def implied(
    tickers: Sequence[str],
    prices: Mapping[str, tuple[Price | None, Price | None]],
    model: Array | None = None,
) -> Reading | None:
    """Normalised middles of an event's books. Where a book has no two sides close enough, see `filled`.

    None when nobody bids or asks, when the middles sum to nonsense, or, without a model, when any book cannot be read.
    """
    touches = [prices.get(ticker, (None, None)) for ticker in tickers]
    if not any(price is not None for touch in touches for price in touch):
        return None
    low = np.array([0 if bid is None else bid for bid, _ in touches]) / ONE_DOLLAR
    high = np.array([ONE_DOLLAR if ask is None else ask for _, ask in touches]) / ONE_DOLLAR
    middles = np.array([_middle(*touch) for touch in touches])
    read = ~np.isnan(middles)
    if not read.all():
        if model is None:
            return None
        middles = filled(middles, low, high, model)
    total = float(middles.sum())
    return Reading(middles / total, read) if _LEAST_TOTAL <= total <= _MOST_TOTAL else None


def _middle(bid: Price | None, ask: Price | None) -> float:
    """Dollars; NaN where the book cannot be read."""
    low, high = (0 if bid is None else bid) / ONE_DOLLAR, (ONE_DOLLAR if ask is None else ask) / ONE_DOLLAR
    # nobody bids for a bracket that is nearly impossible, or asks for one nearly certain: the other side says enough
    one_sided = (bid is None and high > 0.10) or (ask is None and low < 0.90)
    return np.nan if one_sided or high - low > _WIDEST else max((low + high) / 2, _LEAST)


def filled(middles: Array, low: Array, high: Array, model: Array) -> Array:
    """Middles with a value for each NaN: together what the others leave, divided as the model would, each within its
    [low, high]: a bid alone says p >= bid, an ask alone p <= ask.

    What the others leave is `_USUAL_TOTAL` less what was read, known to `_TOTAL_SD` only: a Gaussian, cut off where the
    bounds are, of which we take the mean (never less than nothing, and no step where a bound begins to bind). Of the
    ways to divide it the nearest to the model's (least cross-entropy: Kullback 1959) is proportional to it, clipped.
    Where nothing was read all is the model's: as the books go, the blend goes to the model without a step.
    """
    unread = np.isnan(middles)
    if not unread.any():
        return middles
    bottom, top, own = low[unread], high[unread], np.maximum(model[unread], 1e-9)
    left, least = _USUAL_TOTAL - float(middles[~unread].sum()), float(bottom.sum())
    q = np.linspace(least, max(least, min(float(top.sum()), _MOST_TOTAL)), 1_001)
    log_density = -((q - left) ** 2) / (2 * _TOTAL_SD**2)
    density = np.exp(log_density - log_density.max())
    rest = float(density @ q / density.sum())
    factors = np.sort(np.concatenate((bottom / own, top / own)))  # between two of them the clipped sum is a line
    sums = np.clip(factors[:, None] * own, bottom, top).sum(axis=1)
    found = middles.copy()
    found[unread] = np.maximum(np.clip(float(np.interp(rest, sums, factors)) * own, bottom, top), _LEAST)
    return found


def pool(model: Array, market: Array | None, weight: float) -> Array:
    """The blend, summing to one; the model alone where there is no market."""
    if market is None:
        return model
    mixed = np.exp(weight * np.log(model) + (1 - weight) * np.log(np.clip(market, 1e-4, 1.0)))
    return np.asarray(mixed / mixed.sum())
