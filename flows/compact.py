"""Past days of the lake into one file a table and day, so that queries stay as fast as on the first day."""

import json

from prefect import flow, task

from core.storage import lake, retention
from core.storage.compaction import compact as compacted
from core.units import HOUR, Instant, to_datetime
from flows.base import Context, context, run_name
from flows.load import OFFSETS, loaded

_LATE = HOUR  # a run that began before midnight has committed by then


@task(name="archive past days", timeout_seconds=600)
def archive(c: Context) -> dict[str, list[str]]:
    """Days archived, and days deleted from `recent`."""
    return compacted(c.data, to_datetime(Instant(c.now - _LATE)).date(), (OFFSETS,))


@task(name="delete what is kept long enough")
def tidied(c: Context) -> list[str]:
    """Days of raw bodies and of the journal that [storage] keep_..._days lets go."""
    known = lake.latest_note(c.data, OFFSETS)
    offsets: dict[str, int] = json.loads(known) if known else {}

    own = c.settings.storage
    return retention.tidy(
        c.data, to_datetime(c.now).date(), own.keep_raw_days, own.keep_journal_days, lambda path: loaded(offsets, path)
    )


@flow(
    name="compact",
    flow_run_name=run_name,
    timeout_seconds=900,
    description="Past days of the lake into one file a table and day.",
)
def compact() -> dict[str, list[str]]:
    """Days archived, and days deleted."""
    c = context()
    return archive(c) | {"let go": tidied(c)}
