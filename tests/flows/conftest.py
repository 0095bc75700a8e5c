"""An embedded exchange and weather on loopback, in threads of the test's process, and a Prefect of the test's own."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from core.clock import Clock
from core.contract import Market
from core.exchange.auth import Keyring
from core.exchange.credentials import make_embedded_key
from core.exchange.history import History
from core.exchange.listing import listed_now
from core.exchange.server import application
from core.exchange.venue import USER, Venue
from core.stations import BY_CODE
from core.weather import server
from core.weather.world import World
from tests.core.exchange_client.loopback import serving
from tests.system.house import free_ports

CITIES = ("KNYC", "KDEN")


@dataclass
class Surroundings:
    """What the flows of a test see, and what the test may turn."""

    data: Path
    venue: Venue
    markets: list[Market]


class Served:
    """An application in a thread, until closed."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.stop = asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._run(app, port),))
        self.thread.start()
        assert self.ready.wait(20)

    async def _run(self, app: ASGIApp, port: int) -> None:
        async with serving(app, port):
            self.ready.set()
            await self.stop.wait()

    def close(self) -> None:
        """End it and wait."""
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(20)


@pytest.fixture(scope="session")
def prefect_harness() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness  # seconds, which pure tests need not wait for

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_harness: None) -> Iterator[Surroundings]:
    exchange_port, weather_port = free_ports(2)
    for name, value in {
        "KWM_STORAGE__DATA": str(tmp_path), "KWM_EXCHANGE__PORT": str(exchange_port),
        "KWM_WEATHER__PORT": str(weather_port), "KWM_EVENTS__CITIES": '["KNYC", "KDEN"]',
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    (tmp_path / "live").mkdir()
    clock, world = Clock(), World(1)
    now = clock.now()
    markets = [m for m in listed_now(tuple(BY_CODE[c] for c in CITIES), world, now) if m.open_at < now < m.close_at]
    venue = Venue(clock, world, random.Random(1), None, markets)
    venue.open_books()
    key = make_embedded_key(tmp_path).key().public_key()
    exchange = application(venue, Keyring({"embedded": (USER, key)}), History(world), ticking=False)
    weather = server.application(world, clock, f"http://127.0.0.1:{weather_port}")
    with contextlib.ExitStack() as stack:
        for app, port in ((exchange, exchange_port), (weather, weather_port)):
            stack.callback(Served(app, port).close)
        yield Surroundings(tmp_path, venue, markets)
