"""The embedded weather service: answers like api.weather.gov, on loopback, from the seeded world.

Its manners are the real one's too: no User-Agent is 403, an unknown query parameter 400, errors are problem+json,
answers carry Cache-Control and ETag, and a conditional GET gets 304. Beside it, below a path of their own, the other
hosts: `/nbm`, `/mos`, `/afos`, `/portal` (`server_guidance.py`).
"""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.clock import Clock
from core.errors import Malformed
from core.stations import BY_CODE, STATIONS, Station
from core.units import DAY, Instant, instant, iso
from core.weather import recorded, server_guidance
from core.weather import world_answers as answers
from core.weather.world import World

_BY_GRID: dict[tuple[str, int, int], Station] = {answers.GRID[s.code]: s for s in STATIONS}
_BY_SITE = {s.site: s for s in STATIONS}
_PRODUCTS = {"CLI": "Climatological Report (Daily)", "CF6": "WFO Monthly/Daily Climate Data"}


class Problem(Exception):
    """An error as RFC 7807 has it."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.status, self.title, self.detail = status, title, detail
        super().__init__(detail)


Recordings = dict[tuple[str, str], dict[str, Any]]  # (station code, kind of recorded.KINDS) -> payload


def application(world: World, clock: Clock, base: str, recordings: Recordings | None = None) -> Starlette:
    """The service. `base` is the address it gives in its links; `recordings` are told in its stead."""
    told = recordings or {}

    def forecasting(
        kind: str, make: Callable[[World, Station, Instant], dict[str, Any]]
    ) -> Callable[[Request], dict[str, Any]]:
        def answer(request: Request) -> dict[str, Any]:
            station, now = grid_station(request), clock.now()
            payload = told.get((station.code, kind))
            if payload is None:
                return make(world, station, now)
            return recorded.again(payload, kind, station, world, now)

        return answer

    def points(request: Request) -> Any:
        try:
            latitude, longitude = (float(part) for part in request.path_params["point"].split(","))
        except ValueError as error:
            raise Problem(400, "Invalid Parameter", "expected latitude,longitude") from error
        nearest = min(STATIONS, key=lambda s: (s.latitude - latitude) ** 2 + (s.longitude - longitude) ** 2)
        if abs(nearest.latitude - latitude) > 1 or abs(nearest.longitude - longitude) > 1:
            raise Problem(404, "Data Unavailable For Requested Point", "no grid for this point")
        return answers.points(nearest, base)

    def grid_station(request: Request) -> Station:
        try:
            x, y = (int(part) for part in request.path_params["cell"].split(","))
        except ValueError as error:
            raise Problem(400, "Invalid Parameter", "expected x,y") from error
        station = _BY_GRID.get((request.path_params["office"], x, y))
        if station is None:
            raise Problem(404, "Not Found", "no such grid cell")
        return station

    def of_station(request: Request) -> Station:
        station = BY_CODE.get(request.path_params["station"])
        if station is None:
            raise Problem(404, "Not Found", "no such station")
        return station

    def observations(request: Request) -> Any:
        station, now = of_station(request), clock.now()
        query = request.query_params
        try:
            limit = int(query.get("limit", "500"))
            start = instant(query["start"]) if "start" in query else Instant(now - DAY)
            end = instant(query["end"]) if "end" in query else now
        except (ValueError, Malformed) as error:
            raise Problem(400, "Bad Request", str(error)) from error
        if not 1 <= limit <= 500:
            raise Problem(400, "Bad Request", "limit must be 1 to 500")
        start = Instant(max(start, now - 7 * DAY))
        return answers.observations(world, station, start, Instant(min(end, now)), limit, base)

    def latest(request: Request) -> Any:
        now = clock.now()
        times = answers.observation_times(Instant(now - DAY // 24), now)
        return answers.observation(world, of_station(request), times[0], base)

    def product_list(request: Request) -> Any:
        station = _BY_SITE.get(request.path_params["site"])
        if station is None:
            raise Problem(404, "Not Found", "no such location")
        graph = [listed("CLI", station, of, "", at) for of, at, _, _ in answers.bulletins(station, clock.now())]
        return {"@context": {}, "@graph": graph}

    def month_list(request: Request) -> Any:
        station = _BY_SITE.get(request.path_params["site"])
        if station is None:
            raise Problem(404, "Not Found", "no such location")
        day, issued = answers.month_issued(station, clock.now())
        return {"@context": {}, "@graph": [listed("CF6", station, answers.month_id(station, day), "", issued)]}

    def listed(code: str, station: Station, of: str, text: str, issued: Instant, *, whole: bool = False) -> Any:
        about = {
            "@id": f"{base}/products/{of}", "id": of, "wmoCollectiveId": "CDUS41",
            "issuingOffice": f"K{station.office}", "issuanceTime": iso(issued).replace("Z", "+00:00"),
            "productCode": code, "productName": _PRODUCTS[code],
        }  # fmt: skip
        return about | {"productText": text} if whole else about

    def product(request: Request) -> Any:
        wanted = request.path_params["product"]
        site, _, rest = wanted.partition("-")
        day_text, _, kind = rest.rpartition("-")
        station = _BY_SITE.get(site.upper())
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            day = None
        if station is not None and day is not None and kind == "cf6":
            return listed("CF6", station, wanted, *answers.month(world, station, day, clock.now()), whole=True)
        if station is None or day is None or kind not in ("final", "preliminary"):
            raise Problem(404, "Not Found", "no such product")
        text, issued = answers.bulletin(world, station, day, kind == "final")
        if issued > clock.now():
            raise Problem(404, "Not Found", "no such product")
        return listed("CLI", station, wanted, text, issued, whole=True)

    def route(path: str, make: Callable[[Request], Any], allowed: tuple[str, ...] = (), age_s: int = 60) -> Route:
        async def endpoint(request: Request) -> Response:
            return _answer(request, make, allowed, age_s, clock)

        return Route(path, endpoint, methods=["GET"])

    return Starlette(
        routes=[
            route("/health", lambda _: {"status": "ok"}),
            route("/points/{point}", points, age_s=86_400),
            route("/gridpoints/{office}/{cell}", forecasting("gridpoint", answers.gridpoint)),
            route("/gridpoints/{office}/{cell}/forecast", forecasting("forecast", answers.forecast), ("units",)),
            route("/gridpoints/{office}/{cell}/forecast/hourly", forecasting("hourly", answers.hourly), ("units",)),
            route("/stations/{station}/observations", observations, ("start", "end", "limit")),
            route("/stations/{station}/observations/latest", latest, ("require_qc",)),
            route("/products/types/CLI/locations/{site}", product_list),
            route("/products/types/CF6/locations/{site}", month_list),
            route("/products/{product}", product, age_s=86_400),
            *server_guidance.routes(world, clock),
        ]
    )  # fmt: skip


def _answer(
    request: Request, make: Callable[[Request], Any], allowed: tuple[str, ...], age_s: int, clock: Clock
) -> Response:
    try:
        if not request.headers.get("user-agent"):
            raise Problem(403, "Forbidden", "a User-Agent is required")
        for name in request.query_params:
            if name not in allowed:
                raise Problem(400, "Bad Request", f"Query parameter {name!r} is not recognized")
        body = msgspec.json.encode(make(request))
    except Problem as problem:
        shown = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
        return Response(msgspec.json.encode(shown), problem.status, media_type="application/problem+json")
    tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"Cache-Control": f"public, max-age={age_s}, s-maxage=3600", "ETag": tag, "Date": iso(clock.now())}
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type="application/geo+json")
