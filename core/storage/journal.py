"""The quoter's append-only record: JSON lines, a folder a day, a file an hour of a run. One writer, any reader.

Everything a restart needs (events of orders and fills, actions) is flushed as it is written; the rest within 100 ms.
A half-written last line, after kill -9, hides nothing else.
"""

import contextlib
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.storage.journal_rows import JournalRow
from core.units import HOUR, Instant, to_datetime

FOLDER = "journal"
_ENCODER = msgspec.json.Encoder()


class Journal:
    """The writer. `append` costs about a microsecond; `flush` hands everything to the operating system."""

    def __init__(self, data: Path, run: str) -> None:
        self.folder, self.run = data / FOLDER, run
        self.hour = -1
        self.file: BinaryIO | None = None
        self.written = 0

    def append(self, row: JournalRow, at: Instant) -> None:
        """One line."""
        hour = at // HOUR
        if hour != self.hour or self.file is None:
            self._turn(at, hour)
        assert self.file is not None, "a file was just opened"
        self.written += self.file.write(_ENCODER.encode(row) + b"\n")

    def _turn(self, at: Instant, hour: int) -> None:
        if self.file is not None:
            self.file.close()
        moment = to_datetime(at)
        folder = self.folder / f"date={moment:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        self.hour = hour
        self.file = (folder / f"{self.run}-{moment:%H}.jsonl").open("ab", buffering=1 << 16)

    def flush(self) -> None:
        """To the operating system: survives kill -9 of this process."""
        if self.file is not None:
            self.file.flush()

    def close(self) -> None:
        """The end of a run."""
        if self.file is not None:
            self.file.close()
            self.file = None


def files(data: Path, day: str = "*", run: str = "*") -> list[Path]:
    """The journal's files of a day (YYYY-MM-DD), in the order in which they were written."""
    found = [*(data / FOLDER).glob(f"date={day}/{run}-*.jsonl"), *(data / FOLDER).glob(f"date={day}/{run}-*.jsonl.gz")]
    return sorted(found, key=lambda p: (p.parent.name, p.name))


class Listing:
    """The files that are still written or not yet compressed, for who asks every second. A folder that has none is read
    again only when it has changed: reading two years of days took 30 ms."""

    def __init__(self, data: Path) -> None:
        self.folder = data / FOLDER
        self.known: dict[str, tuple[int, list[Path]]] = {}  # folder of a day -> its stamp when it was read, its files

    def files(self, run: str = "") -> list[Path]:
        """Those of a run, or of all, in the order in which they were written."""
        try:
            with os.scandir(self.folder) as found:
                days = [day for day in found if day.name.startswith("date=")]
        except FileNotFoundError:  # nothing was written yet
            days = []
        known: dict[str, tuple[int, list[Path]]] = {}
        for day in days:
            with contextlib.suppress(FileNotFoundError):  # let go since
                known[day.name] = self._day(day)
        self.known = known
        return [p for name in sorted(known) for p in known[name][1] if not run or p.name.startswith(f"{run}-")]

    def _day(self, day: os.DirEntry[str]) -> tuple[int, list[Path]]:
        stamp = day.stat().st_mtime_ns
        before, found = self.known.get(day.name, (0, []))
        if stamp != before or found:  # what is new in the very instant of a look would not change the stamp again
            found = sorted(Path(day.path).glob("*.jsonl"), key=lambda p: p.name)
        return stamp, found


def lines(path: Path, start: int = 0) -> Iterator[tuple[bytes, int]]:
    """(line, offset after it) of whole lines from byte `start`; a last line without its end is left for later."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        file.seek(start)
        offset = start
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield line[:-1], offset
