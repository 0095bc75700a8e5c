"""One round over sources and stations: what it brought, what failed and why, and how each source stands after it.

A source that fails never fails another: each job's trouble becomes a reason. The jobs themselves are in
`harvest_nws.py` and `harvest_guidance.py`.
"""

import asyncio
from collections.abc import Iterable

from core.config import Settings
from core.stations import Station
from core.weather import harvest_guidance, harvest_nws
from core.weather.fetch import Fetcher
from core.weather.harvest_round import Harvest, Round
from core.weather.sources import SOURCES, chosen


async def gather(
    settings: Settings, fetcher: Fetcher, stations: tuple[Station, ...], names: Iterable[str] | None = None
) -> Harvest:
    """One round over the chosen sources (of `names`, where given). Never raises for what a source did."""
    wanted = set(SOURCES if names is None else names)
    found = Round(fetcher, stations, Harvest())
    on = [source for source in chosen(settings) if source.name in wanted]
    await asyncio.gather(
        *(harvest_nws.station(found, station, on) for station in stations),
        harvest_guidance.all_stations(found, on),
    )
    fetcher.state.forget(found.now)
    return found.harvest
