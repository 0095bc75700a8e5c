"""What is on a tape, and is it whole? Pure: records in, findings out.

Whole means: no sequence gap, no frame that cannot be read, no level that falls below nought, and every snapshot asked
for in between equal to the book that its deltas had added up to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core import messages as m
from core.exchange.book import Book
from core.exchange.books import Books
from core.tape.format import Kind, Record
from core.tape.playback import Playback
from core.units import Instant


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
    found, playback, books = Findings(), Playback(), Books()
    deltas = 0
    for said in playback.books(_counted(records, found), books):
        if said.__class__ is Book:
            deltas += 1
            continue
        assert not isinstance(said, Book), "taken above"
        found.messages[type(said).__name__] += 1
        for words in playback.troubles:
            found.fault(said.at, words)
        playback.troubles.clear()
        if isinstance(said, m.BookSnapshot):
            _compare(said, books, found)
        if not books.learn(said):
            assert isinstance(said, m.BookDelta), "only a delta can make no sense"
            found.fault(said.at, f"{said.ticker}: {said.side.value} {said.price} falls below nought, or the clock fell")
        found.connections += isinstance(said, m.Connected)
    for words in playback.troubles:
        found.fault(found.last or Instant(0), words)
    found.messages["BookDelta"] += deltas
    return found


def _counted(records: Iterable[Record], found: Findings) -> Iterator[Record]:
    heard: Instant | None = None
    kinds: Counter[Kind] = Counter()
    raw_bytes = longest = frames = 0
    record: Record | None = None
    hearing = Kind.HEARD
    for record in records:
        kind, at, data = record
        raw_bytes += len(data)
        if kind is hearing:
            frames += 1
            if heard is not None and at - heard > longest:
                longest = at - heard
            heard = at
        else:
            kinds[kind] += 1
            if kind is Kind.CONNECTED:
                heard = at
            elif kind is Kind.DISCONNECTED:
                heard = None
        if found.first is None:
            found.first = at
        yield record
    if record is not None:
        found.last = record.at
    found.raw_bytes, found.longest_silence_ns = raw_bytes, longest
    kinds[hearing] = frames
    found.records.update({kind.name.lower(): number for kind, number in kinds.items() if number})


def _compare(said: m.BookSnapshot, books: Books, found: Findings) -> None:
    """A snapshot asked for in between is the book that the deltas had added up to."""
    found.markets.add(said.ticker)
    book = books.of.get(said.ticker)
    if book is None:
        return
    found.snapshots_compared += 1
    sides = ((book.bids, dict(said.bids)), (book.asks, dict(said.asks)))
    wrong = {p for ours, told in sides for p in ours.keys() | told.keys() if ours.get(p, 0) != told.get(p, 0)}
    if wrong:
        found.fault(said.at, f"{said.ticker}: the deltas do not add up to its snapshot at {len(wrong)} levels")
