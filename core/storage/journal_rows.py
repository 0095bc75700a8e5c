"""What one line of the quoter's journal says. The journal is the one-way street from the quoter to everybody else.

Each line is one JSON object with a `row` tag. Events and actions come in the order in which the engine saw and made
them: feeding the events of a journal to a fresh engine with the same settings gives the same actions, byte for byte.
"""

from typing import Any

import msgspec

from core.messages import Request, Ticker
from core.units import Count, Instant, Money, Price


class RunRow(msgspec.Struct, frozen=True, tag_field="row", tag="run"):
    """First line of every run: who wrote this, with which settings."""

    at: Instant
    run: str
    version: str
    environment: str
    speed: float
    settings: dict[str, Any]


class EventRow(msgspec.Struct, frozen=True, tag_field="row", tag="event"):
    """One event, as the engine saw it; `event` is the message's own JSON."""

    n: int
    event: msgspec.Raw


class ActionRow(msgspec.Struct, frozen=True, tag_field="row", tag="action", omit_defaults=True):
    """One action the engine decided on event `n`; `request` is None for actions that are no order request."""

    n: int
    at: Instant
    name: str
    request: Request | None
    detail: str = ""
    event_ticker: str = ""
    publication: str = ""  # the publication it was decided on
    fair: float | None = None
    book_bid: Price | None = None
    book_ask: Price | None = None
    inventory: Count | None = None


class QuoteRow(msgspec.Struct, frozen=True, tag_field="row", tag="quote", omit_defaults=True):
    """What we would like resting in one market changed, or the reasons why nothing is."""

    at: Instant
    ticker: Ticker
    publication: str
    fair: float | None
    book_bid: Price | None
    book_ask: Price | None
    bid: Price | None
    bid_count: Count | None
    ask: Price | None
    ask_count: Count | None
    inventory: Count
    bid_reasons: list[str] = []
    ask_reasons: list[str] = []


class PnlRow(msgspec.Struct, frozen=True, tag_field="row", tag="pnl"):
    """The ledger, once a minute: cash flow of fills, fees, marks, and the worst case."""

    at: Instant
    state: str
    realised: Money  # settled markets, fees not subtracted
    fees: Money
    marked: Money  # open inventory at the mark, minus its cost
    total: Money  # realised + marked - fees
    worst: Money  # worst-case loss over all events, working orders filled the worst way
    balance: Money | None
    working: int  # orders that can still fill
    fills: int
    actions: int


class NoteRow(msgspec.Struct, frozen=True, tag_field="row", tag="note"):
    """An alert, an operator's command, a change of state: something a person will want to read."""

    at: Instant
    kind: str
    words: str


JournalRow = RunRow | EventRow | ActionRow | QuoteRow | PnlRow | NoteRow
