"""The market knows things we do not: a logarithmic opinion pool of model and market. Pure.

MAKING §1.9: p*_i is proportional to p_model,i^w p_market,i^(1-w). Genest & Zidek (1986), "Combining probability
distributions". w = 0 quotes the market's own belief and earns the spread only.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from core.fair.distribution import Array
from core.units import ONE_DOLLAR, Price

_WIDEST = 0.25  # dollars: a book wider than this says nothing


def implied(tickers: Sequence[str], prices: Mapping[str, tuple[Price | None, Price | None]]) -> Array | None:
    """Normalised middles of an event's books, or None unless every book has two sides close enough."""
    middles = []
    for ticker in tickers:
        bid, ask = prices.get(ticker, (None, None))
        low, high = (0 if bid is None else bid) / ONE_DOLLAR, (ONE_DOLLAR if ask is None else ask) / ONE_DOLLAR
        if bid is None and high <= 0.10:
            low = 0.0  # nobody bids for a bracket that is nearly impossible: its ask says enough
        elif (bid is None or ask is None) and not (ask is None and low >= 0.90):
            return None
        if high - low > _WIDEST:
            return None
        middles.append(max((low + high) / 2, 0.002))
    found = np.array(middles)
    total = float(found.sum())
    return None if not 0.8 <= total <= 1.25 else np.asarray(found / total)


def pool(model: Array, market: Array | None, weight: float) -> Array:
    """The blend, summing to one; the model alone where there is no market."""
    if market is None:
        return model
    mixed = np.exp(weight * np.log(model) + (1 - weight) * np.log(np.clip(market, 1e-4, 1.0)))
    return np.asarray(mixed / mixed.sum())
