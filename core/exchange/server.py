"""The embedded exchange as an ASGI application: REST, WebSocket, and the ticking of its market."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from core.exchange import server_ws
from core.exchange.auth import Keyring
from core.exchange.history import History
from core.exchange.server_rest import Rest
from core.exchange.venue import Venue, wall_ms

_TICK_S = 0.25


def application(venue: Venue, keyring: Keyring, history: History, *, ticking: bool = True) -> Starlette:
    """The service; `ticking` False leaves time to the caller (tests)."""

    async def stream(socket: WebSocket) -> None:
        await server_ws.serve(socket, venue, keyring)

    async def tick() -> None:
        last = wall_ms()
        while True:
            await asyncio.sleep(_TICK_S)
            now = wall_ms()
            venue.tick((now - last) / 1000)
            last = now

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(tick()) if ticking else None
        yield
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return Starlette(
        routes=[*Rest(venue, keyring, history).routes(), WebSocketRoute(server_ws.PATH, stream)], lifespan=life
    )
