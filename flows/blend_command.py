"""`kwm blend DATASET --from DATE`: model, market and their blend on real ladders, hour by hour, walking forward.

The market is each bracket's last trade before the moment, normalised over the event. The model is the newest case
issued before the moment, predicted by a model fitted before it. The weight at a moment is learnt from results known
by then.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from core.console import console
from core.contract import Bracket
from core.errors import SettingsError
from core.fair import blend as pool
from core.fair import brackets, weights
from core.fair.cases import Cases
from core.fair.distribution import Array
from core.fair.live import EPOCH
from core.fair.walk import walk
from core.fair.weights import Said
from core.station_day import StationDay, Variable
from core.stations import STATIONS
from core.units import DAY, Instant
from flows import dataset
from flows.dataset import Dataset

# UTC hours from midnight of the climate day: the day before at 16, 18, 20 and 22, the day itself from 2 to 23
MOMENTS_H = (-8, -6, -4, -2, 2, 12, 15, 17, 19, 21, 23)
_LEAST_PRICE = 0.005
_BY_CODE = {s.code: s for s in STATIONS}


@dataclass(frozen=True, slots=True)
class Event:
    """One event's ladder: brackets in order, their trades as (days, price) in order of time, which one paid."""

    name: str
    station: str
    day: int
    shapes: tuple[Bracket, ...]
    trades: tuple[tuple[Array, Array], ...]
    paid: int


@dataclass(frozen=True, slots=True)
class Row:
    """One event at one moment."""

    hours: int
    said: Said
    weight: float
    blended: tuple[float, ...]


def events(opened: Dataset) -> list[Event]:
    """Those whose one winner is known. Raises: SettingsError when the dataset has no markets or trades."""
    for table in ("markets", "trades"):
        if not opened.has(table):
            raise SettingsError(f"{opened.folder}: no {table}.parquet, so there is no market to blend with")
    trades: dict[str, tuple[Array, Array]] = {}
    for ticker, at, price in opened.db.execute(
        f"SELECT ticker, list(epoch(traded_at) / 86400.0 ORDER BY traded_at),"
        f" list(yes_price_dollars::DOUBLE ORDER BY traded_at) FROM {opened.named('trades')} GROUP BY ticker"
    ).fetchall():
        trades[ticker] = (np.array(at), np.array(price))
    ladders: dict[tuple[str, str, int], list[tuple[Bracket, str, bool]]] = {}
    for event, station, day, ticker, kind, floor, cap, result in opened.rows(
        "event_ticker, station, date_diff('day', DATE '1970-01-01', climate_day), ticker, strike_type, floor_strike,"
        " cap_strike, result", "markets", "strike_type IS NOT NULL",
    ):  # fmt: skip
        low = None if kind == "less" else int(floor) + (kind == "greater")
        high = None if kind == "greater" else int(cap) - (kind == "less")
        ladders.setdefault((event, station, day), []).append((Bracket(low, high), ticker, result == "yes"))
    nothing = (np.zeros(0), np.zeros(0))
    found = []
    for (event, station, day), ones in sorted(ladders.items()):
        ones.sort(key=lambda x: -1000 if x[0].low is None else x[0].low)
        if sum(paid for _, _, paid in ones) == 1 and station in _BY_CODE:
            shapes = tuple(b for b, _, _ in ones)
            sold = tuple(trades.get(t, nothing) for _, t, _ in ones)
            found.append(Event(event, station, day, shapes, sold, [p for _, _, p in ones].index(True)))
    return found


def market_at(event: Event, at: float) -> Array | None:
    """Last trades before `at`, normalised; a bracket without one shares what the others leave. None below three."""
    last = [float(p[i - 1]) if (i := int(np.searchsorted(t, at))) else np.nan for t, p in event.trades]
    prices = np.array(last)
    missing = np.isnan(prices)
    if (~missing).sum() < 3:
        return None
    left = max(1.0 - float(np.nansum(prices)), 0.0)
    prices[missing] = left / max(int(missing.sum()), 1)
    prices = np.maximum(prices, _LEAST_PRICE)
    return np.asarray(prices / prices.sum())


def rows(found: list[Event], cases: Cases, pmfs: Array, first: int) -> list[Row]:
    """Every event and moment from day `first` on that has both a model and a market; weights learnt on the way."""
    by_day: dict[tuple[str, int], list[int]] = {}
    for i in np.flatnonzero((cases.variable == "high") & (pmfs.sum(axis=1) > 0)):
        by_day.setdefault((str(cases.station[i]), int(cases.day[i])), []).append(int(i))
    out: list[Row] = []
    past: list[Said] = []
    for day in sorted({e.day for e in found if e.day >= first}):
        learnt = {}
        for event in (e for e in found if e.day == day):
            about = StationDay(_BY_CODE[event.station], Variable.HIGH, dataset.day_of_number(day))
            for hours in MOMENTS_H:
                at = day + hours / 24.0
                mine = [i for i in by_day.get((event.station, day), ()) if cases.at[i] <= at]
                market = market_at(event, at)
                if not mine or market is None:
                    continue
                model = brackets.ladder(pmfs[max(mine, key=lambda i: cases.at[i])], event.shapes)
                now = Instant(round(at * DAY))
                said = Said(event.station, "high", weights.phase_of(about, now), event.name, day + 1.5,
                            tuple(map(float, model)), tuple(map(float, market)), event.paid)  # fmt: skip
                if hours not in learnt:
                    learnt[hours] = weights.learn([s for s in past if s.known <= at], at)
                weight = learnt[hours].at(about, now)
                mixed = pool.pool(model, market, weight)
                out.append(Row(hours, said, weight, tuple(map(float, mixed))))
        past += [r.said for r in out if r.said.known == day + 1.5]
    return out


def summary(found: list[Row]) -> list[dict[str, float]]:
    """By hour: events, Brier of model, market and blend, log-loss of market and blend, mean weight."""
    table = []
    for hours in MOMENTS_H:
        mine = [r for r in found if r.hours == hours]
        if not mine:
            continue
        line: dict[str, float] = {"hours": hours, "events": len(mine)}
        paid = np.array([r.said.paid for r in mine])
        for name, ladders in (("model", [r.said.model for r in mine]), ("market", [r.said.market for r in mine]),
                              ("blend", [r.blended for r in mine])):  # fmt: skip
            p = np.array(ladders)
            hit = np.zeros_like(p)
            hit[np.arange(len(p)), paid] = 1.0
            line[f"brier_{name}"] = float(((p - hit) ** 2).mean())
            line[f"log_loss_{name}"] = float(-np.log(np.maximum(p[np.arange(len(p)), paid], 1e-4)).mean())
        line["weight"] = float(np.mean([r.weight for r in mine]))
        table.append(line)
    return table


def blend(
    folder: Annotated[Path, typer.Argument(help="a folder with forecasts, outcomes, markets and trades")],
    since: Annotated[str, typer.Option("--from", help="first climate day, YYYY-MM-DD")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False,
) -> None:
    """Model, market and their blend by hour of the day, with the weight learnt as time goes."""
    try:
        first = (date.fromisoformat(since) - EPOCH).days
    except ValueError:
        raise SettingsError(f"--from {since}: not a date like 2026-01-31") from None
    opened = dataset.open_dataset(folder)
    found = events(opened)
    cases = dataset.read(opened)
    table = summary(rows(found, cases, walk(cases, first), first))
    if as_json:
        typer.echo(json.dumps(table))
        return
    shown = Table("UTC", "events", "Brier model", "market", "blend", "log-loss model", "market", "blend", "weight")
    for line in table:
        hour = int(line["hours"])
        shown.add_row(f"{'D' if hour >= 0 else 'D-1'} {hour % 24:02d}", f"{line['events']:.0f}",
                      *(f"{line[f'brier_{n}']:.4f}" for n in ("model", "market", "blend")),
                      *(f"{line[f'log_loss_{n}']:.3f}" for n in ("model", "market", "blend")),
                      f"{line['weight']:.2f}")  # fmt: skip
    console().print(shown)
