"""The append-only lake: Parquet written by DuckDB, one folder a flow run, committed by one rename. PLATFORM's design.

`recent/date=D/run=R/<table>.parquet` now, `archive/date=D/<table>.parquet` after compaction; readers see either, never
both: the border is a literal in the views.
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from core.storage.files import sync
from core.storage.folders import LAKE, border, prepare
from core.storage.schema import TABLES, Table
from core.storage.views import Days, create_views
from core.units import Instant, iso, to_datetime

_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_TRADED_AHEAD = timedelta(days=7)  # generously: markets open a day or two before
Rows = Iterable[Mapping[str, Any]]


def day_of(at: Instant) -> str:
    """The partition of an instant: its UTC date."""
    return to_datetime(at).date().isoformat()


def commit(
    data: Path, run: str, at: Instant, tables: Mapping[str, Rows], notes: Mapping[str, bytes] | None = None
) -> dict[str, int]:
    """Write all tables of one run; one rename makes them visible together. Returns rows by table.

    `notes`: small files that belong to the run (offsets). A run that was committed before is left as it is.
    """
    prepare(data)
    safe = _SAFE.sub("-", run)
    staging = data / LAKE / "staging" / f"run={safe}.{os.getpid()}"
    last = border(data)  # a day that is archived is closed: what comes late belongs to the next
    day = day_of(at) if day_of(at) > last else (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    target = data / LAKE / "recent" / f"date={day}" / f"run={safe}"
    if target.exists():
        return {}
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    counts: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET threads=1")
        for name, rows in tables.items():
            counts[name] = _write(connection, TABLES[name], rows, safe, staging)
    for name, body in (notes or {}).items():
        (staging / name).write_bytes(body)
    for written in staging.iterdir():
        sync(written)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(staging, target)  # noqa: PTH104 - the atomic rename is the commit
    sync(target.parent)
    return {name: number for name, number in counts.items() if number}


def _write(connection: duckdb.DuckDBPyConnection, table: Table, rows: Rows, run: str, folder: Path) -> int:
    encoded = [msgspec.json.encode({**row, "run": run}) for row in rows]
    if not encoded:
        return 0
    source = folder / f"{table.name}.ndjson"
    source.write_bytes(b"\n".join(encoded) + b"\n")
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind, _ in table.columns)
    target = folder / f"{table.name}.parquet"
    connection.execute(
        f"COPY (SELECT * FROM read_json('{source}', format='newline_delimited', columns={{{columns}}}))"
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )
    source.unlink()
    return len(encoded)


def at_text(at: Instant | None) -> str | None:
    """An instant as the lake stores it."""
    return None if at is None else iso(at)


def decimal(value: int | None, decimals: int) -> str | None:
    """An integer amount as an exact decimal string."""
    if value is None:
        return None
    sign, size = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(size, 10**decimals)
    return f"{sign}{whole}.{fraction:0{decimals}d}"


def latest_note_path(data: Path, name: str) -> Path | None:
    """The newest small file called `name` among the committed runs, or None."""
    found = sorted((data / LAKE / "recent").glob(f"date=*/run=*/{name}"), key=lambda p: p.stat().st_mtime_ns)
    return found[-1] if found else None


def latest_note(data: Path, name: str) -> bytes | None:
    """What it says."""
    path = latest_note_path(data, name)
    return None if path is None else path.read_bytes()


def days_from(first: date, today: date) -> Days:
    """From `first` to the last climate day that trades already today."""
    return first, today + _TRADED_AHEAD


def connect(data: Path, days: Days | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with all views: blocks nobody.

    `days`: the first and the last of the days that will be asked for (climate days of events, UTC days of the quoter).
    It holds the events of these days whole, and no others; every view says the same of them as in the whole lake, and
    only the files that tell of them are opened.
    """
    prepare(data)
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar=false; SET TimeZone='UTC'")
    create_views(connection, data, days)
    return connection


def kept(db: duckdb.DuckDBPyConnection, *names: str) -> None:
    """What these views say now, as tables in their place: for a connection that asks for them again and again."""
    for name in names:
        db.execute(f"CREATE TABLE kept AS FROM {name}; DROP VIEW {name}; ALTER TABLE kept RENAME TO {name}")
