"""Forecasts, observations and climate reports into the lake, with the raw bodies beside them."""

import asyncio
import json

from prefect import flow, task

from core.storage import lake, raw
from core.storage.files import write_whole
from core.weather.fetch import Fetcher, Harvest
from flows import rows
from flows.base import Context, context, passing


@task(name="fetch the weather", retries=2, retry_delay_seconds=[5, 20], retry_condition_fn=passing, timeout_seconds=240)
def fetch(c: Context) -> Harvest:
    """One round over all chosen stations; a source that fails is in `failures`, the others are there."""
    return asyncio.run(_fetch(c))


async def _fetch(c: Context) -> Harvest:
    fetcher = Fetcher(c.settings, c.clock.now)
    cells = c.data / "raw" / f"grid_cells_{c.settings.weather.source}.json"
    if cells.exists():
        fetcher.cells = {code: (office, x, y) for code, (office, x, y) in json.loads(cells.read_text()).items()}
    harvest = Harvest()
    try:
        await asyncio.gather(*(fetcher.station(s, harvest) for s in c.settings.events.stations()))
    finally:
        await fetcher.close()
    write_whole(cells, json.dumps(fetcher.cells).encode())
    return harvest


@task(name="write the weather")
def write(c: Context, harvest: Harvest) -> dict[str, int]:
    """Raw bodies first, then one commit of all rows."""
    now = c.now
    for one in harvest.raw:
        raw.keep(c.data, one.source, one.station, one.body, now)
    failures = [
        {"happened_at": lake.at_text(now), "source": source, "reason": why} for source, why in harvest.failures.items()
    ]
    return lake.commit(c.data, f"ingest-{c.run}", now, {
        "forecasts": [rows.weather(row) for row in harvest.forecasts],
        "observations": [rows.weather(row) for row in harvest.observations],
        "climate_reports": [rows.weather(row) for row in harvest.climate],
        "source_failures": failures,
    })  # fmt: skip


@flow(name="ingest", timeout_seconds=300, description="Fetches forecasts, observations and climate reports.")
def ingest() -> dict[str, int]:
    """Rows written, by table. Fails when nothing at all could be fetched."""
    c = context()
    harvest = fetch(c)
    counts = write(c, harvest)
    if harvest.failures and not harvest.forecasts:
        raise RuntimeError(f"no forecast could be fetched: {'; '.join(list(harvest.failures.values())[:3])}")
    return counts
