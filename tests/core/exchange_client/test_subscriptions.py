"""One subscription a channel, as people saw it in production (June and September 2026): what comes later joins it. And
when a connection counts as one: when what is said of our own orders is heard."""

import json

from core import messages as m
from core.exchange.session import Session
from core.exchange.subscriptions import CHUNK, PRIVATE, Command
from tests.core.exchange_client.test_session import T0, delta, later, snapshot, watching

MANY = {f"T{n:02}" for n in range(90)}


def said(kind: str, number: int = 0, **more: object) -> str:
    return json.dumps({"type": kind} | ({"id": number} if number else {}) | more)


def subscribed(number: int, channel: str, sid: int) -> str:
    return said("subscribed", number, msg={"channel": channel, "sid": sid})


def ok(number: int, sid: int, seq: int | None, tickers: list[str]) -> str:
    return said("ok", number, sid=sid, msg={"market_tickers": tickers}, **({} if seq is None else {"seq": seq}))


def of_books(commands: list[Command]) -> list[tuple[int, list[str]]]:
    return [(c["id"], c["params"]["market_tickers"]) for c in commands
            if c["cmd"] == "subscribe" and c["params"]["channels"] == ["orderbook_delta"]]  # fmt: skip


def joined() -> tuple[Session, list[str]]:
    """Ninety books, asked for in three commands: one subscription, and two answers that it grew."""
    session = Session(use_yes_price=True)
    asked = of_books(session.watch(MANY, T0))
    session.receive(subscribed(asked[0][0], "orderbook_delta", 1), T0)
    tickers = list(asked[0][1])
    for seq, (number, more) in enumerate(asked[1:], 1):
        tickers += more
        assert session.receive(ok(number, 1, seq, tickers), T0)[1] == []
    return session, tickers


def test_a_later_subscription_joins_the_first_and_its_answer_uses_up_a_number() -> None:
    session, tickers = joined()
    assert [(sub.channel, sub.tickers) for sub in session.sids.values()] == [("orderbook_delta", MANY)]
    for seq, ticker in enumerate(tickers, 3):
        assert [type(x) for x in session.receive(snapshot(1, seq, ticker), later(1))[0]] == [m.BookSnapshot]
    assert session.awaiting == {}
    numbers = {c["id"] for c in session.overdue(later(60))[1] if c["params"]["channels"] == ["orderbook_delta"]}
    assert numbers == set(), "nothing is asked for again: everything was answered"


def test_a_gap_makes_every_book_of_the_one_subscription_suspect() -> None:
    session, _ = joined()
    messages, commands = session.receive(delta(1, 9, "T00"), T0)
    gap = messages[0]
    assert isinstance(gap, m.Gap) and set(gap.tickers) == MANY
    asked = [c["params"]["market_tickers"] for c in commands]
    assert {t for chunk in asked for t in chunk} == MANY and max(map(len, asked)) <= CHUNK


def test_a_large_subscription_is_made_anew_and_left_in_commands_of_a_few_markets() -> None:
    """One refused ticker refuses its command: of several hundred, every market there is."""
    session, _ = joined()
    kept = {t for t in MANY if t < "T20"}
    less = [c["params"] for c in session.watch(kept, T0)]
    assert {c["action"] for c in less} == {"delete_markets"}
    assert {t for c in less for t in c["market_tickers"]} == MANY - kept
    assert max(len(c["market_tickers"]) for c in less) <= CHUNK
    session, _ = joined()
    _, commands = session.receive(said("error", sid=1, msg={"code": 25, "msg": "overflow"}), T0)
    anew = [tickers for _, tickers in of_books(commands)]
    assert {t for chunk in anew for t in chunk} == MANY and max(map(len, anew)) <= CHUNK


def test_an_answer_that_comes_after_it_was_asked_for_again_still_counts() -> None:
    session = Session(use_yes_price=True)
    ((first, _),) = of_books(session.watch({"A"}, T0))
    ((second, _),) = of_books(session.overdue(later(11))[1])
    _, commands = session.receive(subscribed(first, "orderbook_delta", 1), later(12))
    assert commands == [], "leaving it would end what the second one has joined"
    assert [type(x) for x in session.receive(snapshot(1, 1, "A"), later(12))[0]] == [m.BookSnapshot]
    assert session.receive(ok(second, 1, 2, ["A"]), later(12)) == ([m.StreamOpened(later(12), "orderbook_delta")], [])
    assert [type(x) for x in session.receive(delta(1, 3, "A"), later(12))[0]] == [m.BookDelta]


def test_a_subscription_that_ends_unasked_is_made_anew() -> None:
    session = watching("A", "B")
    messages, commands = session.receive(said("unsubscribed", sid=1, seq=3), T0)
    assert [x.tickers for x in messages if isinstance(x, m.Gap)] == [["A", "B"]]
    assert [tickers for _, tickers in of_books(commands)] == [["A", "B"]]


def test_a_subscription_that_the_exchange_does_not_know_is_made_anew() -> None:
    session = watching("A", "B")
    (ask,) = session.receive(delta(1, 9, "A"), T0)[1]
    assert ask["params"]["action"] == "get_snapshot"
    unknown = said("error", ask["id"], msg={"code": 7, "msg": "Unknown subscription ID"})
    messages, commands = session.receive(unknown, later(1))
    assert [x.tickers for x in messages if isinstance(x, m.Gap)] == [["A", "B"]]
    assert [tickers for _, tickers in of_books(commands)] == [["A", "B"]], "its snapshots would never come"
    assert session.receive(unknown, later(1)) == ([], [])


def test_what_joined_a_subscription_that_we_were_leaving_is_asked_for_again() -> None:
    session = watching("A")
    ((number, _),) = of_books(session.watch({"A", "B"}, T0))
    assert session.watch({"B"}, T0)[0]["params"] == {"sids": [1]}, "nothing of it is wanted any more"
    session.receive(ok(number, 1, 2, ["A", "B"]), T0)
    _, commands = session.receive(said("unsubscribed", sid=1, seq=3), T0)
    assert [tickers for _, tickers in of_books(commands)] == [["B"]]


def test_an_answer_that_does_not_say_what_was_joined_is_the_channels_one_subscription() -> None:
    session = watching("A")
    ((number, _),) = of_books(session.watch({"A", "B"}, T0))
    session.receive(said("ok", number, msg={"market_tickers": ["A", "B"]}), T0)
    assert session.sids[1].tickers == {"A", "B"}


def test_a_connection_is_one_when_every_private_channel_is_confirmed() -> None:
    session = Session(use_yes_price=True)
    heard = []
    for sid, command in enumerate(session.opened(T0), 1):
        assert m.Connected(T0) not in heard, "a fill before its channel is open is told by nobody"
        heard += session.receive(subscribed(command["id"], command["params"]["channels"][0], sid), T0)[0]
    assert heard[-1] == m.Connected(T0) and [x.channel for x in heard if isinstance(x, m.StreamOpened)] == [*PRIVATE]


def test_without_the_channel_of_our_fills_there_is_no_connection() -> None:
    session = Session(use_yes_price=True)
    heard = []
    for sid, command in enumerate(session.opened(T0), 1):
        channel = command["params"]["channels"][0]
        refused = said("error", command["id"], msg={"code": 9, "msg": "Authentication required"})
        heard += session.receive(refused if channel == "fill" else subscribed(command["id"], channel, sid), T0)[0]
    assert m.Connected(T0) not in heard
    (again,) = session.overdue(later(11))[1]
    assert again["params"] == {"channels": ["fill"]}, "and it is asked for again"


def test_a_lost_private_channel_ends_the_conversation() -> None:
    for n, channel in enumerate(PRIVATE, 1):
        session = Session(use_yes_price=True)
        for sid, command in enumerate(session.opened(T0), 1):
            session.receive(subscribed(command["id"], command["params"]["channels"][0], sid), T0)
        assert not session.over
        session.receive(said("error", sid=n, msg={"code": 25, "msg": "overflow"}), T0)
        assert session.over.startswith(channel)
