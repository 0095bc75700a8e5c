"""What every table, view and macro means: docs/data-dictionary.md and the comments in kwm.duckdb, made of schema.py and
sql/views.toml, so that neither can say something else than the data.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from core.storage.parquet import literal
from core.storage.schema import TABLES

_OF_THE_FILE = ("partition_date", "run", "row_in_file")
_TOML = Path(__file__).with_name("sql") / "views.toml"


@dataclass(frozen=True, slots=True)
class View:
    """One view: column -> meaning, in no order."""

    name: str
    what: str
    columns: dict[str, str]


@cache
def views() -> dict[str, View]:
    """Every documented view."""
    found = {}
    for name, raw in tomllib.loads(_TOML.read_text(encoding="utf-8")).items():
        if name == "macros":
            continue
        known = dict(raw)
        what, same_as = known.pop("what"), known.pop("same_as", "")
        inherited = {c: meaning for c, _, meaning in TABLES[same_as].columns if c != "run"} if same_as else {}
        found[name] = View(name, what, inherited | known)
    return found


@cache
def macros() -> dict[str, str]:
    """Macro -> what it does, with an example."""
    raw = tomllib.loads(_TOML.read_text(encoding="utf-8"))["macros"]
    return {name: str(one["what"]) for name, one in raw.items()}


def comments() -> str:
    """SQL that writes every meaning into the catalogue, for `duckdb_views()` and `duckdb_columns()`."""
    parts = []
    for table in TABLES.values():
        parts.append(f"COMMENT ON VIEW {table.name} IS {literal(table.what)};")
        parts += [
            f"COMMENT ON COLUMN {table.name}.{name} IS {literal(meaning)};"
            for name, _, meaning in table.columns if meaning
        ]  # fmt: skip
    for view in views().values():
        parts.append(f"COMMENT ON VIEW {view.name} IS {literal(view.what)};")
        parts += [
            f"COMMENT ON COLUMN {view.name}.{name} IS {literal(meaning)};"
            for name, meaning in view.columns.items() if meaning
        ]  # fmt: skip
    return "\n".join(parts)


def columns_of(db: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    """(column, type) of a view, without the partition's own column."""
    found = db.execute(f"DESCRIBE {name}").fetchall()
    return [(str(row[0]), str(row[1])) for row in found if row[0] not in _OF_THE_FILE]


def markdown(db: duckdb.DuckDBPyConnection) -> str:
    """The data dictionary. `db`: a connection with all views."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `kwm sql --dictionary docs/data-dictionary.md` from `core/storage/schema.py` and"
        " `core/storage/sql/views.toml`; do not edit.",
        "Units are in the names: `_usd` dollars, `_f` degrees Fahrenheit, `_s` seconds, `_at` an instant (UTC),",
        "`contracts` contracts. Every table also has `run` (the flow run that wrote the row) and `partition_date` (the",
        "UTC date of its file: put a condition on it to read less); `quotes` has `row_in_file`, too: of two rows of",
        "one instant the higher is the later.",
        "",
        "## Tables",
    ]
    for table in TABLES.values():
        rows = [(name, kind, meaning) for name, kind, meaning in table.columns if name != "run"]
        lines += _section(table.name, table.what, rows)
    lines += ["", "## Views"]
    for view in views().values():
        rows = [(name, kind, view.columns.get(name, "")) for name, kind in columns_of(db, view.name)]
        lines += _section(view.name, view.what, rows)
    lines += ["", "## Macros", "", "| macro | what |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(what)} |" for name, what in macros().items()]
    return "\n".join(lines) + "\n"


def _section(name: str, what: str, rows: list[tuple[str, str, str]]) -> list[str]:
    table = [f"| `{column}` | {kind} | {_cell(meaning)} |" for column, kind, meaning in rows]
    return ["", f"### {name}", "", f"{what[:1].upper()}{what[1:]}.", "", "| column | type | meaning |", "|---|---|---|",
            *table]  # fmt: skip


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
