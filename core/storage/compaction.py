"""One file a table and day instead of thousands: past days go from `recent` to `archive`, under readers' feet.

Order matters: write `archive/date=D` whole (one rename), then new views whose border is D, then, days later, delete
`recent/date=D`. A reader with old views still reads `recent`, one with new views reads `archive`; nobody sees a row
twice or not at all. Interrupted anywhere, the next call goes on. Source: PLATFORM's proof run with kill -9.
"""

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb

from core.storage import contents, views
from core.storage.files import sync
from core.storage.folders import EMPTY_DAY, LAKE, border
from core.storage.lake import latest_note_path
from core.storage.parquet import literal
from core.storage.schema import TABLES, Table

KEEP_RECENT_DAYS = 2  # an analyst's connection may be that old


def compact(data: Path, today: date, notes: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """{"archived": days, "deleted": days}. `notes`: names whose newest file must outlive its day."""
    lake = data / LAKE
    archived = []
    for day in _days(lake / "recent"):
        if border(data) < day < today.isoformat():
            _archive(lake, day)
            views.build(data)
            archived.append(day)
    last = border(data)
    oldest_kept = (today - timedelta(days=KEEP_RECENT_DAYS)).isoformat()
    deleted = [d for d in _days(lake / "recent") if d <= last and d < oldest_kept and _delete(data, d, notes)]
    contents.let_go(lake, last, oldest_kept)
    return {"archived": archived, "deleted": deleted}


def _days(folder: Path) -> list[str]:
    found = (p.name.removeprefix("date=") for p in folder.glob("date=*"))
    return sorted(day for day in found if day != EMPTY_DAY)


def _archive(lake: Path, day: str) -> None:
    staging = lake / "staging" / f"archive-{day}.{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar=false; SET threads=1; SET preserve_insertion_order=true")
        for table in TABLES.values():
            _one_file(connection, table, lake / "recent" / f"date={day}", staging)
    for written in staging.iterdir():
        sync(written)
    target = lake / "archive" / f"date={day}"
    os.rename(staging, target)  # noqa: PTH104 - the atomic rename is the commit
    sync(target.parent)


def _one_file(connection: duckdb.DuckDBPyConnection, table: Table, source: Path, target: Path) -> None:
    files = sorted(source.glob(f"run=*/{table.name}.parquet"))
    if not files:
        return
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind, _ in table.columns)
    listed = ", ".join(literal(path) for path in files)
    connection.execute(
        f"COPY (SELECT {columns} FROM read_parquet([{listed}], hive_partitioning=false))"
        f" TO '{target / f'{table.name}.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    )


def _delete(data: Path, day: str, notes: tuple[str, ...]) -> bool:
    """Remove one archived day from `recent`; runs that hold a newest note keep it."""
    folder = data / LAKE / "recent" / f"date={day}"
    kept = {path for path in (latest_note_path(data, name) for name in notes) if path is not None}
    for run in folder.iterdir():
        if not any(path.parent == run for path in kept):
            shutil.rmtree(run)
            continue
        for path in run.iterdir():
            if path not in kept:
                path.unlink()
    if any(folder.iterdir()):
        return False
    folder.rmdir()
    return True
