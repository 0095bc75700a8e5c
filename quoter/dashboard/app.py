"""The dashboard's HTTP: reads of the state, a stream of it once a second, and a few commands that become events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from core.publication import encode
from quoter.dashboard import view
from quoter.dashboard.guard import COOKIE, known_host, may_change
from quoter.dashboard.metrics import metrics
from quoter.engine import events as e
from quoter.shell.live import Live

_STATIC = Path(__file__).with_name("static")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_STREAM_EVERY_S = 1.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def answer(body: Any, status: int = 200) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refuse(status: int, words: str) -> Response:
    """An error a person can read."""
    return answer({"error": words}, status)


class Dashboard:
    """The routes over one live quoter."""

    def __init__(self, live: Live, token: str) -> None:
        self.live, self.token = live, token
        self.environment = live.settings.exchange.environment
        self.fills: list[dict[str, Any]] = []
        self.history: list[tuple[int, float, float]] = []
        self._frame = b""
        self._frames = 0

    def application(self) -> Starlette:
        """The ASGI application."""
        s = self.live.state
        reads: dict[str, Callable[[], Any]] = {
            "/api/status": lambda: view.status(s, self.environment),
            "/api/strategy/status": lambda: view.status(s, self.environment),
            "/api/account/balance": lambda: {"balance_usd": view.usd(s.balance)},
            "/api/account/positions": lambda: view.positions(s),
            "/api/account/orders": lambda: view.orders(s),
            "/api/account/fills": lambda: self.live.recent_fills(),
            "/api/markets": lambda: [view.market(m) for m in s.markets.values()],
            "/api/events": lambda: view.events(s),
            "/api/risk/status": lambda: view.risk(s),
            "/api/notes": self.notes,
        }
        routes: list[BaseRoute] = [Route(path, self._read(make), methods=["GET"]) for path, make in reads.items()]
        routes += [
            Route("/", self.page),
            Route("/api/health", self.health),
            Route("/metrics", lambda _: Response(metrics(s), media_type="text/plain; version=0.0.4")),
            Route("/api/publication", self.publication),
            Route("/api/markets/{ticker}/orderbook", self._of_market(view.book)),
            Route("/api/why/{ticker}", self._of_market(lambda m: view.why(s, m))),
            Route("/api/ladder/{event}", self.ladder),
            Route("/api/stream", self.stream),
            Route("/api/strategy/{what}", self.command, methods=["POST"]),
            Route("/api/risk/{what}", self.command, methods=["POST"]),
            Route("/api/toggle/{ticker}", self.toggle, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]
        app = Starlette(routes=routes)
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._around)
        return app

    async def _around(self, request: Request, go_on: RequestResponseEndpoint) -> Response:
        host = self.live.settings.dashboard.host
        if host in _LOOPBACK and not known_host(request, _LOOPBACK | {host}):
            return refuse(403, "unknown host name: use 127.0.0.1 or localhost")
        response = await go_on(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @staticmethod
    def _read(make: Callable[[], Any]) -> Callable[[Request], Any]:
        async def endpoint(_: Request) -> Response:
            return answer(make())

        return endpoint

    def _of_market(self, make: Callable[[Any], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            found = self.live.state.markets.get(request.path_params["ticker"])
            return refuse(404, "no such market") if found is None else answer(make(found))

        return endpoint

    async def page(self, _: Request) -> Response:
        """The one page; it carries the token as a cookie that scripts cannot read."""
        response = FileResponse(_STATIC / "index.html", media_type="text/html")
        response.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
        return response

    async def health(self, _: Request) -> Response:
        """Alive; `ready` when connected, reconciled and published."""
        s = self.live.state
        ready = s.connected and s.orders_known and s.positions_known and s.publication is not None
        return answer({"alive": True, "ready": ready, "reasons": view.status(s, self.environment)["reasons"]})

    async def publication(self, _: Request) -> Response:
        """The publication in force."""
        found = self.live.state.publication
        return refuse(404, "nothing published yet") if found is None else Response(
            encode(found), media_type="application/json"
        )  # fmt: skip

    async def ladder(self, request: Request) -> Response:
        """PnL by outcome of one event."""
        found = self.live.state.events.get(request.path_params["event"])
        return refuse(404, "no such event") if found is None else answer(view.ladder(found))

    def notes(self) -> list[dict[str, Any]]:
        """What a person should have read, oldest first."""
        return [{"at": at // 1_000_000, "kind": kind, "words": words} for at, kind, words in self.live.notes]

    # --- the stream --------------------------------------------------------------------------------------------------

    def frame(self) -> bytes:
        """Everything the page shows, serialised once for all clients."""
        s = self.live.state
        shown = {"status": view.status(s, self.environment), "events": view.events(s),
                 "fills": self.live.recent_fills()[:50], "history": self.live.history[-720:],
                 "notes": self.notes()[-30:]}  # fmt: skip
        return msgspec.json.encode(shown)

    async def keep_framing(self) -> None:
        """Make a frame a second while anybody looks."""
        while True:
            if self._watchers:
                self._frame = self.frame()
                self._frames += 1
            await asyncio.sleep(_STREAM_EVERY_S)

    _watchers = 0

    async def stream(self, _: Request) -> Response:
        """Server-sent events: the whole view, once a second."""

        async def body() -> AsyncIterator[bytes]:
            self._watchers += 1
            seen = -1
            try:
                yield b"retry: 1000\n\n"
                self._frame = self._frame or self.frame()
                while not self.live.stopping.is_set():
                    if seen != self._frames:
                        seen = self._frames
                        yield b"id: %d\ndata: %s\n\n" % (seen, self._frame)
                    await asyncio.sleep(0.2)
            finally:
                self._watchers -= 1

        return StreamingResponse(body(), media_type="text/event-stream")

    # --- commands ----------------------------------------------------------------------------------------------------

    async def command(self, request: Request) -> Response:
        """start, stop, pause, resume, halt, cancel-all, kill-switch."""
        why = may_change(request, self.token)
        if why:
            return refuse(403, why)
        now, by = self.live.clock.now(), "a person"
        match request.path_params["what"]:
            case "start" | "resume":
                self.live.put(e.Resumed(now, by))
            case "pause":
                self.live.put(e.Paused(now, by))
            case "halt" | "kill-switch":
                self.live.put(e.Halted(now, by))
            case "cancel-all":
                self.live.put(e.CancelEverything(now, by))
            case "stop":
                self.live.stopping.set()
            case other:
                return refuse(404, f"no command {other!r}")
        return answer({"ok": True}, 202)

    async def toggle(self, request: Request) -> Response:
        """Switch one market or event: {"enabled": true|false}."""
        why = may_change(request, self.token)
        if why:
            return refuse(403, why)
        try:
            body = msgspec.json.decode(await request.body() or b"null")
        except msgspec.MsgspecError:
            body = None
        enabled = body.get("enabled") if isinstance(body, dict) else None
        if not isinstance(enabled, bool):
            return refuse(400, 'expected {"enabled": true} or {"enabled": false}')
        ticker = request.path_params["ticker"]
        if ticker not in self.live.state.markets and ticker not in self.live.state.events:
            return refuse(404, "no such market or event")
        self.live.put(e.Toggled(self.live.clock.now(), "a person", ticker, enabled))
        return answer({"ok": True}, 202)
