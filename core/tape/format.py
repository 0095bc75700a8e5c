"""A record of the tape and its bytes. Pure: knows no file, no exchange.

One byte of kind, int64 ns since 1970, uint32 length (little-endian), then the bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import msgspec

from core.errors import Malformed
from core.units import Instant

VERSION = 1
_HEAD = struct.Struct("<cqI")
_SIZE = _HEAD.size
LARGEST = 64 * 2**20  # bytes of one record; Kalshi's frames stay below [FACTS 4.1]


class Kind(Enum):
    """What a record holds."""

    HEADER = b"H"
    HEARD = b"<"
    SENT = b">"
    ANSWER = b"R"
    CONNECTED = b"C"
    DISCONNECTED = b"D"


_KINDS = {kind.value: kind for kind in Kind}


class Record(NamedTuple):
    """One thing that happened, at `at` by our clock."""

    kind: Kind
    at: Instant
    data: bytes


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The first record of every file."""

    version: int
    run: str
    environment: str
    url: str
    use_yes_price: bool
    speed: float = 1.0


def encode(record: Record) -> bytes:
    """The record's bytes. Raises: Malformed for one larger than may be."""
    return pack(record.kind, record.at, record.data)


def pack(kind: Kind, at: int, data: bytes) -> bytes:
    """`encode` without the object. Raises: Malformed."""
    if len(data) > LARGEST:
        raise Malformed("record", f"{len(data)} bytes", f"larger than {LARGEST}")
    return _HEAD.pack(kind.value, at, len(data)) + data


@dataclass(slots=True)
class Decoder:
    """Bytes in, in pieces of any size; whole records out. `waiting`: bytes of a record that has not ended."""

    buffer: bytes

    @classmethod
    def new(cls) -> "Decoder":
        """With nothing read yet."""
        return cls(b"")

    @property
    def waiting(self) -> int:
        """How many bytes of a broken-off record are left."""
        return len(self.buffer)

    def feed(self, piece: bytes) -> Iterator[Record]:
        """The records that `piece` completes. Raises: Malformed where no record can begin."""
        waiting = self.buffer + piece if self.buffer else piece
        start, end = 0, len(waiting)
        try:
            while start + _SIZE <= end:
                code, at, length = _HEAD.unpack_from(waiting, start)
                kind = _KINDS.get(code)
                if kind is None or length > LARGEST:
                    raise Malformed("tape", f"{code!r} {length}", "no record begins like this: the tape is damaged")
                begin = start + _SIZE
                if begin + length > end:
                    return
                start = begin + length
                yield Record(kind, Instant(at), waiting[begin:start])
        finally:
            self.buffer = waiting[start:]


def header(data: bytes) -> Header:
    """The first record's content. Raises: Malformed for another version."""
    try:
        found = msgspec.json.decode(data, type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed("tape header", data[:60], str(error)) from error
    if found.version != VERSION:
        raise Malformed("tape version", found.version, f"this program reads version {VERSION}")
    return found


def answer(data: bytes) -> tuple[str, int, bytes]:
    """A REST answer -> (path with query, status, body). Raises: Malformed."""
    line, found, body = data.partition(b"\n")
    words = line.decode("utf-8", "replace").split(" ")
    if not found or len(words) != 3 or not words[2].isdigit():
        raise Malformed("answer", line[:80], "expected: METHOD path status")
    return words[1], int(words[2]), body
