"""What `test_nautilus_speed.py` runs in an interpreter that has nautilus_trader and msgspec, and nothing of ours.

The frames of a file through its `OrderBook`, the touch read after each: (CPU ns, frames, checksum) as JSON.
The exchange sends changes and the book wants sizes, so sizes are kept beside it; prices and sizes are made once each.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder, OrderBookDelta
from nautilus_trader.model.enums import BookAction, BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity


class _Msg(msgspec.Struct, gc=False):
    market_ticker: str
    price_dollars: str = ""
    delta_fp: str = ""
    side: str = ""
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []


class _Frame(msgspec.Struct, gc=False):
    type: str
    msg: _Msg
    seq: int = 0


def run(frames: list[bytes]) -> tuple[int, int]:
    """(CPU ns, sum of both best prices after every delta in 1/10,000 $). Prices are on the YES leg."""
    decode = msgspec.json.Decoder(_Frame).decode
    prices: dict[str, Any] = {}
    counts: dict[int, Any] = {}
    books: dict[str, Any] = {}
    sizes: dict[str, dict[tuple[str, str], int]] = {}
    names: dict[str, Any] = {}
    update, delete = BookAction.UPDATE, BookAction.DELETE
    sides = {"yes": OrderSide.BUY, "no": OrderSide.SELL}
    scale = Price.from_str("1.0000").raw // 10_000
    nothing = Quantity(0.0, 2)
    total = 0

    def price(text: str) -> Any:
        found = prices.get(text)
        if found is None:
            found = prices[text] = Price(float(text), 4)
        return found

    def quantity(hundredths: int) -> Any:
        found = counts.get(hundredths)
        if found is None:
            found = counts[hundredths] = Quantity(hundredths / 100, 2)
        return found

    began = time.process_time_ns()
    for raw in frames:
        frame = decode(raw)
        said = frame.msg
        ticker = said.market_ticker
        if said.side:
            book, known, name = books[ticker], sizes[ticker], names[ticker]
            key = (said.side, said.price_dollars)
            left = known.get(key, 0) + round(float(said.delta_fp) * 100)
            order_side, at = sides[said.side], price(said.price_dollars)
            if left > 0:
                known[key] = left
                delta = OrderBookDelta(name, update, BookOrder(order_side, at, quantity(left), 0), 0, frame.seq, 0, 0)
            else:
                known.pop(key, None)
                delta = OrderBookDelta(name, delete, BookOrder(order_side, at, nothing, 0), 0, frame.seq, 0, 0)
            book.apply_delta(delta)
        else:
            name = names[ticker] = InstrumentId.from_str(f"{ticker.replace('.', '_')}.KALSHI")
            book = books[ticker] = OrderBook(name, BookType.L2_MBP)
            known = sizes[ticker] = {}
            for side, levels in (("yes", said.yes_dollars_fp), ("no", said.no_dollars_fp)):
                for text, count in levels:
                    known[(side, text)] = round(float(count) * 100)
                    order = BookOrder(sides[side], price(text), quantity(known[(side, text)]), 0)
                    book.apply_delta(OrderBookDelta(name, BookAction.ADD, order, 0, frame.seq, 0, 0))
        bid, ask = book.best_bid_price(), book.best_ask_price()
        total += (bid.raw // scale if bid is not None else 0) + (ask.raw // scale if ask is not None else 0)
    return time.process_time_ns() - began, total


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    spent, checksum = run(lines)
    print(json.dumps([spent, len(lines), checksum]))  # noqa: T201 - whoever started it reads this line
