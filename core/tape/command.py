"""`kwm record` writes a tape; `kwm tape` says what is on one, whether it is whole, and makes tables of it."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.clock import this_process
from core.errors import KwmError, SettingsError
from core.tape import convert as tables
from core.tape.check import Findings, check
from core.tape.reader import files, records
from core.tape.recorder import Recorder, duration
from core.units import to_datetime
from core.up.command import duration as seconds_of

tape = typer.Typer(help="What is on a recorded tape.", no_args_is_help=True, pretty_exceptions_enable=False)
_STATUS_S = 60.0
Where = Annotated[Path | None, typer.Argument(help="a data folder, a tape folder or one file; default: your data")]
Day = Annotated[str, typer.Option("--day", help="only this day (YYYY-MM-DD, UTC)")]


@tape.callback()
def _room() -> None:
    """Tapes of `kwm record`: every byte the exchange sent, with the moment at which it came."""


def record(
    for_: Annotated[str, typer.Option("--for", help="stop by itself after this long, for example 90s, 10m, 2h")] = "",
) -> None:
    """Record the chosen markets ([events] in the settings): raw frames and REST answers, compressed, under data/tape.

    Needs a key with the scope `read`; places nothing. Ctrl-C ends it with everything on disk; kill -9 loses a second.
    """
    settings = config.load()
    sys.exit(asyncio.run(_record(settings, seconds_of(for_) if for_ else None)))


async def _record(settings: config.Settings, seconds: float | None) -> int:
    clock = this_process()
    recorder = Recorder(settings, clock, lambda words: _say(words))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    work = asyncio.create_task(recorder.run(stop))
    began = loop.time()
    while not work.done():
        wait = _STATUS_S if seconds is None else max(0.05, min(_STATUS_S, began + seconds - loop.time()))
        await asyncio.wait({work}, timeout=wait)
        if seconds is not None and loop.time() - began >= seconds:
            stop.set()
            await work
        if not work.done():
            _say(recorder.words())
    work.result()
    _say(f"stopped after {duration(loop.time() - began)}: {recorder.words()}")
    return 0


@tape.command()
def inspect(
    where: Where = None, day: Day = "*", as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False
) -> None:
    """What a tape holds: span, records, messages, markets, connections, and what is not whole."""
    _show(*_look(where, day), as_json)


@tape.command()
def verify(
    where: Where = None, day: Day = "*", as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False
) -> None:
    """The same, and exit with 1 unless the tape is whole: checksums, sequence numbers, books that add up."""
    paths, found, breaks = _look(where, day)
    _show(paths, found, breaks, as_json)
    if breaks or found.fault_count:
        raise KwmError(f"the tape is not whole: {len(breaks)} broken files, {found.fault_count} faults")


@tape.command()
def convert(
    out: Annotated[Path, typer.Option("--out", help="folder for markets, trades and quotes (Parquet)")],
    where: Where = None,
    day: Day = "*",
) -> None:
    """Make tables of a tape: a dataset for `kwm backtest`, DuckDB and notebooks."""
    counts = tables.convert(
        records(files(where or _data(), day), lambda path, words: _say(f"{path.name}: {words}")), out
    )
    typer.echo(f"{out}: " + ", ".join(f"{rows:,} {name}" for name, rows in counts.items()))


def _data() -> Path:
    return config.load().storage.data.resolve()


def _look(where: Path | None, day: str) -> tuple[list[Path], Findings, list[str]]:
    if where is not None and not where.exists():
        raise SettingsError(f"{where} does not exist")
    paths, breaks = files(where or _data(), day), list[str]()
    return paths, check(records(paths, lambda path, words: breaks.append(f"{path.name}: {words}"))), breaks


def _show(paths: list[Path], found: Findings, breaks: list[str], as_json: bool) -> None:
    size = sum(path.stat().st_size for path in paths)
    if as_json:
        typer.echo(json.dumps({
            "files": [str(path) for path in paths], "bytes": size, "raw_bytes": found.raw_bytes,
            "first_ns": found.first, "last_ns": found.last, "records": dict(found.records),
            "messages": dict(found.messages), "markets": len(found.markets), "connections": found.connections,
            "longest_silence_s": found.longest_silence_ns / 1e9, "snapshots_compared": found.snapshots_compared,
            "broken_files": breaks, "faults": found.fault_count,
            "first_faults": [{"at_ns": at, "words": words} for at, words in found.faults],
        }))  # fmt: skip
        return
    ratio = found.raw_bytes / max(1, size)
    typer.echo(f"{len(paths)} files, {size / 2**20:.2f} MiB ({ratio:.1f} to 1), {len(found.markets)} markets")
    if found.first is not None and found.last is not None:
        span = duration((found.last - found.first) / 1e9)
        typer.echo(
            f"{to_datetime(found.first):%Y-%m-%d %H:%M:%S} to {to_datetime(found.last):%Y-%m-%d %H:%M:%S} ({span})"
        )
    typer.echo("records:  " + ", ".join(f"{n:,} {name}" for name, n in found.records.most_common()))
    typer.echo("messages: " + ", ".join(f"{n:,} {name}" for name, n in found.messages.most_common()))
    typer.echo(
        f"{found.connections} connections, longest silence {found.longest_silence_ns / 1e9:.1f} s,"
        f" {found.snapshots_compared} snapshots compared with the books the deltas made"
    )
    for words in breaks:
        typer.echo(f"broken: {words}")
    for at, words in found.faults[:10]:
        typer.echo(f"fault:  {to_datetime(at):%H:%M:%S} {words}")
    typer.echo("whole" if not breaks and not found.fault_count else f"{found.fault_count} faults")


def _say(words: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S}  {words}\n")
    sys.stdout.flush()
