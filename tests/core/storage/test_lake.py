"""The lake: committed whole or not at all, read by anybody at any time, and the questions of docs/queries.sql."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from core.errors import Malformed
from core.publication import Publication, PublishedLimits
from core.storage import journal, lake, publications, views
from core.storage.journal_rows import NoteRow
from core.units import MINUTE, Instant, Money, instant, iso

pytestmark = pytest.mark.slow

NOW = instant("2026-11-23T20:00:00Z")
ROOT = Path(__file__).parents[3]


def note(words: str) -> dict[str, object]:
    return {"happened_at": iso(NOW), "kind": "test", "words": words}


def words(data: Path) -> list[str]:
    with lake.connect(data) as db:
        return [w for (w,) in db.execute("SELECT words FROM notes ORDER BY words").fetchall()]


def test_before_the_first_row_every_view_and_question_answers(tmp_path: Path) -> None:
    views.build(tmp_path)
    text = (ROOT / "docs/queries.sql").read_text()
    queries = [q.strip() for q in text.split(";") if "SELECT" in q]
    assert len(queries) == 10
    with duckdb.connect(str(tmp_path / "kwm.duckdb"), read_only=True) as db:
        for query in queries:
            assert db.execute(query).fetchall() == []


def test_a_run_is_committed_once(tmp_path: Path) -> None:
    assert lake.commit(tmp_path, "r1", NOW, {"notes": [note("a")]}) == {"notes": 1}
    assert lake.commit(tmp_path, "r1", NOW, {"notes": [note("b")]}) == {}
    assert words(tmp_path) == ["a"]


def test_what_was_not_committed_is_swept(tmp_path: Path) -> None:
    lake.prepare(tmp_path)
    left = tmp_path / "lake/staging/run=dead.999999999"
    left.mkdir()
    (left / "notes.parquet").write_bytes(b"half")
    lake.commit(tmp_path, "r2", NOW, {"notes": [note("a")]})
    assert words(tmp_path) == ["a"] and not left.exists()


def test_money_arrives_exact(tmp_path: Path) -> None:
    row = {"happened_at": iso(NOW), "total_usd": lake.decimal(-1, 6), "worst_usd": lake.decimal(10**13 + 1, 6)}
    lake.commit(tmp_path, "r1", NOW, {"pnl": [row]})
    with lake.connect(tmp_path) as db:
        assert [str(v) for v in db.execute("SELECT total_usd, worst_usd FROM pnl").fetchone() or ()] == [
            "-0.000001", "10000000.000001"]  # fmt: skip


WRITER = """
import sys
from pathlib import Path
from core.storage import lake
from core.units import instant, iso
now = instant("2026-11-23T20:00:00Z")
n = int(sys.argv[2])
while True:
    n += 1
    rows = [{"happened_at": iso(now), "kind": str(n), "words": f"{n}-{k}"} for k in range(10)]
    lake.commit(Path(sys.argv[1]), f"w{n}", now, {"notes": rows})
    print(n, flush=True)
"""


@pytest.mark.slow
def test_an_analyst_reads_whole_runs_only_while_writers_are_killed(tmp_path: Path) -> None:
    """Ten rows a run: no reader ever sees a part of a run, none sees an error, nothing committed is lost."""
    views.build(tmp_path)
    analyst = duckdb.connect(str(tmp_path / "kwm.duckdb"), read_only=True)
    done = 0
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(done)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert writer.stdout is not None
        first = writer.stdout.readline()  # a busy machine takes its time to start one
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            counts = analyst.execute("SELECT kind, count(*) FROM notes GROUP BY kind").fetchall()
            assert all(number == 10 for _, number in counts)
        os.kill(writer.pid, signal.SIGKILL)
        said = [*first.split(), *writer.stdout.read().split()]
        writer.wait()
        done = max([done, *map(int, said)]) + 1
        committed = {kind for kind, _ in analyst.execute("SELECT kind, count(*) FROM notes GROUP BY kind").fetchall()}
        assert set(said) <= committed
    assert done > 4


def publication(name: str, until: int = 60) -> Publication:
    limits = PublishedLimits(Money(1), Money(1), Money(1))
    return Publication(name, "run", "model", NOW, Instant(NOW + until * MINUTE), [], {}, limits)


def test_a_publication_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert publications.read(tmp_path) is None
    publications.write(publication("a"), tmp_path, NOW)
    assert publications.read(tmp_path) == publication("a")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"schema": 2}', b"\xff\xfe"])
def test_a_damaged_publication_is_malformed(tmp_path: Path, body: bytes) -> None:
    publications.write(publication("a"), tmp_path, NOW)
    publications.path_of(tmp_path).write_bytes(body)
    with pytest.raises(Malformed):
        publications.read(tmp_path)


def test_of_publications_made_at_once_the_newest_stays_whichever_comes_last(tmp_path: Path) -> None:
    names = [f"{n:02d}" for n in range(24)]
    random.Random(7).shuffle(names)
    with ThreadPoolExecutor(8) as pool:
        told = [*pool.map(lambda name: publications.write(publication(name), tmp_path, NOW), names)]
    assert publications.read(tmp_path) == publication("23")
    assert told[names.index("23")] and not publications.write(publication("05"), tmp_path, NOW)
    assert publications.read(tmp_path) == publication("23")


def test_a_publication_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    publications.write(publication("b"), tmp_path, NOW)
    publications.path_of(tmp_path).write_bytes(b'{"schema": 2}')
    assert not publications.overtaken(publication("a"), tmp_path, NOW)
    assert publications.write(publication("a"), tmp_path, NOW)
    assert publications.read(tmp_path) == publication("a")


def test_one_of_the_future_is_replaced_or_nothing_would_be_published_until_then(tmp_path: Path) -> None:
    later = Instant(NOW + 5 * MINUTE)  # the clock was set back by so much since
    ahead = Publication("b", "run", "model", later, Instant(later + MINUTE), [], {}, publication("b").limits)
    assert publications.write(ahead, tmp_path, later)
    assert publications.overtaken(publication("a"), tmp_path, later)
    assert not publications.overtaken(publication("a"), tmp_path, NOW)
    assert publications.write(publication("a"), tmp_path, NOW)
    assert publications.read(tmp_path) == publication("a")


async def test_the_watcher_tells_of_new_publications_and_of_damaged_ones(tmp_path: Path) -> None:
    publications.write(publication("a"), tmp_path, NOW)
    seen = publications.watch(tmp_path)
    assert await anext(seen) == publication("a")
    publications.path_of(tmp_path).write_bytes(b"{")
    assert "publication" in str(await anext(seen))
    publications.write(publication("b"), tmp_path, NOW)
    assert await anext(seen) == publication("b")
    await seen.aclose()  # type: ignore[attr-defined]  # it is a generator


def test_a_half_written_last_line_hides_nothing_and_is_read_when_it_is_whole(tmp_path: Path) -> None:
    book = journal.Journal(tmp_path, "r1")
    for k in range(3):
        book.append(NoteRow(NOW, "k", str(k)), NOW)
    book.close()
    path = journal.files(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    found = list(journal.lines(path))
    assert [json.loads(line)["words"] for line, _ in found] == ["0", "1"]
    path.write_bytes(whole)
    assert [json.loads(line)["words"] for line, _ in journal.lines(path, found[-1][1])] == ["2"]
