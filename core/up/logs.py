"""Logs in data/logs stay small: a big one is copied away, compressed, and emptied in place.

The processes keep their file open for appending, so they write on at its new beginning; what is written between copying
and emptying, a few milliseconds, may be lost from the log (never from the journal).
"""

import gzip
import os
import shutil
from pathlib import Path

BIGGEST = 20_000_000  # bytes
KEPT = 5


def rotate(folder: Path, biggest: int = BIGGEST, kept: int = KEPT) -> list[Path]:
    """Rotate what is too big: `quoter.log` -> `quoter.log.1.gz`, older ones one further. What was rotated."""
    done = []
    for log in sorted(folder.glob("*.log")):
        if log.stat().st_size <= biggest:
            continue
        for n in range(kept, 0, -1):
            older = folder / f"{log.name}.{n}.gz"
            if older.exists():
                if n == kept:
                    older.unlink()
                else:
                    older.rename(folder / f"{log.name}.{n + 1}.gz")
        with log.open("rb") as source, gzip.open(folder / f"{log.name}.1.gz", "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.truncate(log, 0)
        done.append(log)
    return done
