"""The books of one conversation, kept straight from its frames: for whoever wants books and no decisions. Pure.

A delta that follows the last one of its subscription and belongs to a known book changes that book and nothing is made
in between; every other frame goes through `session.py`, and its messages come back here through `learn`.
"""

import contextlib

import msgspec

from core import messages as m
from core.errors import Malformed
from core.exchange import translate
from core.exchange import wire_stream as wire
from core.exchange.book import Book
from core.exchange.session import Session
from core.exchange.subscriptions import Sid
from core.units import Price, complement

_COUNTS, _YES = translate.COUNTS, wire.Leg.YES
_WORDS = 65_536
_decode = msgspec.json.Decoder(wire.BookFrame).decode


class Books:
    """See the module. `of`: the book of every market whose book is known."""

    def __init__(self) -> None:
        self.of: dict[str, Book] = {}
        self.session: Session | None = None
        self._sids: dict[int, Sid] = {}
        self._bids: dict[str, Price] = {}  # by the words on the wire: prices in YES terms
        self._asks: dict[str, Price] = {}

    def converse(self, session: Session | None) -> None:
        """Frames belong to this conversation from now on; what an earlier one told no longer counts."""
        if session is not self.session:
            self.session = session
            self._sids = {} if session is None else session.sids
            self._asks.clear()
            self.of.clear()

    def delta(self, raw: bytes) -> Book | None:
        """Change the book that this frame changes, and return it; None: nothing was done, the frame must be received.

        The same as `Book.apply`, written out: each call would make it a tenth slower. A test holds the two together.
        """
        levels: dict[Price, int]
        try:
            frame = _decode(raw)
            sub = self._sids[frame.sid]
            seq = frame.seq
            if sub.seq != seq - 1:
                return None
            said = frame.msg
            book = self.of[said.market_ticker]
            size: int = _COUNTS[said.delta_fp]
            clock = said.clock
            if clock is not None:
                if clock < book.next_clock:
                    return None
                book.next_clock = clock
            if said.side is _YES:
                price = self._bids[said.price_dollars]
                levels = book.bids  # type: ignore[assignment]  # a Count is an int
                if price in levels:
                    size += levels[price]
                    if size > 0:
                        levels[price] = size
                    elif size < 0:
                        return None
                    else:
                        del levels[price]
                        if price == book.best_bid:
                            book.best_bid = max(levels) if levels else None
                elif size > 0:
                    levels[price] = size
                    if book.best_bid is None or price > book.best_bid:
                        book.best_bid = price
                elif size < 0:
                    return None
            else:
                price = self._asks[said.price_dollars]
                levels = book.asks  # type: ignore[assignment]  # as above
                if price in levels:
                    size += levels[price]
                    if size > 0:
                        levels[price] = size
                    elif size < 0:
                        return None
                    else:
                        del levels[price]
                        if price == book.best_ask:
                            book.best_ask = min(levels) if levels else None
                elif size > 0:
                    levels[price] = size
                    if book.best_ask is None or price < book.best_ask:
                        book.best_ask = price
                elif size < 0:
                    return None
        except KeyError:
            self._note(frame.msg)
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError, Malformed):
            return None
        sub.seq = seq
        return book

    def _note(self, said: wire.BookMsg) -> None:
        """A price met for the first time; one that means nothing stays unknown, and the long way says so."""
        if self.session is None or len(self._bids) > _WORDS:
            return
        with contextlib.suppress(Malformed):
            price = translate.PRICES[said.price_dollars]
            self._asks[said.price_dollars] = price if self.session.use_yes_price else complement(price)
            self._bids[said.price_dollars] = price

    def learn(self, said: m.Said) -> bool:
        """What the long way told; False when a book no longer adds up (it is unknown until its next snapshot)."""
        match said:
            case m.BookSnapshot():
                book = self.of[said.ticker] = Book()
                book.load(said)
            case m.BookDelta() if said.ticker in self.of:
                if not self.of[said.ticker].apply(said):
                    del self.of[said.ticker]
                    return False
            case m.Gap():
                for ticker in said.tickers:
                    self.of.pop(ticker, None)
            case m.Connected() | m.Disconnected():
                self.of.clear()
            case _:
                pass
        return True
