"""How far from our price each quote wants to be, and where an order stands in its queue. Formulas only, floats."""

import math
from typing import Final

_NORMAL_FROM: Final = 400.0  # beyond this mean or distance the Poisson tail is taken as normal
_CHEAP: Final = 0.10


def logit_down_up(price: float, informed: float) -> tuple[float, float]:
    """Half-spreads below and above `price` when a share `informed` of those who trade knows the outcome.

    Glosten-Milgrom on a binary: a constant half-spread ln((1+m)/(1-m)) in logit space, so quotes never leave (0, 1) and
    narrow towards both ends: m = 5 % is 2.5 cents at 50 %, 0.9 at 10 %, 0.3 at 3 %.
    """
    odds, step = price / (1 - price), (1 + informed) / (1 - informed)
    low, high = odds / step, odds * step
    return price - low / (1 + low), high / (1 + high) - price


def longshot(fair: float, edge: float) -> tuple[float, float]:
    """Extra half-spread (below, above): cheap YES is sold dearer, and so is cheap NO (those who buy it lose most)."""
    return edge * max(0.0, 1 - (1 - fair) / _CHEAP), edge * max(0.0, 1 - fair / _CHEAP)


def chance_of_fill(ahead: float, expected: float) -> float:
    """P(N >= ahead + 1) for N ~ Poisson(expected): the chance to be reached with `ahead` contracts before us.

    After Moallemi & Yuan (SSRN 2996221). 20 expected: 10 ahead 0.989, 50 ahead about 0.
    """
    if expected <= 0:
        return 0.0
    if expected > _NORMAL_FROM or ahead > _NORMAL_FROM:
        return 0.5 * math.erfc((ahead + 0.5 - expected) / math.sqrt(2 * expected))
    term = total = math.exp(-expected)
    for k in range(1, int(ahead) + 1):
        term *= expected / k
        total += term
    return max(0.0, 1.0 - total)
