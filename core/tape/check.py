"""What is on a tape, and is it whole? Pure: records in, findings out.

Whole means: no sequence gap, no frame that cannot be read, no level that falls below nought, and every snapshot asked
for in between equal to the book that its deltas had added up to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core import messages as m
from core.tape.format import Kind, Record
from core.tape.playback import messages
from core.units import Count, Instant, Price

Level = tuple[m.Side, Price]


@dataclass(slots=True)
class Findings:
    """What a tape holds. `faults`: what is not whole, in order, the first `most` of them."""

    records: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    raw_bytes: int = 0
    first: Instant | None = None
    last: Instant | None = None
    markets: set[str] = field(default_factory=set)
    connections: int = 0
    longest_silence_ns: int = 0
    snapshots_compared: int = 0
    faults: list[tuple[Instant, str]] = field(default_factory=list)
    fault_count: int = 0
    most: int = 100

    def fault(self, at: Instant, words: str) -> None:
        """Note one thing that is not whole."""
        self.fault_count += 1
        if len(self.faults) < self.most:
            self.faults.append((at, words))


def check(records: Iterable[Record]) -> Findings:
    """Look at a whole tape."""
    found, troubles = Findings(), list[str]()
    books: dict[str, dict[Level, Count]] = {}
    for said in messages(_counted(records, found), troubles):
        found.messages[type(said).__name__] += 1
        for words in troubles:
            found.fault(said.at, words)
        troubles.clear()
        match said:
            case m.Connected() | m.Disconnected():
                books.clear()
                found.connections += isinstance(said, m.Connected)
            case m.BookSnapshot():
                found.markets.add(said.ticker)
                _snapshot(said, books, found)
            case m.BookDelta():
                _delta(said, books, found)
            case m.Gap():
                for ticker in said.tickers:
                    books.pop(ticker, None)
    return found


def _counted(records: Iterable[Record], found: Findings) -> Iterator[Record]:
    heard: Instant | None = None
    for record in records:
        found.records[record.kind.name.lower()] += 1
        found.raw_bytes += len(record.data)
        found.first = record.at if found.first is None else found.first
        found.last = record.at
        if record.kind is Kind.CONNECTED:
            heard = record.at
        elif record.kind is Kind.DISCONNECTED:
            heard = None
        elif record.kind is Kind.HEARD:
            if heard is not None:
                found.longest_silence_ns = max(found.longest_silence_ns, record.at - heard)
            heard = record.at
        yield record


def _snapshot(said: m.BookSnapshot, books: dict[str, dict[Level, Count]], found: Findings) -> None:
    told: dict[Level, Count] = {(m.Side.BID, p): c for p, c in said.bids} | {(m.Side.ASK, p): c for p, c in said.asks}
    known = books.get(said.ticker)
    if known is not None:
        found.snapshots_compared += 1
        if known != told:
            wrong = sorted({price for side, price in set(known.items()) ^ set(told.items())})
            found.fault(said.at, f"{said.ticker}: the deltas do not add up to its snapshot at {len(wrong)} levels")
    books[said.ticker] = told


def _delta(said: m.BookDelta, books: dict[str, dict[Level, Count]], found: Findings) -> None:
    book = books.get(said.ticker)
    if book is None:
        return
    level = (said.side, said.price)
    size = Count(book.get(level, 0) + said.change)
    if size < 0:
        found.fault(said.at, f"{said.ticker}: {said.side.value} {said.price} falls to {size} hundredths")
        del books[said.ticker]
    elif size == 0:
        book.pop(level, None)
    else:
        book[level] = size
