"""The views people query: one a table, a few marts and macros, in `data/kwm.duckdb`, which holds nothing else.

Built anew beside and renamed into place; readers keep the one they opened. Created with STORAGE_VERSION v1.0.0, so that
older DuckDB programs can open it too.
"""

import os
from datetime import date
from pathlib import Path

import duckdb

from core.storage import contents
from core.storage.dictionary import comments
from core.storage.folders import EMPTY_DAY, border, prepare
from core.storage.schema import TABLES, Table

_SQL = Path(__file__).with_name("sql")
FILE = "kwm.duckdb"
_ORDERED = ("quotes",)  # of two of one instant the one that was written later is the later one
_ANY_DAY = "2*"  # but the empty one
Days = tuple[date, date]  # the first and the last


def _view(table: Table, lake: Path, last: str, archive: str, whose: str) -> str:
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind, _ in table.columns)
    ordered = table.name in _ORDERED
    rows = f"SELECT {columns}, date AS partition_date{', file_row_number AS row_in_file' if ordered else ''}"
    kinds = f"hive_partitioning=true, hive_types={{'date': 'DATE'}}{', file_row_number=true' if ordered else ''}"
    recent = f"'{lake}/recent/date=' || shown_days() || '/run=*/{table.name}.parquet'"
    return (
        f"CREATE OR REPLACE VIEW {table.name} AS {rows} FROM read_parquet({archive}, {kinds})"
        f" WHERE date <= DATE '{last}'{whose}"
        f" UNION ALL {rows} FROM read_parquet({recent}, {kinds}) WHERE date > DATE '{last}'{whose}"
    )


def _without_files(table: Table) -> str:
    columns = ", ".join(f"NULL::{kind} AS {name}" for name, kind, _ in table.columns)
    order = ", NULL::BIGINT AS row_in_file" if table.name in _ORDERED else ""
    return f"CREATE OR REPLACE VIEW {table.name} AS SELECT {columns}, NULL::DATE AS partition_date{order}"


def create_views(connection: duckdb.DuckDBPyConnection, data: Path, days: Days | None = None) -> None:
    """All views and macros into an open connection; with `days` on the files alone that tell of these.

    DuckDB binds each view when it is made, and lists all files of all tables beneath it: so the marts are made on
    tables without files, the tables on the day that is empty, and both are shown all days when they are there.
    """
    lake, last = (data / "lake").resolve(), border(data)
    contents.bring_up(lake, last)
    for table in TABLES.values():
        connection.execute(_without_files(table))
    for folder in ("staging", "marts"):
        for script in sorted((_SQL / folder).glob("*.sql")):
            connection.execute(script.read_text())
    connection.execute(f"CREATE OR REPLACE MACRO shown_days() AS '{EMPTY_DAY}'")
    archives = _all_days(lake, last) if days is None else _some_days(connection, lake, last, days)
    for table in TABLES.values():
        own = contents.event(table) if days is not None else None
        whose = "" if own is None else f" AND ({own} IN (FROM asked_events) OR {own} = '')"
        connection.execute(_view(table, lake, last, archives[table.name], whose))
    connection.execute("CREATE OR REPLACE MACRO shown_days() AS '*'")


def _all_days(lake: Path, last: str) -> dict[str, str]:
    """Each table's files in the archive, as SQL. The empty one only where there is no other: DuckDB takes the first for
    the size of all, and of tables that it thinks are empty it joins the larger ones in the wrong order."""
    some = contents.archived(lake, last)
    shown = f"CASE shown_days() WHEN '*' THEN '{_ANY_DAY}' ELSE shown_days() END"
    return {
        name: f"'{lake}/archive/date=' || {shown if name in some else repr(EMPTY_DAY)} || '/{name}.parquet'"
        for name in TABLES
    }


def _some_days(connection: duckdb.DuckDBPyConnection, lake: Path, last: str, days: Days) -> dict[str, str]:
    found = contents.about(connection, lake, last, *days)
    return {
        name: "["
        + ", ".join(f"'{lake}/archive/date={day}/{name}.parquet'" for day in found.get(name, [EMPTY_DAY]))
        + "]"
        for name in TABLES
    }


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
