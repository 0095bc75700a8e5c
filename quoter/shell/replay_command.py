"""`kwm replay`: a journal through the engine again, as it was or with other settings."""

from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.errors import KwmError
from core.messages import Side
from core.storage.journal_rows import RunRow
from quoter.engine.config import engine_config
from quoter.engine.guard import words
from quoter.shell.replay import days_of, replay_run, rows, runs
from quoter.shell.replay_with import compare


def replay(
    day: Annotated[str, typer.Argument(help="the day (YYYY-MM-DD, UTC) to run again; all when left out")] = "*",
    verify: Annotated[bool, typer.Option("--verify", help="exit with 1 on any difference")] = False,
    days: Annotated[int, typer.Option(help="leave out runs of more days than this up to then; 0 = none")] = 0,
    other: Annotated[Path | None, typer.Option("--with", help="what would these settings have quoted?")] = None,
) -> None:
    """Run the journal through the engine again: the same events must give the same actions, byte for byte."""
    data = config.load().storage.data.resolve()
    journalled = runs(data, day)
    if not journalled:
        raise KwmError(f"no journal of {day} in {data}")
    for run in [run for run, paths in journalled.items() if 0 < days < days_of(paths)]:
        typer.echo(f"run {run}: left out, for it has been running for {days_of(journalled.pop(run))} days by then")
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
