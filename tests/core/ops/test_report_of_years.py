"""The daily reports open no file of months ago that they do not need: damaged ones do not disturb them."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from core.ops.report import Report
from core.ops.report_command import made
from core.storage import lake
from core.storage.compaction import compact
from core.units import DAY, HOUR, Instant
from tests.core.storage.year import START, Seeded, commit, day_of

pytestmark = pytest.mark.slow

DAYS = 34
NOW = Instant(START + DAYS * DAY + 2 * HOUR)
# what grows by thousands of rows a day; the fills, the markets and what they paid are few
_LARGE = ("quotes", "order_actions", "order_events", "pnl", "notes", "runs", "fair_events", "forecasts", "observations")


def test_the_daily_reports_open_no_file_of_months_ago(tmp_path: Path) -> None:
    seeded = Seeded(3)
    for n in range(DAYS):
        commit(tmp_path, f"day-{n}", n, seeded.day(n))
    compact(tmp_path, day_of(DAYS))
    before = [shown(tmp_path, kind) for kind in ("eod", "brief")]
    assert all("no fills" not in dict(one.headlines).values() for one in before)
    assert damaged(tmp_path, _LARGE, (day_of(n) for n in range(30))) >= 4 * 30
    assert damaged(tmp_path, ("fair_values",), (day_of(n) for n in range(2))) == 2, "and more than a month ago"
    assert [shown(tmp_path, kind) for kind in ("eod", "brief")] == before
    with lake.connect(tmp_path, (day_of(31), day_of(32))) as db:
        opened = db.execute("SELECT count(DISTINCT partition_date) FROM quotes").fetchall()
    assert opened[0][0] <= 2 + 3, "days asked for, and those on which their events traded, too"


def shown(data: Path, kind: str) -> Report:
    return made(kind, data, NOW)


def damaged(data: Path, tables: Iterable[str], days: Iterable[date]) -> int:
    """How many files are so now."""
    files = [data / "lake" / "archive" / f"date={day}" / f"{name}.parquet" for day in days for name in tables]
    there = [path for path in files if path.exists()]
    for path in there:
        path.write_bytes(b"nobody reads this")
    return len(there)
