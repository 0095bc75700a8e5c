"""A data folder written by an earlier version becomes one of this version: missing columns are added, nothing is lost.

`lake/schema.json` says which columns a folder's files have. A file of an older shape is rewritten beside itself and
renamed into place, so an interruption leaves whole files and the next call goes on. To be called while nothing runs.
"""

import hashlib
import json
from pathlib import Path

import duckdb

from core.errors import SettingsError
from core.storage import parquet
from core.storage.files import write_whole
from core.storage.schema import TABLES, Table

VERSION = 1  # raised when rows change their meaning, not for a new table or column; docs/upgrading.md says what to do


def fingerprint() -> str:
    """Of every table, column and type."""
    shape = [(t.name, [(name, kind) for name, kind, _ in t.columns]) for t in TABLES.values()]
    return hashlib.blake2b(json.dumps(shape).encode(), digest_size=8).hexdigest()


def _path(data: Path) -> Path:
    return data / "lake" / "schema.json"


def _known(data: Path) -> dict[str, object] | None:
    try:
        found = json.loads(_path(data).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SettingsError(f"{_path(data)} is damaged; remove it, then kwm migrate") from error
    return found if isinstance(found, dict) else {}


def check(data: Path) -> None:
    """Is this folder of our version? A new folder is marked as such. Raises: SettingsError with the remedy."""
    known = _known(data)
    if known is None:
        if not (data / "lake" / "recent").exists():
            _mark(data)
            return
        raise SettingsError(
            f"{data} was written by an earlier version: stop everything, then kwm migrate (docs/upgrading.md)"
        )
    if known.get("fingerprint") != fingerprint():
        raise SettingsError(
            f"{data} was written by a newer version: upgrade this checkout"
            if newer(data)
            else f"{data} was written by another version: stop everything, then kwm migrate (docs/upgrading.md)"
        )


def current(data: Path) -> bool:
    """Is the folder of this version already?"""
    known = _known(data)
    return known is not None and known.get("fingerprint") == fingerprint()


def newer(data: Path) -> bool:
    """Does the folder say that it is of a later version than ours?"""
    known = _known(data)
    return known is not None and int(str(known.get("version", 0))) > VERSION


def _mark(data: Path) -> None:
    write_whole(_path(data), json.dumps({"version": VERSION, "fingerprint": fingerprint()}).encode())


def migrate(data: Path) -> dict[str, int]:
    """Files rewritten, by table. Raises: SettingsError for a folder of a newer version, which is left as it is."""
    if newer(data):
        raise SettingsError(f"{data} was written by a newer version: upgrade this checkout")
    rewritten: dict[str, int] = {}
    with duckdb.connect() as db:
        db.execute("SET enable_progress_bar=false; SET threads=1; SET preserve_insertion_order=true")
        older = {table.name: _older(db, data, table) for table in TABLES.values()}
        for name, old in older.items():
            for path in old:
                _rewrite(db, path, TABLES[name])
            if old:
                rewritten[name] = len(old)
    _mark(data)
    return rewritten


def _older(db: duckdb.DuckDBPyConnection, data: Path, table: Table) -> list[Path]:
    """This table's files whose columns are not the schema's, in order. One with a column that we do not know is of a
    newer version, whatever the folder says of itself: rewritten, it would lose that column for good."""
    wanted = [name for name, _, _ in table.columns]
    files = [*(data / "lake").glob(f"recent/*/*/{table.name}.parquet"),
             *(data / "lake").glob(f"archive/*/{table.name}.parquet")]  # fmt: skip
    found = []
    for path in sorted(files):
        columns = _columns(db, path)
        if unknown := set(columns) - set(wanted):
            raise SettingsError(
                f"{data} was written by a newer version: {table.name} has {', '.join(sorted(unknown))}, which this one"
                " does not know and would lose. Upgrade this checkout, or go back with a backup (docs/upgrading.md)"
            )
        if columns != wanted:
            found.append(path)
    return found


def _columns(db: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    found = db.execute("SELECT * FROM read_parquet($file, hive_partitioning=false) LIMIT 0", {"file": str(path)})
    names = [str(column[0]) for column in found.description or []]
    found.fetchall()
    return names


def _rewrite(db: duckdb.DuckDBPyConnection, path: Path, table: Table) -> None:
    have = set(_columns(db, path))
    columns = ", ".join(
        f"{name}::{kind} AS {name}" if name in have else f"NULL::{kind} AS {name}" for name, kind, _ in table.columns
    )
    parquet.write(db, f"SELECT {columns} FROM read_parquet({parquet.literal(path)}, hive_partitioning=false)", path)
