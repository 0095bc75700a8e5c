"""What a person wants to read: PnL by city, ages of publications and sources, why nothing is quoted. As artifacts."""

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from core.storage import lake, views
from flows.base import Context, context, run_name

_PNL = """
SELECT day, station, round(pnl_usd, 2) AS pnl_usd, round(spread_usd, 2) AS spread_usd,
       round(adverse_usd, 2) AS adverse_usd,
       round(settlement_usd, 2) AS settlement_usd, round(fees_usd, 4) AS fees_usd, fills, settled
FROM pnl_attribution_by_city ORDER BY day DESC, pnl_usd DESC LIMIT 100
"""
_QUALITY = """
SELECT source, count(*) AS rows, max(issued_at) AS newest_issue, max(received_at) AS newest_received
FROM forecasts GROUP BY source
UNION ALL SELECT 'observations', count(*), max(observed_at), max(received_at) FROM observations
UNION ALL SELECT 'climate reports', count(*), max(issued_at), max(received_at) FROM climate_reports
"""
_REASONS = """
SELECT day, reason, round(side_seconds / 3600, 2) AS side_hours, markets
FROM reasons_not_quoted ORDER BY day DESC, side_seconds DESC LIMIT 20
"""


@task(name="ask the lake")
def ask(c: Context, query: str) -> list[dict[str, Any]]:
    """Rows as text, for people."""
    with lake.connect(c.data) as db:
        cursor = db.execute(query)
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
    shown = {"pnl-by-city": ask(c, _PNL), "data-quality": ask(c, _QUALITY), "reasons-not-quoted": ask(c, _REASONS)}
    for key, table in shown.items():
        create_table_artifact(key=key, table=table, description=key.replace("-", " "))
    total = sum(float(row["pnl_usd"]) for row in shown["pnl-by-city"] if row["pnl_usd"] != "None")
    create_markdown_artifact(
        key="pnl", markdown=f"# PnL\n\nPnL of all markets held: **${total:,.2f}** (settled and marked, after fees)."
    )
    views.build(c.data)
    return {key: len(table) for key, table in shown.items()}
