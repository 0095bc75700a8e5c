"""One process for one data folder: a lock that ends with the process, however it ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from core.errors import SettingsError


@contextlib.contextmanager
def alone(data: Path, name: str, taken: str) -> Iterator[None]:
    """Hold `<data>/live/<name>.lock` meanwhile. Raises: SettingsError in the words `taken` where another holds it."""
    (data / "live").mkdir(parents=True, exist_ok=True)
    with (data / "live" / f"{name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(taken) from error
        yield
