"""What is remembered from one round of fetching to the next, and what it means. Pure.

Validators for conditional requests, a circuit for each address, and for each source and station how it stands: the
newest vintage that was believed, its age, and what came of the last ask. Failures never erase what was known.
"""

from pathlib import Path

import msgspec

from core.errors import Malformed, Unavailable
from core.units import DAY, HOUR, MINUTE, SECOND, Duration, Instant, iso

_AHEAD = 10 * MINUTE  # a clock may be off; a forecast issued later than that has a wrong time
_PATIENCE = 3  # rounds in a row that fail before an address is left alone
_FIRST_PAUSE, _LONGEST_PAUSE = 4 * MINUTE, 40 * MINUTE
_FORGOTTEN_AFTER = 14 * DAY


class Stale(Unavailable):
    """Status 200 and a vintage that cannot be believed: too old, older than the last one, or of the future."""


class Document(msgspec.Struct, frozen=True):
    """One address: the validators of the last body that was believed, and that body's vintage."""

    etag: str
    modified: str
    issued_at: Instant
    asked_at: Instant


class Circuit(msgspec.Struct, frozen=True):
    """One address that fails: from the third failed round in a row on it is left alone, longer each time."""

    failures: int
    open_until: Instant
    reason: str


class Standing(msgspec.Struct, frozen=True):
    """One source about one station. `verdict`: fresh, unchanged, nothing new, stale, refused or failed."""

    verdict: str
    checked_at: Instant
    issued_at: Instant | None = None  # newest vintage that was believed
    received_at: Instant | None = None
    reason: str = ""

    @property
    def good(self) -> bool:
        """Was the last ask answered with something that may be believed?"""
        return self.verdict in ("fresh", "unchanged", "nothing new")


class Cell(msgspec.Struct, frozen=True):
    """A station's forecast grid cell; offices move their grids now and then."""

    office: str
    x: int
    y: int
    resolved_at: Instant


class File(msgspec.Struct, frozen=True):
    """One source's file of all stations, as it was last read: its cycle, its length, the stations it has nothing of.

    `again_at`: when it is read once more, for it may have been still growing; None when it was read for good.
    """

    cycle: Instant
    lines: int
    reads: int
    without: tuple[str, ...]
    again_at: Instant | None


class State(msgspec.Struct):
    """All of it, as it is kept in a file between rounds."""

    cells: dict[str, Cell] = {}
    documents: dict[str, Document] = {}
    circuits: dict[str, Circuit] = {}
    standings: dict[str, Standing] = {}  # "KNYC nws_grid"
    products: dict[str, Instant] = {}  # ids of immutable bulletins that were read, and when
    files: dict[str, File] = {}  # of each source that comes for all stations at once, the last one read

    def forget(self, now: Instant) -> None:
        """What nobody has asked for in two weeks."""
        old = now - _FORGOTTEN_AFTER
        self.documents = {k: d for k, d in self.documents.items() if d.asked_at > old}
        self.circuits = {k: c for k, c in self.circuits.items() if c.open_until > old}
        self.products = {k: at for k, at in self.products.items() if at > old}


def file_of(data: Path, source: str) -> Path:
    """Where it is kept: apart for the embedded weather and the real one."""
    return data / "live" / f"weather_{source}.json"


def encode(state: State) -> bytes:
    """To JSON."""
    return msgspec.json.encode(state)


def decode(raw: bytes) -> State:
    """From JSON. Raises: Malformed."""
    try:
        return msgspec.json.decode(raw, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("fetch state", raw[:40], str(error)) from error


def failed(before: Circuit | None, reason: str, now: Instant) -> Circuit:
    """The circuit after one more failed round."""
    failures = (before.failures if before else 0) + 1
    beyond = failures - _PATIENCE
    pause = min(_FIRST_PAUSE << min(beyond, 10), _LONGEST_PAUSE) if beyond >= 0 else 0
    return Circuit(failures, Instant(now + pause), reason)


def file_read(before: File | None, cycle: Instant, lines: int, without: tuple[str, ...], now: Instant) -> File:
    """A file after one more reading. It is read for good when every station is in it, or when it did not grow since."""
    if before is None or before.cycle != cycle:
        before = None
    reads = (before.reads if before else 0) + 1
    whole = not without or (before is not None and before.lines == lines)
    pause = min(_FIRST_PAUSE << min(reads - 1, 10), _LONGEST_PAUSE)
    return File(cycle, lines, reads, without, None if whole else Instant(now + pause))


def young(name: str, issued_at: Instant, now: Instant, max_age: Duration, known: Instant | None) -> None:
    """Is this vintage to be believed? Raises: Stale."""
    if issued_at > now + _AHEAD:
        raise Stale(f"{name}: issued {iso(issued_at)}, which is yet to come")
    if now - issued_at > max_age:
        raise Stale(f"{name}: stale, issued {iso(issued_at)}, {age(now - issued_at)} ago")
    if known is not None and issued_at < known:
        raise Stale(f"{name}: went back, issued {iso(issued_at)}, but one of {iso(known)} was seen")


def age(span: int) -> str:
    """`3 h 20 min`, for people."""
    hours, rest = divmod(max(span, 0), HOUR)
    minutes = rest // MINUTE
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest % MINUTE // SECOND:02d} s"
