"""The views people query: one a table, a few marts and macros, in `data/kwm.duckdb`, which holds nothing else.

Built anew beside and renamed into place; readers keep the one they opened. Created with STORAGE_VERSION v1.0.0, so that
older DuckDB programs can open it too.
"""

import os
from pathlib import Path

import duckdb

from core.storage.dictionary import comments
from core.storage.folders import border, prepare
from core.storage.schema import TABLES, Table

_SQL = Path(__file__).with_name("sql")
FILE = "kwm.duckdb"


def _view(table: Table, lake: Path, last: str) -> str:
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind, _ in table.columns)
    archive = f"read_parquet('{lake}/archive/date=*/{table.name}.parquet', hive_partitioning=true)"
    recent = f"read_parquet('{lake}/recent/date=*/run=*/{table.name}.parquet', hive_partitioning=true)"
    kinds = "hive_types={'date': 'DATE'}"
    archive, recent = (text[:-1] + f", {kinds})" for text in (archive, recent))
    return (
        f"CREATE OR REPLACE VIEW {table.name} AS SELECT {columns}, date AS partition_date FROM {archive}"
        f" WHERE date <= DATE '{last}' UNION ALL SELECT {columns}, date AS partition_date FROM {recent}"
        f" WHERE date > DATE '{last}'"
    )


def create_views(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    """All views and macros into an open connection."""
    lake, last = (data / "lake").resolve(), border(data)
    for table in TABLES.values():
        connection.execute(_view(table, lake, last))
    for folder in ("staging", "marts"):
        for script in sorted((_SQL / folder).glob("*.sql")):
            connection.execute(script.read_text())


def build(data: Path) -> Path:
    """Write `data/kwm.duckdb` anew, atomically."""
    prepare(data)
    temporary = data / f".{FILE}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar=false")
        connection.execute(f"ATTACH '{temporary}' AS kwm (STORAGE_VERSION 'v1.0.0')")
        connection.execute("USE kwm")
        create_views(connection, data)
        connection.execute(comments())
        connection.execute("USE memory")
        connection.execute("DETACH kwm")
    target = data / FILE
    os.replace(temporary, target)  # noqa: PTH105 - the atomic rename is the point
    return target
