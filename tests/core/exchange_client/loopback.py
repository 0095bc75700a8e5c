"""The embedded exchange on a loopback port, inside the test's own loop; time stands still unless the test moves it."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import ASGIApp

from core.clock import Clock
from core.contract import Market
from core.exchange.auth import Keyring
from core.exchange.credentials import Credentials
from core.exchange.history import History
from core.exchange.listing import listed_now
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.server import application
from core.exchange.stream import Stream
from core.exchange.venue import USER, Venue
from core.stations import STATIONS
from core.weather.world import World

CLOCK = Clock()


def new_key() -> Credentials:
    """An Ed25519 pair."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credentials("embedded", pem.decode())


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[int]:
    """Serve an application on 127.0.0.1; gives the port."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # or asyncio leaves Nagle on: 40 ms an answer
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="on", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


@dataclass
class Place:
    """An exchange, our client, and what the test may turn."""

    venue: Venue
    credentials: Credentials
    port: int
    rest: Rest
    markets: list[Market]

    @classmethod
    def to(cls, venue: Venue, credentials: Credentials, port: int, markets: list[Market]) -> "Place":
        """Our client to an exchange that is served already; the caller closes it."""
        sdk = Sdk(f"http://127.0.0.1:{port}/trade-api/v2", credentials, 3.0)
        return cls(venue, credentials, port, Rest(sdk, CLOCK.now), markets)

    def stream(self) -> Stream:
        """Our stream on this exchange."""
        url = f"ws://127.0.0.1:{self.port}/trade-api/ws/v2"
        return Stream(url, self.credentials, CLOCK, use_yes_price=True)


def new_venue(clock: Clock = CLOCK) -> tuple[Venue, list[Market], Credentials, ASGIApp]:
    """An exchange of two cities, with empty books and no crowd."""
    world, now = World(7), clock.now()
    markets = [x for x in listed_now(STATIONS[:2], world, now) if x.open_at < now < x.close_at]
    venue = Venue(clock, world, random.Random(7), None, markets)
    credentials = new_key()
    app = application(
        venue, Keyring({"embedded": (USER, credentials.key().public_key())}), History(world), ticking=False
    )
    return venue, markets, credentials, app


@contextlib.asynccontextmanager
async def embedded() -> AsyncIterator[Place]:
    """A served exchange and our client to it."""
    venue, markets, credentials, app = new_venue()
    async with serving(app) as port:
        sdk = Sdk(f"http://127.0.0.1:{port}/trade-api/v2", credentials, 3.0)
        try:
            yield Place(venue, credentials, port, Rest(sdk, CLOCK.now), markets)
        finally:
            await sdk.close()
