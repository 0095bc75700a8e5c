"""From rows to the figures of the report: one pass of SQL a question, intervals by day. Reads `results.duckdb`."""

import json
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from core.fair.distribution import Array
from flows.backtest.statistics import Band, band, drawdown, ratio, sharpe

HORIZONS = ("10s", "1min", "5min", "30min", "settle")
GROUPS = {
    "city": ("city", "City"),
    "hour": ("printf('%02d–%02d', hour // 3 * 3, hour // 3 * 3 + 3)", "Local standard hour"),
    "lead": ("CASE WHEN ahead THEN 'day before' ELSE 'climate day' END || ', ' || CASE WHEN hours_to_close > 24 THEN "
             "'over 24 h' WHEN hours_to_close > 12 THEN '12–24 h' WHEN hours_to_close > 6 THEN '6–12 h' "
             "ELSE 'last 6 h' END "
             "|| ' to the close'", "Lead"),
    "bracket": ("CASE WHEN tail THEN 'open end' ELSE 'middle' END || ', ' || CASE WHEN price < 0.1 THEN 'below 10 ¢' "
                "WHEN price < 0.3 THEN '10–30 ¢' WHEN price < 0.7 THEN '30–70 ¢' ELSE 'above 70 ¢' END", "Bracket"),
    "side": ("CASE WHEN side = 'bid' THEN 'we bought' ELSE 'we sold' END", "Side"),
    "month": ("strftime(day, '%Y-%m')", "Month"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One arm, or one group of an arm's fills. Dollars; per contract in cents."""

    name: str
    pnl: Band
    cents: tuple[float, float, float]
    contracts: float
    fills: int
    spread: float  # cents from the middle at the fill
    markouts: dict[str, float]  # cents after each horizon
    fees: float = 0.0


@dataclass(frozen=True, slots=True)
class ArmLine(Line):
    """An arm with what only whole events tell."""

    daily: Array | None = None
    sharpe: float = 0.0
    drawdown: float = 0.0
    worst_day: float = 0.0
    quoted: float = 0.0
    both: float = 0.0
    fill_share: float = 0.0  # of the public volume
    order_fill: float = 0.0  # fills an order sent
    requests: int = 0
    worst_case: float = 0.0
    most_position: float = 0.0
    events: int = 0
    quoted_events: int = 0
    unsettled: int = 0


def build(out: Path, names: list[str], arms: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """`results.duckdb` anew from the parts of this job: tables fills, cells, arms."""
    path, room = out / "results.duckdb", out / "results.part"
    room.unlink(missing_ok=True)
    db = duckdb.connect()
    db.execute("SET enable_progress_bar=false; SET TimeZone='UTC'")
    target = str(room).replace("'", "''")
    db.execute(f"ATTACH '{target}' AS made (STORAGE_VERSION 'v1.0.0')")
    for table in ("fills", "cells"):
        files = [str(out / "parts" / f"{name}.{table}.parquet") for name in names]
        db.execute(f"CREATE TABLE made.{table} AS SELECT * FROM read_parquet(?) ORDER BY arm, day", [files])
    db.execute("CREATE TABLE made.arms (name VARCHAR, told VARCHAR)")
    for arm in arms:
        db.execute("INSERT INTO made.arms VALUES (?, ?)", [arm["name"], str(arm)])
    db.execute("DETACH made")
    room.replace(path)
    db.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS made (READ_ONLY)")
    db.execute("USE made")
    return db


def days(db: duckdb.DuckDBPyConnection) -> list[date]:
    """Every climate day that was run."""
    return [r[0] for r in db.execute("SELECT DISTINCT day FROM cells ORDER BY day").fetchall()]


def _daily(rows: list[tuple[date, float, float]], every: list[date]) -> tuple[Array, Array]:
    place = {d: i for i, d in enumerate(every)}
    pnl, contracts = np.zeros(len(every)), np.zeros(len(every))
    for when, money, count in rows:
        pnl[place[when]], contracts[place[when]] = money, count
    return pnl, contracts


_MEANS = "sum(count * spread) FILTER (NOT isnan(spread)) / nullif(sum(count) FILTER (NOT isnan(spread)), 0) * 100"


def _marks() -> str:
    return ", ".join(
        f"sum(count * markout_{h}) FILTER (NOT isnan(markout_{h})) / nullif(sum(count) FILTER (NOT "
        f"isnan(markout_{h})), 0) * 100"
        for h in HORIZONS
    )


def arm_line(db: duckdb.DuckDBPyConnection, name: str, every: list[date]) -> ArmLine:
    """One arm, whole."""
    rows = db.execute("SELECT day, sum(pnl), sum(contracts) FROM cells WHERE arm = ? GROUP BY day", [name]).fetchall()
    pnl, contracts = _daily(rows, every)
    spread, *marks = db.execute(f"SELECT {_MEANS}, {_marks()} FROM fills WHERE arm = ?", [name]).fetchall()[0]
    (fills, fees, watched, quoted, both, volume, orders, requests, worst, most, events, priced, unsettled) = db.execute(
        "SELECT sum(fills), sum(fees), sum(watched_s), sum(quoted_s), sum(both_s), sum(volume) FILTER (quoted_s > 0), "
        "sum(orders), sum(orders + amends + cancels), max(worst), max(most_position), count(*), "
        "count(*) FILTER (quoted_s > 0), count(*) FILTER (NOT settled) FROM cells WHERE arm = ?", [name],
    ).fetchall()[0]  # fmt: skip
    total = float(contracts.sum())
    return ArmLine(
        name, band(pnl), _cents(pnl, contracts), total, int(fills or 0), _real(spread),
        {h: _real(v) for h, v in zip(HORIZONS, marks, strict=True)}, float(fees or 0), pnl, sharpe(pnl), drawdown(pnl),
        float(pnl.min()) if len(pnl) else 0.0, (quoted or 0) / watched if watched else 0.0,
        (both or 0) / watched if watched else 0.0, total / volume if volume else 0.0,
        (fills or 0) / orders if orders else 0.0, int(requests or 0), float(worst or 0), float(most or 0), int(events),
        int(priced), int(unsettled),
    )  # fmt: skip


def groups(db: duckdb.DuckDBPyConnection, arm: str, by: str, every: list[date]) -> list[Line]:
    """An arm's fills split by one question; PnL to settlement, so that the parts add up to the whole."""
    what, _ = GROUPS[by]
    found = []
    for name, fills, fees, spread, *marks in db.execute(
        f"SELECT {what} AS g, count(*), sum(fee), {_MEANS}, {_marks()} FROM fills WHERE arm = ? GROUP BY g ORDER BY g",
        [arm],
    ).fetchall():
        rows = db.execute(
            f"SELECT day, sum(pnl), sum(count) FROM fills WHERE arm = ? AND {what} = ? GROUP BY day", [arm, name]
        ).fetchall()
        pnl, contracts = _daily(rows, every)
        found.append(Line(name, band(pnl), _cents(pnl, contracts), float(contracts.sum()), int(fills), _real(spread),
                          {h: _real(v) for h, v in zip(HORIZONS, marks, strict=True)}, float(fees)))  # fmt: skip
    return found


def reasons(db: duckdb.DuckDBPyConnection, arm: str) -> list[tuple[str, float]]:
    """Why nothing was quoted: share of the market-time watched, largest first."""
    rows = db.execute(
        "SELECT r.key, sum(r.value::DOUBLE) / (SELECT sum(watched_s) FROM cells WHERE arm = ?) FROM cells, "
        "json_each(reasons) r WHERE arm = ? GROUP BY 1 ORDER BY 2 DESC", [arm, arm],
    ).fetchall()  # fmt: skip
    return [(str(name), float(share)) for name, share in rows if share and share > 0.001]


@dataclass(frozen=True, slots=True)
class Across:
    """Worst cases of all events of `name` added up over time, dollars; `over`: share of the time with anything at
    risk in which they were above `limit`."""

    name: str
    limit: float
    highest: float
    over: float
    days_over: int


def across(db: duckdb.DuckDBPyConnection, arm: str, city: float, total: float) -> list[Across]:
    """Would the limits of a city and of the whole account (dollars) have bound? Every event was run by itself."""
    rows = db.execute("SELECT city, exposure FROM cells WHERE arm = ? ORDER BY city, event_ticker", [arm]).fetchall()
    told = [(str(name), json.loads(text)) for name, text in rows]
    slots = [slot for _, steps in told for slot, _ in steps]
    if not slots:
        return []
    first, last = min(slots), max(slots)
    sums = {name: np.zeros(last - first + 1) for name, _ in told}
    for name, steps in told:
        for (slot, cents), (until, _) in pairwise(steps):
            sums[name][slot - first : until - first] += cents / 100
    found = [_across(name, worst, city, first) for name, worst in sums.items() if worst.any()]
    return [*found, _across("all cities", np.sum(list(sums.values()), axis=0), total, first)]


def _across(name: str, worst: Array, limit: float, first: int) -> Across:
    above, any_ = worst > limit, int((worst > 0).sum())
    days_over = len(np.unique((np.flatnonzero(above) + first) // (24 * 12)))
    return Across(name, limit, float(worst.max()), float(above.sum()) / any_ if any_ else 0.0, days_over)


def _cents(pnl: Array, contracts: Array) -> tuple[float, float, float]:
    middle, low, high = ratio(pnl, contracts)
    return middle * 100, low * 100, high * 100


def _real(value: Any) -> float:
    return float("nan") if value is None else float(value)
