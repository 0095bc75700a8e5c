"""Past days move from many files to one, and nobody sees a row twice or not at all."""

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from core.storage import lake, views
from core.storage.compaction import compact
from core.units import HOUR, Instant, instant

pytestmark = pytest.mark.slow

START = instant("2026-07-01T12:00:00Z")


def note(data: Path, run: str, at: Instant, extra: dict[str, bytes] | None = None) -> None:
    lake.commit(data, run, at, {"notes": [{"happened_at": lake.at_text(at), "kind": "k", "words": run}]}, extra)


def words(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [w for (w,) in connection.execute("SELECT words FROM notes ORDER BY happened_at").fetchall()]


def test_days_move_and_readers_with_old_and_new_views_see_each_row_once(tmp_path: Path) -> None:
    for k in range(6):
        for n in range(3):
            note(tmp_path, f"r{k}{n}", Instant(START + (24 * k + n) * HOUR))
    expected = [f"r{k}{n}" for k in range(6) for n in range(3)]
    views.build(tmp_path)
    with duckdb.connect(str(tmp_path / "kwm.duckdb"), read_only=True) as old:
        assert words(old) == expected
        done = compact(tmp_path, date(2026, 7, 6))
        assert done["archived"] == [(date(2026, 7, 1) + timedelta(days=k)).isoformat() for k in range(5)]
        assert done["deleted"] == ["2026-07-01", "2026-07-02", "2026-07-03"]
        with duckdb.connect(str(tmp_path / "copy.duckdb")):
            pass  # another database of the analyst is no matter
    assert len(list((tmp_path / "lake" / "archive" / "date=2026-07-03").iterdir())) == 1
    with lake.connect(tmp_path) as fresh:
        assert words(fresh) == expected
    assert compact(tmp_path, date(2026, 7, 6)) == {"archived": [], "deleted": []}


def test_an_analyst_who_connected_before_keeps_reading_while_the_day_is_kept(tmp_path: Path) -> None:
    note(tmp_path, "a", START)
    note(tmp_path, "b", Instant(START + 24 * HOUR))
    views.build(tmp_path)
    with duckdb.connect(str(tmp_path / "kwm.duckdb"), read_only=True) as old:
        compact(tmp_path, date(2026, 7, 2))
        assert words(old) == ["a", "b"], "old views read what was there"
    with duckdb.connect(str(tmp_path / "kwm.duckdb"), read_only=True) as new:
        assert words(new) == ["a", "b"], "new views read the archive, and not the same day twice"


def test_what_comes_late_for_a_closed_day_is_not_lost(tmp_path: Path) -> None:
    note(tmp_path, "a", START)
    compact(tmp_path, date(2026, 7, 2))
    note(tmp_path, "late", Instant(START + HOUR))
    with lake.connect(tmp_path) as db:
        assert words(db) == ["a", "late"]


def test_the_newest_note_outlives_its_day(tmp_path: Path) -> None:
    note(tmp_path, "a", START, {"offsets.json": b"1"})
    os.utime(lake.latest_note_path(tmp_path, "offsets.json") or "", (1, 1))
    note(tmp_path, "b", Instant(START + HOUR), {"offsets.json": b"2"})
    note(tmp_path, "c", Instant(START + 24 * 9 * HOUR))
    compact(tmp_path, date(2026, 7, 9), ("offsets.json",))
    assert lake.latest_note(tmp_path, "offsets.json") == b"2"
    assert len(list((tmp_path / "lake" / "recent" / "date=2026-07-01").glob("run=*/*"))) == 1
    with lake.connect(tmp_path) as db:
        assert words(db) == ["a", "b", "c"]
