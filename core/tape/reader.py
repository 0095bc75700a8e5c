"""The records of a tape, file after file. A file that breaks off gives everything before the break, and says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from core.errors import Malformed, SettingsError
from core.tape.format import Decoder, Kind, Record, header

_PIECE = 1 << 14  # what a rotten spot hides before it
Say = Callable[[Path, str], None]


def files(where: Path, day: str = "*") -> list[Path]:
    """A tape's files in the order in which they were written: of a data folder, a tape folder, or one file.

    Raises: SettingsError when there is no tape.
    """
    if where.is_file():
        return [where]
    folder = where / "tape" if (where / "tape").is_dir() else where
    found = sorted(folder.glob(f"date={day}/*.tape.zst")) or sorted(folder.glob("*.tape.zst"))
    if not found:
        raise SettingsError(f"{where}: no tape of {day} here (kwm record makes one)")
    return found


def _nothing(path: Path, words: str) -> None:
    """Said to nobody."""


def records(paths: list[Path], say: Say = _nothing) -> Iterator[Record]:
    """Every whole record. `say` (file, words) hears of a break. Raises: Malformed for a file that is no tape."""
    for path in paths:
        decoder, number = Decoder.new(), 0
        try:
            for piece in _pieces(path):
                for record in decoder.feed(piece):
                    if number == 0:
                        if record.kind is not Kind.HEADER:
                            raise Malformed("tape", path.name, "its first record is no header")
                        header(record.data)
                    number += 1
                    yield record
        except (zstandard.ZstdError, Malformed) as error:
            if number == 0 and isinstance(error, Malformed):
                raise Malformed("tape", path.name, f"not a tape: {error}") from error
            say(path, f"damaged after {number} records: {error}")
            continue
        if decoder.waiting:
            say(path, f"breaks off inside a record, after {number} whole ones")


def _pieces(path: Path) -> Iterator[bytes]:
    """Decompressed bytes, across frames; a last frame without its end gives what it has."""
    decompressor = zstandard.ZstdDecompressor()
    with path.open("rb") as file:
        frame = decompressor.decompressobj()
        while raw := file.read(_PIECE):
            while raw:
                out = frame.decompress(raw)
                if out:
                    yield out
                raw = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame = decompressor.decompressobj()
