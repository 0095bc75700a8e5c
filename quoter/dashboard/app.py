"""The dashboard over one live quoter: the API's table behind a server, the page, and the pace at which both are fed."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import KwmError
from core.units import to_datetime
from quoter.dashboard import view
from quoter.dashboard.asked import Ask, endpoint, refuse
from quoter.dashboard.broadcast import Broadcast, Piece, points
from quoter.dashboard.changes import Changes, Sim
from quoter.dashboard.guard import COOKIE, known_host, may_have_cookie
from quoter.dashboard.openapi import document
from quoter.dashboard.paper import PaperSession
from quoter.dashboard.reads import Reads
from quoter.dashboard.record import Record
from quoter.dashboard.routes import operations
from quoter.shell.live import Live

_STATIC = Path(__file__).with_name("static")
_TICK_S = 0.5
_SAMPLE_S = 10.0
_INTEREST_S, _INTEREST_AFTER_S, _INTEREST_PAUSE_S = 300.0, 5.0, 0.25
_BETWEEN_S = 0.001
_NOBODY = Ask({}, {}, None, "")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guarded:
    """Around every answer: a known host name, and headers that keep other pages out."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not known_host(Headers(scope=scope).get("host", ""), self.host):
            words = "unknown host name: use 127.0.0.1 or localhost, from elsewhere the machine's address"
            await refuse(403, words, "host")(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class Dashboard:
    """The routes over one live quoter, and what they remember: samples, markouts, the broadcast."""

    def __init__(self, live: Live, token: str, paper: PaperSession | None = None) -> None:
        self.live, self.token, self.paper = live, token, paper
        self.record, self.cast = Record(), Broadcast(live.run)
        self.reads = Reads(live, self.record, self.cast)

    def application(self) -> Starlette:
        """The ASGI application."""
        ops = operations(self.reads, Changes(self.live), Sim(self.paper))
        described = msgspec.json.encode(document(ops))
        routes: list[BaseRoute] = [Route(op.path, endpoint(op, self.token), methods=[op.method]) for op in ops]
        routes += [
            Route("/", self.page),
            Route("/openapi.json", lambda _: Response(described, media_type="application/json")),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]
        app = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_allowed})
        app.add_middleware(Guarded, host=self.live.settings.dashboard.host)
        return app

    async def page(self, request: Request) -> Response:
        """The one page; who may have the token gets it as a cookie that scripts cannot read, and off the address."""
        asked = "token" in request.query_params
        response = RedirectResponse("/", 303) if asked else FileResponse(_STATIC / "index.html", media_type="text/html")
        if may_have_cookie(request, self.token):
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
        return response

    # --- the pace ----------------------------------------------------------------------------------------------------

    def pieces(self) -> Iterator[Piece]:
        """The view in small pieces, each made when asked for."""
        state = self.live.state
        yield "status", view.status(state, self.reads.environment)
        yield "risk", view.risk(state)
        for found in view.shown_events(state):
            yield f"event:{found.ticker}", view.event(found)
        yield "fills", self.record.shown(list(self.live.fills)[:60])
        yield "curve", points(self.live.history)
        yield "notes", self.reads.notes(_NOBODY)[-40:]

    async def keep_framing(self) -> None:
        """Feed those who look, twice a second; take samples and markouts whether or not anybody looks."""
        next_sample = 0.0
        loop = asyncio.get_running_loop()
        asking = asyncio.create_task(self.keep_asking())
        try:
            while True:
                began = loop.time()
                if self.cast.watchers:
                    await self.cast.tick(self.pieces(), _BETWEEN_S)
                self.record.markouts(self.live.state, list(self.live.fills))
                if began >= next_sample:
                    next_sample = began + _SAMPLE_S
                    self.record.start(self.live.state)
                    for market in list(self.live.state.markets.values()):
                        self.record.sample(market)
                        await asyncio.sleep(0)
                await asyncio.sleep(max(0.05, _TICK_S - (loop.time() - began)))
        finally:
            asking.cancel()

    async def keep_asking(self) -> None:
        """What the exchange says of every weather market's volume and incentives, every few minutes."""
        await asyncio.sleep(_INTEREST_AFTER_S)
        while True:
            try:
                await self.reads.learn_interest(_INTEREST_PAUSE_S)
            except KwmError as error:
                sys.stdout.write(f"{to_datetime(self.live.clock.now()):%H:%M:%S} volumes are not known: {error}\n")
            await asyncio.sleep(_INTEREST_S)


async def _not_found(_: Request, __: Exception) -> Response:
    return refuse(404, "no such path: /openapi.json names all there are", "unknown_path")


async def _not_allowed(_: Request, error: Exception) -> Response:
    response = refuse(405, "this path does not take that method", "method")
    allowed = getattr(error, "headers", None) or {}
    for name, value in allowed.items():
        response.headers[name] = value
    return response
