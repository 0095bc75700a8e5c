"""What the lakes know of past trials, for `kwm graduate`: real ones by environment, and the paper session's."""

from pathlib import Path
from typing import Any

import duckdb

from core.storage import folders, lake
from quoter.paper.calibration import haircut, read
from quoter.paper.graduate import Evidence, Trial

# a run's environment, and whether an order could be larger than one contract (settings hold counts in hundredths)
_RUNS = """
WITH spans AS (
    SELECT quoter_run, environment, happened_at AS since,
           lead(happened_at, 1, TIMESTAMPTZ '9999-01-01') OVER (ORDER BY happened_at) AS until,
           coalesce(TRY_CAST(json_extract_string(settings, '$.limits.max_order') AS BIGINT), 9999999) AS asked
    FROM runs
), sized AS (  -- a run whose size a person changed while it lasted is of no size
    SELECT *, CASE WHEN EXISTS (
        SELECT 1 FROM notes n WHERE n.kind = 'config' AND n.happened_at >= s.since AND n.happened_at < s.until
        AND n.words LIKE '%risk.max_order = %' AND n.words NOT LIKE 'as a person tightened%'
    ) THEN 9999999 ELSE asked END AS max_order FROM spans s
), chosen AS (SELECT * FROM sized WHERE environment IN ({environments}) AND max_order <= {most})
"""
_DAYS = (
    "SELECT count(DISTINCT date_trunc('day', p.happened_at)) FROM pnl p JOIN chosen c ON p.happened_at >= c.since"
    " AND p.happened_at < c.until WHERE p.state = 'quoting'"
)
_FILLS = (  # of `our_fills`: `fills` has each as often as it was heard
    "SELECT count(DISTINCT f.trade_id) FROM our_fills f JOIN chosen c ON f.filled_at >= c.since"
    " AND f.filled_at < c.until"
)
_DAILY = (
    "SELECT sum(a.pnl_usd) FROM pnl_attribution a JOIN chosen c ON a.filled_at >= c.since AND a.filled_at < c.until"
    " GROUP BY a.day HAVING bool_and(a.settled)"
)
_BUGS = (
    "SELECT count(*) FROM notes n JOIN chosen c ON n.happened_at >= c.since AND n.happened_at < c.until"
    " WHERE n.kind = 'bug'"
)
# said again while halted it is no other halt; a halt outlives its run, so the order is that of all runs
_HALTS = """
, stops AS (
    SELECT happened_at, kind, lag(kind, 1, 'resume') OVER (ORDER BY happened_at) AS before FROM notes
    WHERE kind IN ('halt', 'daily_loss', 'drawdown') OR (kind = 'resume' AND words LIKE 'resumed%')
)
SELECT count(*) FROM stops n JOIN chosen c ON n.happened_at >= c.since AND n.happened_at < c.until
WHERE n.kind = 'halt' AND n.before = 'resume'
"""
_ANY = 10**9


def trial(db: duckdb.DuckDBPyConnection, environments: tuple[str, ...], most: int = _ANY) -> Trial:
    """What happened in runs of these environments whose orders were at most `most` hundredths of a contract."""
    names = ", ".join(f"'{name}'" for name in environments)
    runs = _RUNS.format(environments=names, most=most)

    def one(query: str) -> int:
        return int(db.execute(runs + query).fetchall()[0][0])

    daily: list[tuple[Any, ...]] = db.execute(runs + _DAILY).fetchall()
    return Trial(one(_DAYS), one(_FILLS), tuple(float(row[0]) for row in daily),
                 one(_HALTS), one(_BUGS))  # fmt: skip


def gather(data: Path, paper: Path, assumed: float) -> Evidence:
    """All of it; what was never tried is empty."""
    demo = one_lot = on_paper = rehearsed = Trial()
    mismatches = 0
    if (data / folders.LAKE).exists():
        with lake.connect(data) as db:
            demo, one_lot = trial(db, ("demo",)), trial(db, ("production",), 100)
            mismatches = int(db.execute("SELECT count(*) FROM settlement_mismatches").fetchall()[0][0])
    if (paper / folders.LAKE).exists():
        with lake.connect(paper) as db:
            on_paper = trial(db, ("demo", "production"))  # what the embedded world teaches is how, not whether
            rehearsed = trial(db, ("embedded", "demo", "production"))
    found = read(paper)
    cut = haircut(found, assumed)
    return Evidence(on_paper, rehearsed, demo, one_lot, cut.factor, cut.measured, mismatches)
