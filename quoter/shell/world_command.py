"""`kwm simulate`: seeded worlds, one after the other; a failing seed is printed and replays alone."""

import json
import time
from typing import Annotated

import typer

from quoter.shell.auditor import Broken
from quoter.shell.world import World


def simulate(
    seeds: Annotated[int, typer.Option(help="how many worlds")] = 100,
    start: Annotated[int, typer.Option("--from", help="the first seed")] = 0,
    seed: Annotated[int | None, typer.Option(help="only this one, with its history")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Seeded worlds full of faults: prove the invariants. Exit code 1 when one is broken."""
    if seed is not None:
        _one(seed)
        return
    began, steps, fills, broken = time.monotonic(), 0, 0, []
    for number in range(start, start + seeds):
        world = World(number)
        try:
            world.run()
        except Broken as error:
            broken.append(str(error))
            if not as_json:
                typer.echo(f"{error}\n  again: kwm simulate --seed {number}")
        steps += world.steps
        fills += len(world.exchange.fill_log)
    took = time.monotonic() - began
    if as_json:
        typer.echo(
            json.dumps({"seeds": seeds, "broken": broken, "steps": steps, "fills": fills, "took_s": round(took, 1)})
        )
    else:
        typer.echo(f"{seeds} worlds, {steps:,} steps, {fills:,} fills, {len(broken)} broken, {took:.1f} s")
    raise typer.Exit(1 if broken else 0)


def _one(seed: int) -> None:
    world = World(seed)
    try:
        world.run()
    except Broken as error:
        for line in world.history[-400:]:
            typer.echo(line)
        typer.echo(str(error))
        raise typer.Exit(1) from error
    for line in world.history[-400:]:
        typer.echo(line)
    typer.echo(
        f"seed {seed}: {world.steps:,} steps, {world.runs} runs, {len(world.exchange.fill_log)} fills, nothing broken"
    )
