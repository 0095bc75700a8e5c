"""Which markets exist, what their rules say, what they cost: the exchange's listing into the lake."""

import asyncio
from datetime import date, datetime
from decimal import Decimal

from prefect import flow, task

from core.exchange.catalog import Listing
from core.storage import lake, views
from flows import rows
from flows.base import Context, catalog, context, passing, run_name, whole
from flows.inputs import REFUSED_SINCE, rows_of


@task(
    name="read the listing", retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=passing, timeout_seconds=120
)
def read_listing(c: Context) -> Listing:
    """Every open event of the chosen series."""
    return asyncio.run(_read(c))


async def _read(c: Context) -> Listing:
    reader = catalog(c)
    try:
        fees, refused = await reader.series_fees()
        found = Listing(refused=refused)
        for series, one in fees.items():
            if c.settings.events.wants(series):
                listed = await reader.events(series, one)
                found.markets += listed.markets
                found.refused |= listed.refused
        return found
    finally:
        await reader.sdk.close()


_KNOWN = f"SELECT * FROM latest_markets m WHERE NOT {REFUSED_SINCE}"
_REFUSED = """
SELECT DISTINCT ticker, reason FROM refused_markets r
WHERE NOT EXISTS (SELECT 1 FROM latest_markets m WHERE m.event_ticker = r.ticker AND m.seen_at >= r.seen_at)
"""


@task(name="write markets")
def write(c: Context, found: Listing) -> dict[str, int]:
    """One commit of what changed, refused where it was good or good where it was refused; the views are made anew."""
    now = c.now
    with lake.connect(c.data) as db:
        known = {row["ticker"]: row for row in rows_of(db, _KNOWN, {})}
        refused = set(db.execute(_REFUSED).fetchall())
    listed = [rows.market(market, now) for market in found.markets]
    changed = [row for row in listed if not _same(row, known.get(row["ticker"]))]
    counts = lake.commit(c.data, f"discover-{c.run}", now, {
        "markets": changed,
        "refused_markets": [
            {"ticker": t, "reason": why, "seen_at": lake.at_text(now)} for t, why in found.refused.items()
            if (t, why) not in refused
        ],
    })  # fmt: skip
    views.build(c.data)
    return counts


def _same(listed: rows.Row, known: rows.Row | None) -> bool:
    """Does the lake have this market as it is listed: its rules and status, its fees and its price grid, everything?"""
    return known is not None and all(
        known[name] == _in_lake(name, listed[name]) for name in listed if name != "seen_at"
    )


def _in_lake(name: str, value: object) -> object:
    """As a row to be written has it -> as a query gives it back."""
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and name.endswith("_usd"):
        return Decimal(value)
    return date.fromisoformat(value) if isinstance(value, str) and name == "day" else value


@flow(
    name="discover",
    flow_run_name=run_name,
    timeout_seconds=180,
    description="Reads series, events, markets and rules from the exchange.",
)
def discover() -> dict[str, int]:
    """Rows written, by table."""
    c = context()
    return write(c, whole(read_listing(c)))
