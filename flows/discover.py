"""Which markets exist, what their rules say, what they cost: the exchange's listing into the lake."""

import asyncio

from prefect import flow, task

from core.exchange.catalog import Listing
from core.storage import lake, views
from core.units import to_datetime
from flows import rows
from flows.base import Context, catalog, context, passing, run_name, whole


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


@task(name="write markets")
def write(c: Context, found: Listing) -> dict[str, int]:
    """One commit of what changed; the views are made anew."""
    now = c.now
    with lake.connect(c.data) as db:
        known = {
            t: (status, result, closes, rules) for t, status, result, closes, rules in db.execute(
                "SELECT ticker, status, result, close_at, rules FROM latest_markets"
            ).fetchall()
        }  # fmt: skip
        refused = set(db.execute("SELECT DISTINCT ticker, reason FROM refused_markets").fetchall())
    changed = [
        m for m in found.markets if known.get(m.ticker) != (m.status, m.result, to_datetime(m.close_at), m.rules)
    ]
    counts = lake.commit(c.data, f"discover-{c.run}", now, {
        "markets": [rows.market(market, now) for market in changed],
        "refused_markets": [
            {"ticker": t, "reason": why, "seen_at": lake.at_text(now)} for t, why in found.refused.items()
            if (t, why) not in refused
        ],
    })  # fmt: skip
    views.build(c.data)
    return counts


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
