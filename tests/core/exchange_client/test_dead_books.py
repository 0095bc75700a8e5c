"""A subscription of books that brings nothing any more, while the connection lives: others' trades give it away."""

import json
from typing import Any

from core import messages as m
from core.exchange.session import Session
from core.exchange.subscriptions import Command
from tests.core.exchange_client.test_session import delta, frame, later, snapshot, watching


def trade(seq: int, ticker: str) -> str:
    return frame(
        "trade", 2, seq, trade_id=f"t{seq}", market_ticker=ticker, yes_price_dollars="0.4000", count_fp="1.00",
        taker_book_side="ask",
    )  # fmt: skip


def suspects(said: tuple[list[Any], list[Command]]) -> list[str]:
    return [ticker for gap in said[0] if isinstance(gap, m.Gap) for ticker in gap.tickers]


def heard(session: Session, raw: str, at: float) -> None:
    assert [type(x) for x in session.receive(raw, later(at))[0]] in ([m.TradePrint], [m.BookDelta])


def test_trades_without_a_change_of_any_book_make_the_books_suspect_and_subscribe_them_anew() -> None:
    session = watching("A", "B")
    for seq, at in ((1, 0.0), (2, 5.0), (3, 9.0)):
        heard(session, trade(seq, "A"), at)
    assert session.overdue(later(14.9)) == ([], [])
    said = session.overdue(later(15.1))
    assert suspects(said) == ["A", "B"]
    left, again = said[1]
    assert (left["cmd"], left["params"]) == ("unsubscribe", {"sids": [1]})
    assert (again["cmd"], again["params"]["market_tickers"]) == ("subscribe", ["A", "B"])
    assert session.receive(delta(1, 3, "A"), later(15.2)) == ([], []), "what the old one still brings is not believed"
    answer = {"id": again["id"], "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 9}}
    session.receive(json.dumps(answer), later(15.3))
    found, _ = session.receive(snapshot(9, 1, "A"), later(15.4))
    assert [type(x) for x in found] == [m.BookSnapshot]
    assert suspects(session.overdue(later(15.5))) == []


def test_a_book_that_changes_before_or_after_its_trades_is_alive() -> None:
    session = watching("A", "B")
    seq, at = 2, 0.0
    for n in range(1, 30):
        seq += 1
        pair = [trade(n, "A"), delta(1, seq, "A" if n % 3 else "B")]
        for raw in pair if n % 2 else pair[::-1]:
            at += 1.5
            heard(session, raw, at)
            assert session.overdue(later(at)) == ([], [])
        at += 40.0
        assert session.overdue(later(at)) == ([], [])


def test_one_trade_alone_or_several_of_one_moment_prove_nothing() -> None:
    session = watching("A")
    for n in range(1, 8):
        heard(session, trade(n, "A"), n * 0.1)
    assert session.overdue(later(3_600)) == ([], []), "their change may have come before the first of them"
