"""Past days of the lake into one file a table and day, so that queries stay as fast as on the first day."""

from prefect import flow, task

from core.storage.compaction import compact as compacted
from core.units import HOUR, Instant, to_datetime
from flows.base import Context, context
from flows.load import OFFSETS

_LATE = HOUR  # a run that began before midnight has committed by then


@task(name="archive past days", timeout_seconds=600)
def archive(c: Context) -> dict[str, list[str]]:
    """Days archived, and days deleted from `recent`."""
    return compacted(c.data, to_datetime(Instant(c.now - _LATE)).date(), (OFFSETS,))


@flow(name="compact", timeout_seconds=900, description="Past days of the lake into one file a table and day.")
def compact() -> dict[str, list[str]]:
    """Days archived, and days deleted from `recent`."""
    return archive(context())
