"""`kwm simulate`: seeded worlds on all cores; a failing seed is printed and replays alone."""

import gc
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated

import typer

from quoter.shell.broken import Broken
from quoter.shell.world import World
from quoter.shell.world_plan import harsher

_CHUNK = 25  # seeds a process takes at once


@dataclass(slots=True)
class Tally:
    """What some seeds came to. `cpu_s`: processor seconds of the worlds, audits and exchange included."""

    seeds: int = 0
    steps: int = 0
    runs: int = 0
    fills: int = 0
    replayed: int = 0
    cpu_s: float = 0.0
    broken: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Put another one's figures on top."""
        self.seeds, self.steps, self.runs = self.seeds + other.seeds, self.steps + other.steps, self.runs + other.runs
        self.fills, self.replayed = self.fills + other.fills, self.replayed + other.replayed
        self.cpu_s += other.cpu_s
        self.broken += other.broken


def world_of(seed: int, *, harsh: bool = False, keeps_history: bool = False) -> World:
    """The world of a seed, `harsh`: with more faults than usual."""
    if harsh:
        return World(seed, change=partial(harsher, seed), keeps_history=keeps_history)
    return World(seed, keeps_history=keeps_history)


def some(first: int, count: int, harsh: bool = False) -> Tally:
    """Run seeds `first` .. `first + count - 1` in this process."""
    tally, began = Tally(seeds=count), time.process_time()
    gc.disable()  # a world is one web of references: taken apart once per chunk, not looked through all the time
    for seed in range(first, first + count):
        world = world_of(seed, harsh=harsh)
        try:
            world.run()
        except Broken as error:
            tally.broken.append(str(error))
        tally.steps += world.steps
        tally.runs += world.runs
        tally.fills += len(world.exchange.fill_log)
        tally.replayed += world.plan.journals
    gc.enable()
    gc.collect()
    tally.cpu_s = time.process_time() - began
    return tally


def many(first: int, count: int, workers: int, *, harsh: bool = False) -> Iterator[Tally]:
    """Run `count` seeds on `workers` processes; the tally of each chunk as it is done, in order."""
    chunks = [(start, min(_CHUNK, first + count - start)) for start in range(first, first + count, _CHUNK)]
    if workers <= 1 or len(chunks) == 1:
        for chunk in chunks:
            yield some(*chunk, harsh)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(some, [c[0] for c in chunks], [c[1] for c in chunks], [harsh] * len(chunks))


def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="how many worlds")] = 100,
    start: Annotated[int, typer.Option("--from", help="the first seed")] = 0,
    seed: Annotated[int | None, typer.Option(help="only this one, with its history")] = None,
    workers: Annotated[int, typer.Option(help="processes; 0 = one a core")] = 0,
    harsh: Annotated[bool, typer.Option("--harsh", help="with more faults than any day has")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Seeded worlds full of faults: prove the invariants. Exit code 1 when one is broken."""
    if seed is not None:
        _one(seed, harsh)
        return
    began, total = time.monotonic(), Tally()
    for tally in many(start, seeds, workers or os.cpu_count() or 1, harsh=harsh):
        total.add(tally)
        if not as_json:
            for words in tally.broken:
                typer.echo(f"{words}\n  again: kwm simulate --seed {words.split()[1].rstrip(',')}{' --harsh' * harsh}")
    took = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps(asdict(total) | {"took_s": round(took, 1), "cpu_s": round(total.cpu_s, 1)}))
    else:
        typer.echo(
            f"{total.seeds:,} worlds, {total.runs:,} runs, {total.steps:,} steps, {total.fills:,} fills,"
            f" {total.replayed:,} replayed from their journals, {len(total.broken)} broken, {took:.1f} s"
        )
    raise typer.Exit(1 if total.broken else 0)


def _one(seed: int, harsh: bool) -> None:
    world = world_of(seed, harsh=harsh, keeps_history=True)
    failure = ""
    try:
        world.run()
    except Broken as error:
        failure = str(error)
    for line in world.history:
        typer.echo(line)
    fills = len(world.exchange.fill_log)
    typer.echo(failure or f"seed {seed}: {world.steps:,} steps, {world.runs} runs, {fills} fills, nothing broken")
    raise typer.Exit(1 if failure else 0)
