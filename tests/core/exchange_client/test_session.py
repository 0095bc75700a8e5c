"""The conversation without a socket: sequence numbers, gaps, refused and repeated subscriptions, unreadable frames."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import messages as m
from core.exchange import translate
from core.exchange.session import Session
from core.exchange.subscriptions import PRIVATE, Command
from core.units import SECOND, Count, Instant, Price

T0 = Instant(1_795_000_000 * SECOND)


def later(seconds: float) -> Instant:
    return Instant(T0 + int(seconds * SECOND))


def frame(kind: str, sid: int, seq: int | None, **msg: Any) -> str:
    return json.dumps({"type": kind, "sid": sid, "msg": msg} | ({} if seq is None else {"seq": seq}))


def delta(sid: int, seq: int, ticker: str, size: str = "5.00") -> str:
    return frame("orderbook_delta", sid, seq, market_ticker=ticker, price_dollars="0.4000", delta_fp=size, side="yes")


def snapshot(sid: int, seq: int, ticker: str) -> str:
    return frame("orderbook_snapshot", sid, seq, market_ticker=ticker, yes_dollars_fp=[["0.4000", "10.00"]])


def agree(session: Session, commands: list[Command], first_sid: int = 1) -> dict[int, int]:
    """The exchange accepts each subscription; sid by command id."""
    sids = {}
    for sid, command in enumerate((c for c in commands if c["cmd"] == "subscribe"), first_sid):
        channel = command["params"]["channels"][0]
        said = {"id": command["id"], "type": "subscribed", "msg": {"channel": channel, "sid": sid}}
        session.receive(json.dumps(said), T0)
        sids[command["id"]] = sid
    return sids


def watching(*tickers: str) -> Session:
    """Books are sid 1, trades sid 2; every snapshot has come."""
    session = Session(use_yes_price=True)
    agree(session, session.watch(set(tickers), T0))
    for seq, ticker in enumerate(sorted(tickers), 1):
        session.receive(snapshot(1, seq, ticker), T0)
    return session


def test_a_connection_begins_with_the_private_channels() -> None:
    commands = Session(use_yes_price=True).opened(T0)
    assert [c["params"]["channels"] for c in commands] == [[channel] for channel in PRIVATE]


def test_books_are_subscribed_in_chunks_with_the_price_scale_said() -> None:
    commands = Session(use_yes_price=False).watch({f"T{n}" for n in range(90)}, T0)
    books = [c["params"] for c in commands if c["params"]["channels"] == ["orderbook_delta"]]
    assert [len(p["market_tickers"]) for p in books] == [40, 40, 10]
    assert all(p["use_yes_price"] is False for p in books)


def test_what_is_wanted_again_before_the_answer_came_is_not_subscribed_twice() -> None:
    session = Session(use_yes_price=True)
    commands = session.watch({"A", "B"}, T0) + session.watch({"B"}, T0) + session.watch({"A", "B", "C"}, T0)
    agree(session, commands)
    books = sorted(sorted(sub.tickers) for sub in session.sids.values() if sub.channel == "orderbook_delta")
    assert books == [["A", "B"], ["C"]]
    trades = sorted(sorted(sub.tickers) for sub in session.sids.values() if sub.channel == "trade")
    assert trades == books
    assert set(session.awaiting) == {"A", "B", "C"}, "each book's snapshot is due, or it is asked for again"


def test_messages_in_order_make_no_gap() -> None:
    session = watching("A", "B")
    assert [type(x) for x in session.receive(delta(1, 3, "A"), T0)[0]] == [m.BookDelta]
    assert [type(x) for x in session.receive(delta(1, 4, "B"), T0)[0]] == [m.BookDelta]


def test_an_answer_to_an_update_uses_up_a_number_too() -> None:
    session = watching("A", "B")
    session.receive(json.dumps({"type": "ok", "sid": 1, "seq": 3, "msg": {"market_tickers": ["A"]}}), T0)
    assert [type(x) for x in session.receive(delta(1, 4, "A"), T0)[0]] == [m.BookDelta]


def test_a_gap_makes_every_book_of_its_sid_suspect_and_asks_for_them() -> None:
    session = watching("A", "B")
    messages, commands = session.receive(delta(1, 9, "A"), T0)
    gap = messages[0]
    assert isinstance(gap, m.Gap) and gap.tickers == ["A", "B"]
    assert commands[0]["params"] == {"sid": 1, "action": "get_snapshot", "market_tickers": ["A", "B"]}


def test_a_number_that_comes_twice_is_a_gap() -> None:
    session = watching("A", "B")
    session.receive(delta(1, 3, "A"), T0)
    assert isinstance(session.receive(delta(1, 3, "A"), T0)[0][0], m.Gap)


def test_a_lost_trade_print_makes_no_book_suspect() -> None:
    session = watching("A")
    trade = {"trade_id": "t", "market_ticker": "A", "yes_price_dollars": "0.4000", "count_fp": "1.00",
             "taker_book_side": "ask"}  # fmt: skip
    session.receive(frame("trade", 2, 1, **trade), T0)
    messages, commands = session.receive(frame("trade", 2, 7, **trade), T0)
    assert [x.tickers for x in messages if isinstance(x, m.Gap)] == [[]]
    assert commands == []


def test_fills_have_no_numbers_and_make_no_gap() -> None:
    session = Session(use_yes_price=True)
    agree(session, session.opened(T0))
    said = {"trade_id": "t", "order_id": "o", "market_ticker": "A", "is_taker": False, "yes_price_dollars": "0.4",
            "count_fp": "1.00", "fee_cost": "0", "book_side": "bid", "client_order_id": "kwm-1"}  # fmt: skip
    assert [type(x) for x in session.receive(frame("fill", 1, None, **said), T0)[0]] == [m.Fill]
    assert [type(x) for x in session.receive(frame("fill", 1, None, **said), T0)[0]] == [m.Fill]


def test_a_terminal_error_ends_the_sid_and_subscribes_it_anew() -> None:
    session = watching("A", "B")
    messages, commands = session.receive(
        json.dumps({"type": "error", "sid": 1, "msg": {"code": 25, "msg": "overflow"}}), T0
    )
    assert isinstance(messages[0], m.Gap) and messages[0].tickers == ["A", "B"]
    assert commands[0]["params"]["market_tickers"] == ["A", "B"]
    assert session.receive(delta(1, 5, "A"), T0) == ([], []), "what is left of the dead sid is not applied"


def test_a_snapshot_that_does_not_come_is_a_gap_and_asked_for_again() -> None:
    session = watching("A", "B")
    session.receive(delta(1, 9, "A"), T0)
    assert session.overdue(later(4)) == ([], [])
    messages, commands = session.overdue(later(6))
    assert isinstance(messages[0], m.Gap) and messages[0].tickers == ["A", "B"]
    assert commands[0]["params"]["action"] == "get_snapshot"
    session.receive(snapshot(1, 10, "A"), later(6))
    session.receive(snapshot(1, 11, "B"), later(6))
    assert session.overdue(later(60)) == ([], [])


def test_a_subscription_nobody_answers_is_asked_again_and_its_late_twin_is_left() -> None:
    session = Session(use_yes_price=True)
    first = session.watch({"A"}, T0)
    _, again = session.overdue(later(11))
    assert [c["params"]["channels"] for c in again] == [["orderbook_delta"], ["trade"]]
    agree(session, again, first_sid=10)
    twin = {"id": first[0]["id"], "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}}
    _, commands = session.receive(json.dumps(twin), later(12))
    assert commands[0]["cmd"] == "unsubscribe" and commands[0]["params"] == {"sids": [1]}
    assert session.receive(snapshot(1, 1, "A"), later(12))[0] == []


def test_a_refused_subscription_is_asked_again_without_the_market_to_blame() -> None:
    session = Session(use_yes_price=True)
    commands = session.watch({"A", "BAD"}, T0)
    error = {"id": commands[0]["id"], "type": "error", "msg": {"code": 11, "msg": "no", "market_ticker": "BAD"}}
    session.receive(json.dumps(error), T0)
    agree(session, commands[1:], first_sid=2)
    _, again = session.overdue(later(11))
    assert again[0]["params"]["market_tickers"] == ["A"]


def test_markets_no_longer_watched_are_left_and_an_empty_subscription_is_ended() -> None:
    session = watching("A", "B")
    commands = session.watch({"A"}, T0)
    assert [c["params"].get("action") for c in commands] == ["delete_markets", "delete_markets"]
    commands = session.watch(set(), T0)
    assert [c["cmd"] for c in commands] == ["unsubscribe", "unsubscribe"] and session.sids == {}


def test_a_market_left_before_its_subscription_was_answered_is_taken_out() -> None:
    session = Session(use_yes_price=True)
    commands = session.watch({"A", "B"}, T0)
    session.watch({"A"}, T0)
    said = {"id": commands[0]["id"], "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}}
    _, follow = session.receive(json.dumps(said), T0)
    assert follow[0]["params"] == {"sid": 1, "action": "delete_markets", "market_tickers": ["B"]}


def test_a_removed_money_field_stops_that_market_only_and_loudly() -> None:
    session = watching("A", "B")
    broken = frame("orderbook_delta", 1, 3, market_ticker="A", price_dollars="0.4000", side="yes")
    messages, _ = session.receive(broken, T0)
    assert [x.tickers for x in messages if isinstance(x, m.Gap)] == [["A"]]
    assert session.troubles, "said aloud"
    assert [type(x) for x in session.receive(delta(1, 4, "B"), T0)[0]] == [m.BookDelta]
    assert session.overdue(later(6))[1][0]["params"]["market_tickers"] == ["A"], "a snapshot may heal it"


def test_added_fields_unknown_types_and_unknown_words_stop_nothing() -> None:
    session = watching("A")
    richer = json.loads(delta(1, 2, "A")) | {"new": 1}
    richer["msg"]["also"] = {"deep": []}
    assert [type(x) for x in session.receive(json.dumps(richer), T0)[0]] == [m.BookDelta]
    assert session.receive(frame("quantum_book", 1, 3, x=1), T0) == ([], [])
    order = {"order_id": "o", "ticker": "A", "status": "pondering", "yes_price_dollars": "0.4", "book_side": "bid",
             "fill_count_fp": "0.00", "remaining_count_fp": "1.00"}  # fmt: skip
    assert session.receive(frame("user_order", 3, None, **order), T0) == ([], [])


def test_a_null_where_a_word_may_be_absent_loses_nothing() -> None:
    session = watching("A")
    agree(session, session.opened(T0), first_sid=10)
    fill = {"trade_id": "t", "order_id": "o", "market_ticker": "A", "is_taker": False, "yes_price_dollars": "0.4",
            "count_fp": "1.00", "fee_cost": "0", "book_side": None, "outcome_side": "yes", "client_order_id": None,
            "post_position_fp": None, "subaccount": None}  # fmt: skip
    order = {"order_id": "o", "ticker": "A", "status": "canceled", "yes_price_dollars": "0.4", "book_side": "bid",
             "fill_count_fp": "0.00", "remaining_count_fp": "0.00", "client_order_id": None, "last_update_reason": None,
             "created_ts_ms": None, "expiration_ts_ms": None}  # fmt: skip
    for kind, body in (("fill", fill), ("user_order", order)):
        assert [type(x) for x in session.receive(frame(kind, 10, None, **body), T0)[0]] in ([m.Fill], [m.Gone])
    book = frame("orderbook_snapshot", 1, 2, market_ticker="A", yes_dollars_fp=None, no_dollars_fp=[["0.4000", "1.00"]])
    assert session.receive(book, T0)[0] == [m.BookSnapshot(T0, "A", [], [(Price(4000), Count(100))])]
    assert not session.troubles


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80)))
def test_any_bytes_are_survived(raw: bytes | str) -> None:
    watching("A").receive(raw, T0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KINDS = ("orderbook_snapshot", "orderbook_delta", "trade", "fill", "user_order", "market_lifecycle_v2",
          "order_group_updates", "subscribed", "error", "ok")  # fmt: skip
_FIELDS = ("market_ticker", "price_dollars", "delta_fp", "side", "yes_dollars_fp", "no_dollars_fp", "code", "sid",
           "channel", "trade_id", "yes_price_dollars", "count_fp", "fee_cost", "ts_ms", "close_ts")  # fmt: skip


@given(st.sampled_from(_KINDS), st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.integers(0, 3), st.integers(0, 9))
def test_any_shape_under_a_known_name_is_survived(kind: str, msg: dict[str, Any], sid: int, seq: int) -> None:
    raw = json.dumps({"type": kind, "sid": sid, "seq": seq, "id": 1, "msg": msg})
    watching("A").receive(raw, T0)


@pytest.mark.parametrize(
    ("metadata", "strikes"),
    [
        ({"strike_type": "between", "floor_strike": 48, "cap_strike": 49.0}, (48, 49)),
        ({"strike_type": "greater", "floor_strike": 70}, (71, None)),
        ({"yes_sub_title": "48° to 49°"}, None),
        ({"strike_type": "between", "floor_strike": 48.5, "cap_strike": 49}, (None, None)),
        ({"floor_strike": 48}, (None, None)),
    ],
)
def test_strikes_that_moved_are_a_bracket_and_those_that_mean_nothing_are_none(
    metadata: dict[str, Any], strikes: tuple[int | None, int | None] | None
) -> None:
    body = {"event_type": "metadata_updated", "market_ticker": "A"} | metadata
    said = translate.lifecycle(msgspec.Raw(msgspec.json.encode(body)), Instant(0))
    assert (said.change, said.strikes) == ("metadata_updated", strikes)


@pytest.mark.parametrize(
    ("told", "pays"),
    [({"result": "yes"}, 1_000_000), ({"result": "no"}, 0), ({"result": "scalar"}, None), ({"result": None}, None),
     ({"result": "yes", "settlement_value": "0.7500"}, 750_000), ({"result": "no", "settlement_value": None}, 0)],
)  # fmt: skip
def test_a_result_says_what_it_pays_where_the_value_is_left_out(told: dict[str, Any], pays: int | None) -> None:
    body = {"event_type": "determined", "market_ticker": "A"} | told
    assert translate.lifecycle(msgspec.Raw(msgspec.json.encode(body)), Instant(0)).settlement_value == pays
    settled = {"event_type": "settled", "market_ticker": "A", "settled_ts": 1_795_000_000}
    assert translate.lifecycle(msgspec.Raw(msgspec.json.encode(settled)), Instant(0)).settlement_value is None


def test_an_events_own_fees_are_heard_and_those_nobody_can_compute_are_told_apart() -> None:
    def heard(**told: Any) -> list[m.Said]:
        session = watching("KXHIGHNY-26NOV25-T46")
        return session.receive(frame("event_fee_update", 9, None, **told), T0)[0]

    mine = {"event_ticker": "KXHIGHNY-26NOV25"}
    dear = {"fee_type_override": "quadratic_with_maker_fees", "fee_multiplier_override": 2}
    assert heard(**mine, **dear) == [m.FeesChanged(T0, "KXHIGHNY-26NOV25", 35_000)]
    assert heard(**mine, fee_type_override=None, fee_multiplier_override=None) == [
        m.FeesChanged(T0, "KXHIGHNY-26NOV25", 0, cleared=True)
    ]
    for odd in ({"fee_type_override": "flat", "fee_multiplier_override": 1}, {"fee_type_override": "quadratic"}):
        assert heard(**mine, **odd) == [m.FeesChanged(T0, "KXHIGHNY-26NOV25", None)]
    assert heard(event_ticker="KXHIGHNY-26NOV2", **dear) == [], "an event that is not watched"
