"""The morning brief, as files in data/reports, as an artifact, and as a message to who wants it."""

from prefect import flow

from flows.base import context, run_name
from flows.daily import gather, keep, show


@flow(
    name="brief",
    flow_run_name=run_name,
    timeout_seconds=180,
    description="The morning brief: today's events, what is held, yesterday's PnL, data quality.",
)
def brief() -> str:
    """Where the page lies."""
    c = context()
    found = gather(c, "brief")
    page = keep(c, found)
    show(c, found, page)
    return str(page)
