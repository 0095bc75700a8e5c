"""A tape as a folder of Parquet tables: the shape of a dataset, so that `kwm backtest` and any notebook read it.

`markets` (as last listed), `trades`, `quotes` (the best bid of each leg and its size, at every change), `levels` (what
each level of each book holds, at every change; a price of 0: from then on nothing is known of that side).
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from core import messages as m
from core.contract import event_of, station_day_of
from core.errors import Malformed
from core.exchange import wire
from core.exchange.book import Book
from core.exchange.books import Books
from core.exchange.translate import decode
from core.tape.format import Kind, Record, answer
from core.tape.playback import messages
from core.tape.reader import Say, records
from core.units import ONE_DOLLAR, Count, Instant, Price, iso

_SCHEMAS = {
    "markets": {
        "series": "VARCHAR", "station": "VARCHAR", "climate_day": "DATE", "event_ticker": "VARCHAR",
        "ticker": "VARCHAR", "strike_type": "VARCHAR", "floor_strike": "DOUBLE", "cap_strike": "DOUBLE",
        "open_time": "TIMESTAMPTZ", "close_time": "TIMESTAMPTZ", "result": "VARCHAR", "rules_primary": "VARCHAR",
    },
    "trades": {
        "ticker": "VARCHAR", "climate_day": "DATE", "traded_at": "TIMESTAMPTZ", "yes_price_dollars": "DECIMAL(6,4)",
        "count": "DECIMAL(18,2)", "taker_side": "VARCHAR", "heard_at": "TIMESTAMPTZ",
    },
    "quotes": {
        "climate_day": "DATE", "at": "TIMESTAMPTZ", "ticker": "VARCHAR", "best_yes_bid": "DECIMAL(6,2)",
        "best_no_bid": "DECIMAL(6,2)", "yes_bid_count": "DECIMAL(18,2)", "no_bid_count": "DECIMAL(18,2)",
    },
    "levels": {
        "climate_day": "DATE", "at_ns": "BIGINT", "ticker": "VARCHAR", "bid": "BOOLEAN", "price": "INTEGER",
        "size": "BIGINT",
    },
}  # fmt: skip
_LISTING = re.compile(r"/(?:events|markets)(?:\?|$)")
_BATCH = 20_000
Row = dict[str, Any]
Touch = tuple[Price | None, int, Price | None, int]  # best bid, its size, best ask, its size, in YES terms
Sides = tuple[dict[int, int], dict[int, int]]  # bids and asks as last told
_NOTHING: Touch = (None, 0, None, 0)


def convert_once(paths: list[Path], out: Path, say: Say) -> bool:
    """Convert unless `out` was made of just these files; True when it was made now. Raises: Malformed for no tape."""
    stamp, mark = json.dumps([(path.name, path.stat().st_size) for path in paths]), out / "made_of.json"
    if mark.exists() and mark.read_text() == stamp:
        return False
    convert(records(paths, say), out)
    mark.write_text(stamp)
    return True


def convert(told: Iterable[Record], out: Path) -> dict[str, int]:
    """Write the tables; rows by table. An existing folder's tables are replaced, each in one rename."""
    out.mkdir(parents=True, exist_ok=True)
    listed: dict[str, Row] = {}
    with duckdb.connect() as db:
        db.execute("SET TimeZone='UTC'; SET enable_progress_bar=false")
        for name, columns in _SCHEMAS.items():
            db.execute(f"CREATE TABLE {name} ({', '.join(f'"{c}" {kind}' for c, kind in columns.items())})")
        waiting: dict[str, list[Row]] = {"trades": [], "quotes": [], "levels": []}
        for name, row in rows(told, listed):
            waiting[name].append(row)
            if len(waiting[name]) >= _BATCH:
                _insert(db, out, name, waiting[name])
        for name, left in waiting.items():
            _insert(db, out, name, left)
        _insert(db, out, "markets", [listed[t] for t in sorted(listed)])
        counts = {}
        for name in _SCHEMAS:
            temporary = out / f".{name}.parquet"
            db.execute(f"COPY {name} TO '{_quoted(temporary)}' (FORMAT parquet, COMPRESSION zstd)")
            temporary.replace(out / f"{name}.parquet")
            found = db.execute(f"SELECT count(*) FROM {name}").fetchall()
            counts[name] = int(found[0][0])
    return counts


def rows(tape: Iterable[Record], listed: dict[str, Row]) -> Iterator[tuple[str, Row]]:
    """(table, row) of trades, quotes and levels in order; what is listed meanwhile goes into `listed`. Pure."""
    books, shown, told = Books(), dict[str, Touch](), dict[str, Sides]()
    days: dict[str, date | None] = {}
    for said in messages(_listing(tape, listed)):
        books.learn(said)
        match said:
            case m.TradePrint():
                yield "trades", {
                    "ticker": said.ticker, "climate_day": _day(said.ticker, days), "traded_at": iso(said.traded_at),
                    "yes_price_dollars": f"{said.price / ONE_DOLLAR:.4f}", "count": f"{said.count / 100:.2f}",
                    "taker_side": "yes" if said.taker is m.Side.BID else "no", "heard_at": iso(said.at),
                }  # fmt: skip
                continue
            case m.BookSnapshot() | m.BookDelta():
                changed = [said.ticker]
            case m.MarketChanged() if said.result and said.ticker in listed:
                listed[said.ticker]["result"] = said.result
                continue
            case m.Connected() | m.Disconnected() | m.Gap():
                changed = [ticker for ticker in shown if ticker not in books.of]
            case _:
                continue
        for ticker in changed:
            book, day = books.of.get(ticker), _day(ticker, days)
            touch = _touch(book)
            if touch != shown.get(ticker, _NOTHING):
                shown[ticker] = touch
                yield "quotes", _quote(ticker, said.at, touch, day)
            for bid, price, size in _changes(said, book, told.setdefault(ticker, ({}, {}))):
                yield "levels", {"climate_day": day, "at_ns": said.at, "ticker": ticker, "bid": bid, "price": price,
                                 "size": size}  # fmt: skip


def _changes(said: m.Said, book: Book | None, told: Sides) -> Iterator[tuple[bool, int, int]]:
    """(bid, price, size) of each level that is not as it was last told; `told` is brought up to date."""
    if book is None:
        for bid, side in ((True, told[0]), (False, told[1])):
            if side:
                side.clear()
                yield bid, 0, 0
        return
    sides: list[tuple[bool, dict[Price, Count], dict[int, int]]] = [(True, book.bids, told[0]),
                                                                     (False, book.asks, told[1])]  # fmt: skip
    for bid, now, before in sides:
        if isinstance(said, m.BookDelta):
            prices = [said.price] if bid is (said.side is m.Side.BID) else []
        else:
            prices = sorted(now.keys() | before.keys())  # type: ignore[arg-type]  # a Price is an int
        for price in prices:
            size = now.get(price, 0)
            if size != before.get(price, 0):
                yield bid, price, size
                if size:
                    before[price] = size
                else:
                    del before[price]


def _touch(book: Book | None) -> Touch:
    if book is None:
        return _NOTHING
    bid, ask = book.best_bid, book.best_ask
    return bid, 0 if bid is None else book.bids[bid], ask, 0 if ask is None else book.asks[ask]


def _quote(ticker: str, at: Instant, touch: Touch, day: date | None) -> Row:
    bid, bid_size, ask, ask_size = touch
    return {
        "climate_day": day, "at": iso(at), "ticker": ticker,
        "best_yes_bid": "-1" if bid is None else f"{bid / 100:.2f}",
        "best_no_bid": "-1" if ask is None else f"{(ONE_DOLLAR - ask) / 100:.2f}",
        "yes_bid_count": f"{bid_size / 100:.2f}", "no_bid_count": f"{ask_size / 100:.2f}",
    }  # fmt: skip


def _listing(tape: Iterable[Record], listed: dict[str, Row]) -> Iterator[Record]:
    """The records as they are; markets in REST answers on the way into `listed`. What cannot be read is left out."""
    for record in tape:
        if record.kind is Kind.ANSWER:
            path, status, body = answer(record.data)
            if status == 200 and _LISTING.search(path):
                for raw in _markets(body):
                    _list(raw, listed)
        yield record


def _markets(body: bytes) -> list[msgspec.Raw]:
    try:
        if b'"events"' in body:
            return [raw for one in decode(body, wire.EventsPage).events for raw in decode(one, wire.EventModel).markets]
        return decode(body, wire.MarketsPage).markets
    except Malformed:
        return []  # `kwm tape verify` reads the same bytes and says so


def _list(raw: msgspec.Raw, listed: dict[str, Row]) -> None:
    try:
        market = decode(raw, wire.MarketModel)
        series = market.event_ticker.partition("-")[0]
        day = station_day_of(market.event_ticker)
    except Malformed:
        return
    listed[market.ticker] = {
        "series": series, "station": day.station.code, "climate_day": day.day.isoformat(),
        "event_ticker": market.event_ticker, "ticker": market.ticker, "strike_type": market.strike_type or None,
        "floor_strike": market.floor_strike, "cap_strike": market.cap_strike, "open_time": market.open_time,
        "close_time": market.close_time, "result": market.result or None, "rules_primary": market.rules_primary,
    }  # fmt: skip


def _day(ticker: str, days: dict[str, date | None]) -> date | None:
    event = event_of(ticker)
    if event not in days:
        try:
            days[event] = station_day_of(event).day
        except Malformed:
            days[event] = None
    return days[event]


def _insert(db: duckdb.DuckDBPyConnection, out: Path, name: str, rows_: list[Row]) -> None:
    """Through a file of JSON lines: DuckDB reads that a hundred times faster than `executemany` inserts."""
    if not rows_:
        return
    path = out / f".{name}.ndjson"
    path.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows_))
    columns = ", ".join(f"'{c}': '{kind}'" for c, kind in _SCHEMAS[name].items())
    db.execute(f"INSERT INTO {name} SELECT * FROM read_json('{_quoted(path)}', format='newline_delimited',"
               f" columns={{{columns}}})")  # fmt: skip
    path.unlink()
    rows_.clear()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
