"""The journal of many months: what is loaded is compressed, may be let go, and is remembered in few words."""

import gzip
import json
import os
from datetime import date
from pathlib import Path

import pytest

from core import config
from core.clock import Clock
from core.storage import journal, lake, retention
from core.storage.journal import Journal
from core.storage.journal_rows import NoteRow
from core.units import DAY, HOUR, Instant, instant
from flows.base import Context
from flows.load import OFFSETS, briefly, compress, loaded, read_new, write

pytestmark = pytest.mark.slow

START = instant("2026-01-01T00:00:00Z")
AN_HOUR_AND_MORE_AGO = 10_000.0


def around(data: Path) -> Context:
    return Context(config.load({"KWM_STORAGE__DATA": str(data)}), Clock(), data, "never-the-same")


def one_load(c: Context, run: str) -> dict[str, int]:
    """What a run of the flow does, without Prefect around it."""
    here = Context(c.settings, c.clock, c.data, run)
    tables, offsets, _ = read_new.fn(here)
    counts = write.fn(here, tables, offsets)
    compress.fn(here, offsets)
    return counts


def known(data: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads(lake.latest_note(data, OFFSETS) or b"{}")
    return found


def note(data: Path, run: str, at: Instant, words: str) -> Path:
    written = Journal(data, run)
    written.append(NoteRow(at, "k", words), at)
    written.close()
    return journal.files(data, run=run)[-1]


def old(path: Path) -> None:
    """As if nobody had written to it for hours."""
    then = path.stat().st_mtime - AN_HOUR_AND_MORE_AGO
    os.utime(path, (then, then))


def words(data: Path) -> list[str]:
    with lake.connect(data) as db:
        return [w for (w,) in db.execute("SELECT words FROM notes ORDER BY words").fetchall()]


def test_a_file_that_a_kill_cut_off_is_compressed_and_its_day_may_be_let_go(tmp_path: Path) -> None:
    c = around(tmp_path)
    path = note(tmp_path, "r1", START, "a")
    with path.open("ab") as file:
        file.write(b'{"row":"note","at":17')  # kill -9
    old(path)
    assert one_load(c, "1") == {"notes": 1}
    assert [p.suffix for p in journal.files(tmp_path)] == [".gz"]
    offsets = known(tmp_path)
    gone = retention.tidy(tmp_path, date(2026, 3, 1), 0, 30, lambda p: loaded(offsets, p))
    assert gone == ["journal/date=2026-01-01"]


def test_a_file_with_lines_to_come_is_neither_compressed_nor_let_go(tmp_path: Path) -> None:
    c = around(tmp_path)
    path = note(tmp_path, "r1", START, "a")
    one_load(c, "1")
    note(tmp_path, "r1", START, "b")
    old(path)
    assert not loaded(known(tmp_path), path)
    assert compress.fn(c, known(tmp_path)) == 0
    assert one_load(c, "2") == {"notes": 1}
    assert words(tmp_path) == ["a", "b"]


def test_what_is_remembered_of_a_year_is_a_few_words_and_no_line_is_loaded_twice(tmp_path: Path) -> None:
    c = around(tmp_path)
    for day in range(30):
        for hour in range(4):
            old(note(tmp_path, f"r{day}", Instant(START + day * DAY + hour * HOUR), f"{day}-{hour}"))
    assert one_load(c, "1") == {"notes": 120}
    last = note(tmp_path, "r30", Instant(START + 30 * DAY), "last")
    assert one_load(c, "2") == {"notes": 1}
    assert len(known(tmp_path)) == 31, "a day each, and the one file that is being written"
    assert one_load(c, "3") == {}
    note(tmp_path, "r30", Instant(START + 30 * DAY), "more")
    assert one_load(c, "4") == {"notes": 1}
    assert loaded(known(tmp_path), last) and len(words(tmp_path)) == 122


def test_a_run_that_writes_into_a_day_that_was_over_is_loaded_all_the_same(tmp_path: Path) -> None:
    """The clock was set back by a day."""
    c = around(tmp_path)
    old(note(tmp_path, "r1", START, "a"))
    one_load(c, "1")
    note(tmp_path, "r2", Instant(START + DAY), "b")
    one_load(c, "2")
    assert "date=2026-01-01" in known(tmp_path)
    again = note(tmp_path, "r3", Instant(START + HOUR), "c")
    assert one_load(c, "3") == {"notes": 1}
    old(again)
    one_load(c, "4")
    note(tmp_path, "r2", Instant(START + DAY), "d")
    assert one_load(c, "5") == {"notes": 1}
    assert words(tmp_path) == ["a", "b", "c", "d"]


def test_offsets_of_before_are_understood(tmp_path: Path) -> None:
    path = note(tmp_path, "r1", START, "a")
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    before = {f"date=2026-01-01/{path.name}": 77, "date=2025-12-31/r0-23.jsonl": 5}
    after = briefly(before, journal.files(tmp_path))
    assert after == {"date=2026-01-01": 0, "date=2025-12-31/r0-23.jsonl": 5}
    assert loaded(before, packed) and loaded(after, packed)
