"""Every cell of a job on every core. A cell is one series over some days: its prints and fairs are read once and every
arm is run over them; finished (cell, arm) pairs are left alone, so a job that was stopped goes on where it was.

Events are independent: one engine each. What binds across events (city, total and daily limits) is not seen here.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from core import config
from core.config import Settings
from core.history.dataset import History
from core.history.touch import Fitted, fit
from core.publication import Publication, PublishedLimits
from quoter.backtest import beliefs, past, results
from quoter.backtest.job import Arm, Job
from quoter.backtest.run import Bench, offline
from quoter.engine.config import engine_config

LEARN_DAYS = 21
CellKey = tuple[str, str, str]


def settings_of(job: Job, arm: Arm) -> Settings:
    """The user's settings with the arm's over them. Raises: SettingsError."""
    env = {name: value for name, value in os.environ.items() if name.startswith("KWM_")}
    for dotted, value in arm.settings.items():
        section, _, name = dotted.partition(".")
        env[f"KWM_{section.upper()}__{name.upper()}"] = value
    return config.load(env, Path(job.settings) if job.settings else None)


class Done(NamedTuple):
    """What became of a cell: events through the engine, pairs run now, and the names of all its parts."""

    cell: CellKey
    events: int
    ran: int
    parts: list[str]


def run_cell(job: Job, cell: CellKey) -> Done:
    """Every arm of a cell. Writes a file for each."""
    folder = Path(job.out) / "parts"
    series, first, last = cell
    due, parts = [], []
    for arm in job.arms:
        settings = settings_of(job, arm)
        name = results.key(job, arm, cell, settings.model_dump_json(include={"quoting", "risk", "engine", "events"}))
        parts.append(name)
        if not results.done(folder, name):
            due.append((arm, settings, name))
    if not due:
        return Done(cell, 0, 0, parts)
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    history = History(Path(job.dataset))
    events = history.events(begin, end, (series,))
    before = history.events(begin - timedelta(days=LEARN_DAYS + 1), begin - timedelta(days=2), (series,))
    earlier = list(history.prints(before).values())
    fitted = fit(earlier) if earlier else Fitted()
    prints, touches, levels = history.prints(events), history.touches(events), history.levels(events)
    history.close()
    rows, windows = beliefs.read(Path(job.fairs), events)
    ready = [past.prepare(e, prints.get(e.ticker), touches.get(e.ticker), fitted, levels.get(e.ticker)) for e in events]
    shown = (fitted.spread, fitted.depth, fitted.fade, fitted.cancel_share)
    made: dict[tuple[object, ...], list[list[Publication]]] = {}  # arms that believe the same are told the same
    total = 0
    for arm, settings, name in due:
        engine, risk = offline(engine_config(settings)), settings.risk
        limits = PublishedLimits(risk.max_loss_total, risk.max_loss_city, risk.max_daily_loss)
        fills, cells = [], []
        belief = (arm.belief, arm.windows, arm.maker_fee, limits, risk.max_loss_event)
        if belief not in made:
            made[belief] = [
                beliefs.publications(one.event, rows.get(one.event.ticker, ()), windows.get(one.event.ticker, ()), arm,
                                     limits, risk.max_loss_event) for one in ready
            ]  # fmt: skip
        for one, told in zip(ready, made[belief], strict=True):
            found = Bench(one, arm, engine, told, settings.engine.group_window_limit).run()
            total += found.events
            fills += found.rows
            cells.append(results.cell_row(found, shown))
        results.write(folder, name, fills, cells)
    return Done(cell, total, len(due), parts)


def run(job: Job, say: Callable[[str], None]) -> int:
    """All of it; the number of events through the engine. `say` hears of each finished cell; `parts.json` in the job's
    folder names every part when all are there."""
    out = Path(job.out)
    (out / "parts").mkdir(parents=True, exist_ok=True)
    found: list[Done] = []
    if job.workers <= 1 or len(job.cells) == 1:
        for cell in job.cells:
            found.append(_told(run_cell(job, cell), say))
    else:
        with ProcessPoolExecutor(job.workers) as pool:
            for done in pool.map(run_cell, [job] * len(job.cells), job.cells):
                found.append(_told(done, say))
    room = out / f"parts.{os.getpid()}.part"
    room.write_bytes(msgspec.json.encode([name for done in found for name in done.parts]))
    room.replace(out / "parts.json")
    return sum(done.events for done in found)


def _told(done: Done, say: Callable[[str], None]) -> Done:
    say(
        f"{' '.join(done.cell)}: {done.ran} arms, {done.events:,} events"
        if done.ran
        else f"{' '.join(done.cell)}: as run before"
    )
    return done
