"""Appends records to a tape: compressed, handed over every second, a new file every hour or so many megabytes.

`append` only collects bytes; `flush` compresses and writes. What the last `flush` wrote survives kill -9; what `sync`
saw survives the power.
"""

import os
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from core.tape.format import Header, Kind, pack
from core.units import HOUR, MINUTE, Instant, to_datetime

FOLDER = "tape"


class Writer:
    """One run's tape. `rotate_bytes`: compressed bytes after which a new file begins."""

    def __init__(self, data: Path, header: Header, *, level: int = 6, rotate_bytes: int = 64 * 2**20) -> None:
        self.folder, self.header = data / FOLDER, header
        self.rotate_bytes = rotate_bytes
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._file: BinaryIO | None = None
        self._frame: zstandard.ZstdCompressionObj | None = None
        self._pending = bytearray()
        self._hour, self._frame_began, self._in_file, self._number = -1, 0, 0, 0
        self.records = self.raw_bytes = self.written_bytes = 0
        self.path: Path | None = None

    def append(self, kind: Kind, at: Instant, data: bytes) -> None:
        """One record; on disk after the next `flush`."""
        self._pending += pack(kind, at, data)
        self.records += 1

    def flush(self, now: Instant) -> None:
        """Compress what was collected and hand it to the operating system."""
        if not self._pending:
            return
        if self._file is None or now // HOUR != self._hour or self._in_file > self.rotate_bytes:
            self._turn(now)
        assert self._file is not None, "a file was just opened"
        if self._frame is None:
            self._frame, self._frame_began = self._compressor.compressobj(), now
        out = self._frame.compress(bytes(self._pending)) + self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        self.raw_bytes += len(self._pending)
        self._pending.clear()
        if now - self._frame_began >= MINUTE:
            out += self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
            self._frame = None
        self._write(out)

    def sync(self) -> None:
        """To the disk itself."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self, now: Instant) -> None:
        """The end of the run."""
        self.flush(now)
        self._end_file()

    def _write(self, out: bytes) -> None:
        assert self._file is not None, "written to an open file"
        self._file.write(out)
        self._file.flush()
        self._in_file += len(out)
        self.written_bytes += len(out)

    def _turn(self, now: Instant) -> None:
        self._end_file()
        moment = to_datetime(now)
        folder = self.folder / f"date={moment:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        self.path = folder / f"{moment:%H%M%S}-{self.header.run}-{self._number:04d}.tape.zst"
        self._file = self.path.open("xb")
        self._hour, self._in_file = now // HOUR, 0
        first = pack(Kind.HEADER, now, msgspec.json.encode(self.header))
        self._pending[:0] = first

    def _end_file(self) -> None:
        if self._file is None:
            return
        if self._frame is not None:
            self._write(self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
            self._frame = None
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
