"""What trades say about a book nobody recorded: an estimate of best bid and ask, and three numbers fitted from prints.

A taker who buys at p met an ask at p; one who sells at p met a bid at p. The other side is where it was last met, at
most `spread` away. Everything else (depth behind, orders that came and went untraded) trades do not show. Pure.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.history.ladder import Integers, Prints

Sizes = NDArray[Any]
TICK = 100
_SOON = 60 * 1_000_000_000
_HOUR = 3_600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """`spread` in 1/10,000 $; `depth` in 1/100 contract: what a level holds; `fade` per hour: the rate at which a
    touch goes away without having traded; `cancel_share` of all ends of a touch; `prints` they come from."""

    spread: int = 300
    depth: int = 5_000
    fade: float = 0.7
    cancel_share: float = 0.5
    prints: int = 0


class Touch:
    """One market's estimated touch; 0 is none."""

    __slots__ = ("ask", "bid", "last", "spread")

    def __init__(self, spread: int) -> None:
        self.bid = self.ask = self.last = 0
        self.spread = max(TICK, spread)

    def trade(self, price: int, buys: bool) -> bool:
        """Learn from a print; True when the touch moved."""
        before = (self.bid, self.ask)
        self.last = price
        if buys:
            self.ask = price
            self.bid = min(max(self.bid, price - self.spread, 0), price - TICK)
        else:
            self.bid = price
            far = price + self.spread
            self.ask = max(min(self.ask or far, far), price + TICK)
            if self.ask >= 10_000:
                self.ask = 0
        return (self.bid, self.ask) != before


def fit(past: list[Prints], prior: Fitted | None = None, least: int = 2_000) -> Fitted:
    """Spread, depth and fade from the prints of earlier days, shrunk to `prior` while there are fewer than `least`.

    Spread: median of (price a buyer paid - price a seller got) over neighbouring prints within a minute. Depth: median
    size that a sweep took at the levels it went through entirely. Fade: of the touches whose next print of the same
    side was worse, those not swept, per hour of touch observed.
    """
    prior = prior or Fitted()
    bounces: list[Sizes] = []
    levels: list[Sizes] = []
    gone, swept, hours, n = 0, 0, 0.0, 0
    for prints in past:
        n += len(prints)
        for market in np.unique(prints.market):
            rows = np.flatnonzero(prints.market == market)
            at, price = prints.at[rows], prints.price[rows]
            count, buys = prints.count[rows], prints.buys[rows]
            near = (np.diff(at) < _SOON) & (buys[1:] != buys[:-1])
            change = np.where(buys[1:], 1, -1) * np.diff(price)
            bounces.append(change[near & (change > 0)])
            for side in (True, False):
                mine = buys == side
                sizes, left, through, watched = _side(at[mine], price[mine] * (1 if side else -1), count[mine])
                levels.append(sizes)
                gone, swept, hours = gone + left, swept + through, hours + watched
    if not n:
        return prior
    share = min(1.0, n / least)
    spread = _median(bounces, prior.spread) * share + prior.spread * (1 - share)
    depth = _median(levels, prior.depth) * share + prior.depth * (1 - share)
    fade = (gone / hours if hours else prior.fade) * share + prior.fade * (1 - share)
    cancelled = gone / (gone + swept) if gone + swept else prior.cancel_share
    return Fitted(max(TICK, round(spread / TICK) * TICK), max(100, round(depth / 100) * 100), fade, cancelled, n)


def _side(at: Integers, worse: Integers, count: Integers) -> tuple[Sizes, int, int, float]:
    """One market's prints of one taker side, prices so turned that a deeper level is larger: (sizes of levels swept
    whole, touches gone untraded, touches swept, hours a touch was watched)."""
    if len(at) < 2:
        return np.zeros(0), 0, 0, 0.0
    same = np.diff(at) == 0
    deeper = np.diff(worse) > 0
    through = same & deeper
    ends = np.flatnonzero(through)
    sizes = []
    for i in ends[:400]:
        first = i
        while first > 0 and at[first - 1] == at[i] and worse[first - 1] == worse[i]:
            first -= 1
        sizes.append(count[first : i + 1].sum())
    later = ~same
    watched = np.minimum(np.diff(at)[later], _HOUR).sum() / _HOUR
    return np.array(sizes), int((later & deeper).sum()), int(through.sum()), float(watched)


def _median(parts: list[Sizes], otherwise: float) -> float:
    found = np.concatenate(parts) if parts else np.zeros(0)
    return float(np.median(found)) if len(found) else float(otherwise)
