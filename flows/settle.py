"""What closed markets paid, ours reconciled with the exchange's; a mismatch is loud."""

import asyncio

from prefect import flow, get_run_logger, task

from core.contract import Market
from core.exchange.catalog import Settled
from core.storage import lake
from core.units import DAY, Instant, iso
from flows import rows
from flows.base import Context, catalog, context, passing, run_name, whole
from flows.differences import differences


@task(name="read results", retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=passing, timeout_seconds=60)
def read_results(c: Context, tickers: list[str]) -> tuple[list[Market], list[Settled]]:
    """(closed markets as they are now, our settlements of the last three days). On paper none is ours: what the account
    was paid is of other trades."""
    return asyncio.run(_read(c, tickers))


async def _read(c: Context, tickers: list[str]) -> tuple[list[Market], list[Settled]]:
    reader = catalog(c)
    try:
        fees, _ = await reader.series_fees()
        listing = await reader.by_tickers(tickers, fees)
        if c.settings.paper.only:
            return listing.markets, []
        return listing.markets, await reader.our_settlements(Instant(max(0, c.now - 3 * DAY)))
    finally:
        await reader.sdk.close()


@task(name="find closed markets")
def closed(c: Context) -> list[str]:
    """Markets past their close whose result we do not have yet."""
    with lake.connect(c.data) as db:
        found = db.execute(
            "SELECT ticker FROM latest_markets WHERE close_at <= $now::TIMESTAMPTZ AND result = ''", {"now": iso(c.now)}
        ).fetchall()
    return [ticker for (ticker,) in found]


@task(name="write settlements")
def write(c: Context, markets: list[Market], settled: list[Settled]) -> dict[str, int]:
    """New results and settlements; what is known already is not written twice."""
    now = c.now
    with lake.connect(c.data) as db:
        known = {t for (t,) in db.execute("SELECT ticker FROM settlements").fetchall()}
    fresh = [m for m in markets if m.result]
    new = [s for s in settled if s.ticker not in known]
    if not fresh and not new:
        return {}
    return lake.commit(c.data, f"settle-{c.run}", now, {
        "markets": [rows.market(m, now) for m in fresh],
        "settlements": [rows.settlement(s) for s in new],
    })  # fmt: skip


@task(name="compare with our own fills")
def mismatches(c: Context) -> list[str]:
    """Settled markets whose contracts by our fills differ from the exchange's."""
    with lake.connect(c.data) as db:
        found = db.execute(
            "SELECT ticker, theirs, ours FROM settlement_mismatches WHERE settled_at > $since::TIMESTAMPTZ",
            {"since": iso(Instant(c.now - 3 * DAY))},
        ).fetchall()
    return [
        f"{ticker}: the exchange settled {theirs} contracts, our fills say {ours}" for ticker, theirs, ours in found
    ]


@flow(
    name="settle",
    flow_run_name=run_name,
    timeout_seconds=120,
    description="Results, settlements, and their reconciliation with our fills.",
)
def settle() -> dict[str, int]:
    """Rows written, by table. Fails, after writing, when the exchange's settlements are not what our fills say."""
    c = context()
    markets, settled = read_results(c, closed(c))
    counts = write(c, whole(markets), whole(settled))
    differences(c)
    wrong = mismatches(c)
    for line in wrong:
        get_run_logger().error(line)
    if wrong:
        raise RuntimeError(f"settlement mismatch: {'; '.join(wrong[:5])}")
    return counts
