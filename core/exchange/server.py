"""The embedded exchange as an ASGI application: REST, WebSocket, and the ticking of its market."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from core.exchange import server_ws
from core.exchange.auth import Keyring
from core.exchange.history import History
from core.exchange.ratelimit import TIERS
from core.exchange.server_rest import Rest
from core.exchange.server_shared import refusal
from core.exchange.venue import Venue, wall_ms
from core.exchange.wire_frames import Bodies

_TICK_S = 0.25


def application(
    venue: Venue, keyring: Keyring, history: History, *, ticking: bool = True, tier: str = "advanced",
    wall: Callable[[], int] = wall_ms,
) -> Starlette:  # fmt: skip
    """The service; `ticking` False leaves time to the caller, `wall` is the clock of signatures and tokens in ms."""

    bodies = Bodies(venue.exchange)

    async def stream(socket: WebSocket) -> None:
        await server_ws.serve(socket, venue, keyring, bodies)

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

    async def nowhere(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return refusal(status, "not_found" if status == 404 else "method_not_allowed", "no such endpoint")

    return Starlette(
        exception_handlers={HTTPException: nowhere},
        routes=[*Rest(venue, keyring, history, TIERS[tier], wall).routes(), WebSocketRoute(server_ws.PATH, stream)],
        lifespan=life,
    )
