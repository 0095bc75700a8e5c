"""Parquet tables of whatever physical types, as typed and screened rows. Does not know what tables there are.

Each table is read by one SELECT that names and casts every column it needs. A cell that cannot be what its column is
(no moment, no number, no plausible temperature) is NULL; a row that lacks a cell it needs is dropped. What is lacking
is counted, and said once a table on stderr.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import typer

from core.errors import SettingsError
from core.fair.distribution import DEGREES
from core.stations import STATIONS

COLDEST_F, HOTTEST_F = int(DEGREES[0]), int(DEGREES[-1])  # beyond what is ever looked at: a code, or another unit


class Is(StrEnum):
    """What a column is: SQL over its `{name}`, whose type may be any."""

    TEXT = "{name}::VARCHAR"
    MOMENT = "CASE WHEN ({at}) BETWEEN '1900-01-01' AND '2200-01-01' THEN epoch({at}) / 86400.0 END"
    DAY = (
        "CASE WHEN ({date}) BETWEEN '1900-01-01' AND '2200-01-01' THEN date_diff('day', DATE '1970-01-01', {date}) END"
    )
    DEGREES = f"CASE WHEN ({{number}}) BETWEEN {COLDEST_F} AND {HOTTEST_F} THEN {{number}} END"
    HOUR = "CASE WHEN ({number}) BETWEEN 0 AND 24 THEN {number} END"
    WHOLE = "TRY_CAST({number} AS INTEGER)"

    def of(self, name: str, kind: str | None) -> str:
        """SQL of a column of the type `kind`; None: the table has no such column."""
        if kind is None:
            return "NULL"
        # text is the one way to a moment, day or number that any type can take; what has a shorter one takes that
        timely, numeric = kind.startswith(("TIMESTAMP", "DATE")), kind.startswith(_NUMBERS)
        return self.value.format(
            name=name,
            at=f"TRY_CAST({name if timely else f'{name}::VARCHAR'} AS TIMESTAMPTZ)",
            date=f"TRY_CAST({name if timely else f'{name}::VARCHAR'} AS DATE)",
            number=f"TRY_CAST({name if numeric else f'{name}::VARCHAR'} AS DOUBLE)",
        )


_NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UHUGEINT", "UBIGINT",
            "UINTEGER", "USMALLINT", "UTINYINT")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder, opened. Its database holds `stations` (code, offset_hours): whose standard time is known."""

    folder: Path
    db: duckdb.DuckDBPyConnection

    def has(self, table: str) -> bool:
        """Is the table there?"""
        return (self.folder / f"{table}.parquet").exists()

    def columns(self, table: str) -> dict[str, str]:
        """Names, in lower case, and types of a table's columns."""
        rows = self.db.execute(f"DESCRIBE SELECT * FROM {self.named(table)}").fetchall()
        return {row[0].lower(): row[1] for row in rows}

    def rows(self, what: str, table: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
        """Selected rows of a table."""
        return self.db.execute(f"SELECT {what} FROM {self.named(table)} WHERE {where}").fetchall()

    def named(self, table: str) -> str:
        """For use behind FROM; `file_row_number` tells its rows apart."""
        path = str(self.folder / f"{table}.parquet").replace("'", "''")
        return f"read_parquet('{path}', file_row_number = true)"

    def screened(
        self, table: str, columns: Mapping[str, Is], made: Mapping[str, str], given: str = "TRUE",
        may_lack: Collection[str] = (),
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Rows of `made`, in the order of the file: each by its name as SQL of `columns` (as what they are),
        `file_row_number` and `offset_hours` (NULL at a station that is not known).

        `given`: SQL of the file's own columns; other rows were never meant. A row that lacks one of `made` that is not
        in `may_lack` is dropped.
        """
        there = self.columns(table)
        typed = ", ".join(f"{kind.of(name, there.get(name))} AS {name}" for name, kind in columns.items())
        rows = f"""
            WITH typed AS (SELECT file_row_number, {typed} FROM {self.named(table)} WHERE {given})
            SELECT file_row_number, {", ".join(f"{sql} AS {name}" for name, sql in made.items())}
            FROM typed LEFT JOIN stations ON typed.station = stations.code"""
        counts = ", ".join(f"count(*) - count({name})" for name in made)
        number, *lacking = self.db.execute(f"SELECT count(*), {counts} FROM ({rows})").fetchall()[0]
        if any(lacking):
            found = ", ".join(f"{name} {n}" for name, n in zip(made, lacking, strict=True) if n)
            self.say(table, f"of {number} rows, without a usable {found}")
        needed = " AND ".join(f"{name} IS NOT NULL" for name in made if name not in may_lack)
        return self.db.execute(
            f"SELECT {', '.join(made)} FROM ({rows}) WHERE {needed} ORDER BY file_row_number"
        ).fetchall()

    def say(self, table: str, what: str) -> None:
        """What was left out, to stderr."""
        typer.echo(f"{self.folder / table}.parquet: {what}", err=True)


def open_dataset(folder: Path) -> Dataset:
    """Raises: SettingsError when there are no forecasts in it."""
    if not (folder / "forecasts.parquet").exists():
        raise SettingsError(
            f"{folder}: no forecasts.parquet; a dataset is a folder of Parquet tables with at least that"
        )
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'; SET enable_progress_bar=false")
    offsets = ", ".join(f"('{s.code}', {s.standard_offset_hours}.0::DOUBLE)" for s in STATIONS)
    db.execute(f"CREATE TABLE stations AS FROM (VALUES {offsets}) AS known (code, offset_hours)")
    return Dataset(folder, db)
