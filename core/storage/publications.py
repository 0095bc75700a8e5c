"""The one-way street from flows to quoter: one small file, replaced atomically, watched by its identity."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from core.errors import Malformed
from core.publication import Publication, decode, encode
from core.storage.files import write_whole

_POLL_S = 0.05


def path_of(data: Path) -> Path:
    """Where the current publication lies."""
    return data / "live" / "current.json"


def write(publication: Publication, data: Path) -> None:
    """Publish: one writer, whole or not at all."""
    write_whole(path_of(data), encode(publication))


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
