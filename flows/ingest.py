"""Forecasts, guidance, observations and reports into the lake, with the raw bodies beside them.

Two rounds, each written before the next: first what a fair value needs, then what may be slow (files of many
megabytes). A source that is away leaves a row in `source_failures` and fails nobody else.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prefect import flow, task

from core.config import Settings
from core.errors import Malformed
from core.storage import lake, raw
from core.storage.files import write_whole
from core.units import DAY, Instant, from_datetime, iso
from core.weather import standing
from core.weather.fetch import Fetcher
from core.weather.harvest import gather
from core.weather.harvest_round import Harvest
from core.weather.rows import Row
from core.weather.sources import FIRST
from core.weather.standing import State
from flows import rows
from flows.base import Context, context, run_name, whole

_ROUND_S = 100.0  # one round's limit: what is not here by then comes with the next


@dataclass(slots=True)
class Fetched:
    """One round's rows, and what to remember once they are written."""

    harvest: Harvest
    state: State


def remembered(data: Path, settings: Settings) -> State:
    """The state after the last round that was written; a damaged file is as good as none: everything is asked anew."""
    try:
        return standing.decode(standing.file_of(data, settings.weather.source).read_bytes())
    except (FileNotFoundError, Malformed):
        return State()


@task(name="fetch the weather", timeout_seconds=_ROUND_S + 20)
def fetch(c: Context, names: tuple[str, ...]) -> Fetched:
    """One round over all chosen stations; a source that fails is in `failures`, the others are there."""
    return asyncio.run(_fetch(c, names))


async def _fetch(c: Context, names: tuple[str, ...]) -> Fetched:
    fetcher = Fetcher(c.settings, c.clock.now, remembered(c.data, c.settings))
    try:
        async with asyncio.timeout(_ROUND_S):
            harvest = await gather(c.settings, fetcher, c.settings.events.stations(), names)
    except TimeoutError:
        # nothing of the round is kept, so nothing of it may count as known either
        late = Harvest(failures={name: f"not here within {_ROUND_S:.0f} s" for name in names})
        return Fetched(late, remembered(c.data, c.settings))
    finally:
        await fetcher.close()
    return Fetched(harvest, fetcher.state)


_SINCE = "received_at > $since::TIMESTAMPTZ"
# table -> (columns that make a row the same row, days back within which it may already be there)
_SAME: dict[str, tuple[tuple[str, ...], int]] = {
    "forecasts": (("station", "variable", "day", "source", "issued_at", "value_f"), 9),
    "percentiles": (("station", "variable", "day", "source", "issued_at"), 9),
    "hourly_forecasts": (("station", "source", "issued_at", "valid_at"), 3),
    # a correction may add no more than a six-hour group; its text alone is no other report
    "observations": (
        ("station", "observed_at", "kind", "low_f", "high_f", "max_6h_f", "min_6h_f", "max_24h_f", "min_24h_f"),
        9,
    ),
    "climate_reports": (("product_id", "day"), 9),
    "daily_summaries": (("station", "day", "source", "max_f", "min_f", "complete"), 45),
    "portal_reports": (("station", "day", "status", "max_f", "min_f"), 9),
}


def _key(values: Iterable[object]) -> tuple[object, ...]:
    """Comparable, whether it comes from the lake or from a parser."""
    return tuple(from_datetime(v) if isinstance(v, datetime) else str(v) for v in values)


def _there(data: Path, found: dict[str, Sequence[Row]], now: Instant) -> dict[str, set[tuple[object, ...]]]:
    there: dict[str, set[tuple[object, ...]]] = {}
    with lake.connect(data) as db:
        for table, (names, days) in _SAME.items():
            if found[table]:
                query = f"SELECT {', '.join(names)} FROM {table} WHERE {_SINCE}"
                since = {"since": iso(Instant(now - days * DAY))}
                there[table] = {_key(row) for row in db.execute(query, since).fetchall()}
    return there


def _new(found: Sequence[Row], names: tuple[str, ...], there: set[tuple[object, ...]]) -> list[Row]:
    """Those that are not there; of the same one read twice, the first."""
    fresh: list[Row] = []
    for row in found:
        key = tuple(v if n.endswith("_at") else str(v) for n, v in ((n, getattr(row, n)) for n in names))
        if key not in there:
            there.add(key)
            fresh.append(row)
    return fresh


@task(name="write the weather")
def write(c: Context, fetched: Fetched, part: str) -> dict[str, int]:
    """Raw bodies first, then one commit of what is not there yet, then what to remember of the round.

    A vintage is one row, however often it is read. In this order a crash costs a second read, never a row.
    """
    now, harvest = c.now, fetched.harvest
    found: dict[str, Sequence[Row]] = {
        "forecasts": harvest.forecasts, "percentiles": harvest.percentiles, "hourly_forecasts": harvest.hourly,
        "observations": harvest.observations, "climate_reports": harvest.climate,
        "daily_summaries": harvest.summaries, "portal_reports": harvest.portal,
    }  # fmt: skip
    there = _there(c.data, found, now)
    for one in harvest.raw:
        raw.keep(c.data, one.source, one.station, one.body, now)
    tables: dict[str, list[rows.Row]] = {
        table: [rows.weather(r) for r in _new(some, _SAME[table][0], there[table])] for table, some in found.items()
        if some
    }  # fmt: skip
    tables["source_failures"] = [
        {"happened_at": lake.at_text(now), "source": source, "reason": why} for source, why in harvest.failures.items()
    ]
    counts = lake.commit(c.data, f"ingest-{c.run}-{part}", now, tables) if any(tables.values()) else {}
    write_whole(standing.file_of(c.data, c.settings.weather.source), standing.encode(fetched.state))
    return counts


@flow(
    name="ingest",
    flow_run_name=run_name,
    timeout_seconds=300,
    description="Forecasts, guidance, observations and reports into the lake.",
)
def ingest() -> dict[str, int]:
    """Rows written, by table. Fails when of all that a fair value needs nothing could be had, new or known."""
    c = context()
    first = fetch(c, FIRST)
    counts = write(c, whole(first), "first")
    later = tuple(name for name in c.settings.weather.sources if name not in FIRST)
    if later:
        second = fetch(c, later)
        for table, number in write(c, whole(second), "later").items():
            counts[table] = counts.get(table, 0) + number
    if not first.harvest.good:
        reasons = "; ".join(list(first.harvest.failures.values())[:3])
        raise RuntimeError(f"no forecast and no observation could be fetched: {reasons}")
    return counts
