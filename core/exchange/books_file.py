"""A recorded capture of order books as the beginning of the embedded exchange, re-dated so that its events trade now.

Format: JSON lines, one market a line (`ticker`, `strike_type`, `floor_strike`, `cap_strike`, `raw_orderbook` with
`yes_dollars` and `no_dollars`), as captures of public order books have it. Pure but for the reading of the file.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from core.contract import LINEAR_CENT, Fees, Market, bracket, exhaustive, station_day_of
from core.errors import Malformed
from core.exchange import listing
from core.fees import TAKER
from core.station_day import StationDay
from core.units import Count, Instant, Price, complement, count, price, to_datetime


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """One market with its levels, in YES terms."""

    market: Market
    bids: list[tuple[Price, Count]]
    asks: list[tuple[Price, Count]]


def read(path: Path, now: Instant) -> tuple[list[RecordedBook], dict[str, str]]:
    """(books of the last capture in the file, refused tickers with the reason)."""
    latest: dict[str, dict[str, Any]] = {}
    for raw in path.read_bytes().split(b"\n"):
        if raw.strip():
            row = msgspec.json.decode(raw)
            if isinstance(row, dict) and isinstance(row.get("ticker"), str):
                latest[row["ticker"]] = row
    refused: dict[str, str] = {}
    books: list[RecordedBook] = []
    today = to_datetime(now).date()
    for ticker, row in latest.items():
        try:
            books.append(_book(ticker, row, today))
        except Malformed as error:
            refused[ticker] = str(error)
    events: dict[str, list[RecordedBook]] = {}
    for book in books:
        events.setdefault(book.market.event_ticker, []).append(book)
    kept: list[RecordedBook] = []
    for event, members in events.items():
        if exhaustive([b.market.bracket for b in members]):
            kept += members
        else:
            refused[event] = "its brackets do not cover every temperature exactly once"
    return kept, refused


def _book(ticker: str, row: dict[str, Any], today: date) -> RecordedBook:
    event_ticker, _, suffix = ticker.rpartition("-")
    recorded = station_day_of(event_ticker)
    shape = bracket(str(row.get("strike_type")), row.get("floor_strike"), row.get("cap_strike"))
    day = StationDay(recorded.station, recorded.variable, today)
    raw = row.get("raw_orderbook")
    if not isinstance(raw, dict):
        raise Malformed("raw_orderbook", raw, "expected an object")
    yes, no = raw.get("yes_dollars") or [], raw.get("no_dollars") or []
    bids = [(price(p), count(c)) for p, c in yes]
    asks = [(complement(price(p)), count(c)) for p, c in no]
    market = Market(
        f"{day.event_ticker}-{suffix}", day.event_ticker, day.series, day, shape, LINEAR_CENT, listing.open_at(day),
        day.end, "active", 0, listing.rules(day, shape), Fees(TAKER, 0),
    )  # fmt: skip
    return RecordedBook(market, bids, asks)
