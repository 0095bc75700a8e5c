"""Guidance for all stations (NBM, MOS), station by station (NBM short and hourly, daily summaries), and the portal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

from core.errors import Malformed, Unavailable
from core.station_day import climate_day
from core.stations import Station
from core.units import Instant, to_datetime
from core.weather import mos, nbm, standing, summary, twc
from core.weather.fetch import Answer, Missing
from core.weather.harvest_nws import HOURS_KEPT
from core.weather.harvest_round import Raw, Round
from core.weather.sources import Source, newest_cycles

_RETRIEVE = "/cgi-bin/afos/retrieve.py"
_NONE_THERE = b"ERROR: Could not Find"


async def all_stations(r: Round, on: Sequence[Source]) -> None:
    """The chosen sources of these hosts, hosts beside each other."""
    jobs = []
    for source in on:
        if source.path:
            jobs.append(_file(r, source))
        elif source.host == "afos":
            jobs.append(_by_station(r, source))
        elif source.host == "portal":
            jobs.append(_portal(r, source))
    await asyncio.gather(*jobs)


def parsed(r: Round, source: Source, station: Station, body: bytes, received_at: Instant) -> Instant:
    """One station's bulletin into the harvest; gives its cycle. Raises: Malformed, Stale."""
    if source.product == "NBP":
        quantiles = nbm.percentiles(body, station, received_at)
        r.believe(source, station, quantiles[0].issued_at)
        r.harvest.percentiles += quantiles
        r.harvest.forecasts += nbm.means(quantiles)
        return quantiles[0].issued_at
    hours = mos.temperatures(body, station, received_at, source.product)
    extremes = [] if source.product == "NBH" else mos.extremes(body, station, received_at, source.product)
    if not extremes and not hours:
        raise Malformed(source.product, station.code, "neither extremes nor temperatures in it")
    issued = extremes[0].issued_at if extremes else hours[0].issued_at
    r.believe(source, station, issued)
    r.harvest.forecasts += extremes
    if source.product != "MEX":  # twelve hours apart: of no use hour by hour
        r.harvest.hourly += [row for row in hours if row.valid_at <= received_at + HOURS_KEPT]
    return issued


async def _file(r: Round, source: Source) -> None:
    """A cycle's file of all stations, once a cycle; the cycle before while the newest is not out yet.

    Read means read, whatever each station found in it: a station it does not have, or not in order, has to wait for the
    next cycle. Only a file that may still be growing is read again, after a pause.
    """
    late: Unavailable | None = None
    wanted = list(r.stations)
    for cycle in newest_cycles(source, r.now):
        wanted = _wanted(r, source, cycle)
        if not wanted:
            return
        try:
            found, lines, received_at = await _cut(r, source, cycle, wanted)
        except Missing as error:
            late = error
            continue
        except Unavailable as error:
            late = error
            break
        for station in wanted:
            await _one_of_file(r, source, station, found.get(station.code), received_at)
        without = tuple(s.code for s in r.stations if not _has(r, source, s, cycle))
        r.state.files[source.name] = standing.file_read(r.state.files.get(source.name), cycle, lines, without, r.now)
        return
    for station in wanted:
        r.note(source, station, "failed", None, str(late or "no cycle is out"))


def _has(r: Round, source: Source, station: Station, cycle: Instant) -> bool:
    last = r.known(source, station)
    return last is not None and last.issued_at is not None and last.issued_at >= cycle


def _wanted(r: Round, source: Source, cycle: Instant) -> list[Station]:
    """The stations that a cycle's file may still have something for; none while it is left alone."""
    missing = [s for s in r.stations if not _has(r, source, s, cycle)]
    last = r.state.files.get(source.name)
    if last is None or last.cycle != cycle:
        return missing
    if last.again_at is not None:
        return missing if r.now >= last.again_at else []
    return [s for s in missing if s.code not in last.without]


async def _cut(
    r: Round, source: Source, cycle: Instant, stations: Sequence[Station]
) -> tuple[dict[str, str], int, Instant]:
    """These stations' bulletins, how many lines the file had, and when it was here."""
    moment = to_datetime(cycle)
    path = source.path.format(date=f"{moment:%Y%m%d}", hour=f"{moment:%H}")
    wanted, found, number = frozenset(s.code for s in stations), dict[str, str](), 0

    async def read(lines: AsyncIterator[str]) -> None:
        nonlocal number
        found.clear()
        number, cutter = 0, mos.Cutter(wanted)
        async for line in lines:
            number += 1
            cutter.line(line)
        found.update(cutter.done())

    received_at = await r.fetcher.lines(source.host, path, read)
    return found, number, received_at


async def _one_of_file(r: Round, source: Source, station: Station, text: str | None, received_at: Instant) -> None:
    async def job() -> Instant:
        if text is None:
            raise Unavailable(f"{source.product}: {station.code} is not in the file")
        body = text.encode("ascii", "replace")
        issued = parsed(r, source, station, body, received_at)
        r.harvest.raw.append(Raw(source.name, station.code, source.path, received_at, body))
        return issued

    await r.about(source, station, job)


async def _by_station(r: Round, source: Source) -> None:
    """The newest bulletin of each station, when a newer cycle than the known one should be out."""
    cycles = newest_cycles(source, r.now, 1) if source.cycles else []

    async def one(station: Station) -> None:
        last = r.known(source, station)
        if not r.due(source, station):
            return
        if cycles and last is not None and last.good and last.issued_at is not None and last.issued_at >= cycles[0]:
            return
        await r.about(source, station, lambda: _bulletin(r, source, station))

    await asyncio.gather(*(one(s) for s in r.stations))


async def _bulletin(r: Round, source: Source, station: Station) -> Instant:
    question = {"pil": f"{source.product}{station.site}", "limit": "1", "fmt": "text"}
    answer = await r.fetcher.get(source.host, _RETRIEVE, question, kind="text", about=question["pil"])
    body = answer.body or b""
    if not body.strip() or _NONE_THERE in body[:200]:
        raise Unavailable(f"{question['pil']}: the archive has none")
    r.keep(source, station, answer)
    if source.product != "DSM":
        return parsed(r, source, station, body, answer.received_at)
    rows = summary.dsm(body, station, answer.received_at)
    r.believe(source, station, rows[0].issued_at)
    r.harvest.summaries += rows
    return rows[0].issued_at


async def _portal(r: Round, source: Source) -> None:
    """Yesterday's and today's reports, all stations in one answer a day."""
    due = [s for s in r.stations if r.due(source, s)]
    if not due:
        return
    answers: dict[date, Answer | Unavailable] = {}
    for day in sorted({climate_day(s, Instant(r.now)) - timedelta(days=k) for s in due for k in (0, 1)}):
        try:
            answers[day] = await r.fetcher.get(source.host, "/climate/primary", {"date": day.isoformat()})
        except Unavailable as error:
            answers[day] = error

    async def one(station: Station) -> None:
        await r.about(source, station, lambda: _reports(r, source, station, answers))

    for station in due:
        await one(station)
    for day, answer in answers.items():
        if isinstance(answer, Answer) and answer.body is not None:
            r.harvest.raw.append(Raw(source.name, day.isoformat(), answer.url, answer.received_at, answer.body))


async def _reports(
    r: Round, source: Source, station: Station, answers: dict[date, Answer | Unavailable]
) -> Instant | None:
    today = climate_day(station, r.now)
    newest: Instant | None = None
    for day in (today - timedelta(days=1), today):
        answer = answers[day]
        if isinstance(answer, Unavailable):
            raise answer
        rows = twc.daily(answer.body or b"", station, answer.received_at)
        if any(row.day != day for row in rows):
            raise Malformed("portal.date", rows[0].day, f"asked for {day}")
        r.harvest.portal += rows
        for row in rows:
            newest = row.issued_at if newest is None else max(newest, row.issued_at)
    if newest is not None:
        r.believe(source, station, newest)
    return newest
