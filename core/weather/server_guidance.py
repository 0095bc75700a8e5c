"""The other hosts of the weather, embedded: NBM and MOS files, the text archive, the portal; text and JSON on loopback.

Their manners too: a file that is not out yet is a plain 404, and the archive says ERROR with status 200.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.clock import Clock
from core.units import DAY, from_datetime
from core.weather import world_guidance
from core.weather.sources import SOURCES, Source
from core.weather.world import World

_KEPT = 2 * DAY


def routes(world: World, clock: Clock) -> list[Route]:
    """`/nbm/...`, `/mos/...`, `/afos/...`, `/portal/...`: below each what the real host has at its root."""

    def guidance(name: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            text = f"{request.path_params['date']}{request.path_params['hour']}"
            try:
                cycle = from_datetime(datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=UTC))
            except ValueError:
                return PlainTextResponse("Not Found", 404)
            now, source = clock.now(), SOURCES[name]
            made = (cycle // (DAY // 24)) % 24 in source.cycles
            if not made or now < world_guidance.out_at(name, cycle) or now - cycle > _KEPT:
                return PlainTextResponse("Not Found", 404)
            return PlainTextResponse(world_guidance.file(world, name, cycle))

        return answer

    def archive(request: Request) -> Response:
        return PlainTextResponse(world_guidance.archive(world, request.query_params.get("pil", ""), clock.now()))

    def portal(request: Request) -> Response:
        try:
            day = date.fromisoformat(request.query_params.get("date", ""))
        except ValueError:
            return Response(b'{"error":"date must be YYYY-MM-DD"}', 400, media_type="application/json")
        body = msgspec.json.encode(world_guidance.portal(world, day, clock.now()))
        return Response(body, media_type="application/json")

    files = [Route(_pattern(source), guidance(name)) for name, source in SOURCES.items() if source.path]
    return [
        *files,
        Route("/afos/cgi-bin/afos/retrieve.py", archive),
        Route("/portal/climate/primary", portal),
    ]


def _pattern(source: Source) -> str:
    """A file's path may say its hour twice; in a route the second is a parameter of its own."""
    first, found, rest = f"/{source.host}{source.path}".partition("{hour}")
    return first + found + rest.replace("{hour}", "{again}")
