"""Files that are there whole or not at all: write beside, flush to disk, rename, flush the folder."""

import os
import threading
from pathlib import Path


def write_whole(path: Path, body: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` atomically; survives kill -9 and power loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point
    sync(path.parent)


def sync(path: Path) -> None:
    """Make what was written to a file, or renamed in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
