"""Rows of a backtest as Parquet: fills and cells of one (cell, arm), written whole or not at all."""

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from quoter.backtest.cell import MARKOUTS, Cell
from quoter.backtest.job import Arm, Job

VERSION = "4"  # of what a cell means: raise it and finished cells are run again
_TEXT, _INT, _REAL = "VARCHAR", "BIGINT", "DOUBLE"
FILLS: dict[str, str] = {
    "arm": _TEXT, "event_ticker": _TEXT, "series": _TEXT, "city": _TEXT, "day": "DATE", "ticker": _TEXT,
    "bracket": _INT, "tail": "BOOLEAN", "at": _INT, "hour": _INT, "hours_to_close": _REAL, "ahead": "BOOLEAN",
    "side": _TEXT,
    "price": _REAL, "count": _REAL, "fee": _REAL, "fair": _REAL, "middle": _REAL, "spread": _REAL, "edge": _REAL,
    "position_after": _REAL, "markout_settle": _REAL, "pnl": _REAL, **{f"markout_{name}": _REAL for name in MARKOUTS},
}  # fmt: skip
CELLS: dict[str, str] = {
    "arm": _TEXT, "event_ticker": _TEXT, "series": _TEXT, "city": _TEXT, "day": "DATE", "pnl": _REAL, "fees": _REAL,
    "settled": "BOOLEAN", "fills": _INT, "contracts": _REAL, "orders": _INT, "amends": _INT, "cancels": _INT,
    "trades": _INT, "volume": _REAL, "events": _INT, "watched_s": _REAL, "quoted_s": _REAL, "both_s": _REAL,
    "worst": _REAL, "most_position": _REAL, "drawdown": _REAL, "low": _REAL, "halted": _TEXT, "reasons": _TEXT,
    "refusals": _TEXT, "spread_fit": _REAL, "depth_fit": _REAL, "fade_fit": _REAL, "cancel_share_fit": _REAL,
    "exposure": _TEXT,
}  # fmt: skip


def key(job: Job, arm: Arm, cell: tuple[str, str, str], settings: str) -> str:
    """The file name of one (cell, arm): the same work has the same name."""
    stat = Path(job.fairs).stat()
    told = msgspec.json.encode((VERSION, job.dataset, job.fairs, stat.st_size, stat.st_mtime_ns, arm, settings))
    return f"{cell[0]}_{cell[1]}_{cell[2]}_{arm.name}_{hashlib.sha256(told).hexdigest()[:10]}"


def cell_row(cell: Cell, fitted: tuple[int, int, float, float]) -> dict[str, object]:
    """One event in one arm."""
    event = cell.event
    return {
        "arm": cell.arm, "event_ticker": event.ticker, "series": event.series, "city": event.station_day.station.city,
        "day": event.station_day.day.isoformat(), "pnl": cell.pnl / 1e6, "fees": cell.fees / 1e6,
        "settled": cell.settled, "fills": len(cell.fills), "contracts": sum(f.size for f in cell.fills) / 100,
        "orders": cell.orders, "amends": cell.amends, "cancels": cell.cancels, "trades": cell.trades,
        "volume": cell.volume / 100, "events": cell.events, "watched_s": cell.watched_s, "quoted_s": cell.quoted_s,
        "both_s": cell.both_s, "worst": cell.worst / 1e6, "most_position": cell.most_position / 100,
        "drawdown": cell.drawdown / 1e6, "low": cell.low / 1e6, "halted": cell.halted,
        "reasons": msgspec.json.encode(cell.reasons).decode(), "refusals": msgspec.json.encode(cell.refusals).decode(),
        "spread_fit": fitted[0] / 1e4, "depth_fit": fitted[1] / 100, "fade_fit": fitted[2],
        "cancel_share_fit": fitted[3], "exposure": msgspec.json.encode(cell.exposure).decode(),
    }  # fmt: skip


def write(folder: Path, name: str, fills: list[dict[str, Any]], cells: list[dict[str, Any]]) -> None:
    """Fills first: a cell's file is the sign that its fills are there."""
    _write(folder / f"{name}.fills.parquet", fills, FILLS)
    _write(folder / f"{name}.cells.parquet", cells, CELLS)


def done(folder: Path, name: str) -> bool:
    """Was this cell finished by an earlier run?"""
    return (folder / f"{name}.cells.parquet").exists()


def _write(path: Path, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    lines = path.with_suffix(".ndjson")
    lines.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    room = path.with_suffix(".part")
    db = duckdb.connect()
    db.execute("SET enable_progress_bar=false; SET threads=1")
    source = f"read_json('{_text(lines)}', format='newline_delimited', columns={{{types}}})"
    if not rows:
        source = "(SELECT " + ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items()) + " WHERE false)"
    db.execute(f"COPY (SELECT * FROM {source}) TO '{_text(room)}' (FORMAT parquet)")
    db.close()
    lines.unlink()
    room.replace(path)


def _text(path: Path) -> str:
    return str(path).replace("'", "''")
