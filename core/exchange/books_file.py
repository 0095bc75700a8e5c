"""A recorded capture of order books as the beginning of the embedded exchange, re-dated so that its events trade now.

Format: JSON lines, one market a line (`ticker`, `strike_type`, `floor_strike`, `cap_strike`, `raw_orderbook` with
`yes_dollars` and `no_dollars`), as captures of public order books have it. Pure but for the reading of the file.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from core.contract import LINEAR_CENT, Bracket, Fees, Market, bracket, event_of, exhaustive, station_day_of
from core.errors import Malformed, SettingsError
from core.exchange import listing
from core.fees import TAKER
from core.station_day import StationDay
from core.units import DAY, ONE_DOLLAR, Count, Instant, Price, complement, count, instant, price
from core.weather.world import World


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """One market with its levels, in YES terms."""

    market: Market
    captured_at: Instant  # moved by the same days as the market
    bids: list[tuple[Price, Count]]
    asks: list[tuple[Price, Count]]


def read(path: Path, now: Instant) -> tuple[list[RecordedBook], dict[str, str]]:
    """(books of the last capture in the file, refused tickers with the reason). Raises: SettingsError for no such file.

    Days move by as many whole days as lie between the capture and `now`, so that what was about to trade is again.
    """
    latest: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SettingsError(f"books: {path} cannot be read ({error.strerror})") from error
    for number, raw in enumerate(lines, start=1):
        if raw.strip():
            try:
                row = msgspec.json.decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                refused[f"line {number}"] = f"not JSON: {error}"
                continue
            if isinstance(row, dict) and isinstance(row.get("ticker"), str):
                latest[row["ticker"]] = row
            else:
                refused[f"line {number}"] = "not an object with a ticker"
    books: list[RecordedBook] = []
    for ticker, row in latest.items():
        try:
            books.append(_book(ticker, row, now))
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


def implied_mean(brackets: list[tuple[Bracket, float]]) -> float:
    """Mean degrees F of an event's (bracket, price in dollars) ladder; an open end counts as 1.5 degrees beyond."""
    total = sum(price for _, price in brackets)
    if not total:
        raise Malformed("brackets", [b for b, _ in brackets], "no price above zero")
    return sum(_centre(one) * price for one, price in brackets) / total


def _centre(one: Bracket) -> float:
    if one.low is None:
        return (one.high or 0) - 1.0
    return one.low + 1.0 if one.high is None else (one.low + one.high) / 2


def beliefs(books: list[RecordedBook]) -> dict[StationDay, float]:
    """What each event's books say of its temperature; an empty side counts as 0 or 1 dollar."""
    events: dict[StationDay, list[tuple[Bracket, float]]] = {}
    for book in books:
        bid = max((p for p, _ in book.bids), default=0)
        ask = min((p for p, _ in book.asks), default=ONE_DOLLAR)
        events.setdefault(book.market.station_day, []).append((book.market.bracket, (bid + ask) / 2 / ONE_DOLLAR))
    return {day: implied_mean(ladder) for day, ladder in events.items()}


def world_of(books: list[RecordedBook], seed: int) -> World:
    """A weather in which these books make sense: the best-informed mean is theirs at the time of the capture.

    A function of the file and of the day alone, so every process that opens the same file lives in the same world.
    """
    return World(seed).anchored(beliefs(books), max(b.captured_at for b in books)) if books else World(seed)


def _levels(raw: dict[str, Any], side: str) -> list[tuple[Price, Count]]:
    found = raw.get(side) or []
    if not isinstance(found, list) or not all(isinstance(x, list) and len(x) == 2 for x in found):
        raise Malformed(side, found, "expected pairs of price and size")
    levels = [(price(p, side), count(c, side)) for p, c in found]
    if not all(LINEAR_CENT.holds(p) and c > 0 for p, c in levels):
        raise Malformed(side, found, "expected whole cents from 1 to 99 and sizes above 0")
    return levels


def _book(ticker: str, row: dict[str, Any], now: Instant) -> RecordedBook:
    captured = instant(str(row.get("captured_at")))
    days = (now - captured) // DAY
    event_ticker = event_of(ticker)
    suffix = ticker.removeprefix(f"{event_ticker}-")
    recorded = station_day_of(event_ticker)
    shape = bracket(str(row.get("strike_type")), row.get("floor_strike"), row.get("cap_strike"))
    try:
        day = StationDay(recorded.station, recorded.variable, recorded.day + timedelta(days=days))
    except OverflowError as error:
        raise Malformed("captured_at", row.get("captured_at"), "too far from now") from error
    raw = row.get("raw_orderbook")
    if not isinstance(raw, dict):
        raise Malformed("raw_orderbook", raw, "expected an object")
    bids = _levels(raw, "yes_dollars")
    asks = [(complement(p), c) for p, c in _levels(raw, "no_dollars")]
    if bids and asks and max(bids)[0] >= min(asks)[0]:
        raise Malformed("raw_orderbook", ticker, "the book crosses")
    market = Market(
        f"{day.event_ticker}-{suffix}", day.event_ticker, day.series, day, shape, LINEAR_CENT, listing.open_at(day),
        day.end, "active", 0, listing.rules(day, shape), Fees(TAKER, 0),
    )  # fmt: skip
    return RecordedBook(market, Instant(captured + days * DAY), bids, asks)
