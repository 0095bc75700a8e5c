"""Records of a tape to the messages that a quoter would have had from the same wire at the same moments. Pure.

The conversation of `core/exchange/session.py` is held again: the commands that were sent then are told to it instead of
being made anew.
"""

from collections.abc import Iterable, Iterator

import msgspec

from core import messages as m
from core.exchange.session import Asked, Command, Session
from core.tape.format import Header, Kind, Record, header
from core.units import Instant


def messages(records: Iterable[Record], troubles: list[str] | None = None) -> Iterator[m.Said]:
    """Every message, stamped with the moment of its record. `troubles` collects what could not be read."""
    told: Header | None = None
    session: Session | None = None
    for record in records:
        match record.kind:
            case Kind.HEADER:
                found = header(record.data)
                if told is not None and found.run != told.run and session is not None:
                    session = None
                    yield m.Disconnected(record.at, "another recording begins")
                told = found
            case Kind.CONNECTED:
                assert told is not None, "the reader begins every file with its header"
                session = Session(told.use_yes_price, told.speed)
                yield m.Connected(record.at)
            case Kind.DISCONNECTED:
                session = None
                yield m.Disconnected(record.at, record.data.decode("utf-8", "replace"))
            case Kind.SENT if session is not None:
                _told(session, msgspec.json.decode(record.data), record.at)
            case Kind.HEARD if session is not None:
                found_messages, _ = session.receive(record.data, record.at)
                yield from found_messages
                if troubles is not None and session.troubles:
                    troubles.extend(session.troubles)
                    session.troubles.clear()


def _told(session: Session, command: Command, at: Instant) -> None:
    """A command was sent: the session knows what it asked for."""
    params = command["params"]
    tickers = set(params.get("market_tickers", ()))
    match command["cmd"]:
        case "subscribe":
            session.watched |= tickers
            session.asked[command["id"]] = Asked(params["channels"][0], tickers, at)
        case "unsubscribe":
            for sid in params["sids"]:
                gone = session.sids.pop(sid, None)
                session.watched -= gone.tickers if gone is not None else set()
        case "update_subscription" if params["action"] == "delete_markets":
            session.watched -= tickers
            if params["sid"] in session.sids:
                session.sids[params["sid"]].tickers -= tickers
