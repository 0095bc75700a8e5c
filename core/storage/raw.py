"""Every body that was fetched, as it came: compressed, by day and source, written once."""

import gzip
import hashlib
from pathlib import Path

from core.storage.files import write_whole
from core.units import Instant, to_datetime


def keep(data: Path, source: str, name: str, body: bytes, at: Instant) -> Path:
    """Store one body; the same body of the same source is stored once a day."""
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    folder = data / "raw" / f"date={to_datetime(at):%Y-%m-%d}" / source
    path = folder / f"{name}-{digest}.gz"
    if not path.exists():
        write_whole(path, gzip.compress(body, 6, mtime=0))
    return path
