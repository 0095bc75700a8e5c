"""A backup made while everything runs restores to the same answers; a data folder of an earlier version is migrated."""

import contextlib
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from core.cli import app
from core.doctor_house import version_of
from core.errors import SettingsError
from core.ops.backup import backup, restore
from core.storage import journal, lake, migrate
from core.storage.journal_rows import NoteRow
from core.units import Instant, iso
from tests.core.ops import small_lake

pytestmark = pytest.mark.slow


def counts(data: Path) -> list[tuple[Any, ...]]:
    with lake.connect(data) as db:
        return db.execute(
            "SELECT (SELECT count(*) FROM our_fills), (SELECT round(sum(pnl_usd), 6) FROM pnl_by_market)"
        ).fetchall()


def test_restored_it_answers_as_before(tmp_path: Path) -> None:
    data = small_lake.seeded(tmp_path / "data")
    (data / "live").mkdir()
    (data / "live/quoter.json").write_text('{"halted": "by hand"}')
    (data / "live/quoter.lock").write_text("")
    (data / "prefect").mkdir()
    with contextlib.closing(sqlite3.connect(data / "prefect/prefect.db")) as db:
        db.execute("CREATE TABLE runs (id)")
        db.execute("INSERT INTO runs VALUES (7)")
        db.commit()
        made = backup(data, tmp_path / "b.tar.zst")  # a writer has it open
    assert (tmp_path / "b.tar.zst").stat().st_mode & 0o777 == 0o600
    again = tmp_path / "again"
    assert restore(tmp_path / "b.tar.zst", again).files == made.files
    assert counts(again) == counts(data) == [(6, pytest.approx(counts(data)[0][1]))]
    assert json.loads((again / "live/quoter.json").read_text())["halted"] == "by hand", "a halt outlives it"
    assert not (again / "live/quoter.lock").exists()
    with contextlib.closing(sqlite3.connect(again / "prefect/prefect.db")) as db:
        assert db.execute("SELECT id FROM runs").fetchall() == [(7,)]
    with duckdb.connect(str(again / "kwm.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM fills").fetchall() == [(6,)]


def test_a_backup_made_while_runs_are_committed_holds_whole_runs_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lake.commit(data, "first", small_lake.NOW, {"notes": rows("first")})
    done, stop = threading.Event(), threading.Event()
    committed: list[str] = []

    def write() -> None:
        book = journal.Journal(data, "r1")
        n = 0
        while not stop.is_set():
            n += 1
            lake.commit(data, f"w{n}", small_lake.NOW, {"notes": rows(str(n)), "source_failures": failures(str(n))})
            committed.append(str(n))
            book.append(NoteRow(Instant(small_lake.NOW), "k", "x" * 100), Instant(small_lake.NOW))
            book.flush()
            if n == 3:
                done.set()
        book.close()

    writer = threading.Thread(target=write)
    writer.start()
    done.wait(30)
    before = set(committed)
    backup(data, tmp_path / "b.tar.zst")
    stop.set()
    writer.join()
    restore(tmp_path / "b.tar.zst", tmp_path / "again")
    with lake.connect(tmp_path / "again") as db:
        found = dict(db.execute("SELECT kind, count(*) FROM notes GROUP BY kind").fetchall())
        both = dict(db.execute("SELECT source, count(*) FROM source_failures GROUP BY source").fetchall())
    assert before <= set(found) and set(found.values()) == {10}
    assert set(both) == set(found) - {"first"}, "all tables of a run or none"
    for path in journal.files(tmp_path / "again"):
        assert path.read_bytes().endswith(b"\n")


def rows(name: str) -> list[dict[str, object]]:
    return [{"happened_at": iso(small_lake.NOW), "kind": name, "words": str(k)} for k in range(10)]


def failures(name: str) -> list[dict[str, object]]:
    return [{"happened_at": iso(small_lake.NOW), "source": name, "reason": "x"}]


def test_a_damaged_backup_and_a_folder_in_use_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    data = small_lake.make(tmp_path / "data")
    target = tmp_path / "b.tar.zst"
    backup(data, target)
    whole = target.read_bytes()
    with pytest.raises(SettingsError, match="not empty"):
        restore(target, data)
    for broken in (whole[: len(whole) // 2], b"", b"nonsense"):
        target.write_bytes(broken)
        with pytest.raises(SettingsError, match=r"damaged|not whole"):
            restore(target, tmp_path / "again")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar.zst", "data"]


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = small_lake.make(tmp_path / "data")
    monkeypatch.setenv("KWM_STORAGE__DATA", str(data))
    run = CliRunner().invoke
    assert run(app, ["backup", "--to", str(tmp_path / "b.tar.zst")]).exit_code == 0
    assert "exists" in str(run(app, ["backup", "--to", str(tmp_path / "b.tar.zst")]).exception)
    assert "inside the data folder" in str(run(app, ["backup", "--to", str(data / "b.tar.zst")]).exception)
    shown = run(app, ["restore", str(tmp_path / "b.tar.zst"), "--to", str(tmp_path / "c")])
    assert shown.exit_code == 0 and counts(tmp_path / "c") == counts(data)
    assert "of this version" in run(app, ["migrate"]).output


def plain(path: Path) -> str:
    """The columns of the file itself, without those that its folders' names would add."""
    return f"read_parquet('{path}', hive_partitioning=false)"


def older(data: Path) -> None:
    """As a version wrote it that did not know `is_taker` nor the table of notes."""
    with duckdb.connect() as db:
        for path in (data / "lake").rglob("fills.parquet"):
            db.execute(f"CREATE OR REPLACE TABLE f AS SELECT * EXCLUDE (is_taker) FROM {plain(path)}")
            db.execute(f"COPY f TO '{path}' (FORMAT parquet)")
    for path in (data / "lake").rglob("notes.parquet"):
        path.unlink()
    (data / "lake/schema.json").unlink()


def test_a_folder_of_an_earlier_version_is_refused_then_migrated_without_losing_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small_lake.make(tmp_path / "data")
    pnl = counts(data)
    older(data)
    with pytest.raises(SettingsError, match="kwm migrate"):
        lake.connect(data)
    with pytest.raises(SettingsError, match="kwm migrate"):
        lake.commit(data, "x", small_lake.NOW, {"notes": rows("x")})
    monkeypatch.setenv("KWM_STORAGE__DATA", str(data))
    shown = CliRunner().invoke(app, ["migrate"])
    assert "fills 3" in shown.output, shown.output
    assert counts(data) == pnl
    with lake.connect(data) as db:
        assert db.execute("SELECT DISTINCT is_taker FROM fills").fetchall() == [(None,)]
        assert db.execute("SELECT count(*) FROM notes").fetchall() == [(0,)]
    assert migrate.migrate(data) == {}


def test_columns_that_this_version_does_not_know_are_never_thrown_away(tmp_path: Path) -> None:
    """A newer version that only added columns has the same number: the files themselves say what it was."""
    data = small_lake.make(tmp_path / "data")
    older(data)  # some files of an earlier version ...
    newer = sorted((data / "lake").rglob("markets.parquet"))[-1]  # ... and one of a later
    with duckdb.connect() as db:
        db.execute(f"CREATE TABLE f AS SELECT *, 7 AS of_tomorrow FROM {plain(newer)}")
        db.execute(f"COPY f TO '{newer}' (FORMAT parquet)")
    (data / "lake/schema.json").write_text(json.dumps({"version": migrate.VERSION, "fingerprint": "another"}))
    before = {path: path.read_bytes() for path in (data / "lake").rglob("*") if path.is_file()}
    with pytest.raises(SettingsError, match=r"newer version: markets has of_tomorrow.*backup"):
        migrate.migrate(data)
    assert {path: path.read_bytes() for path in (data / "lake").rglob("*") if path.is_file()} == before


def test_the_doctor_says_whose_version_the_data_are_of(tmp_path: Path) -> None:
    data = small_lake.make(tmp_path / "data")
    assert (version_of(data).verdict, version_of(tmp_path / "none").verdict) == ("ok", "ok")
    older(data)
    assert version_of(data).verdict == "warn" and "kwm migrate" in version_of(data).remedy
    (data / "lake/schema.json").write_text(json.dumps({"version": 99, "fingerprint": "new"}))
    assert version_of(data).verdict == "fail" and "newer version" in version_of(data).words


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    data = small_lake.make(tmp_path / "data")
    (data / "lake/schema.json").write_text(json.dumps({"version": 99, "fingerprint": "new"}))
    for use in (migrate.migrate, lake.connect):
        with pytest.raises(SettingsError, match="newer version"):
            use(data)
