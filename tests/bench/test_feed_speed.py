"""What a frame costs beside a bare typed decode of the same bytes; what recording costs at two thousand a second."""

import json
import random
import statistics
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core import messages as m
from core.exchange.book import Book
from core.exchange.books import Books
from core.exchange.session import Session
from core.exchange.subscriptions import Sid
from core.history.levels import Levels, touches
from core.tape.check import check
from core.tape.format import Header, Kind
from core.tape.playback import messages
from core.tape.reader import files, records
from core.tape.writer import Writer
from core.units import SECOND, Count, Instant, Price
from tests.bench.conftest import Keep

pytestmark = [pytest.mark.bench, pytest.mark.slow]
_AT = Instant(1_795_500_000 * SECOND)
_MARKET_ID = "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1"
CENTS = {"yes": range(10, 40), "no": range(60, 90)}  # in YES terms
TICKERS = [f"KXHIGHNY-26NOV24-B{i}.5" for i in range(40)]


class _Msg(msgspec.Struct, gc=False):
    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str
    clock: int | None = None


class _Frame(msgspec.Struct, gc=False):
    type: str
    sid: int
    seq: int
    msg: _Msg


def frames(number: int) -> list[bytes]:
    """Deltas of forty markets as the exchange writes them, none below nought."""
    rng = random.Random(1)
    sizes = {(t, s, p): 1000 for t in TICKERS for s, found in CENTS.items() for p in found}
    found = []
    for i in range(number):
        leg = rng.choice(("yes", "no"))
        key = (rng.choice(TICKERS), leg, rng.choice(CENTS[leg]))
        change = rng.choice((100, 250, -100, -250))
        change = abs(change) if sizes[key] + change <= 0 else change
        sizes[key] += change
        ticker, side, price = key
        body = {"market_ticker": ticker, "market_id": _MARKET_ID, "clock": i + 10,
                "price_dollars": f"{price / 100:.4f}", "delta_fp": f"{change / 100:.2f}", "side": side,
                "ts": "2026-11-24T20:44:01Z", "ts_ms": 1_795_500_000_000}  # fmt: skip
        frame = {"type": "orderbook_delta", "sending_ts_ms": 1_795_500_000_123, "sid": 1, "seq": i + 2, "msg": body}
        found.append(json.dumps(frame, separators=(",", ":")).encode())
    return found


def session() -> Session:
    """A conversation in which the forty books are subscribed."""
    found = Session(True)
    found.sids[1] = Sid("orderbook_delta", set(TICKERS), 1)
    found.watched = set(TICKERS)
    return found


def snapshot(ticker: str) -> m.BookSnapshot:
    """The book the deltas begin with."""
    bids, asks = ([(Price(p * 100), Count(1000)) for p in CENTS[leg]] for leg in ("yes", "no"))
    return m.BookSnapshot(_AT, ticker, bids, asks)


def snapshots() -> list[bytes]:
    """The same, as the exchange writes it."""
    levels = {leg: [[f"{cents / 100:.4f}", "10.00"] for cents in found] for leg, found in CENTS.items()}
    return [
        json.dumps({"type": "orderbook_snapshot", "sid": 1, "msg": {
            "market_ticker": ticker, "yes_dollars_fp": levels["yes"], "no_dollars_fp": levels["no"],
        }}).encode()
        for ticker in TICKERS
    ]  # fmt: skip


def by_books(raw: list[bytes]) -> tuple[float, int]:
    """CPU seconds from frames to books and their best prices, straight, read after every frame; and their sum."""
    conversation, books, total = session(), Books(), 0
    books.converse(conversation)
    for ticker in TICKERS:
        books.learn(snapshot(ticker))
    change = books.delta
    began = time.process_time()
    for frame in raw:
        book = change(frame)
        if book is None:
            for said in conversation.receive(frame, _AT)[0]:
                assert isinstance(said, m.BookDelta)
                books.learn(said)
                book = books.of[said.ticker]
        total += (book.best_bid or 0) + (book.best_ask or 0)
    return time.process_time() - began, total


def by_messages(raw: list[bytes]) -> float:
    """The same by way of a message a frame, as the engine is told."""
    conversation, books, total = session(), {t: Book() for t in TICKERS}, 0
    for ticker, book in books.items():
        book.load(snapshot(ticker))
    began = time.process_time()
    for frame in raw:
        for said in conversation.receive(frame, _AT)[0]:
            assert isinstance(said, m.BookDelta)
            book = books[said.ticker]
            book.apply(said)
            total += (book.best_bid or 0) + (book.best_ask or 0)
    return time.process_time() - began


def test_a_frame_to_its_book_and_touch_beside_a_bare_typed_decode(keep: Keep) -> None:
    """Books alone, and with a message a frame in between (what the engine is told, and a journal keeps)."""
    raw = frames(60_000)
    decode = msgspec.json.Decoder(_Frame).decode
    rounds = []
    for _ in range(9):
        began = time.process_time()
        for frame in raw:
            decode(frame)
        rounds.append((time.process_time() - began, by_books(raw)[0], by_messages(raw)))
    straight = [books / bare for bare, books, _ in rounds]
    told = [messages / bare for bare, _, messages in rounds]
    keep(books=statistics.median(straight), best_books=min(straight), messages=statistics.median(told),
         best_messages=min(told), us_a_frame=min(books for _, books, _ in rounds) / len(raw) * 1e6)  # fmt: skip
    assert min(straight) < 2.5
    assert min(told) < 4.5


def test_recording_two_thousand_frames_a_second_takes_a_twentieth_of_a_core(keep: Keep, tmp_path: Path) -> None:
    raw = frames(60_000)  # half a minute's worth
    writer, conversation = Writer(tmp_path, Header(1, "r", "embedded", "ws://x", True)), session()
    began = time.process_time()
    for i, frame in enumerate(raw):
        at = Instant(_AT + i * SECOND // 2000)
        writer.append(Kind.HEARD, at, frame)
        conversation.receive(frame, at)
        if i % 2000 == 1999:
            writer.flush(at)
    spent = time.process_time() - began
    writer.close(Instant(_AT + 30 * SECOND))
    share = spent / 30.0
    keep(share_of_a_core=share, bytes_a_frame=writer.written_bytes / len(raw))
    assert share < 0.05


def test_a_tape_is_played_back_faster_than_it_was_recorded(keep: Keep, tmp_path: Path) -> None:
    raw = frames(100_000)
    writer = Writer(tmp_path, Header(1, "r", "embedded", "ws://x", True))
    writer.append(Kind.CONNECTED, _AT, b"")
    command = {"id": 1, "cmd": "subscribe", "params": {"channels": ["orderbook_delta"], "market_tickers": TICKERS}}
    writer.append(Kind.SENT, _AT, msgspec.json.encode(command))
    writer.append(Kind.HEARD, _AT, b'{"id":1,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":1}}')
    for frame in [*snapshots(), *raw]:
        writer.append(Kind.HEARD, _AT, frame)
    writer.close(Instant(_AT + SECOND))
    began = time.process_time()
    number = sum(isinstance(said, m.BookDelta) for said in messages(records(files(tmp_path))))
    by_message = time.process_time() - began
    assert number == len(raw)
    began = time.process_time()
    found = check(records(files(tmp_path)))
    checked = time.process_time() - began
    assert found.messages["BookDelta"] == len(raw)
    keep(messages_a_second=number / by_message, verified_a_second=number / checked)
    assert number / by_message > 100_000


def test_books_are_made_again_from_a_converted_tape_a_million_changes_a_second(keep: Keep) -> None:
    """What `kwm tape convert` keeps: 240 markets, half a million changes, best bid and ask after each."""
    rng = np.random.default_rng(1)
    n = 500_000
    bid = rng.random(n) < 0.5
    price = np.where(bid, rng.integers(20, 45, n), rng.integers(47, 75, n)) * 100
    size = rng.choice(np.array([0, 500, 1_200, 2_500, 7_000]), n, p=[0.2, 0.2, 0.2, 0.2, 0.2])
    levels = Levels(np.arange(n, dtype=np.int64), rng.integers(0, 240, n), bid, price, size)
    rates = []
    for _ in range(5):
        began = time.process_time()
        found = touches(levels)
        rates.append(n / (time.process_time() - began))
    assert len(found) > 5_000
    keep(changes_a_second=max(rates), median=statistics.median(rates))
    assert max(rates) > 1_000_000
