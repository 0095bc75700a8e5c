"""Records of a tape to the messages that a quoter would have had from the same wire at the same moments. Pure.

The conversation of `core/exchange/session.py` is held again: the commands that were sent then are told to it instead of
being made anew.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from core import messages as m
from core.exchange.book import Book
from core.exchange.books import Books
from core.exchange.session import Session
from core.exchange.subscriptions import PRIVATE, Asked, Command
from core.tape.format import Header, Kind, Record, header
from core.units import Instant

_HEARD = Kind.HEARD


@dataclass(slots=True)
class Playback:
    """A tape as it goes on. `troubles` collects what could not be read; whoever wants them takes them out."""

    troubles: list[str] = field(default_factory=list)
    _told: Header | None = None
    _session: Session | None = None

    def messages(self, records: Iterable[Record]) -> Iterator[m.Said]:
        """Every message, stamped with the moment of its record."""
        for record in records:
            if record.kind is _HEARD:
                if self._session is not None:
                    yield from self._heard(self._session, record)
            else:
                yield from self._else(record)

    def books(self, records: Iterable[Record], books: Books) -> Iterator[Book | m.Said]:
        """The same, but what a delta did to a book is done in `books` and the book is told instead of the message."""
        changed = books.delta
        for record in records:
            if record.kind is _HEARD:
                book = changed(record.data)
                if book is not None:
                    yield book
                elif self._session is not None:
                    yield from self._heard(self._session, record)
            else:
                yield from self._else(record)
                books.converse(self._session)

    def _heard(self, session: Session, record: Record) -> list[m.Said]:
        found, _ = session.receive(record.data, record.at)
        if session.troubles:
            self.troubles.extend(session.troubles)
            session.troubles.clear()
        return found

    def _else(self, record: Record) -> Iterator[m.Said]:
        match record.kind:
            case Kind.HEADER:
                found = header(record.data)
                if self._told is not None and found.run != self._told.run and self._session is not None:
                    self._session = None
                    yield m.Disconnected(record.at, "another recording begins")
                self._told = found
            case Kind.CONNECTED:
                assert self._told is not None, "the reader begins every file with its header"
                self._session = Session(self._told.use_yes_price, self._told.speed)
            case Kind.DISCONNECTED:
                self._session = None
                yield m.Disconnected(record.at, record.data.decode("utf-8", "replace"))
            case Kind.SENT if self._session is not None:
                _told(self._session, msgspec.json.decode(record.data), record.at)
            case _:
                pass


def messages(records: Iterable[Record]) -> Iterator[m.Said]:
    """Every message of a tape."""
    return Playback().messages(records)


def _told(session: Session, command: Command, at: Instant) -> None:
    """A command was sent: the session knows what it asked for."""
    params = command["params"]
    tickers = set(params.get("market_tickers", ()))
    match command["cmd"]:
        case "subscribe":
            session.watched |= tickers
            session.opening |= {*params["channels"]} & {*PRIVATE}
            session.asked[command["id"]] = Asked(params["channels"][0], tickers, at)
        case "unsubscribe":
            for sid in params["sids"]:
                gone = session.sids.pop(sid, None)
                session.watched -= gone.tickers if gone is not None else set()
        case "update_subscription" if params["action"] == "delete_markets":
            session.watched -= tickers
            if params["sid"] in session.sids:
                session.sids[params["sid"]].tickers -= tickers
