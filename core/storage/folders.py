"""The lake's folders, and where its archive ends. A zero-row file of each table keeps every view valid from the first
minute.
"""

import os
import shutil
from pathlib import Path

import duckdb

from core.storage import migrate
from core.storage.schema import TABLES, Table

LAKE = "lake"
EMPTY_DAY = "1970-01-01"


def border(data: Path) -> str:
    """The last day that lies in the archive; later days are read from `recent`."""
    days = sorted(p.name.removeprefix("date=") for p in (data / LAKE / "archive").glob("date=*"))
    return days[-1] if days else EMPTY_DAY


def prepare(data: Path) -> None:
    """Make the folders and the zero-row files; sweep what an interrupted run left in staging.

    Raises: SettingsError when the folder was written by another version.
    """
    migrate.check(data)
    lake = data / LAKE
    staging = lake / "staging"
    if staging.exists():
        for left in staging.iterdir():
            pid = left.name.rpartition(".")[2]
            if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
                shutil.rmtree(left, ignore_errors=True)
    staging.mkdir(parents=True, exist_ok=True)
    missing = [
        (kind, t) for kind in ("recent", "archive") for t in TABLES.values() if not _empty_file(lake, kind, t).exists()
    ]
    if missing:
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar=false")
            for kind, table in missing:
                target = _empty_file(lake, kind, table)
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_suffix(f".{os.getpid()}")
                columns = ", ".join(f"NULL::{kind_} AS {name}" for name, kind_, _ in table.columns)
                connection.execute(f"COPY (SELECT {columns} LIMIT 0) TO '{temporary}' (FORMAT parquet)")
                temporary.replace(target)


def _empty_file(lake: Path, kind: str, table: Table) -> Path:
    folder = lake / kind / f"date={EMPTY_DAY}"
    return (folder / "run=none" if kind == "recent" else folder) / f"{table.name}.parquet"
