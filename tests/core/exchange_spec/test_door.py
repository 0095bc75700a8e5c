"""The door of the embedded exchange: who signs, how much a call costs, and what a refusal says (FACTS §3.2, §3.3)."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from core.clock import Clock
from core.exchange.auth import WINDOW_MS, Keyring
from core.exchange.credentials import Credentials
from core.exchange.history import History
from core.exchange.hours import paused_by_schedule
from core.exchange.server import application
from core.exchange.signature import signature, signed
from core.exchange.venue import USER, wall_ms
from core.units import instant
from tests.core.exchange_client.loopback import CLOCK, new_key, new_venue

PREFIX = "/trade-api/v2"
pytestmark = pytest.mark.slow
ORDERS = f"{PREFIX}/portfolio/events/orders"


class Door:
    """An exchange of the Basic tier whose wall clock the test moves; asked without a socket."""

    def __init__(self, now: int | None = None, clock: Clock = CLOCK) -> None:
        self.now = now
        self.venue, self.markets, _, _ = new_venue(clock)
        self.key = new_key()
        pem = generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.rsa = Credentials("rsa", pem.decode())
        keyring = Keyring({c.key_id: (USER, c.key().public_key()) for c in (self.key, self.rsa)})
        app = application(self.venue, keyring, History(None), ticking=False, tier="basic", wall=self.wall)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")

    def wall(self) -> int:
        return wall_ms() if self.now is None else self.now

    def move(self, ms: int) -> None:
        assert self.now is not None, "only a standing clock is moved"
        self.now += ms

    async def ask(self, method: str, path: str, body: Any = None, who: Credentials | None = None) -> httpx.Response:
        headers = signed(who or self.key, method, path.partition("?")[0])
        return await self.client.request(method, path, json=body, headers=headers)

    def order(self, name: str, **more: Any) -> dict[str, Any]:
        return {"ticker": self.markets[0].ticker, "client_order_id": name, "side": "bid", "count": "1.00",
                "price": "0.0100", "time_in_force": "good_till_canceled", "exchange_index": 0,
                "self_trade_prevention_type": "taker_at_cross"} | more  # fmt: skip


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    found = Door()
    yield found
    await found.client.aclose()


@pytest.fixture
async def still() -> AsyncIterator[Door]:
    """A door whose wall clock stands unless it is moved."""
    found = Door(now=wall_ms())
    yield found
    await found.client.aclose()


async def test_an_ed25519_and_an_rsa_pss_signature_open_the_door(door: Door) -> None:
    for who in (door.key, door.rsa):
        assert (await door.ask("GET", f"{PREFIX}/portfolio/orders", who=who)).status_code == 200


async def test_the_path_is_signed_without_its_query(door: Door) -> None:
    assert (await door.ask("GET", f"{PREFIX}/portfolio/orders?limit=5&status=resting")).status_code == 200
    path = f"{PREFIX}/portfolio/orders?limit=5"
    answer = await door.client.get(path, headers=signed(door.key, "GET", path))
    assert answer.status_code == 401 and answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize("spoil", ["key", "method", "path", "signature", "nothing there", "not base64", "other key"])
async def test_a_signature_of_something_else_is_a_401(door: Door, spoil: str) -> None:
    path = f"{PREFIX}/portfolio/orders"
    headers = signed(door.key, "POST" if spoil == "method" else "GET", "/portfolio/orders" if spoil == "path" else path)
    if spoil == "key":
        headers["KALSHI-ACCESS-KEY"] = "nobody"
    if spoil == "signature":
        headers["KALSHI-ACCESS-SIGNATURE"] = base64.b64encode(bytes(64)).decode()
    if spoil == "not base64":
        headers["KALSHI-ACCESS-SIGNATURE"] = "é*"
    if spoil == "other key":
        headers["KALSHI-ACCESS-KEY"] = "rsa"
    if spoil == "nothing there":
        headers = {}
    raw = {k: v.encode("latin-1") for k, v in headers.items()}
    assert (await door.client.get(path, headers=raw)).status_code == 401


@pytest.mark.parametrize(("off_ms", "status"), [(0, 200), (WINDOW_MS - 2_000, 200), (2_000 - WINDOW_MS, 200),
                                                (WINDOW_MS + 2_000, 401), (-WINDOW_MS - 2_000, 401)])  # fmt: skip
async def test_a_timestamp_outside_the_window_is_a_401(door: Door, off_ms: int, status: int) -> None:
    stamp, path = str(wall_ms() + off_ms), f"{PREFIX}/portfolio/orders"
    headers = {"KALSHI-ACCESS-KEY": door.key.key_id, "KALSHI-ACCESS-TIMESTAMP": stamp,
               "KALSHI-ACCESS-SIGNATURE": signature(door.key.key(), f"{stamp}GET{path}".encode())}  # fmt: skip
    assert (await door.client.get(path, headers=headers)).status_code == status


async def test_the_basic_tier_takes_ten_creates_a_second_and_says_429_without_retry_after(still: Door) -> None:
    answers = [await still.ask("POST", ORDERS, still.order(str(k))) for k in range(11)]
    assert [x.status_code for x in answers] == [201] * 10 + [429]
    assert answers[-1].json()["code"] == "too_many_requests" and "retry-after" not in answers[-1].headers
    still.move(110)
    assert (await still.ask("POST", ORDERS, still.order("later"))).status_code == 201


async def test_a_cancel_costs_two(still: Door) -> None:
    answers = [await still.ask("DELETE", f"{ORDERS}/none?exchange_index=0") for _ in range(51)]
    assert [x.status_code for x in answers] == [404] * 50 + [429]


async def test_cancel_all_costs_one_cancel(still: Door) -> None:
    assert [(await still.ask("DELETE", ORDERS)).status_code for _ in range(51)] == [204] * 50 + [429]


async def test_a_batch_costs_the_sum_and_one_too_large_for_the_bucket_fails_whole(still: Door) -> None:
    body = {"orders": [still.order(f"a{k}") for k in range(11)]}
    assert (await still.ask("POST", f"{ORDERS}/batched", body)).status_code == 429
    assert still.venue.exchange.resting[USER] == {}, "a throttled batch leaves nothing behind"
    body["orders"] = body["orders"][:9]
    assert (await still.ask("POST", f"{ORDERS}/batched", body)).status_code == 201
    ids = [{"order_id": o, "exchange_index": 0} for o in still.venue.exchange.resting[USER]]
    answers = [await still.ask("DELETE", f"{ORDERS}/batched", {"orders": ids[:5]}) for _ in range(2)]
    assert [x.status_code for x in answers] == [200, 429], "ten tokens are left: one batch of five cancels"


async def test_the_balance_has_a_bucket_of_its_own(still: Door) -> None:
    path = f"{PREFIX}/portfolio/balance"
    answers = [(await still.ask("GET", path)).status_code for _ in range(2)]
    assert answers == [200, 429], "it holds one second of budget: no burst"
    assert (await still.ask("GET", f"{PREFIX}/portfolio/positions")).status_code == 200
    still.move(1_000)
    assert (await still.ask("GET", path)).status_code == 200


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"price": "0.0150"}, 400, "invalid_price"),
        ({"price": "1.0000"}, 400, "invalid_price"),
        ({"price": 0.01}, 400, "invalid_parameters"),
        ({"price": "0.010001"}, 400, "invalid_parameters"),
        ({"count": "0.00"}, 400, "invalid_order_size"),
        ({"count": "0.001"}, 400, "invalid_parameters"),
        ({"count": "-1.00"}, 400, "invalid_parameters"),
        ({"count": "99999.00", "price": "0.9900"}, 400, "insufficient_balance"),
        ({"ticker": "KXNOSUCH-26NOV24-T1"}, 400, "market_not_found"),
        ({"order_group_id": "og_none"}, 400, "order_group_not_found"),
        ({"side": "yes"}, 400, "invalid_parameters"),
        ({"time_in_force": "gtt"}, 400, "invalid_parameters"),
        ({"self_trade_prevention_type": None}, 400, "invalid_parameters"),
        ({"reduce_only": True}, 400, "reduce_only_needs_immediate_or_cancel"),
        ({"expiration_time": 1}, 400, "invalid_expiration_time"),
        ({"exchange_index": 2}, 400, "invalid_parameters"),
    ],
)
async def test_a_refused_create_says_why(door: Door, more: dict[str, Any], status: int, code: str) -> None:
    answer = await door.ask("POST", ORDERS, door.order("a", **more))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "details"}


async def test_a_duplicate_client_order_id_is_a_409_also_after_the_order_is_gone(door: Door) -> None:
    made = (await door.ask("POST", ORDERS, door.order("a"))).json()
    again = await door.ask("POST", ORDERS, door.order("a", price="0.0200"))
    assert (again.status_code, again.json()["code"]) == (409, "order_already_exists")
    await door.ask("DELETE", f"{ORDERS}/{made['order_id']}")
    assert (await door.ask("POST", ORDERS, door.order("a"))).status_code == 409


async def test_requests_at_once_are_all_answered(door: Door) -> None:
    answers = await asyncio.gather(*(door.ask("POST", ORDERS, door.order(str(k))) for k in range(8)))
    assert {x.status_code for x in answers} == {201}


@pytest.mark.parametrize(
    ("at", "paused"),
    [
        ("2026-11-26T07:59:59Z", False),
        ("2026-11-26T08:00:00Z", True),
        ("2026-11-26T09:59:59Z", True),
        ("2026-11-26T10:00:00Z", False),
        ("2026-07-23T07:00:00Z", True),
        ("2026-11-27T08:30:00Z", False),
    ],
)
def test_trading_pauses_on_thursdays_from_three_to_five_in_new_york(at: str, paused: bool) -> None:
    assert paused_by_schedule(instant(at)) is paused


async def test_in_the_weekly_pause_cancels_pass_places_do_not_and_what_asked_to_go_is_gone() -> None:
    door = Door(clock=Clock(1.0, time.time_ns(), instant("2026-11-26T07:59:00Z")))
    door.venue.weekly_pause = True
    stays, goes = [(await door.ask("POST", ORDERS, door.order(name, cancel_order_on_pause=go))).json()["order_id"]
                   for name, go in (("a", False), ("b", True))]  # fmt: skip
    door.venue.clock = Clock(1.0, time.time_ns(), instant("2026-11-26T08:00:01Z"))
    door.venue.tick(0.0)
    assert set(door.venue.exchange.resting[USER]) == {stays} and goes not in door.venue.exchange.resting[USER]
    status = (await door.ask("GET", f"{PREFIX}/exchange/status")).json()
    assert status["exchange_active"] and not status["trading_active"]
    answer = await door.ask("POST", ORDERS, door.order("c"))
    assert (answer.status_code, answer.json()["code"]) == (400, "trading_is_paused")
    assert (await door.ask("DELETE", f"{ORDERS}/{stays}")).status_code == 200
    door.venue.clock = Clock(1.0, time.time_ns(), instant("2026-11-26T10:00:01Z"))
    door.venue.tick(0.0)
    assert (await door.ask("GET", f"{PREFIX}/exchange/status")).json()["trading_active"]
    await door.client.aclose()
