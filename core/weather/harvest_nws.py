"""What the weather service itself says about a station: grid, 12-hour forecast, observations, climate reports."""

import zlib
from collections.abc import Callable, Sequence

from core.errors import Malformed, Unavailable
from core.station_day import StationDay, Variable, climate_day
from core.stations import Station
from core.units import DAY, HOUR, SECOND, Instant, iso
from core.weather import climate_report, nws, summary
from core.weather.fetch import Answer, Missing
from core.weather.harvest_round import Job, Round
from core.weather.rows import ForecastRow, HourlyRow
from core.weather.sources import Source
from core.weather.standing import Cell, Stale

_BULLETINS = 4  # the newest few cover today's preliminary and yesterday's final with its corrections
_CELL_LIFE, _CELL_SPREAD = 7 * DAY, 2 * DAY
HOURS_KEPT = 60 * HOUR


async def station(r: Round, where: Station, on: Sequence[Source]) -> None:
    """The chosen sources of this host about one station."""
    jobs: dict[str, Callable[[Source], Job]] = {
        "nws_grid": lambda s: lambda: _grid(r, s, where),
        "nws_forecast": lambda s: lambda: _forecast(r, s, where),
        "observations": lambda s: lambda: _observations(r, s, where),
        "climate_report": lambda s: lambda: _climate(r, s, where),
        "cf6": lambda s: lambda: _month(r, s, where),
    }
    for source in on:
        if source.name in jobs and r.due(source, where):
            await r.about(source, where, jobs[source.name](source))


def _cell_life(where: Station) -> int:
    """Seven days and up to two more: stations that were looked up in one round are not renewed in one."""
    return _CELL_LIFE + zlib.crc32(where.code.encode()) % (_CELL_SPREAD // HOUR) * HOUR


async def _cell(r: Round, where: Station) -> str:
    """Where its grid is. A cell that cannot be renewed stays: where an office moved its grid, the old cell is a 404."""
    cell = r.state.cells.get(where.code)
    if cell is None or r.now - cell.resolved_at > _cell_life(where):
        try:
            answer = await r.fetcher.get("nws", f"/points/{where.latitude:.4f},{where.longitude:.4f}")
            if answer.body is not None:
                office, x, y = nws.grid_of(answer.body)
                cell = r.state.cells[where.code] = Cell(office, x, y, answer.received_at)
        except (Unavailable, Malformed) as error:
            if cell is None:
                raise
            r.harvest.failures[f"{where.code} points"] = f"the grid cell found {iso(cell.resolved_at)} stays: {error}"
    if cell is None:
        raise Unavailable(f"no grid cell of {where.code}")
    return f"/gridpoints/{cell.office}/{cell.x},{cell.y}"


async def _vintage(r: Round, source: Source, where: Station, path: str) -> tuple[Answer, Instant]:
    """The answer and its updateTime, believed; one that is stale is asked for once more past every cache."""
    try:
        return await _believed(r, source, where, path, fresh=False)
    except Stale:
        return await _believed(r, source, where, path, fresh=True)
    except Missing:
        r.state.cells.pop(where.code, None)  # the office moved its grid: the point is looked up again next time
        raise


async def _believed(r: Round, source: Source, where: Station, path: str, *, fresh: bool) -> tuple[Answer, Instant]:
    answer = await r.fetcher.get("nws", path, fresh=fresh)
    issued = answer.issued_at if answer.body is None else nws.updated_at(answer.body)
    if issued is None:
        raise Unavailable(f"{path}: not modified since nobody knows when")
    r.believe(source, where, issued)
    return answer, issued


async def _grid(r: Round, source: Source, where: Station) -> Instant:
    path = await _cell(r, where)
    try:
        answer, issued = await _vintage(r, source, where, path)
        forecasts, hours = _of_grid(r, where, answer)
    except (Unavailable, Malformed):
        await _hourly_instead(r, where, path)
        raise
    if answer.body is not None:
        r.keep(source, where, answer)
        r.harvest.forecasts += forecasts + _daily(hours, where)
        r.harvest.hourly += _near(hours, answer.received_at)
        r.fetcher.remember(answer, issued)
        if not hours:
            await _hourly_instead(r, where, path)
    return issued


def _of_grid(r: Round, where: Station, answer: Answer) -> tuple[list[ForecastRow], list[HourlyRow]]:
    """Extremes and hours; without believable hours the extremes alone. Raises: Malformed without any extreme."""
    if answer.body is None:
        return [], []
    forecasts = nws.grid_extremes(answer.body, where, answer.received_at)
    if not forecasts:
        raise Malformed("maxTemperature", where.code, "no maximum and no minimum in the grid, only nulls")
    r.left_out("nws_grid", where, forecasts.odd)
    try:
        hours = nws.grid_hourly(answer.body, where, answer.received_at)
    except Malformed as error:
        r.left_out("nws_grid_hourly", where, [str(error)])
        return forecasts, []
    r.left_out("nws_grid_hourly", where, hours.odd)
    return forecasts, hours


async def _hourly_instead(r: Round, where: Station, path: str) -> None:
    """Without a grid the rendered hourly forecast may still be there; its vintage must be as young."""
    try:
        answer = await r.fetcher.get("nws", path + "/forecast/hourly", fresh=True)
        if answer.body is None or r.now - nws.updated_at(answer.body) > 12 * HOUR:
            raise Unavailable(f"{path}/forecast/hourly: stale as well")
        hours = nws.hourly(answer.body, where, answer.received_at)
    except (Unavailable, Malformed) as error:
        r.harvest.failures[f"{where.code} nws_hourly"] = str(error)
        return
    r.left_out("nws_hourly", where, hours.odd)
    r.harvest.forecasts += _daily(hours, where)
    r.harvest.hourly += _near(hours, answer.received_at)


def _near(hours: list[HourlyRow], now: Instant) -> list[HourlyRow]:
    return [row for row in hours if now - HOUR <= row.valid_at <= now + HOURS_KEPT]


def _daily(hours: list[HourlyRow], where: Station) -> list[ForecastRow]:
    """The extremes of the hourly temperatures over each climate day they cover."""
    rows = []
    for day in sorted({climate_day(where, row.valid_at) for row in hours}):
        found = nws.hourly_extremes(hours, StationDay(where, Variable.HIGH, day))
        if found is not None:
            rows += [
                ForecastRow(station=where.code, variable=variable, day=day, source="nws_hourly", value_f=value,
                            issued_at=hours[0].issued_at, received_at=hours[0].received_at)
                for variable, value in zip((Variable.HIGH, Variable.LOW), found, strict=True)
            ]  # fmt: skip
    return rows


async def _forecast(r: Round, source: Source, where: Station) -> Instant:
    answer, issued = await _vintage(r, source, where, await _cell(r, where) + "/forecast")
    if answer.body is not None:
        rows = nws.forecast(answer.body, where, answer.received_at)
        r.left_out(source.name, where, rows.odd)
        r.harvest.forecasts += rows
        r.keep(source, where, answer)
        r.fetcher.remember(answer, issued)
    return issued


async def _observations(r: Round, source: Source, where: Station) -> Instant:
    """The last 30 hours; the vintage is the newest report's time. Old reports are facts still, and are kept."""
    start = Instant((r.now - 30 * HOUR) // SECOND * SECOND)
    answer = await r.fetcher.get("nws", f"/stations/{where.code}/observations", {"start": iso(start), "limit": "500"})
    rows = nws.observations(answer.body or b"", where, answer.received_at)
    r.left_out(source.name, where, rows.odd)
    r.keep(source, where, answer)
    r.harvest.observations += rows
    if not rows:
        raise Unavailable(f"{where.code}: no report with a temperature in the last 30 hours")
    newest = rows[-1].observed_at
    r.believe(source, where, newest)
    return newest


async def _climate(r: Round, source: Source, where: Station) -> Instant | None:
    """Bulletins that are not known yet, of the newest few; each is immutable and fetched once, readable or not.

    Raises: Malformed or Unavailable after all of them, of the first that could not be read or had.
    """
    answer = await r.fetcher.get("nws", f"/products/types/CLI/locations/{where.site}")
    if answer.body is None:
        return answer.issued_at
    listed = nws.product_list(answer.body)
    if not listed:
        raise Unavailable(f"{where.climate_product}: none is listed")
    r.left_out(source.name, where, listed.odd)
    newest = max(issued for _, issued in listed)
    troubles: list[Malformed | Unavailable] = []
    for product, issued in listed[:_BULLETINS]:
        if product not in r.state.products:
            try:
                await _one_report(r, source, where, product, issued)
            except (Malformed, Unavailable) as error:
                troubles.append(error)
    if troubles:
        raise troubles[0]
    r.believe(source, where, newest)
    r.fetcher.remember(answer, newest)
    return newest


async def _one_report(r: Round, source: Source, where: Station, product: str, issued: Instant) -> None:
    """A text that is here is never asked for again, even if nobody can read it: it will not change."""
    found = await r.fetcher.get("nws", f"/products/{product}", fresh=True)
    r.keep(source, where, found)
    text = nws.product_text(found.body or b"")
    r.state.products[product] = found.received_at
    r.harvest.climate += climate_report.parse(text, where.code, found.received_at, product, issued)


async def _month(r: Round, source: Source, where: Station) -> Instant | None:
    """The newest table of the month: official values of days before this program was started."""
    answer = await r.fetcher.get("nws", f"/products/types/CF6/locations/{where.site}")
    if answer.body is None:
        return answer.issued_at
    listed = nws.product_list(answer.body)
    if not listed:
        raise Unavailable(f"CF6{where.site}: none is listed")
    r.left_out(source.name, where, listed.odd)
    product, issued = listed[0]
    if product not in r.state.products:
        found = await r.fetcher.get("nws", f"/products/{product}", fresh=True)
        body = nws.product_text(found.body or b"").encode("ascii", "replace")
        r.harvest.summaries += summary.cf6(body, where, found.received_at, issued)
        r.keep(source, where, found)
        r.state.products[product] = found.received_at
    r.believe(source, where, issued)
    r.fetcher.remember(answer, issued)
    return issued
