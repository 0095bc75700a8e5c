"""`kwm sweep DATASET --set section.key=a,b`: settings x days on every core, or on a cluster by Prefect's Dask runner.

A (setting, series, fortnight) that is finished is never run again, so a sweep that was stopped goes on. The report says
how much of the best result is the search itself.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import jinja2
import typer

from core import config
from core.errors import KwmError, SettingsError
from core.history.dataset import History
from flows.backtest import arms as kinds
from flows.backtest import command, grid

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sweep: {{ where }}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #eee}
td:first-child,th:first-child{text-align:left}.answer{background:#eef4f7;border-left:4px solid #22577a;padding:1rem}
</style>
<h1>Sweep over {{ where }}</h1><div class="answer">{% for line in words %}<p>{{ line }}</p>{% endfor %}</div>
<img alt="first half against second half" src="{{ plot }}">
<table><tr><th>settings</th><th>PnL $</th><th>95 %</th><th>first half</th><th>second half</th><th>¢ a contract</th>
<th>Sharpe a day</th></tr>{% for r in rows %}<tr><td>{{ r.words }}</td><td>{{ '%+.0f' % r.pnl }}</td>
<td>{{ r.interval }}</td><td>{{ '%+.0f' % r.first }}</td><td>{{ '%+.0f' % r.second }}</td>
<td>{{ '%+.2f' % r.cents }}</td><td>{{ '%.2f' % r.sharpe }}</td></tr>{% endfor %}</table>
<h2>Chosen walk-forward</h2><ul>{% for day, words in picks %}<li>from {{ day }}: {{ words }}</li>{% endfor %}</ul>
</html>"""


def sweep(
    folder: Annotated[Path, typer.Argument(metavar="DATASET", help="as for kwm backtest")],
    since: Annotated[str, typer.Option("--from", help="first climate day, YYYY-MM-DD")],
    until: Annotated[str, typer.Option("--to", help="last climate day, YYYY-MM-DD")],
    out: Annotated[Path, typer.Option("--out", help="folder for results; finished parts are kept")],
    sets: Annotated[list[str], typer.Option("--set", help="section.key=value,value; repeat for a grid")],
    settings: Annotated[Path | None, typer.Option("--settings", help="a kwm.toml to start from")] = None,
    series: Annotated[list[str] | None, typer.Option("--series", help="only these")] = None,
    fill: Annotated[str, typer.Option("--fill", help="pessimistic, base or optimistic")] = "base",
    belief: Annotated[str, typer.Option("--belief", help="fair, model, market or last")] = "fair",
    lag_h: Annotated[
        float, typer.Option("--forecast-lag", min=0, help="hours from a forecast's issue to its use")
    ] = 4.0,
    runner: Annotated[str, typer.Option("--runner", help="local, or dask (the extra `cluster`)")] = "local",
    address: Annotated[str, typer.Option("--address", help="of a Dask scheduler; a local cluster if left out")] = "",
    workers: Annotated[int, typer.Option("--workers", help="processes")] = os.cpu_count() or 1,
) -> None:
    """Which settings would have earned most, and how much of that is luck?"""
    if fill not in kinds.FILLS or belief not in ("fair", "model", "market", "last"):
        raise SettingsError(f"--fill {fill} --belief {belief}: see kwm sweep --help")
    if runner not in ("local", "dask"):
        raise SettingsError(f"--runner {runner}: local or dask")
    found = grid.points(sets)
    for point in found:
        config.load({**_environment(), **point_environment(point)}, settings)
    first, last = command.day(since, "--from"), command.day(until, "--to")
    out.mkdir(parents=True, exist_ok=True)
    folder = command.tables(folder, out)
    history = History(folder)
    events = history.events(first, last, tuple(series or ()))
    if not events:
        raise SettingsError(f"{folder}: no event of a climate day from {first} to {last}")
    priced = command.price(history, folder, events, first, lag_h, out)
    chosen = [kinds.arm(p.name, fill, belief=belief, settings=p.settings) for p in found]
    job: dict[str, Any] = {
        "dataset": str(folder.resolve()), "fairs": str(priced), "out": str(out.resolve()), "arms": chosen,
        "cells": command.units(events, first, last), "settings": str(settings.resolve()) if settings else "",
        "workers": workers,
    }  # fmt: skip
    if runner == "dask":
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")  # where no server runs
        from flows.backtest.cluster import spread  # Prefect and Dask are slow to import

        spread(job, out, address)
    command.trade(job, out)  # on a cluster all is done by now, and this only names the parts
    for line in report(out, found, chosen, f"{folder.name} from {first} to {last}"):
        typer.echo(line)
    typer.echo(f"\n{out / 'sweep.html'}   rows: {out / 'results.duckdb'}")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("KWM_")}


def point_environment(point: grid.Point) -> dict[str, str]:
    """A point's settings as the environment says them."""
    return {f"KWM_{key.replace('.', '__', 1).upper()}": value for key, value in point.settings.items()}


def report(out: Path, points: list[grid.Point], chosen: list[dict[str, Any]], where: str) -> list[str]:
    """`sweep.html` and `sweep.json`; the words. Raises: KwmError when nothing was traded."""
    from flows.backtest import plots, summary  # matplotlib is slow to import

    db = summary.build(out, json.loads((out / "parts.json").read_text()), chosen)
    every: list[date] = summary.days(db)
    lines = {p.name: summary.arm_line(db, p.name, every) for p in points}
    db.close()
    daily = {name: line.daily for name, line in lines.items() if line.daily is not None}
    if not any(line.fills for line in lines.values()):
        raise KwmError("nothing was traded under any setting: are there fair values for these days?")
    judged = grid.judge(daily)
    words = grid.words(points, judged, daily)
    half = len(every) // 2
    rows = [{"words": p.words, "name": p.name, "settings": p.settings, "pnl": lines[p.name].pnl.total,
             "interval": lines[p.name].pnl.interval, "cents": lines[p.name].cents[0],
             "low": lines[p.name].pnl.low if lines[p.name].pnl.known else None,
             "high": lines[p.name].pnl.high if lines[p.name].pnl.known else None,
             "first": float(daily[p.name][:half].sum()), "second": float(daily[p.name][half:].sum()),
             "sharpe": judged.ratios[p.name]} for p in points]  # fmt: skip
    rows.sort(key=lambda row: -row["sharpe"])
    named = {p.name: p.words for p in points}
    dots = [(row["words"], row["first"], row["second"], row["name"] in (judged.best, "as_set")) for row in rows]
    (out / "sweep.html").write_text(jinja2.Environment(autoescape=True).from_string(_PAGE).render(
        where=where, words=words, rows=rows, picks=[(every[at], named[name]) for at, name in judged.chosen.picks],
        plot=plots.scatter(dots, "Does the first half tell of the "
                                 "second?", ("first half, dollars", "second half, dollars")),
    ), encoding="utf-8")  # fmt: skip
    (out / "sweep.json").write_text(json.dumps({"words": words, "rows": rows, "deflated": judged.chance}, indent=1))
    return words
