"""Fetches from api.weather.gov or the embedded service: the same code, another base address. The room's only I/O.

Polite and suspicious: User-Agent and Accept on every request, conditional GETs, few at a time; a 200 is believed only
when it parses and its `updateTime` is young. A failure is a value with its reason; the caller keeps what it had.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import stamina

from core.config import Settings
from core.errors import Malformed, Unavailable
from core.station_day import StationDay, Variable, climate_day
from core.stations import Station
from core.units import SECOND, Instant, iso
from core.weather import climate_report, nws
from core.weather.rows import ClimateRow, ForecastRow, HourlyRow, ObservationRow

LIVE = "https://api.weather.gov"
_AT_ONCE = 8
_BULLETINS = 4  # the newest few cover today's preliminary and yesterday's final with its corrections


@dataclass(frozen=True, slots=True)
class Raw:
    """One body as it came, for the raw archive."""

    source: str
    station: str
    url: str
    fetched_at: Instant
    body: bytes


@dataclass(slots=True)
class Harvest:
    """What one round of fetching brought: rows, raw bodies, and what failed with its reason."""

    forecasts: list[ForecastRow] = field(default_factory=list)
    hourly: list[HourlyRow] = field(default_factory=list)
    observations: list[ObservationRow] = field(default_factory=list)
    climate: list[ClimateRow] = field(default_factory=list)
    raw: list[Raw] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def base_url(settings: Settings) -> str:
    """Where the weather comes from."""
    return LIVE if settings.weather.source == "live" else f"http://127.0.0.1:{settings.weather.port}"


class Fetcher:
    """Keeps the connection, the validators for conditional GETs, and the grid cells already asked for."""

    def __init__(self, settings: Settings, now: Any) -> None:
        self.base = base_url(settings)
        self.max_age = int(settings.weather.max_age_s * SECOND)
        self.now = now
        self.cells: dict[str, tuple[str, int, int]] = {}
        self.tags: dict[str, tuple[str, bytes]] = {}
        self.known_bulletins: set[str] = set()
        self.gate = asyncio.Semaphore(_AT_ONCE)
        self.client = httpx.AsyncClient(
            timeout=settings.weather.timeout_s,
            headers={"User-Agent": settings.weather.user_agent, "Accept": "application/geo+json"},
            follow_redirects=True,
            trust_env=self.base == LIVE,
        )

    async def close(self) -> None:
        """Let the connection go."""
        await self.client.aclose()

    async def get(self, path: str, params: dict[str, str] | None = None) -> bytes:
        """One body. Retries what the service itself calls passing. Raises: Unavailable, with the reason."""
        url = self.base + path
        async with self.gate:
            try:
                async for attempt in stamina.retry_context(on=_passing, attempts=3, wait_initial=1.0, wait_max=5.0):
                    with attempt:
                        return await self._get_once(url, params)
            except httpx.HTTPStatusError as error:
                raise Unavailable(f"{path}: {error.response.status_code} {_title(error.response)}") from error
            except httpx.HTTPError as error:
                raise Unavailable(f"{path}: {type(error).__name__}") from error
        raise Unavailable(f"{path}: no answer")

    async def _get_once(self, url: str, params: dict[str, str] | None) -> bytes:
        known = self.tags.get(url) if params is None else None
        headers = {"If-None-Match": known[0]} if known else {}
        answer = await self.client.get(url, params=params, headers=headers)
        if answer.status_code == 304 and known:
            return known[1]
        answer.raise_for_status()
        if "json" not in answer.headers.get("content-type", ""):
            raise Unavailable(f"{url}: {answer.headers.get('content-type')} where JSON was expected")
        tag = answer.headers.get("etag")
        if tag and params is None:
            self.tags[url] = (tag, answer.content)
        return answer.content

    async def station(self, station: Station, harvest: Harvest) -> None:
        """Everything about one station into `harvest`."""
        for name, fetch in (
            ("grid", self._grid), ("forecast", self._forecast), ("observations", self._observations),
            ("climate report", self._climate),
        ):  # fmt: skip
            try:
                await fetch(station, harvest)
            except (Unavailable, Malformed) as error:
                harvest.failures[f"{station.code} {name}"] = str(error)

    async def _cell(self, station: Station) -> str:
        if station.code not in self.cells:
            body = await self.get(f"/points/{station.latitude:.4f},{station.longitude:.4f}")
            self.cells[station.code] = nws.grid_of(body)
        office, x, y = self.cells[station.code]
        return f"/gridpoints/{office}/{x},{y}"

    def _keep(self, harvest: Harvest, source: str, station: Station, path: str, body: bytes) -> Instant:
        now: Instant = self.now()
        harvest.raw.append(Raw(source, station.code, self.base + path, now, body))
        return now

    def _fresh(self, body: bytes, path: str) -> None:
        issued, now = nws.updated_at(body), self.now()
        if now - issued > self.max_age:
            raise Unavailable(f"{path}: stale, updateTime {iso(issued)} is {(now - issued) // SECOND // 3600} h old")

    async def _grid(self, station: Station, harvest: Harvest) -> None:
        path = await self._cell(station)
        body = await self.get(path)
        self._fresh(body, path)
        received = self._keep(harvest, "nws_grid", station, path, body)
        harvest.forecasts += nws.grid_extremes(body, station, received)
        rows = nws.grid_hourly(body, station, received)
        harvest.hourly += rows
        for day in sorted({climate_day(station, row.valid_at) for row in rows}):
            found = nws.hourly_extremes(rows, StationDay(station, Variable.HIGH, day))
            if found is not None:
                for variable, value in zip((Variable.HIGH, Variable.LOW), found, strict=True):
                    harvest.forecasts.append(
                        ForecastRow(station=station.code, variable=variable, day=day, source="nws_hourly",
                                    issued_at=rows[0].issued_at, received_at=received, value_f=value)
                    )  # fmt: skip

    async def _forecast(self, station: Station, harvest: Harvest) -> None:
        path = await self._cell(station) + "/forecast"
        body = await self.get(path)
        self._fresh(body, path)
        received = self._keep(harvest, "nws_forecast", station, path, body)
        harvest.forecasts += nws.forecast(body, station, received)

    async def _observations(self, station: Station, harvest: Harvest) -> None:
        path = f"/stations/{station.code}/observations"
        start = Instant(self.now() - 30 * 3600 * SECOND)
        body = await self.get(path, {"start": iso(Instant(start // SECOND * SECOND)), "limit": "500"})
        received = self._keep(harvest, "observations", station, path, body)
        harvest.observations += nws.observations(body, station, received)

    async def _climate(self, station: Station, harvest: Harvest) -> None:
        listed = nws.product_list(await self.get(f"/products/types/CLI/locations/{station.site}"))
        for product_id, _ in listed[:_BULLETINS]:
            if product_id in self.known_bulletins:
                continue  # immutable: fetched once
            path = f"/products/{product_id}"
            body = await self.get(path)
            received = self._keep(harvest, "climate_report", station, path, body)
            harvest.climate += climate_report.parse(nws.product_text(body), station.code, received, product_id)
            self.known_bulletins.add(product_id)


async def fetch_all(
    settings: Settings, stations: tuple[Station, ...], now: Any, fetcher: Fetcher | None = None
) -> Harvest:
    """One round over all stations. `now` is called for the present instant. Never raises for what a source did."""
    own = fetcher or Fetcher(settings, now)
    harvest = Harvest()
    try:
        await asyncio.gather(*(own.station(station, harvest) for station in stations))
    finally:
        if fetcher is None:
            await own.close()
    return harvest


def _passing(error: Exception) -> bool:
    """Worth another try at once: a connection that broke, a 5xx, a 429."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx.TransportError)


def _title(answer: httpx.Response) -> str:
    try:
        title = answer.json().get("title", "")
    except ValueError:
        return ""
    return title if isinstance(title, str) else ""
