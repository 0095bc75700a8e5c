"""Every cell of a job on every core. A cell is one series over some days: its prints and fairs are read once and every
arm is run over them; finished (cell, arm) pairs are left alone, so a job that was stopped goes on where it was.

Events are independent: one engine each. What binds across events (city, total and daily limits) is not seen here.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path

from core import config
from core.config import Settings
from core.history.dataset import History
from core.history.touch import Fitted, fit
from core.publication import PublishedLimits
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


def run_cell(job: Job, cell: CellKey) -> tuple[CellKey, int, int]:
    """(cell, events through the engine, pairs run). Writes a file for each arm."""
    folder = Path(job.out) / "parts"
    series, first, last = cell
    due = []
    for arm in job.arms:
        settings = settings_of(job, arm)
        name = results.key(job, arm, cell, settings.model_dump_json(include={"quoting", "risk", "engine", "events"}))
        if not results.done(folder, name):
            due.append((arm, settings, name))
    if not due:
        return cell, 0, 0
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    history = History(Path(job.dataset))
    events = history.events(begin, end, (series,))
    before = history.events(begin - timedelta(days=LEARN_DAYS + 1), begin - timedelta(days=2), (series,))
    earlier = list(history.prints(before).values())
    fitted = fit(earlier) if earlier else Fitted()
    prints, touches = history.prints(events), history.touches(events)
    history.close()
    rows, windows = beliefs.read(Path(job.fairs), events)
    ready = [past.prepare(e, prints.get(e.ticker), touches.get(e.ticker), fitted) for e in events]
    shown = (fitted.spread, fitted.depth, fitted.fade, fitted.cancel_share)
    total = 0
    for arm, settings, name in due:
        engine, risk = offline(engine_config(settings)), settings.risk
        limits = PublishedLimits(risk.max_loss_total, risk.max_loss_city, risk.max_daily_loss)
        fills, cells = [], []
        for one in ready:
            ticker = one.event.ticker
            told = beliefs.publications(one.event, rows.get(ticker, ()), windows.get(ticker, ()), arm, limits,
                                        risk.max_loss_event)  # fmt: skip
            found = Bench(one, arm, engine, told, settings.engine.group_window_limit).run()
            total += found.events
            fills += found.rows
            cells.append(results.cell_row(found, shown))
        results.write(folder, name, fills, cells)
    return cell, total, len(due)


def run(job: Job, say: Callable[[str], None]) -> int:
    """All of it; the number of events through the engine. `say` hears of each finished cell."""
    (Path(job.out) / "parts").mkdir(parents=True, exist_ok=True)
    total = 0
    if job.workers <= 1 or len(job.cells) == 1:
        for cell in job.cells:
            total += _told(run_cell(job, cell), say)
        return total
    with ProcessPoolExecutor(job.workers) as pool:
        for found in pool.map(run_cell, [job] * len(job.cells), job.cells):
            total += _told(found, say)
    return total


def _told(found: tuple[CellKey, int, int], say: Callable[[str], None]) -> int:
    cell, events, pairs = found
    say(f"{' '.join(cell)}: {pairs} arms, {events:,} events")
    return events
