"""One event's past, made ready once for every arm: what traded when, and the touch before and after. Pure."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.history.ladder import PastEvent, Prints, Touches
from core.history.touch import Fitted, Touch
from core.units import Instant


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


@dataclass(slots=True)
class Past:
    """`middles[i]`: times and middles of market i (1/10,000 $), for markouts; `quotes`: recorded touches, no trades."""

    event: PastEvent
    fitted: Fitted
    happened: list[Happened]
    quotes: bool = False
    middles: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=list)


def prepare(event: PastEvent, prints: Prints | None, touches: Touches | None, fitted: Fitted) -> Past:
    """Trades with the touch they imply, corrected by recorded touches where both are; or recorded touches alone."""
    if prints is None or not len(prints):
        return _of_touches(event, touches, fitted)
    marks = [Touch(fitted.spread) for _ in event.markets]
    rows: list[Happened] = []
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
    return Past(event, fitted, rows, False, _middles(event, rows))


def _of_touches(event: PastEvent, touches: Touches | None, fitted: Fitted) -> Past:
    rows: list[Happened] = []
    if touches is not None:
        ticks = zip(
            touches.at.tolist(), touches.market.tolist(), touches.bid.tolist(), touches.ask.tolist(), strict=True
        )
        last: dict[int, tuple[int, int]] = {}
        for at, i, bid, ask in ticks:
            if last.get(i) != (bid, ask):
                last[i] = (bid, ask)
                rows.append(Happened(Instant(at), i, 0, 0, False, bid, ask, True))
    return Past(event, fitted, rows, True, _middles(event, rows))


def _middles(event: PastEvent, rows: list[Happened]) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    at: list[list[int]] = [[] for _ in event.markets]
    value: list[list[float]] = [[] for _ in event.markets]
    for row in rows:
        if row.moved and row.bid and row.ask:
            at[row.market].append(row.at)
            value[row.market].append((row.bid + row.ask) / 2)
        elif row.count and not (row.bid and row.ask):
            at[row.market].append(row.at)
            value[row.market].append(float(row.price))
    return [(np.array(a, dtype=np.int64), np.array(v, dtype=np.float64)) for a, v in zip(at, value, strict=True)]


def middle_at(past: Past, market: int, at: int) -> float | None:
    """The middle known at `at`, or None before the first."""
    times, values = past.middles[market]
    found = int(np.searchsorted(times, at, side="right")) - 1
    return float(values[found]) if found >= 0 else None
