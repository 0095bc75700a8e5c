"""Who looks at the journal every second does not read the folders of two years for it."""

import gzip
import os
from pathlib import Path

from core.ops.alert_facts import JournalNotes
from core.storage.journal import Journal, Listing
from core.storage.journal_rows import NoteRow
from core.units import DAY, HOUR, Instant, instant

NOON = instant("2026-11-24T12:00:00Z")


def write(data: Path, run: str, at: Instant, words: str = "hello") -> Path:
    journal = Journal(data, run)
    journal.append(NoteRow(at, "note", words), at)
    journal.close()
    return sorted(data.rglob(f"{run}-*.jsonl"), key=lambda p: (p.parent.name, p.name))[-1]


def compress(path: Path) -> None:
    with gzip.open(path.with_suffix(".jsonl.gz"), "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


def test_what_is_written_is_seen_at_once_and_what_was_compressed_no_more(tmp_path: Path) -> None:
    listing = Listing(tmp_path)
    assert listing.files() == []
    first = write(tmp_path, "r1", NOON)
    assert listing.files() == [first]
    second = write(tmp_path, "r1", Instant(NOON + HOUR))
    other = write(tmp_path, "r2", Instant(NOON + DAY))
    assert listing.files() == [first, second, other] and listing.files("r2") == [other]
    compress(first)
    assert listing.files("r1") == [second]
    earlier = write(tmp_path, "r3", Instant(NOON - DAY))  # the clock was set back
    assert listing.files() == [earlier, second, other]


def test_a_day_that_is_compressed_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    listing, old = Listing(tmp_path), write(tmp_path, "r1", NOON)
    compress(old)
    listing.files()
    stamp = old.parent.stat()
    hidden = old.with_name("r1-13.jsonl")
    hidden.touch()
    os.utime(old.parent, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert listing.files() == [], "its stamp is as it was"
    os.utime(old.parent)
    assert listing.files() == [hidden]


def test_a_note_is_told_once_whatever_becomes_of_the_other_days(tmp_path: Path) -> None:
    before = write(tmp_path, "r1", NOON, "told before")
    notes = JournalNotes(tmp_path)
    assert notes.new() == []
    write(tmp_path, "r1", Instant(NOON + DAY), "new")
    assert [n.words for n in notes.new()] == ["new"] and notes.new() == []
    compress(before)
    assert notes.new() == [] and len(notes.offsets) == 1, "what is compressed is not remembered"
    write(tmp_path, "r1", Instant(NOON + DAY), "newer")
    assert [n.words for n in notes.new()] == ["newer"]
