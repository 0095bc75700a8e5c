"""One event's past, made ready once for every arm: what traded when, and the touch before and after. Pure.

Where books were recorded, every change of every level is there too, and how much of it was cancelled: a level that
shrank was traded as far as prints of the same price within two seconds say so, and cancelled for the rest.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.history.ladder import PastEvent, Prints, Touches
from core.history.levels import Levels
from core.history.touch import Fitted, Touch
from core.units import SECOND, Instant

_CLAIM = 2 * SECOND  # a print and the change of its level come this close together


@dataclass(frozen=True, slots=True)
class Happened:
    """At `at`: a trade (count > 0) or only a new touch; then the touch, 0 is none."""

    at: Instant
    market: int
    price: int
    count: int
    buys: bool
    bid: int
    ask: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """At `at`, a level of a recorded book holds `size` instead of `was`, `cancelled` of which went away untraded; then
    the touch. A price of 0: nothing is known of the side from here on."""

    at: Instant
    market: int
    buys: bool  # a level of bids
    price: int
    was: int
    size: int
    cancelled: int
    bid: int
    ask: int
    moved: bool
    count: ClassVar[int] = 0


@dataclass(slots=True)
class Past:
    """`middles[i]`: times and middles of market i (1/10,000 $), for markouts; `quotes`: recorded touches, no trades;
    `books`: recorded books."""

    event: PastEvent
    fitted: Fitted
    happened: list[Happened | Changed]
    quotes: bool = False
    books: bool = False
    middles: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=list)


def prepare(
    event: PastEvent, prints: Prints | None, touches: Touches | None, fitted: Fitted, levels: Levels | None = None
) -> Past:
    """Recorded books and trades; or trades with the touch they imply, corrected by recorded touches where both are; or
    recorded touches alone."""
    if levels is not None and len(levels):
        return _of_books(event, prints, levels, fitted)
    if prints is None or not len(prints):
        return _of_touches(event, touches, fitted)
    marks = [Touch(fitted.spread) for _ in event.markets]
    rows: list[Happened | Changed] = []
    trades = zip(prints.at.tolist(), prints.market.tolist(), prints.price.tolist(), prints.count.tolist(),
                 prints.buys.tolist(), strict=True)  # fmt: skip
    known = [] if touches is None else list(zip(touches.at.tolist(), touches.market.tolist(), touches.bid.tolist(),
                                                touches.ask.tolist(), strict=True))  # fmt: skip
    k = 0
    for at, i, price, count, buys in trades:
        while k < len(known) and known[k][0] <= at:
            when, j, bid, ask = known[k]
            marks[j].bid, marks[j].ask = bid, ask
            rows.append(Happened(Instant(when), j, 0, 0, False, bid, ask, True))
            k += 1
        mark = marks[i]
        moved = mark.trade(price, buys) if not known else False
        rows.append(Happened(Instant(at), i, price, count, buys, mark.bid, mark.ask, moved))
    return Past(event, fitted, rows, middles=_middles(event, rows))


def _of_touches(event: PastEvent, touches: Touches | None, fitted: Fitted) -> Past:
    rows: list[Happened | Changed] = []
    if touches is not None:
        ticks = zip(
            touches.at.tolist(), touches.market.tolist(), touches.bid.tolist(), touches.ask.tolist(), strict=True
        )
        last: dict[int, tuple[int, int]] = {}
        for at, i, bid, ask in ticks:
            if last.get(i) != (bid, ask):
                last[i] = (bid, ask)
                rows.append(Happened(Instant(at), i, 0, 0, False, bid, ask, True))
    return Past(event, fitted, rows, True, middles=_middles(event, rows))


def _of_books(event: PastEvent, prints: Prints | None, levels: Levels, fitted: Fitted) -> Past:
    if prints is None:
        trades, waiting = [], {}
    else:
        trades = list(zip(prints.at.tolist(), prints.market.tolist(), prints.price.tolist(), prints.count.tolist(),
                          prints.buys.tolist(), strict=True))  # fmt: skip
        waiting = _prints_by_level(trades)
    books: list[tuple[dict[int, int], dict[int, int]]] = [({}, {}) for _ in event.markets]
    touch = [(0, 0)] * len(event.markets)
    rows: list[Happened | Changed] = []
    k = 0
    for at, i, bids, price, size in zip(levels.at.tolist(), levels.market.tolist(), levels.bid.tolist(),
                                        levels.price.tolist(), levels.size.tolist(), strict=True):  # fmt: skip
        while k < len(trades) and trades[k][0] <= at:
            when, j, paid, count, buys = trades[k]
            rows.append(Happened(Instant(when), j, paid, count, buys, touch[j][0], touch[j][1], False))
            k += 1
        side = books[i][0 if bids else 1]
        was = side.get(price, 0)
        if price and size:
            side[price] = size
        elif price:
            side.pop(price, None)
        else:
            side.clear()
        before = touch[i]
        if price == 0 or size == 0 or price >= before[0] > 0 or price <= before[1] or 0 in before:
            touch[i] = (max(books[i][0], default=0), min(books[i][1], default=0))
        traded = _claim(waiting.get((i, bids, price)), was - size, at) if size < was else 0
        bid, ask = touch[i]
        rows.append(Changed(Instant(at), i, bids, price, was, size, max(0, was - size - traded), bid, ask,
                            touch[i] != before))  # fmt: skip
    for when, j, paid, count, buys in trades[k:]:
        rows.append(Happened(Instant(when), j, paid, count, buys, touch[j][0], touch[j][1], False))
    return Past(event, fitted, rows, books=True, middles=_middles(event, rows))


def _prints_by_level(trades: list[tuple[int, int, int, int, bool]]) -> dict[tuple[int, bool, int], deque[list[int]]]:
    """[at, count] of the prints by the level that they took from: (market, a level of bids, price)."""
    found: dict[tuple[int, bool, int], deque[list[int]]] = defaultdict(deque)
    for at, i, price, count, buys in trades:
        found[(i, not buys, price)].append([at, count])
    return found


def _claim(prints: deque[list[int]] | None, gone: int, at: int) -> int:
    """How much of `gone` was traded: prints close to `at`, each contract claimed once."""
    traded = 0
    while prints and traded < gone:
        when, count = prints[0]
        if when > at + _CLAIM:
            break
        if when < at - _CLAIM:
            prints.popleft()
            continue
        taken = min(count, gone - traded)
        traded += taken
        prints[0][1] -= taken
        if prints[0][1] == 0:
            prints.popleft()
    return traded


def _middles(event: PastEvent, rows: list[Happened | Changed]) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    at: list[list[int]] = [[] for _ in event.markets]
    value: list[list[float]] = [[] for _ in event.markets]
    for row in rows:
        if row.moved and row.bid and row.ask:
            at[row.market].append(row.at)
            value[row.market].append((row.bid + row.ask) / 2)
        elif isinstance(row, Happened) and row.count and not (row.bid and row.ask):
            at[row.market].append(row.at)
            value[row.market].append(float(row.price))
    return [(np.array(a, dtype=np.int64), np.array(v, dtype=np.float64)) for a, v in zip(at, value, strict=True)]


def middle_at(past: Past, market: int, at: int) -> float | None:
    """The middle known at `at`, or None before the first."""
    times, values = past.middles[market]
    found = int(np.searchsorted(times, at, side="right")) - 1
    return float(values[found]) if found >= 0 else None
