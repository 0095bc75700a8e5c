"""The one-way street from flows to quoter: one small file, replaced atomically, watched by its identity."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from pathlib import Path

from core.errors import Malformed
from core.publication import AHEAD, Publication, ahead, decode, encode
from core.storage.files import write_whole
from core.units import Instant

_POLL_S = 0.05


def path_of(data: Path) -> Path:
    """Where the current publication lies."""
    return data / "live" / "current.json"


def overtaken(publication: Publication, data: Path, now: Instant) -> bool:
    """Is one as new published already? A file that cannot be read (of another version, damaged) is no publication, nor
    is one that is ahead of our time: the clock was set back, and nothing would be published until it had caught up."""
    try:
        current = read(data)
    except Malformed:
        return False
    return current is not None and current.id >= publication.id and not ahead(current, now, AHEAD)


def write(publication: Publication, data: Path, now: Instant) -> bool:
    """Publish, whole or not at all; False, and nothing done, when it was overtaken: of runs that end together the
    newest stays, whichever comes last."""
    path = path_of(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "publish.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if overtaken(publication, data, now):
            return False
        write_whole(path, encode(publication))
        return True


def read(data: Path) -> Publication | None:
    """The current publication, or None before the first. Raises: Malformed."""
    try:
        return decode(path_of(data).read_bytes())
    except FileNotFoundError:
        return None


async def watch(data: Path) -> AsyncIterator[Publication | str]:
    """Each new publication, at once and then as it comes; or, as text, why a file could not be used."""
    seen: tuple[int, int, int] | None = None
    path = path_of(data)
    while True:
        try:
            status = path.stat()
            identity = (status.st_ino, status.st_mtime_ns, status.st_size)
        except FileNotFoundError:
            identity = None
        if identity is not None and identity != seen:
            seen = identity
            try:
                found = read(data)
            except Malformed as error:
                yield str(error)
            except OSError as error:
                yield f"{path.name}: {error.strerror}"
            else:
                if found is not None:
                    yield found
        await asyncio.sleep(_POLL_S)
