"""What a person wants to read: PnL by city, ages of publications and sources, why nothing is quoted. As artifacts."""

from datetime import date, timedelta
from typing import Any

import duckdb
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from core.storage import lake, views
from core.units import to_datetime
from flows.base import Context, context, run_name

_PNL = """
SELECT day, station, round(pnl_usd, 2) AS pnl_usd, round(spread_usd, 2) AS spread_usd,
       round(adverse_usd, 2) AS adverse_usd,
       round(settlement_usd, 2) AS settlement_usd, round(fees_usd, 4) AS fees_usd, fills, settled
FROM pnl_attribution_by_city WHERE day >= $since ORDER BY day DESC, pnl_usd DESC
"""
_QUALITY = """
SELECT source, count(*) AS rows_in_days, max(issued_at) AS newest_issue, max(received_at) AS newest_received
FROM forecasts WHERE partition_date >= $since GROUP BY source
UNION ALL SELECT 'observations', count(*), max(observed_at), max(received_at) FROM observations
WHERE partition_date >= $since
UNION ALL SELECT 'climate reports', count(*), max(issued_at), max(received_at) FROM climate_reports
WHERE partition_date >= $since
"""
_REASONS = """
SELECT day, reason, round(side_seconds / 3600, 2) AS side_hours, markets
FROM reasons_not_quoted WHERE day >= $since ORDER BY day DESC, side_seconds DESC LIMIT 20
"""
_DAYS = 3  # each hour: no longer after years


@task(name="ask the lake")
def ask(c: Context) -> dict[str, list[dict[str, Any]]]:
    """Rows as text, for people, of the last days."""
    today = to_datetime(c.now).date()
    since = today - timedelta(days=_DAYS)
    with lake.connect(c.data, lake.days_from(since, today)) as db:
        return {"pnl-by-city": _rows(db, _PNL, since), "data-quality": _rows(db, _QUALITY, since),
                "reasons-not-quoted": _rows(db, _REASONS, since)}  # fmt: skip


def _rows(db: duckdb.DuckDBPyConnection, query: str, since: date) -> list[dict[str, str]]:
    cursor = db.execute(query, {"since": since})
    names = [column[0] for column in cursor.description or []]
    return [{n: str(v) for n, v in zip(names, row, strict=True)} for row in cursor.fetchall()]


@flow(
    name="report",
    flow_run_name=run_name,
    timeout_seconds=120,
    description="PnL by city, data quality and reasons not quoted, as artifacts.",
)
def report() -> dict[str, int]:
    """Rows shown, by table."""
    c = context()
    shown = ask(c)
    for key, table in shown.items():
        create_table_artifact(key=key, table=table, description=key.replace("-", " "))
    total = sum(float(row["pnl_usd"]) for row in shown["pnl-by-city"] if row["pnl_usd"] != "None")
    create_markdown_artifact(
        key="pnl",
        markdown=f"# PnL\n\nPnL of the last climate days: **${total:,.2f}** (settled and marked, after fees).",
    )
    views.build(c.data)
    return {key: len(table) for key, table in shown.items()}
