"""Forecasts, observations and climate reports into the lake, with the raw bodies beside them."""

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime

from prefect import flow, task

from core.storage import lake, raw
from core.storage.files import write_whole
from core.units import DAY, Instant, from_datetime, iso
from core.weather.fetch import Fetcher, Harvest
from core.weather.rows import ClimateRow, ForecastRow, ObservationRow
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


_FORECAST = ("station", "variable", "day", "source", "issued_at", "value_f")
_OBSERVATION = ("station", "observed_at", "kind", "low_f", "high_f")
_REPORT = ("product_id",)
_THERE = {
    "forecasts": f"SELECT {', '.join(_FORECAST)} FROM forecasts WHERE received_at > $since::TIMESTAMPTZ",
    "observations": f"SELECT {', '.join(_OBSERVATION)} FROM observations WHERE received_at > $since::TIMESTAMPTZ",
    "climate_reports": "SELECT product_id FROM climate_reports WHERE received_at > $since::TIMESTAMPTZ",
}


def _key(values: Iterable[object]) -> tuple[object, ...]:
    """Comparable, whether it comes from the lake or from a parser."""
    return tuple(from_datetime(v) if isinstance(v, datetime) else str(v) for v in values)


def _new[R: (ForecastRow, ObservationRow, ClimateRow)](
    found: list[R], names: tuple[str, ...], there: set[tuple[object, ...]]
) -> list[R]:
    """Those that are not there; of the same one read twice, the first."""
    fresh: list[R] = []
    for row in found:
        key = tuple(v if n.endswith("_at") else str(v) for n, v in ((n, getattr(row, n)) for n in names))
        if key not in there:
            there.add(key)
            fresh.append(row)
    return fresh


@task(name="write the weather")
def write(c: Context, harvest: Harvest) -> dict[str, int]:
    """Raw bodies first, then one commit of what is not there yet: a vintage is one row, however often it is read."""
    now = c.now
    since = {"since": iso(Instant(now - 9 * DAY))}  # the service keeps its reports a week
    with lake.connect(c.data) as db:
        there = {table: {_key(row) for row in db.execute(q, since).fetchall()} for table, q in _THERE.items()}
    for one in harvest.raw:
        raw.keep(c.data, one.source, one.station, one.body, now)
    failures = [
        {"happened_at": lake.at_text(now), "source": source, "reason": why} for source, why in harvest.failures.items()
    ]
    return lake.commit(c.data, f"ingest-{c.run}", now, {
        "forecasts": [rows.weather(r) for r in _new(harvest.forecasts, _FORECAST, there["forecasts"])],
        "observations": [rows.weather(r) for r in _new(harvest.observations, _OBSERVATION, there["observations"])],
        "climate_reports": [rows.weather(r) for r in _new(harvest.climate, _REPORT, there["climate_reports"])],
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
