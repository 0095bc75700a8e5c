"""`kwm backtest DATASET`: fair values walk-forward, the engine over every event, the report. Each in its own process.

The flows price and report, the quoter trades; they meet in files only, as they do in production.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from core import config
from core.errors import KwmError, SettingsError
from core.history.dataset import History
from flows.backtest import arms as kinds
from flows.backtest import fairs

DAYS = 14  # of one series in one unit of work


def backtest(
    folder: Annotated[
        Path, typer.Argument(metavar="DATASET", help="a folder with trades or quotes, and markets; or a tape")
    ],
    out: Annotated[Path, typer.Option("--out", help="folder for results and report; finished parts are kept")],
    since: Annotated[
        str, typer.Option("--from", help="first climate day, YYYY-MM-DD; the data's first if left out")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="last climate day, YYYY-MM-DD; the data's last if left out")] = "",
    settings: Annotated[
        Path | None, typer.Option("--settings", help="a kwm.toml; the settings in force if left out")
    ] = None,
    series: Annotated[list[str] | None, typer.Option("--series", help="only these, for example KXHIGHNY")] = None,
    given: Annotated[
        Path | None, typer.Option("--fairs", help="your own fair values (Parquet) instead of the model's")
    ] = None,
    lag_h: Annotated[
        float, typer.Option("--forecast-lag", min=0, help="hours from a forecast's issue to its use")
    ] = 4.0,
    only: Annotated[str, typer.Option("--arms", help="full: all comparisons; core: the three fill models")] = "full",
    workers: Annotated[int, typer.Option("--workers", help="processes")] = os.cpu_count() or 1,
) -> None:
    """What would this maker have earned there? Engine, fills and fees as in production; fair values walk-forward."""
    began = time.perf_counter()
    begin, end = day(since, "--from") if since else None, day(until, "--to") if until else None
    config.load(None, settings)
    if given is not None and not given.is_file():
        raise SettingsError(f"--fairs {given}: no such file")
    chosen = kinds.named(only)
    out.mkdir(parents=True, exist_ok=True)
    folder = tables(folder, out)
    history = History(folder)
    first, last = (begin, end) if begin and end else (begin or history.span()[0], end or history.span()[1])
    events = history.events(first, last, tuple(series or ()))
    if not events:
        raise SettingsError(f"{folder}: no event of a climate day from {first} to {last}")
    priced = given.resolve() if given is not None else price(history, folder, events, first, lag_h, out)
    cells = units(events, first, last)
    job = {"dataset": str(folder.resolve()), "fairs": str(priced), "out": str(out.resolve()), "arms": chosen,
           "cells": cells, "settings": str(settings.resolve()) if settings else "", "workers": workers}  # fmt: skip
    trade(job, out)
    from flows.backtest import report  # plots are slow to import

    told = report.make(out, folder, first, last, chosen, time.perf_counter() - began, lag_h, settings)
    typer.echo(told.plain)
    typer.echo(f"\n{out / 'report.html'}   rows: {out / 'results.duckdb'}   {time.perf_counter() - began:.0f} s")


def tables(folder: Path, out: Path) -> Path:
    """A tape becomes tables in `out`; a folder of tables is itself. Raises: SettingsError when it is neither."""
    if not folder.exists():
        raise SettingsError(f"{folder}: no such dataset or tape")
    if any((folder / f"{name}.parquet").exists() for name in ("trades", "quotes")):
        return folder
    from core.tape import convert, reader  # a dataset needs no tape

    made, paths = out / "tape", reader.files(folder)
    new = convert.convert_once(paths, made, lambda path, words: typer.echo(f"{path.name}: {words}"))
    typer.echo(f"tape of {len(paths)} files: {'converted to' if new else 'as converted before in'} {made}")
    return made


def day(text: str, option: str) -> date:
    """Raises: SettingsError naming the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option} {text}: not a date like 2026-01-31") from None


def units(events: list[Any], first: date, last: date) -> list[list[str]]:
    """(series, first, last) of each unit of work, the busiest series spread over the list."""
    found = []
    at = first
    while at <= last:
        end = min(at + timedelta(days=DAYS - 1), last)
        for name in sorted({e.series for e in events if at <= e.station_day.day <= end}):
            found.append([name, at.isoformat(), end.isoformat()])
        at = end + timedelta(days=1)
    return found


def price(history: History, folder: Path, events: list[Any], first: date, lag_h: float, out: Path) -> Path:
    """The table of fairs, made once: the same data and model give the same file."""
    stamp = hashlib.sha256(json.dumps([
        sorted((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in folder.glob("*.parquet")),
        [e.ticker for e in events], lag_h, _model(),
    ]).encode()).hexdigest()  # fmt: skip
    path, mark = out / "fairs.parquet", out / "fairs.of"
    if path.exists() and mark.exists() and mark.read_text() == stamp:
        typer.echo("fair values: as made before")
        return path.resolve()
    predicted = fairs.predictions(folder, first, lag_h)
    typer.echo(f"predictions for {len(predicted)} station-days")
    fairs.write(history, events, predicted, out, typer.echo)
    mark.write_text(stamp)
    return path.resolve()


def _model() -> str:
    """What the model is: the text of its room."""
    room = Path(fairs.__file__).parents[2] / "core" / "fair"
    told = hashlib.sha256()
    for path in sorted([*room.glob("*.py"), *room.glob("*.toml"), Path(fairs.__file__)]):
        told.update(path.read_bytes())
    return told.hexdigest()


def trade(job: dict[str, Any], out: Path) -> None:
    """Run the quoter's side. Raises: KwmError when it fails; finished parts are kept."""
    path = out / "job.json"
    path.write_text(json.dumps(job, indent=1))
    if subprocess.run([sys.executable, "-m", "quoter.backtest", str(path)], check=False).returncode != 0:
        raise KwmError(f"the backtest stopped; run the same command again to go on ({path})")
