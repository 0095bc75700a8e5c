"""Rows of a query as a Parquet file that is there whole or not at all."""

import os
from pathlib import Path

import duckdb

from core.storage.files import sync


def write(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Replace `path`, or make it; survives kill -9 and power loss."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    db.execute(f"COPY ({query}) TO {literal(temporary)} (FORMAT parquet, COMPRESSION zstd)").fetchall()
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def literal(text: str | Path) -> str:
    """SQL: this text in quotes."""
    return "'" + str(text).replace("'", "''") + "'"
