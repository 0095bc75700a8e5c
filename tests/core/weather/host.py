"""A loopback weather service that behaves as badly as it is told, and a script of rounds against it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import config
from core.config import Settings
from core.stations import BY_CODE
from core.units import Instant, instant
from core.weather import world_answers
from core.weather.fetch import Fetcher
from core.weather.harvest import gather
from core.weather.harvest_round import Harvest
from core.weather.standing import State
from core.weather.world import World
from tests.core.exchange_client.loopback import serving

KNYC, KDEN = BY_CODE["KNYC"], BY_CODE["KDEN"]
NOON = instant("2026-11-24T17:10:00Z")
WORLD = World(1)
GRID, FORECAST = "/gridpoints/OKX/30,40", "/gridpoints/OKX/30,40/forecast"
GEO = "application/geo+json"
EXPIRED = (
    b'{"type":"https://api.weather.gov/problems/ForecastGridExpired","title":"Forecast Grid Expired","status":503}'
)


def reply(body: bytes, status: int = 200, kind: str = GEO, **headers: str) -> Response:
    return Response(body, status, {k.replace("_", "-"): v for k, v in headers.items()}, media_type=kind)


def grid(now: Instant, **changed: object) -> bytes:
    found = world_answers.gridpoint(WORLD, KNYC, now)
    found["properties"] |= changed
    return msgspec.json.encode(found)


@dataclass
class Host:
    """Answers by path: each asked once in order, the last for ever; and everything that was asked."""

    answers: dict[str, list[Response]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def app(self) -> Starlette:
        async def answer(request: Request) -> Response:
            self.asked.append(request)
            self.at.append(asyncio.get_running_loop().time())
            path = request.url.path
            known = self.answers.get(path, [reply(b'{"title":"Not Found"}', 404, "application/problem+json")])
            self.seen[path] += 1
            return known[min(self.seen[path], len(known)) - 1]

        return Starlette(routes=[Route("/{path:path}", answer)])

    def headers(self, path: str) -> list[dict[str, str]]:
        """Of each time this path was asked for."""
        return [dict(r.headers) for r in self.asked if r.url.path == path]


def points() -> Response:
    return reply(msgspec.json.encode(world_answers.points(KNYC, "http://127.0.0.1")))


@dataclass
class Turn:
    """What a test's script works with: its host, a clock it may turn, and the fetcher's memory."""

    host: Host
    settings: Settings
    state: State = field(default_factory=State)
    now: Instant = NOON

    async def round(self, *names: str, stations: tuple[str, ...] = ("KNYC",)) -> Harvest:
        """One round over these sources, with a fetcher of its own as each flow run has."""
        fetcher = Fetcher(self.settings, lambda: self.now, self.state, first_wait_s=0.01)
        try:
            return await gather(self.settings, fetcher, tuple(BY_CODE[c] for c in stations), names)
        finally:
            await fetcher.close()


def play(host: Host, script: Callable[[Turn], Awaitable[None]]) -> None:
    async def run() -> None:
        async with serving(host.app()) as port:
            settings = config.load({"KWM_WEATHER__PORT": str(port)})
            await script(Turn(host, settings))

    asyncio.run(run())
