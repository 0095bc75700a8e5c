"""Run a journal through a fresh engine: the same events must give the same actions, byte for byte.

A replay needs nothing but the journal: each run's first line holds the engine's own configuration.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from core import config
from core.errors import KwmError, Malformed
from core.messages import Side
from core.storage import journal
from core.storage.journal_rows import ActionRow, EventRow, JournalRow, RunRow
from quoter.engine.config import EngineConfig, engine_config
from quoter.engine.events import DECODER
from quoter.engine.guard import words
from quoter.engine.rows import action_row
from quoter.engine.state import State, new_state
from quoter.engine.step import step

_ROW: msgspec.json.Decoder[JournalRow] = msgspec.json.Decoder(JournalRow)
_ENCODE = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Replayed:
    """What a replay of one run found. `differences`: the first few, journal against replay."""

    run: str
    events: int = 0
    actions: int = 0
    differences: list[tuple[int, str, str]] = field(default_factory=list)


def runs(data: Path, day: str = "*") -> dict[str, list[Path]]:
    """The journal's files of each run that touches `day`, in order."""
    found: dict[str, list[Path]] = {}
    for path in journal.files(data, day):
        found.setdefault(path.name.split("-")[0], []).append(path)
    return found


def rows(paths: list[Path]) -> Iterator[JournalRow]:
    """Every row of one run. Raises: Malformed for a damaged line that is not the last."""
    for path in paths:
        for line, offset in journal.lines(path):
            yield _row(line, f"{path.name} before byte {offset}")


def _row(line: bytes, where: str) -> JournalRow:
    try:
        return _ROW.decode(line)
    except msgspec.MsgspecError as error:
        raise Malformed(where, line[:60], f"damaged: {error}") from error


def begin(row: RunRow) -> State:
    """The engine as it was when the run began."""
    try:
        told = msgspec.convert(row.settings, EngineConfig)
    except msgspec.ValidationError as error:
        raise Malformed("run.settings", row.run, f"not of this version: {error}") from error
    return new_state(told, row.run, row.at)


def replay_run(run: str, paths: list[Path], most: int = 20) -> Replayed:
    """Feed one run's events to a fresh engine and compare every action."""
    return _compare(run, rows(paths), most)


def replay_rows(run: str, lines: list[bytes], most: int = 20) -> Replayed:
    """The same for a journal in memory, of one run or of several after each other."""
    return _compare(run, (_row(line, run) for line in lines), most)


def _compare(run: str, read: Iterable[JournalRow], most: int) -> Replayed:
    found, state = Replayed(run), None
    due: list[bytes] = []
    for row in read:
        if isinstance(row, RunRow):
            state, due = begin(row), []  # a run that was killed may lack its last actions
        elif isinstance(row, EventRow):
            if state is None:
                raise Malformed("journal", run, "its first line, which holds the configuration, is missing")
            _missing(found, due, most)
            actions = step(state, DECODER.decode(row.event))
            state.rows.clear()
            due = [_ENCODE(action_row(state, action)) for action in actions]
            found.events += 1
        elif isinstance(row, ActionRow):
            found.actions += 1
            journalled = _ENCODE(row)
            made = due.pop(0) if due else b"nothing"
            if journalled != made and len(found.differences) < most:
                found.differences.append((row.n, journalled.decode(), made.decode()))
    return found


def _missing(found: Replayed, due: list[bytes], most: int) -> None:
    """Actions that the replay made and the journal does not have."""
    for made in due:
        if len(found.differences) < most:
            found.differences.append((found.events, "nothing", made.decode()))


def replay(
    day: Annotated[str, typer.Argument(help="the day (YYYY-MM-DD, UTC) to run again; all when left out")] = "*",
    verify: Annotated[bool, typer.Option("--verify", help="exit with 1 on any difference")] = False,
    other: Annotated[Path | None, typer.Option("--with", help="what would these settings have quoted?")] = None,
) -> None:
    """Run the journal through the engine again: the same events must give the same actions, byte for byte."""
    data = config.load().storage.data.resolve()
    journalled = runs(data, day)
    if not journalled:
        raise KwmError(f"no journal of {day} in {data}")
    if other is not None:
        _with(other, journalled)
        return
    found = [replay_run(run, paths) for run, paths in journalled.items()]
    for one in found:
        typer.echo(f"run {one.run}: {one.events:,} events, {one.actions:,} actions, {len(one.differences)} differences")
        for number, was, made in one.differences[:5]:
            typer.echo(f"  at event {number}\n    journal: {was}\n    replay:  {made}")
    if verify and any(one.differences for one in found):
        raise KwmError("the replay differs from the journal")


def _with(file: Path, journalled: dict[str, list[Path]]) -> None:
    from quoter.shell.replay_with import compare  # it stands on this module

    settings = config.load(file=file)
    for run, paths in journalled.items():
        speed = next((row.speed for row in rows(paths) if isinstance(row, RunRow)), 1.0)
        found = compare(rows(paths), engine_config(settings, speed))
        typer.echo(f"run {run}: {found.samples:,} quotes looked at, {found.differ:,} would have been others")
        for side in Side:
            typer.echo(f"  {side.value}  was    {found.was[side].words}")
            typer.echo(f"       would  {found.would[side].words}")
            for reason, number in found.would[side].reasons.most_common(3):
                typer.echo(f"         not quoted {number:,} x: {words(reason)}")
