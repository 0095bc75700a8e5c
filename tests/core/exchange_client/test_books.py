"""Books straight from frames are the books that messages make, frame for frame, whatever comes."""

import json
import random
from typing import Any

import pytest

from core import messages as m
from core.exchange.book import Book
from core.exchange.books import Books
from core.exchange.session import Session
from core.exchange.subscriptions import Sid
from core.units import SECOND, Count, Instant, Price

T0 = Instant(1_795_000_000 * SECOND)
TICKERS = ("A", "B", "C")


def frame(kind: str, sid: int, seq: int, **msg: Any) -> bytes:
    return json.dumps({"type": kind, "sid": sid, "seq": seq, "msg": msg}, separators=(",", ":")).encode()


def conversation(rng: random.Random) -> list[bytes]:
    """Snapshots and deltas of two subscriptions; some lost, some unreadable, some below nought; some clocks fall."""
    seqs, clock, found = {1: 0, 2: 0}, 0, []
    for n in range(400):
        ticker = rng.choice(TICKERS)
        sid = 2 if ticker == "C" else 1
        seqs[sid] += 1
        clock += 1
        if n < 3 or rng.random() < 0.08:
            levels = [[f"{c / 100:.4f}", f"{rng.randint(1, 9)}.00"] for c in rng.sample(range(1, 40), 4)]
            asks = [[f"{c / 100:.4f}", f"{rng.randint(1, 9)}.00"] for c in rng.sample(range(60, 99), 3)]
            ahead = 2 if rng.random() < 0.2 else 0
            found.append(frame("orderbook_snapshot", sid, seqs[sid], market_ticker=TICKERS[n] if n < 3 else ticker,
                               yes_dollars_fp=levels, no_dollars_fp=asks, clock=clock + ahead))  # fmt: skip
            continue
        if rng.random() < 0.01:
            continue  # lost on the way
        price = rng.choice(
            ("0.1000", "0.10", f"{rng.randint(1, 98) / 100:.4f}", "0.12345" if n % 50 == 0 else "0.3000")
        )
        side = "no" if float(price) > 0.5 else "yes"
        side = "maybe" if rng.random() < 0.005 else side
        change = rng.choice(
            ("1.00", "2.50", "3.00", "-1.00", "-0.50", "0.00", "-9.00" if rng.random() < 0.03 else "1.00")
        )
        found.append(frame("orderbook_delta", sid, seqs[sid], market_ticker=ticker, price_dollars=price,
                           delta_fp=change, side=side, clock=clock))  # fmt: skip
    return found


def session(yes_price: bool) -> Session:
    found = Session(yes_price)
    found.sids = {1: Sid("orderbook_delta", {"A", "B"}), 2: Sid("orderbook_delta", {"C"})}
    found.watched = set(TICKERS)
    return found


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("yes_price", [True, False])
def test_books_from_frames_are_the_books_that_messages_make(seed: int, yes_price: bool) -> None:
    frames = conversation(random.Random(seed))
    slow, plain = session(yes_price), Books()
    fast_session, fast = session(yes_price), Books()
    fast.converse(fast_session)
    taken = 0
    for n, raw in enumerate(frames):
        at = Instant(T0 + n)
        for said in slow.receive(raw, at)[0]:
            plain.learn(said)
        if fast.delta(raw) is None:
            for said in fast_session.receive(raw, at)[0]:
                fast.learn(said)
        else:
            taken += 1
        for ticker in TICKERS:
            ours, theirs = fast.of.get(ticker), plain.of.get(ticker)
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                assert (ours.bids, ours.asks, ours.best_bid, ours.best_ask) == (
                    theirs.bids, theirs.asks, theirs.best_bid, theirs.best_ask
                )  # fmt: skip
                assert ours.best_bid == max(ours.bids, default=None) and ours.best_ask == min(ours.asks, default=None)
    assert slow.troubles == fast_session.troubles
    assert taken > 10


def test_a_clock_that_falls_makes_a_book_unknown_and_the_next_snapshot_makes_it_known() -> None:
    """In maintenance a market's clock may fall: what it was before says nothing of what comes after."""
    talk, books = session(True), Books()
    books.converse(talk)

    def hear(raw: bytes) -> Book | None:
        found = books.delta(raw)
        for said in talk.receive(raw, T0)[0] if found is None else ():
            books.learn(said)
        return books.of.get("A")

    def bid(seq: int, clock: int) -> Book | None:
        return hear(frame("orderbook_delta", 1, seq, market_ticker="A", price_dollars="0.3900", delta_fp="1.00",
                          side="yes", clock=clock))  # fmt: skip

    def whole(seq: int, clock: int) -> Book | None:
        return hear(frame("orderbook_snapshot", 1, seq, market_ticker="A", clock=clock))

    assert whole(1, 1_000) is not None
    assert bid(2, 1_001) is not None and bid(3, 1_001) is not None, "deltas of one action share their clock"
    assert bid(4, 1_000) is None, "the clock fell between two deltas"
    assert whole(5, 17) is not None and bid(6, 18) is not None, "the new clocks are as good as the old ones"
    assert whole(7, 19) is not None
    assert bid(8, 19) is None, "what follows a snapshot has higher clocks"


def test_a_change_below_nought_changes_nothing_and_says_so() -> None:
    book = Book()
    book.load(m.BookSnapshot(T0, "A", [(Price(100), Count(500))], []))
    assert not book.change(True, Price(100), -600)
    assert not book.change(True, Price(200), -1)
    assert book.bids == {Price(100): Count(500)}
