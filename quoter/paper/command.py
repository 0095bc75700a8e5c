"""`kwm paper`: quote the live books with imagined orders, in a process that holds no key that could trade."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.config import Settings, named_folder
from core.errors import KwmError
from core.money_words import dollars
from quoter.paper.calibration import haircut, write
from quoter.paper.control import PaperControl
from quoter.paper.evidence import gather
from quoter.paper.graduate import next_stage, requirements
from quoter.paper.measure import load, measure
from quoter.paper.session import folder_of, page_port

paper = typer.Typer(help="Quote the live books on paper.", no_args_is_help=True, pretty_exceptions_enable=False)
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@paper.callback()
def _room() -> None:
    """Live books, imagined orders, the same engine and order management; no key that could trade."""


@paper.command()
def run() -> None:
    """Run the session here until Ctrl-C. It goes on with the account it finds in data/paper."""
    from quoter.quote import on_paper  # the page and the engine: seconds that the other commands need not wait for

    sys.exit(on_paper(config.load()))


@paper.command()
def start() -> None:
    """Begin, or go on, in the background; its page is on [paper] port."""
    settings = config.load()
    asyncio.run(PaperControl(settings).start())
    typer.echo(f"started: http://127.0.0.1:{page_port(settings)}, `kwm paper status`, log in {folder_of(settings)}")


@paper.command()
def stop() -> None:
    """End it; what happened stays."""
    control = _control()
    asyncio.run(control.stop())
    typer.echo(control.words())


@paper.command()
def reset() -> None:
    """Put the account and its journal aside and begin with an empty one."""
    control = _control()
    asyncio.run(control.reset())
    typer.echo("a new account; the old one was put aside beside it")


@paper.command()
def status(as_json: AsJson = False) -> None:
    """How it goes: on paper, and after the haircut."""
    control = _control()
    found = control.status()
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(control.words())
    if not found["running"]:
        typer.echo(f"nothing quoted, no orders, {found['fills']} fills")
        return
    typer.echo(
        f"today {dollars(found['today_usd'])}, worst case {dollars(found['worst_usd'])},"
        f" {found['quoting']} markets quoted, {found['orders']} orders, {found['fills']} fills"
    )


@paper.command()
def export(out: Annotated[Path, typer.Argument(help="JSON file to write")]) -> None:
    """Account, points and fills as one JSON document."""
    raw = _control().export()
    out.write_bytes(raw)
    typer.echo(f"{out}: {len(raw):,} bytes")


@paper.command()
def calibrate(as_json: AsJson = False) -> None:
    """Compare simulated fills with the real ones of the same minutes; the haircut follows from it."""
    settings = config.load()
    folder = folder_of(settings)
    if not folder.exists():
        raise KwmError(f"{folder} does not exist: `kwm paper start` makes it")
    load(folder)
    found = measure(named_folder(settings).resolve(), folder)
    write(folder, found)
    cut = haircut(found, settings.paper.haircut)
    if as_json:
        typer.echo(json.dumps({
            "hours": found.hours, "live_fills": found.live.fills, "paper_fills": found.paper.fills,
            "fill_ratio": found.fill_ratio, "markout_ratio": found.markout_ratio, "factor": cut.factor,
            "measured": cut.measured, "words": cut.words,
        }))  # fmt: skip
        return
    for name, one in (("real", found.live), ("simulated", found.paper)):
        typer.echo(f"{name:>10}: {one.fills} fills, {one.contracts:,.0f} contracts, markout after 5 min"
                   f" {one.markout * 100:+.2f} ¢ a contract")  # fmt: skip
    typer.echo(
        f"in {found.hours:.1f} hours in which both quoted; paper profit is taken as {cut.factor:.2f}: {cut.words}"
    )


def brought_in(folder: Path, by: Callable[[Path], None] = load) -> str:
    """Load a session's journal where there is one; why that failed, "" when it did not."""
    try:
        if folder.exists():
            by(folder)
    except KwmError as error:
        return str(error)
    return ""


def graduate(as_json: AsJson = False) -> None:
    """Which evidence is still missing before more is risked: paper, demo, one contract, live."""
    settings = config.load()
    folder = folder_of(settings)
    if trouble := brought_in(folder):
        typer.echo(f"paper as loaded before: {trouble}", err=True)
    found = gather(named_folder(settings).resolve(), folder, settings.paper.haircut)
    stage, missing = next_stage(found)
    if as_json:
        typer.echo(json.dumps({
            "next": None if stage is None else stage.name.lower(),
            "missing": [{"what": r.words, "have": r.have} for r in missing],
            "stages": {s.name.lower(): [{"what": r.words, "have": r.have, "met": r.met} for r in rs]
                       for s, rs in requirements(found).items()},
        }))  # fmt: skip
        return
    for one, wanted in requirements(found).items():
        typer.echo(f"\n{one.value}")
        for requirement in wanted:
            typer.echo(f"  {'yes' if requirement.met else ' no'}  {requirement.words} (have {requirement.have})")
    if stage is None:
        typer.echo("\nNothing is missing. Nothing of this promises that tomorrow is like yesterday.")
    else:
        typer.echo(f"\nBefore {stage.name.lower().replace('_', ' ')}, {len(missing)} things are missing.")


def _control() -> PaperControl:
    settings: Settings = config.load()
    return PaperControl(settings)
