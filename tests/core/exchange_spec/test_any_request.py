"""Any request at all, over REST and WebSocket: never a 500, and no answer that Kalshi's specification does not know."""

import asyncio
import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from core import messages as m
from core.exchange import server_ws
from core.exchange.history import History
from core.exchange.server import application
from core.exchange.signature import signed
from core.exchange.traders import NOISE
from core.exchange.venue import USER, Venue
from core.exchange.wire_frames import Bodies
from core.units import Count, Price
from tests.core.exchange_client.loopback import new_venue
from tests.core.exchange_spec.official import PREFIX, frames, rest

pytestmark = pytest.mark.slow
_MORE = settings(deadline=None, phases=[Phase.generate], max_examples=8,
                 suppress_health_check=list(HealthCheck))  # fmt: skip


@cache
def world() -> tuple[Venue, ASGIApp, Any, list[str]]:
    venue, markets, credentials, _ = new_venue()
    keyring = server_ws.Keyring({"embedded": (USER, credentials.key().public_key())})
    app = application(venue, keyring, History(venue.oracle), ticking=False, tier="prestige")
    tickers = [x.ticker for x in markets[:6]]
    for k, ticker in enumerate(tickers):
        venue.request(NOISE, m.PlaceOrder(f"n{k}", ticker, m.Side.ASK, Price(6000), Count(900)))
        venue.request(USER, m.PlaceOrder(f"u{k}", ticker, m.Side.BID, Price(2000), Count(900)))
    return venue, app, credentials, tickers


def served() -> list[tuple[str, str]]:
    """(METHOD, path) of Kalshi's that the embedded exchange serves."""
    _, app, _, _ = world()
    mine = {(method, route.path.removeprefix(PREFIX)) for route in app.routes  # type: ignore[attr-defined]  # Starlette
            if route.path.startswith(PREFIX) for method in getattr(route, "methods", None) or ()}  # fmt: skip
    found = [(method, rest().operation(method, path.replace("{", "").replace("}", ""))) for method, path in mine
             if method != "HEAD"]  # fmt: skip
    return sorted((method, known[0]) for method, known in found if known is not None)


@cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def ask(method: str, url: str, body: Any, headers: dict[str, str]) -> httpx.Response:
    """One request to the application itself, without a socket."""

    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(world()[1], raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.request(method, url, content=body, headers=headers)

    return loop().run_until_complete(one())


def send(method: str, url: str, body: Any, headers: dict[str, str]) -> list[str]:
    parts = urlsplit(url)
    headers = {k: v for k, v in headers.items() if not k.upper().startswith("KALSHI")}
    answer = ask(method, url, body, headers | signed(world()[2], method, parts.path))
    faults = rest().answer(method, parts.path.removeprefix(PREFIX), answer.status_code, answer.content)
    return faults if answer.status_code < 500 else [*faults, f"{answer.status_code}: {answer.text[:200]}"]


def known_names(case: Any) -> None:
    """Half of the time a name that exists, so that more than the 404s is tried."""
    venue, _, _, tickers = world()
    order = next(iter(venue.exchange.resting[USER]), "none")
    names = {"ticker": tickers[0], "market_tickers": ",".join(tickers[:2]), "order_id": order,
             "event_ticker": tickers[0].rsplit("-", 1)[0], "series_ticker": tickers[0].split("-")[0]}  # fmt: skip
    for place in (case.path_parameters, case.query, case.body if isinstance(case.body, dict) else None):
        for key in place or {}:
            if key in names and len(str(place[key])) % 2 == 0:
                place[key] = names[key]


def test_schemathesis_finds_no_answer_that_kalshi_does_not_document() -> None:
    schema = schemathesis.openapi.from_dict(rest().raw)
    operations = served()
    assert len(operations) >= 45
    for method, path in operations:
        operation = schema[path][method]

        @_MORE
        @given(case=operation.as_strategy())
        def one(case: Any) -> None:
            known_names(case)
            kwargs = case.as_transport_kwargs(base_url=f"http://testserver{PREFIX}")
            request = requests.Request(**{k: v for k, v in kwargs.items() if k != "timeout"}).prepare()
            assert send(request.method or "", request.url or "", request.body, dict(request.headers)) == []

        one()


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["/portfolio/events/orders", "/portfolio/events/orders/batched",
                        "/portfolio/order_groups/create"]),
       st.one_of(st.binary(max_size=80), st.recursive(
           st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
           lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
               ["ticker", "side", "price", "count", "orders", "time_in_force", "contracts_limit", "expiration_time",
                "self_trade_prevention_type"]), inner, max_size=5), max_leaves=12)
           .map(lambda x: json.dumps(x).encode())))  # fmt: skip
def test_no_body_at_all_makes_a_500(path: str, body: bytes) -> None:
    assert send("POST", f"http://testserver{PREFIX}{path}", body, {}) == []


def test_a_path_that_is_not_is_a_404_with_a_code() -> None:
    answer = ask("GET", f"{PREFIX}/nowhere/at/all", None, {})
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"


_WORDS = st.sampled_from(["subscribe", "unsubscribe", "update_subscription", "list_subscriptions", "orderbook_delta",
                          "fill", "ticker", "add_markets", "delete_markets", "get_snapshot"])  # fmt: skip
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS | st.text(max_size=8) | st.sampled_from(["KXHIGHNY-1", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "cmd", "params", "channels", "sid", "sids", "action", "market_tickers", "market_ticker",
         "use_yes_price"]), inner, max_size=6), max_leaves=15)  # fmt: skip


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.text(max_size=40), _ANY.map(json.dumps),
                          st.tuples(_WORDS, _ANY).map(lambda x: json.dumps({"id": 1, "cmd": x[0], "params": x[1]})),
                          st.fixed_dictionaries({"channels": st.lists(_WORDS, max_size=3),
                                                 "market_tickers": st.just(["T"]), "use_yes_price": st.booleans()})
                          .map(lambda p: json.dumps({"id": 2, "cmd": "subscribe", "params": p}))),
                max_size=6))  # fmt: skip
def test_no_command_ends_a_connection_or_is_answered_with_a_frame_kalshi_does_not_know(commands: list[str]) -> None:
    venue, _, _, tickers = world()
    connection = server_ws.Connection(venue, USER, Bodies(venue.exchange))
    for command in commands:
        connection.command(command.replace('"T"', f'"{tickers[0]}"'))
    connection.hear([(None, m.BookDelta(venue.exchange.now, tickers[0], m.Side.BID, Price(3000), Count(100), 7)),
                     (None, m.TradePrint(venue.exchange.now, tickers[0], "t", Price(3000), Count(100), m.Side.BID,
                                         venue.exchange.now))])  # fmt: skip
    assert [fault for text in connection.out for fault in frames().frame(text)] == []
