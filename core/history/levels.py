"""Recorded books as columns: every change of every level, and the touch that they add up to. Pure.

A tape is decoded once; what is kept is integers, and books are made of them again a million changes a second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.history.ladder import Integers, Touches

_NONE = -(2**40)


@dataclass(frozen=True, slots=True)
class Levels:
    """Changes of one event's books in order of time: `market` indexes its ladder, `bid` says which side in YES terms,
    `size` (1/100) is what rests at `price` (1/10,000 $) from then on, 0 nothing. A price of 0: from then on nothing is
    known of that side."""

    at: Integers
    market: Integers
    bid: NDArray[np.bool_]
    price: Integers
    size: Integers

    def __len__(self) -> int:
        return len(self.at)


def touches(levels: Levels) -> Touches:
    """Best bid and ask after every moment at which one of them changed."""
    if not len(levels):
        nothing = np.zeros(0, dtype=np.int64)
        return Touches(nothing, nothing, nothing, nothing)
    place = levels.market * 2 + levels.bid
    signed = np.where(levels.bid, levels.price, -levels.price)  # so that the best of either side is its largest
    books: list[dict[int, int]] = [{} for _ in range(int(place.max() | 1) + 1)]
    best = [_NONE] * len(books)
    rows: list[tuple[int, int, int, int]] = []
    last = (-1, -1)
    columns = (levels.at.tolist(), place.tolist(), signed.tolist(), levels.size.tolist())
    for at, i, price, size in zip(*columns, strict=True):
        book = books[i]
        if size:
            book[price] = size
            if price <= best[i]:
                continue
            best[i] = price
        else:
            if price:
                book.pop(price, None)
                if price != best[i]:
                    continue
            else:
                book.clear()
            best[i] = max(book) if book else _NONE
        bid, ask = best[i | 1], best[i & ~1]
        row = (at, i >> 1, bid if bid != _NONE else 0, -ask if ask != _NONE else 0)
        if last == row[:2]:
            rows[-1] = row
        else:
            rows.append(row)
            last = row[:2]
    found = np.array(rows, dtype=np.int64)
    return Touches(found[:, 0], found[:, 1], found[:, 2], found[:, 3])
