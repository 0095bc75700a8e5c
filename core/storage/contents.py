"""Which events and days the archive's files speak of, so that a question about a few days opens no other file.

Made of the files themselves, one file for the archive up to a day: what came late is found where it lies. An archived
day never changes, so what was said of it stands, and the next file is the last one and the days since. Where a file is
missing it is made anew: nobody has to remember to.
"""

from datetime import date
from pathlib import Path

import duckdb

from core.storage import parquet
from core.storage.parquet import literal
from core.storage.schema import AT, DAY, TABLES, TEXT, Table

COLUMNS = (("table_name", TEXT), ("event_ticker", TEXT), ("day", DAY), ("partition_date", DAY))
_EVENT = "'^[^-]*-[^-]*'"  # what a market's ticker begins with
_TELLING = ("markets", "fills", "quotes", "settlements")  # what says in which days an event matters
# of the days, and those that were traded and that nobody listed
_EVENTS = """
WITH spoken AS (FROM contents UNION ALL {recent})
SELECT event_ticker FROM spoken WHERE event_ticker <> '' AND day BETWEEN $since AND $until
UNION (SELECT event_ticker FROM spoken WHERE table_name = 'fills'
       EXCEPT SELECT event_ticker FROM spoken WHERE table_name = 'markets')
"""
# that speak of them; of tables that know neither event nor climate day all from then on (what ended a quote); and of
# each table the newest day (until when did we hear of anything?)
_FILES = """
WITH newest AS (SELECT *, max(day) OVER (PARTITION BY table_name) AS last_day FROM contents)
SELECT table_name, list(DISTINCT partition_date::VARCHAR ORDER BY partition_date::VARCHAR DESC) FROM newest
WHERE event_ticker IN (FROM asked_events) OR day BETWEEN $since AND $until OR day = last_day
   OR (day >= $since AND list_contains($timely, table_name))
GROUP BY table_name
"""


def file_of(lake: Path, last: str) -> Path:
    """Of the archive up to the day `last`, YYYY-MM-DD."""
    return lake / "contents" / f"to={last}.parquet"


def bring_up(lake: Path, last: str) -> None:
    """Write the file of `last`, if it is not there: the newest one before it, and the archived days since."""
    target = file_of(lake, last)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    before = max((p for p in _made(lake) if _day_of(p) < last), default=None)
    since = _day_of(before) if before is not None else ""
    with duckdb.connect() as db:
        db.execute("SET enable_progress_bar=false; SET threads=1; SET TimeZone='UTC'")
        db.execute(f"CREATE TABLE known ({', '.join(f'{name} {kind}' for name, kind in COLUMNS)})")
        if before is not None:
            db.execute(f"INSERT INTO known FROM read_parquet({literal(before)}, hive_partitioning=false)")
        for table in TABLES.values():
            files = [p for p in sorted((lake / "archive").glob(f"date=*/{table.name}.parquet"))
                     if since < p.parent.name.removeprefix("date=") <= last]  # fmt: skip
            if files:
                db.execute(f"INSERT INTO known {_spoken_of(table, ', '.join(literal(path) for path in files))}")
        parquet.write(db, "FROM known ORDER BY ALL", target)


def let_go(lake: Path, last: str, oldest_kept: str) -> None:
    """Delete those that are older than any reader's views may be; never that of `last`."""
    for path in _made(lake):
        if _day_of(path) < min(last, oldest_kept):
            path.unlink()


def archived(lake: Path, last: str) -> set[str]:
    """The tables of which the archive has rows."""
    with duckdb.connect() as db:
        found = db.execute(f"SELECT DISTINCT table_name FROM read_parquet({literal(file_of(lake, last))})").fetchall()
    return {name for (name,) in found}


def about(db: duckdb.DuckDBPyConnection, lake: Path, last: str, since: date, until: date) -> dict[str, list[str]]:
    """{table: dates in the archive, newest first} of the files that tell of the days from `since` to `until`: of the
    climate days of events, of what was quoted, filled or settled in these UTC days, and of all that goes with it.

    The table `asked_events` in `db` holds these events afterwards.
    """
    recent = [_spoken_of(TABLES[name], literal(lake / f"recent/date=*/run=*/{name}.parquet"), f"date > DATE '{last}'")
              for name in _TELLING]  # fmt: skip
    timely = [t.name for t in TABLES.values() if event(t) is None and "day" not in {name for name, _, _ in t.columns}]
    asked = {"since": since, "until": until}
    contents = (
        f"CREATE TEMP VIEW contents AS FROM read_parquet({literal(file_of(lake, last))}, hive_partitioning=false)"
    )
    db.execute(contents)
    db.execute(f"CREATE TABLE asked_events AS {_EVENTS.format(recent=' UNION ALL '.join(recent))}", asked)
    found = db.execute(_FILES, asked | {"timely": timely}).fetchall()
    db.execute("DROP VIEW contents")
    return dict(found)


def event(table: Table) -> str | None:
    """SQL: the event that a row speaks of; None where the table knows none."""
    names = {name for name, _, _ in table.columns}
    if "event_ticker" in names:
        return "event_ticker"
    return f"regexp_extract(ticker, {_EVENT})" if "ticker" in names else None


def _day_of(path: Path) -> str:
    return path.stem.removeprefix("to=")


def _made(lake: Path) -> list[Path]:
    return sorted((lake / "contents").glob("to=*.parquet"))


def _spoken_of(table: Table, listed: str, where: str = "TRUE") -> str:
    """SQL: each event and day of these files, once. The day is the climate day; where a table has none, the UTC day of
    the row's first instant."""
    names = [name for name, _, _ in table.columns]
    first = next((name for name, kind, _ in table.columns if kind == AT), None)
    ticker = next((name for name in ("event_ticker", "ticker") if name in names), None)
    day = "day" if "day" in names else f"{first}::DATE" if first is not None else "NULL::DATE"
    what = f"coalesce({event(table)}, '')" if ticker is not None else "''"
    return (
        f"SELECT DISTINCT '{table.name}', {what}, day, date FROM (SELECT DISTINCT {ticker or 'NULL'}, {day} AS day,"
        f" date FROM read_parquet([{listed}], hive_partitioning=true, hive_types={{'date': 'DATE'}}) WHERE {where})"
    )
