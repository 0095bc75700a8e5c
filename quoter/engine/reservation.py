"""Where inventory moves the price at which we are indifferent. Formulas only: floats in, floats out.

Beliefs are dollars per contract; inventories and sizes are contracts; `gamma` is risk aversion per dollar.
"""

import math
from collections.abc import Sequence


def linear(share: float, edge: float) -> float:
    """Minus `edge` when inventory is at its limit (`share` = 1), in proportion below."""
    return -edge * share


def exponential(share: float, edge: float) -> float:
    """The same at the limit, much less near nought: sign(u) (e^{2|u|} - 1) / (e^2 - 1)."""
    return -edge * math.copysign(math.expm1(2 * abs(share)) / math.expm1(2.0), share)


def coherent(fairs: Sequence[float], inventories: Sequence[float], gamma: float) -> list[float]:
    """Reservation prices of all brackets of an event: r_i = p_i e^{-g q_i} / sum_k p_k e^{-g q_k}; they sum to one.

    CARA utility over exclusive outcomes, equal to LMSR with depth 1/g (Chen & Pennock, arXiv:1206.5252). Long one
    bracket lowers its price and raises all the others'.
    """
    least = min(inventories)  # subtracted for the exponential's sake: it cancels
    weights = [p * math.exp(-gamma * (q - least)) for p, q in zip(fairs, inventories, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights]


def moved(r: float, gamma: float, bought: float) -> float:
    """The reservation price after `bought` more contracts of the same bracket (negative: sold)."""
    kept = r * math.exp(-gamma * bought)
    return kept / (1 - r + kept)


def bid_for(r: float, gamma: float, size: float) -> float:
    """The most we would pay a contract for `size` at once: (1/gn) [ln sum p e^{-gq} - ln sum p e^{-g(q + n 1_i)}]."""
    return -math.log1p(r * math.expm1(-gamma * size)) / (gamma * size)


def ask_for(r: float, gamma: float, size: float) -> float:
    """The least we would take a contract for `size` at once: the same with -n."""
    return math.log1p(r * math.expm1(gamma * size)) / (gamma * size)
