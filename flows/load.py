"""The quoter's journal into the lake, each line once: how far we are is committed together with the rows.

What is remembered of a file is how many bytes of it are in the lake; of a day of which all are, only that they are.
"""

import gzip
import json
import time
from collections import defaultdict
from pathlib import Path

import msgspec
from prefect import flow, get_run_logger, task

from core.storage import journal, lake
from flows.base import Context, context, run_name, whole
from flows.journal_tables import table_row
from flows.rows import Row

OFFSETS = "offsets.json"
_MOST_LINES = 400_000  # in one run; the next goes on where this one stopped
_COMPRESS_AFTER_S = 2 * 3600


@task(name="read new journal lines", timeout_seconds=120)
def read_new(c: Context) -> tuple[dict[str, list[Row]], dict[str, int], int]:
    """(rows by table, offsets by file, damaged lines)."""
    known = lake.latest_note(c.data, OFFSETS)
    offsets: dict[str, int] = json.loads(known) if known else {}
    tables: dict[str, list[Row]] = defaultdict(list)
    damaged = read = 0
    files = journal.files(c.data)
    offsets = briefly(offsets, files)
    for path in files:
        name = name_of(path)
        start = offsets.get(name, 0)
        if path.stat().st_size <= start if path.suffix != ".gz" else compressed_whole(offsets, path):
            continue
        for line, after in journal.lines(path, start):
            read += 1
            try:
                found = table_row(line)
            except msgspec.MsgspecError:
                damaged += 1
                found = None
            if found is not None:
                tables[found[0]].append(found[1])
            offsets[name] = after
            if read >= _MOST_LINES and path.suffix != ".gz":
                break
        if read >= _MOST_LINES:
            break
    return tables, offsets, damaged


@task(name="commit journal rows")
def write(c: Context, tables: dict[str, list[Row]], offsets: dict[str, int]) -> dict[str, int]:
    """Rows and offsets in one rename: a run killed before it did nothing, one killed after it did everything."""
    if not tables:
        return {}
    return lake.commit(c.data, f"load-{c.run}", c.now, tables, {OFFSETS: json.dumps(offsets).encode()})


@task(name="compress old journal files")
def compress(c: Context, offsets: dict[str, int]) -> int:
    """Files that are loaded and two hours old."""
    done = 0
    for path in journal.files(c.data):
        if path.suffix == ".gz" or time.time() - path.stat().st_mtime < _COMPRESS_AFTER_S:
            continue
        if loaded(offsets, path):
            _gzip(path)
            done += 1
    return done


def name_of(path: Path) -> str:
    """A journal file's name among the offsets, compressed or not."""
    return f"{path.parent.name}/{path.name.removesuffix('.gz')}"


def compressed_whole(offsets: dict[str, int], path: Path) -> bool:
    """Only what is loaded is compressed; a compressed file that nobody here knows came from somewhere else."""
    return name_of(path) in offsets or path.parent.name in offsets


def loaded(offsets: dict[str, int], path: Path) -> bool:
    """Has the lake every whole line of this file? What its run's sudden end cut off is no line, and never will be."""
    if path.suffix == ".gz":
        return compressed_whole(offsets, path)
    name = name_of(path)
    return name in offsets and next(journal.lines(path, offsets[name]), None) is None


def briefly(offsets: dict[str, int], files: list[Path]) -> dict[str, int]:
    """The same knowledge in fewer words: a day of which every file is compressed is one entry. It is written each
    minute, and would be half a megabyte after a year."""
    days: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        days[path.parent.name].append(path)
    done = {
        day for day, its in days.items() if all(p.suffix == ".gz" and compressed_whole(offsets, p) for p in its)
    }  # fmt: skip
    # of files that were let go nothing is remembered but their day: they may come back from a backup
    kept = {name: end for name, end in offsets.items() if name.partition("/")[0] not in done}
    return kept | dict.fromkeys(done, 0)


def _gzip(path: Path) -> None:
    temporary = path.with_name(f".{path.name}.gz")
    with path.open("rb") as source, gzip.open(temporary, "wb", compresslevel=6) as target:
        while chunk := source.read(1 << 20):
            target.write(chunk)
    temporary.rename(path.with_name(path.name + ".gz"))
    path.unlink()


@flow(
    name="load",
    flow_run_name=run_name,
    timeout_seconds=180,
    description="Loads the quoter's journal into the lake, each line once.",
)
def load() -> dict[str, int]:
    """Rows written, by table."""
    c = context()
    tables, offsets, damaged = read_new(c)
    if damaged:
        get_run_logger().warning("%d damaged journal lines were skipped", damaged)
    counts = write(c, whole(tables), offsets)
    compress(c, offsets)
    return counts
