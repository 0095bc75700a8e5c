"""`kwm sql` and `kwm export`: questions to the lake. In memory, on views: blocks nobody, and nobody blocks it."""

import contextlib
import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import duckdb
import msgspec
import typer
from rich.table import Table

from core import config
from core.clock import this_process
from core.console import console
from core.errors import SettingsError
from core.storage import dictionary, lake
from core.storage.schema import TABLES
from core.units import to_datetime

_SHOWN = 500
_FORMATS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet, COMPRESSION zstd", ".json": "FORMAT json"}
_HELP = """A query may take several lines and ends with ;
.tables          what there is          .schema NAME   its columns and their meaning
.csv | .json | .table                   how answers are shown
.help            this                   .quit          or Ctrl-D"""


def open_lake(last: int = 0) -> duckdb.DuckDBPyConnection:
    """A connection with all views; with `last` on the events of the last days alone. Raises: SettingsError when there
    is no data yet."""
    settings = config.load()
    data = settings.storage.data.resolve()
    if not (data / "lake").exists():
        raise SettingsError(f"{data} holds no data yet: run `kwm up` first, or set KWM_STORAGE__DATA")
    today = to_datetime(this_process(settings.clock_file).now()).date()
    days = lake.days_from(today - timedelta(days=last), today) if last > 0 else None
    return lake.connect(data, days)


_Last = Annotated[
    int, typer.Option("--last", min=0, help="only events of the last so many days: no slower after years; 0 is all")
]


def sql(
    query: Annotated[str, typer.Argument(help="one query; without it a prompt opens")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="write CSV")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="write JSON, an object a row")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="run every query of this file, for example docs/queries.sql")
    ] = None,
    last: _Last = 0,
    tables: Annotated[bool, typer.Option("--tables", help="what there is, column by column")] = False,
    write_dictionary: Annotated[
        Path | None, typer.Option("--dictionary", help="write the data dictionary (Markdown) to this file")
    ] = None,
) -> None:
    """Ask the lake. Opens in memory, on views: it blocks nobody, and nobody blocks it."""
    if write_dictionary is not None:
        with memory_views() as db:
            write_dictionary.write_text(dictionary.markdown(db), encoding="utf-8")
        return
    if tables:
        with memory_views() as db:
            for name in (*TABLES, *dictionary.views()):
                _describe(db, name)
        _macros()
        return
    style = "json" if as_json else "csv" if as_csv else "table"
    asked = questions(_read(file)) if file is not None else []
    with open_lake(last) as db:
        if file is not None:
            for one in asked:
                console().print(f"\n{asked_as(one)}", style="bold", markup=False)
                answer(db, one, style)
        elif query:
            answer(db, query, style)
        else:
            _prompt(db, style)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--file {file} cannot be read: {error}") from error


@contextlib.contextmanager
def memory_views() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every view over an empty lake: what there is, without any data."""
    with tempfile.TemporaryDirectory() as folder:
        db = lake.connect(Path(folder))
        try:
            yield db
        finally:
            db.close()


def questions(text: str) -> list[str]:
    """The queries of a file, each with the comment above it."""
    return [one.strip() for one in text.split(";") if "select" in one.lower() or "from" in one.lower()]


def asked_as(query: str) -> str:
    """The last line of the comment above a query: its question."""
    lines = list(takewhile(lambda line: not line or line.startswith("--"), query.splitlines()))
    return next((line for line in reversed(lines) if line), "")


def answer(db: duckdb.DuckDBPyConnection, query: str, style: str) -> None:
    """Run one query and write what it gives. Raises: SettingsError with DuckDB's words."""
    try:
        cursor = db.execute(query)
        rows = cursor.fetchall()
    except duckdb.Error as error:
        raise SettingsError(str(error)) from error
    names = [str(column[0]) for column in cursor.description or []]
    if style == "json":
        for row in rows:
            sys.stdout.write(msgspec.json.encode(dict(zip(names, row, strict=True)), enc_hook=str).decode() + "\n")
    elif style == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(rows)
    else:
        table = Table(*names)
        for row in rows[:_SHOWN]:
            table.add_row(*(("" if value is None else str(value)) for value in row))
        console().print(table)
        if len(rows) > _SHOWN:
            console().print(f"{len(rows)} rows; the first {_SHOWN} are shown (--csv, --json and kwm export give all)")


def _prompt(db: duckdb.DuckDBPyConnection, style: str) -> None:
    with contextlib.suppress(ImportError):
        import readline

        readline.set_completer(_completer())
        readline.parse_and_bind("tab: complete")
    console().print("DuckDB on the lake, in memory. .tables, .schema NAME, .help; a query ends with ; and Ctrl-D ends.")
    waiting = ""
    while True:
        try:
            line = input("  ...> " if waiting else "kwm> ").strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            waiting = ""
            sys.stdout.write("\n")
            continue
        if not waiting and line.startswith("."):
            if line in (".quit", ".exit"):
                return
            style = _dot(db, line, style)
            continue
        waiting = f"{waiting}\n{line}".strip()
        if waiting.endswith(";"):
            try:
                answer(db, waiting, style)
            except SettingsError as error:
                console().print(str(error), style="red")
            waiting = ""


def _dot(db: duckdb.DuckDBPyConnection, line: str, style: str) -> str:
    word, _, rest = line.partition(" ")
    if word == ".tables":
        table = Table("name", "what")
        for name, what in _everything():
            table.add_row(name, what)
        console().print(table)
    elif word == ".schema" and rest.strip() in dict(_everything()):
        _describe(db, rest.strip())
    elif word in (".csv", ".json", ".table"):
        return word[1:]
    else:
        console().print(_HELP)
    return style


def _everything() -> list[tuple[str, str]]:
    found = [(table.name, table.what) for table in TABLES.values()]
    found += [(view.name, view.what) for view in dictionary.views().values()]
    return found + [(f"{name}(...)", what) for name, what in dictionary.macros().items()]


def _completer() -> Callable[[str, int], str | None]:
    names = sorted(name.partition("(")[0] for name, _ in _everything())

    def complete(text: str, state: int) -> str | None:
        fitting = [name for name in names if name.startswith(text)]
        return fitting[state] if state < len(fitting) else None

    return complete


def _describe(db: duckdb.DuckDBPyConnection, name: str) -> None:
    if name in TABLES:
        what, rows = TABLES[name].what, list(TABLES[name].columns)
    elif name in dictionary.views():
        view = dictionary.views()[name]
        what = view.what
        rows = [(column, kind, view.columns.get(column, "")) for column, kind in dictionary.columns_of(db, name)]
    else:
        _macros()
        return
    table = Table("column", "type", "meaning", title=f"{name}: {what}", title_justify="left")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _macros() -> None:
    for name, what in dictionary.macros().items():
        console().print(f"macro {name}: {what}")


def export(
    what: Annotated[
        str,
        typer.Argument(
            help="a table or view (kwm sql --tables), or a query in quotes; of fills: our_fills has each once"
        ),
    ],
    to: Annotated[Path, typer.Option("--to", help="the file: its ending .csv, .parquet or .json says the format")],
    force: Annotated[bool, typer.Option("--force", help="replace the file where it exists")] = False,
    last: _Last = 0,
) -> None:
    """Write a table, view or query to a file, whole or not at all."""
    options = _FORMATS.get(to.suffix.lower())
    if options is None:
        raise SettingsError(f"--to {to}: the name must end in {', '.join(_FORMATS)}")
    if to.exists() and not force:
        raise SettingsError(f"{to} exists; --force replaces it")
    query = f"FROM {what}" if what.isidentifier() else what.strip().rstrip(";")
    temporary = to.with_name(f".{to.stem}.{os.getpid()}{to.suffix}")
    try:
        with open_lake(last) as db:
            cursor = db.execute(f"COPY ({query}) TO '{str(temporary).replace(chr(39), chr(39) * 2)}' ({options})")
            rows = cursor.fetchall()[0][0]
        temporary.replace(to)
    except duckdb.Error as error:
        raise SettingsError(f"{error} (kwm sql --tables lists what there is)") from error
    finally:
        temporary.unlink(missing_ok=True)
    typer.echo(f"{rows} rows written to {to}")
    if what == "fills":
        typer.echo("fills has each as often as it was heard; our_fills has each once", err=True)
