"""How fast: an order through our client beside a bare HTTP call, the simulator, and frames to several clients."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import messages as m
from core.exchange.credentials import Credentials
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.signature import headers
from core.exchange.simulator import Exchange
from core.exchange.translate import create_body
from core.units import Count, Instant, Price, money
from tests.core.exchange_client.loopback import CLOCK, new_key, new_venue

pytestmark = [pytest.mark.bench, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
PATH = "/trade-api/v2/portfolio/events/orders"
PORT = 9110


@dataclass
class Server:
    """A running server and the key it knows."""

    credentials: Credentials
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    credentials, port = new_key(), int(os.environ.get("KWM_BENCH_PORT", PORT))
    file = tmp_path_factory.mktemp("key") / "key.pem"
    file.write_text(credentials.pem)
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.exchange_server", str(port), str(file)], cwd=ROOT)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/ticker", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield Server(credentials, port)
    finally:
        process.kill()
        process.wait()


def say(words: str) -> None:
    """`make bench` shows it."""
    sys.stdout.write(f"\n{words}\n")


def order(k: int) -> m.PlaceOrder:
    return m.PlaceOrder(f"kwm-{k}", "KXHIGHNY-26NOV24-B48.5", m.Side.BID, Price(3100), Count(1000),
                        Instant(CLOCK.now() + 10**11))  # fmt: skip


async def test_an_order_through_our_client_costs_at_most_a_fifth_more_than_a_bare_call(server: Server) -> None:
    key = server.credentials.key()
    assert isinstance(key, Ed25519PrivateKey)
    rest = Rest(Sdk(f"{server.url}/fixed/trade-api/v2", server.credentials, 5.0), CLOCK.now)
    encode = msgspec.json.Encoder().encode
    ours: list[float] = []
    bare: list[float] = []
    async with httpx.AsyncClient(base_url=f"{server.url}/fixed", timeout=5.0, trust_env=False) as client:

        async def through_us(k: int) -> None:
            (said,) = await rest.perform(order(k))
            assert isinstance(said, m.Acked)

        async def by_itself(k: int) -> None:
            body = encode(create_body(order(k), 0, 0))
            signed = headers(server.credentials.key_id, key, "POST", PATH) | {"Content-Type": "application/json"}
            answer = await client.post(PATH, content=body, headers=signed)
            assert answer.status_code == 201

        for k in range(200):
            await through_us(k)
            await by_itself(k)
        for _ in range(12):  # in turns: a busy moment of the machine hits both, and the quietest round of each counts
            for call, medians in ((through_us, ours), (by_itself, bare)):
                times = []
                for k in range(100):
                    start = time.perf_counter_ns()
                    await call(k)
                    times.append(time.perf_counter_ns() - start)
                medians.append(statistics.median(times) / 1e3)
    await rest.close()
    mine, theirs = min(ours), min(bare)
    say(f"create, p50: ours {mine:.0f} us, bare httpx {theirs:.0f} us, ratio {mine / theirs:.2f}")
    assert mine <= 1.2 * theirs


def test_the_simulator_matches_twenty_thousand_orders_a_second() -> None:
    _, markets, _, _ = new_venue()
    now = CLOCK.now()
    exchange = Exchange(markets, now)
    for user in ("maker", "taker"):
        exchange.open_account(user, money("1000000"))
    exchange.advance(now)
    for market in markets:  # a maker's book: ten orders a side and market rest all the time
        for k in range(10):
            for side, cents in ((m.Side.BID, 10 + k), (m.Side.ASK, 90 - k)):
                name = f"{market.ticker}-{cents}"
                exchange.handle("maker", m.PlaceOrder(name, market.ticker, side, Price(cents * 100), Count(100)), now)
    requests: list[tuple[str, m.PlaceOrder]] = []
    for k in range(40_000):
        ticker, side = markets[k // 2 % len(markets)].ticker, m.Side.BID if k % 4 < 2 else m.Side.ASK
        price = Price(5000 + 100 * (k // 2 % 5 - 2))
        if k % 2 == 0:
            requests.append(("maker", m.PlaceOrder(f"k{k}", ticker, side, price, Count(200))))
        else:
            taker = m.PlaceOrder(f"k{k}", ticker, side.other, price, Count(200), post_only=False)
            requests.append(("taker", taker))
    start = time.process_time()  # what it costs, whatever else the machine does meanwhile
    for k, (user, request) in enumerate(requests):
        exchange.handle(user, request, now)
        if k % 100 == 0:
            exchange.drain()
    took = time.process_time() - start
    say(f"simulator: {len(requests) / took:,.0f} orders/s, {len(exchange.fill_log) // 2 / took:,.0f} trades/s")
    assert len(requests) / took >= 20_000


async def test_four_clients_get_two_thousand_frames_a_second_each(server: Server) -> None:
    rounds = [await _slowest_of_four(server, 4_000) for _ in range(3)]
    say(f"frames to each of four clients: {', '.join(f'{x:,.0f}' for x in rounds)} a second")
    assert max(rounds) >= 2_000, "what it can do when the machine lets it"


async def _slowest_of_four(server: Server, number: int) -> float:
    """Frames a second that the slowest of four clients got."""
    url, key = f"ws://127.0.0.1:{server.port}/trade-api/ws/v2", server.credentials.key()
    opened = asyncio.Barrier(5)
    async with httpx.AsyncClient(base_url=server.url, timeout=60.0, trust_env=False) as client:
        params = {"channels": ["orderbook_delta"], "market_tickers": [(await client.get("/ticker")).text]}
        subscribe = msgspec.json.encode({"id": 1, "cmd": "subscribe", "params": params}).decode()

        async def listen() -> float:
            signed = headers(server.credentials.key_id, key, "GET", "/trade-api/ws/v2")
            async with websockets.connect(url, additional_headers=signed, compression=None, proxy=None) as socket:
                await socket.send(subscribe)
                while b"orderbook_snapshot" not in await socket.recv(decode=False):
                    pass
                await opened.wait()
                for _ in range(number):
                    last = await socket.recv(decode=False)
                assert b'"orderbook_delta"' in last
                return time.perf_counter()

        tasks = [asyncio.create_task(listen()) for _ in range(4)]
        await opened.wait()
        start = time.perf_counter()
        await client.post(f"/storm?n={number}")
        ends = await asyncio.gather(*tasks)
    return number / (max(ends) - start)
