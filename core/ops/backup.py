"""A copy of the data folder that is consistent although everything runs, as one compressed archive; and back again.

The order is the proof: first `recent`, then `archive` (a day moves from the first to the second and is deleted days
later), then the journal (only appended to; what the lake has not loaded yet is in it), then what is small. Files are
written once, so a copied file is whole; a journal file is cut after its last whole line.
"""

import contextlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from core.errors import SettingsError
from core.storage import migrate, views

MANIFEST = "manifest.json"
_ORDER = ("lake/recent", "lake/archive", "lake", "journal", "live")
_NEVER = ("staging", "logs", "prefect", "kwm.duckdb", "clock.json")  # the last is of a world that runs
_PREFECT = "prefect/prefect.db"


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds."""

    files: int
    size: int  # bytes, uncompressed
    took_s: float


def _wanted(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.suffix not in (".lock", ".tmp") and path.name[0] != "."


def _listed(data: Path) -> Iterator[Path]:
    """Files in the order that keeps the copy consistent; each once."""
    for part in _ORDER:
        yield from sorted(p for p in (data / part).rglob("*") if _wanted(p))
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        yield from sorted(p for p in folder.rglob("*") if _wanted(p))
    yield from sorted(p for p in data.iterdir() if _wanted(p))


def backup(data: Path, target: Path) -> Contents:
    """Write `target` (.tar.zst), whole or not at all, readable by its owner only. Raises: SettingsError, OSError."""
    if not (data / "lake").exists():
        raise SettingsError(f"{data} holds no data yet")
    began = time.monotonic()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    done: set[str] = set()
    size = 0
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with (
                zstandard.ZstdCompressor(level=3).stream_writer(out, closefd=False) as compressed,
                tarfile.open(fileobj=compressed, mode="w|") as archive,
            ):
                for _ in range(2):  # the second time: what was compressed or renamed meanwhile
                    for path in _listed(data):
                        name = str(path.relative_to(data))
                        if name in done or any(part in _NEVER for part in path.relative_to(data).parts):
                            continue
                        with contextlib.suppress(FileNotFoundError):
                            size += _add_file(archive, path, name)
                            done.add(name)
                body = _prefect(data)
                if body:
                    _add(archive, _PREFECT, body, time.time())
                    done.add(_PREFECT)
                size += len(body)
                manifest = {"files": len(done), "bytes": size, "version": migrate.VERSION,
                            "fingerprint": migrate.fingerprint(), "made_at": int(time.time())}  # fmt: skip
                _add(archive, MANIFEST, json.dumps(manifest).encode(), time.time())
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return Contents(len(done), size, time.monotonic() - began)


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> int:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        body = file.read(status.st_size)
    if name.endswith(".jsonl"):
        body = body[: body.rfind(b"\n") + 1]
    _add(archive, name, body, status.st_mtime, status.st_mode & 0o777)
    return len(body)


def _add(archive: tarfile.TarFile, name: str, body: bytes, at: float, mode: int = 0o600) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(body), int(at), mode
    archive.addfile(member, io.BytesIO(body))


def _prefect(data: Path) -> bytes:
    """Prefect's database as SQLite copies it while it is written to; empty where there is none (PostgreSQL)."""
    path = data / _PREFECT
    if not path.exists():
        return b""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "prefect.db"
        with (
            contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        return copy.read_bytes()


def restore(source: Path, data: Path) -> Contents:
    """Unpack into `data`, which must not hold any; checks that all of it is there before it takes its place.

    Raises: SettingsError when the archive is damaged or not ours, or the folder is in use.
    """
    if data.exists() and any(data.iterdir()):
        raise SettingsError(f"{data} is not empty: restore into a new folder (--to), or move this one away first")
    began = time.monotonic()
    unpacked = data.with_name(f".{data.name}.restoring.{os.getpid()}")
    unpacked.mkdir(parents=True)
    try:
        try:
            with (
                source.open("rb") as packed,
                zstandard.ZstdDecompressor().stream_reader(packed) as plain,
                tarfile.open(fileobj=plain, mode="r|") as archive,
            ):
                archive.extractall(unpacked, filter="data")
            manifest = json.loads((unpacked / MANIFEST).read_text())
        except (tarfile.TarError, zstandard.ZstdError, FileNotFoundError, ValueError, EOFError) as error:
            raise SettingsError(f"{source} is damaged or no backup of ours: {error}") from error
        (unpacked / MANIFEST).unlink()
        files = [p for p in unpacked.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files)
        if (len(files), size) != (manifest["files"], manifest["bytes"]):
            raise SettingsError(f"{source} is not whole: {len(files)} of {manifest['files']} files are there")
        if data.exists():
            data.rmdir()
        unpacked.rename(data)
    finally:
        if unpacked.exists():
            _remove(unpacked)
    migrate.migrate(data)
    views.build(data)
    return Contents(len(files), size, time.monotonic() - began)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
