"""The WebSocket of the embedded exchange, a fact a test (FACTS §4); the connection itself, without a socket."""

import json
from typing import Any

import pytest

from core import messages as m
from core.clock import Clock
from core.exchange.server_ws import Connection
from core.exchange.traders import NOISE
from core.exchange.venue import USER
from core.exchange.wire_frames import Bodies
from core.units import SECOND, Count, Price
from tests.core.exchange_client.loopback import new_venue

Frame = dict[str, Any]


class Wire:
    """One client's connection: what it says, and what it has heard since it last looked."""

    def __init__(self, buffer: int = 20_000) -> None:
        self.venue, markets, _, _ = new_venue()
        self.tickers = [x.ticker for x in markets]
        self.connection = Connection(self.venue, USER, Bodies(self.venue.exchange), buffer)
        self.venue.listeners.append(self.connection.hear)
        self.n = 0

    def say(self, cmd: str, **params: object) -> list[Frame]:
        self.n += 1
        self.connection.command(json.dumps({"id": self.n, "cmd": cmd, "params": params}))
        return self.heard()

    def heard(self) -> list[Frame]:
        found = [json.loads(text) for text in self.connection.out]
        self.connection.out.clear()
        return found

    def order(self, side: m.Side, price: int, count: int, ticker: int = 0, user: str = NOISE, **more: Any) -> m.Said:
        self.n += 1
        request = m.PlaceOrder(f"o{self.n}", self.tickers[ticker], side, Price(price), Count(count), **more)
        return self.venue.request(user, request)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_seq_counts_over_all_markets_of_a_sid_snapshots_and_answers_too(wire: Wire) -> None:
    first = wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:2])
    assert [x.get("seq") for x in first] == [None, 1, 2], "the answer to a subscribe has none, each snapshot one"
    wire.order(m.Side.BID, 3000, 100, 0)
    wire.order(m.Side.BID, 3000, 100, 1)
    added = wire.say("update_subscription", sid=1, action="add_markets", market_tickers=[wire.tickers[2]])
    assert [(x["type"], x["seq"]) for x in added] == [
        ("orderbook_delta", 3), ("orderbook_delta", 4), ("ok", 5), ("orderbook_snapshot", 6)]  # fmt: skip
    assert added[2]["msg"]["market_tickers"] == sorted(wire.tickers[:3])
    assert wire.say("unsubscribe", sids=[1])[0]["seq"] == 7


def test_fills_and_orders_have_no_seq(wire: Wire) -> None:
    wire.say("subscribe", channels=["fill", "user_orders", "market_positions"])
    wire.order(m.Side.BID, 3000, 100, user=USER)
    wire.order(m.Side.ASK, 3000, 100, post_only=False)
    found = wire.heard()
    assert {x["type"] for x in found} == {"user_order", "fill", "market_position"}
    assert not any("seq" in x for x in found)


def test_each_channel_of_one_subscribe_has_its_own_sid(wire: Wire) -> None:
    found = wire.say("subscribe", channels=["fill", "trade", "user_orders"])
    assert [(x["id"], x["msg"]["channel"], x["msg"]["sid"]) for x in found] == [
        (1, "fill", 1), (1, "trade", 2), (1, "user_orders", 3)]  # fmt: skip


def test_a_second_subscribe_to_a_channel_joins_the_first(wire: Wire) -> None:
    """Seen in production, June and September 2026; no document says it."""
    first, second = wire.tickers[:2]
    wire.say("subscribe", channels=["orderbook_delta"], market_tickers=[first])
    (answer, book) = wire.say("subscribe", channels=["orderbook_delta"], market_tickers=[first, second])
    assert (answer["type"], answer["id"], answer["sid"], answer["seq"]) == ("ok", 2, 1, 2)
    assert answer["msg"]["market_tickers"] == sorted([first, second])
    assert (book["type"], book["sid"], book["seq"], book["msg"]["market_ticker"]) == (
        "orderbook_snapshot",
        1,
        3,
        second,
    )
    wire.order(m.Side.BID, 3000, 100, 1)
    assert [(x["sid"], x["seq"]) for x in wire.heard()] == [(1, 4)], "and brings each change once"
    wire.say("subscribe", channels=["fill"])
    (answer,) = wire.say("subscribe", channels=["fill"])
    assert (answer["type"], answer["sid"], "seq" in answer) == ("ok", 2, False), "fills have no numbers"


def test_a_side_without_offers_is_an_absent_key(wire: Wire) -> None:
    wire.order(m.Side.BID, 3000, 100)
    (_, book) = wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1])
    assert book["msg"]["yes_dollars_fp"] == [["0.3000", "1.00"]] and "no_dollars_fp" not in book["msg"]


@pytest.mark.parametrize(("yes_price", "shown"), [(False, "0.3500"), (True, "0.6500")])
def test_a_no_offer_is_priced_on_the_leg_that_was_asked_for(wire: Wire, yes_price: bool, shown: str) -> None:
    wire.order(m.Side.ASK, 6500, 100)
    (_, book) = wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1],
                         use_yes_price=yes_price)  # fmt: skip
    assert book["msg"]["no_dollars_fp"] == [[shown, "1.00"]]
    wire.order(m.Side.ASK, 6500, 233)
    (delta,) = wire.heard()
    assert (delta["msg"]["side"], delta["msg"]["price_dollars"], delta["msg"]["delta_fp"]) == ("no", shown, "2.33")


def test_the_default_prices_no_on_the_no_leg(wire: Wire) -> None:
    wire.order(m.Side.ASK, 6500, 100)
    (_, book) = wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1])
    assert book["msg"]["no_dollars_fp"] == [["0.3500", "1.00"]]


def test_a_delta_names_our_order_to_us_alone(wire: Wire) -> None:
    wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1])
    wire.order(m.Side.BID, 3000, 100, user=USER)
    wire.order(m.Side.BID, 3000, 100)
    mine, theirs = wire.heard()
    assert mine["msg"]["client_order_id"] == "o2" and "client_order_id" not in theirs["msg"]
    assert mine["msg"]["clock"] + 1 == theirs["msg"]["clock"]


def test_a_snapshot_asked_for_bears_the_number_of_the_question(wire: Wire) -> None:
    wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:2])
    (book,) = wire.say("update_subscription", sids=[1], action="get_snapshot", market_tickers=wire.tickers[:1])
    assert (book["type"], book["id"], book["seq"]) == ("orderbook_snapshot", 2, 3)


def test_every_message_says_when_it_was_sent_by_the_clock_that_dates_the_lists(wire: Wire) -> None:
    """In a world of another time all lists seemed months old beside the stream, and no stop was proved."""
    clock = wire.venue.clock = Clock(1.0, 0, 60 * SECOND)
    before = clock.now() // 1_000_000
    found = wire.say("subscribe", channels=["orderbook_delta", "nonsense"], market_tickers=wire.tickers[:1])
    wire.order(m.Side.BID, 3000, 100)
    said = [*found, *wire.heard()]
    assert len(said) > 2
    assert all(before <= x["sending_ts_ms"] <= clock.now() // 1_000_000 for x in said)


@pytest.mark.parametrize(
    ("cmd", "params", "code"),
    [
        ("subscribe", {}, 3),
        ("subscribe", {"channels": ["multivariate"]}, 8),
        ("subscribe", {"channels": ["orderbook_delta"]}, 14),
        ("unsubscribe", {}, 4),
        ("unsubscribe", {"sids": [9]}, 7),
        ("dance", {}, 5),
        ("update_subscription", {}, 12),
        ("update_subscription", {"sids": [1, 2]}, 12),
        ("update_subscription", {"sid": 9, "action": "add_markets"}, 7),
        ("update_subscription", {"sid": 1}, 15),
        ("update_subscription", {"sid": 1, "action": "hide_markets"}, 13),
        ("update_subscription", {"sid": 1, "action": "add_markets"}, 14),
    ],
)
def test_a_wrong_command_is_answered_with_the_code_that_kalshi_gives(
    wire: Wire, cmd: str, params: dict[str, object], code: int
) -> None:
    wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1])
    (answer,) = wire.say(cmd, **params)
    assert (answer["type"], answer["id"], answer["msg"]["code"]) == ("error", 2, code)


def test_a_client_that_reads_too_slowly_loses_its_subscriptions_with_error_25() -> None:
    wire = Wire(buffer=50)
    wire.say("subscribe", channels=["orderbook_delta"], market_tickers=wire.tickers[:1])
    for k in range(80):
        wire.order(m.Side.BID, 1000 + 100 * (k % 20), 100)
    found = wire.heard()
    assert len(found) == 52 and (found[-1]["msg"]["code"], found[-1]["sid"]) == (25, 1)
    assert wire.connection.subscriptions == {}
    wire.order(m.Side.BID, 5000, 100)
    assert wire.heard() == [], "it must subscribe anew"


def test_a_post_only_order_that_crosses_is_told_as_created_and_cancelled(wire: Wire) -> None:
    wire.say("subscribe", channels=["user_orders"])
    wire.order(m.Side.ASK, 3000, 100)
    wire.order(m.Side.BID, 3000, 100, user=USER)
    (told,) = wire.heard()
    assert (told["msg"]["status"], told["msg"]["last_update_reason"]) == ("canceled", "PostOnlyCrossCancel")
    assert told["msg"]["initial_count_fp"] == "1.00"


@pytest.mark.parametrize(("change", "said"), [("amend", "Amend"), ("decrease", "Decrease"), ("trade", "Trade")])
def test_an_order_that_changed_says_why(wire: Wire, change: str, said: str) -> None:
    placed = wire.order(m.Side.BID, 3000, 1000, user=USER)
    assert isinstance(placed, m.Acked)
    wire.say("subscribe", channels=["user_orders"])
    if change == "amend":
        wire.venue.request(USER, m.AmendOrder(placed.order_id, "", placed.ticker, m.Side.BID, Price(3100), Count(1000)))
    elif change == "decrease":
        wire.venue.request(USER, m.DecreaseOrder(placed.order_id, "", placed.ticker, Count(500)))
    else:
        wire.order(m.Side.ASK, 3000, 100, post_only=False)
    assert wire.heard()[-1]["msg"]["last_update_reason"] == said


def test_a_market_that_closes_by_time_says_nothing_and_one_that_is_activated_does() -> None:
    wire = Wire()
    wire.say("subscribe", channels=["market_lifecycle_v2"])
    wire.venue.publish()  # what was listed before
    wire.heard()
    exchange, ticker = wire.venue.exchange, wire.tickers[0]
    exchange.deactivate(ticker)
    exchange.activate(ticker)
    exchange.advance(exchange.markets[ticker].market.close_at)
    wire.venue.publish()
    assert [x["msg"]["event_type"] for x in wire.heard()] == ["deactivated", "activated"]
