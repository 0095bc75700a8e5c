"""The end-of-day report, as files in data/reports, as an artifact, and as a message to who wants it."""

from prefect import flow

from flows.base import context, run_name
from flows.daily import gather, keep, show


@flow(
    name="eod",
    flow_run_name=run_name,
    timeout_seconds=180,
    description="The end-of-day report: yesterday's PnL by city and source, markouts, uptime, skill.",
)
def eod() -> str:
    """Where the page lies."""
    c = context()
    found = gather(c, "eod")
    page = keep(c, found)
    show(c, found, page)
    return str(page)
