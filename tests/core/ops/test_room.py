"""Disks do not fill: logs are rotated, what may go goes when a person says so, and flows refuse the last megabytes."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.storage import retention
from core.up import logs
from flows.base import enough_room

TODAY = date(2026, 11, 24)


def test_a_big_log_is_begun_anew_and_its_writer_writes_on(tmp_path: Path) -> None:
    with (tmp_path / "quoter.log").open("ab", buffering=0) as writer:
        for n in range(8):
            writer.write(f"{n}\n".encode() * 100)
            assert [p.name for p in logs.rotate(tmp_path, biggest=150, kept=3)] == ["quoter.log"]
        writer.write(b"last\n")
    (tmp_path / "small.log").write_text("x")
    assert logs.rotate(tmp_path, biggest=150) == []
    assert (tmp_path / "quoter.log").read_text() == "last\n"
    kept = {p.name: gzip.decompress(p.read_bytes())[:1] for p in tmp_path.glob("*.gz")}
    assert kept == {"quoter.log.1.gz": b"7", "quoter.log.2.gz": b"6", "quoter.log.3.gz": b"5"}


def days(data: Path, room: str) -> list[str]:
    return sorted(p.name.removeprefix("date=") for p in (data / room).iterdir())


def test_nothing_goes_unless_asked_and_no_journal_that_is_not_loaded(tmp_path: Path) -> None:
    for room in ("raw", "journal"):
        for day in ("2026-11-01", "2026-11-20", "2026-11-24"):
            folder = tmp_path / room / f"date={day}"
            folder.mkdir(parents=True)
            (folder / "a.jsonl").write_text("{}\n")
    assert retention.tidy(tmp_path, TODAY, 0, 0, lambda p: True) == []
    assert retention.tidy(tmp_path, TODAY, 4, 0, lambda p: True) == ["raw/date=2026-11-01"]
    assert retention.tidy(tmp_path, TODAY, 4, 1, lambda p: "11-01" in p.parent.name) == ["journal/date=2026-11-01"]
    assert days(tmp_path, "raw") == ["2026-11-20", "2026-11-24"]
    assert days(tmp_path, "journal") == ["2026-11-20", "2026-11-24"], "not loaded: kept"


def test_the_last_room_belongs_to_the_journal(tmp_path: Path) -> None:
    enough_room(tmp_path / "not yet there", 0.001)
    with pytest.raises(Unavailable, match="Make room"):
        enough_room(tmp_path, 1e12)
