"""What the flows would have published on past days, walk-forward: the production model's distribution, blended with the
market that trades imply at that minute. Nothing later than a publication enters it.

A forecast counts as known `lag` after its issue, and no longer than production would stand on it. Between two trades
nothing changes, so a row is written for each minute in which something traded, and once an hour.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.errors import SettingsError
from core.fair import blend, brackets
from core.fair.assemble import UNKNOWN_SHARE
from core.fair.distribution import Array, moments
from core.fair.live import MAX_FORECAST_AGE
from core.fair.releases import windows
from core.fair.walk import walk
from core.fair.weights import SAMPLED, Said, Weights, learn, phase_of
from core.history.dataset import History
from core.history.ladder import PastEvent, Prints, Touches
from core.history.touch import Fitted, Touch, fit
from core.units import DAY, HOUR, MINUTE, Instant, Price
from flows import dataset

Key = tuple[str, str, int]
COLUMNS: dict[str, Any] = {
    "event_ticker": object, "published_at": np.int64, "valid_until": np.int64, "ticker": object, "fair": np.float64,
    "model": np.float64, "market": np.float64, "last": np.float64, "sd": np.float64, "slope": np.float64,
    "weight": np.float64, "mean_f": np.float64, "sd_f": np.float64,
}  # fmt: skip
WINDOWS: dict[str, Any] = {
    "event_ticker": object, "start": np.int64, "end": np.int64, "widen": np.float64, "reason": object,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Predicted:
    """A distribution of one station-day, and when it could be acted upon (ns)."""

    known_at: int
    issued_at: int
    pmf: Array


def predictions(folder: Path, first: date, lag_h: float) -> dict[Key, list[Predicted]]:
    """The model walked forward over the folder's forecasts, by station-day; empty without forecasts."""
    try:
        opened = dataset.open_dataset(folder)
    except SettingsError:
        return {}
    number = dataset.day_number(first)
    cases = dataset.read(opened)
    found = walk(cases, number)
    out: dict[Key, list[Predicted]] = defaultdict(list)
    for i in np.flatnonzero(cases.day >= number):
        issued = round(float(cases.at[i]) * 86_400_000) * 1_000_000
        known = issued + round(lag_h * HOUR)
        out[(cases.station[i], cases.variable[i], int(cases.day[i]))].append(Predicted(known, issued, found[i]))
    for rows in out.values():
        rows.sort(key=lambda p: (p.known_at, p.issued_at))
    return dict(out)


def minutes(event: PastEvent, prints: Prints | None, touches: Touches | None) -> list[int]:
    """When the publish flow would have seen something new: the minute after each trade, and each hour."""
    seen: set[int] = set()
    for part in (prints, touches):
        if part is not None and len(part):
            seen.update(np.unique((part.at // MINUTE + 1) * MINUTE).tolist())
    hours = range(event.open_at - event.open_at % HOUR + HOUR, event.close_at, HOUR)
    return sorted(t for t in {*seen, *hours} if event.open_at <= t < event.close_at)


def rows_of(
    event: PastEvent,
    prints: Prints | None,
    touches: Touches | None,
    predicted: Sequence[Predicted],
    fitted: Fitted,
    weights: Weights,
) -> dict[str, NDArray[Any]]:
    """One row a publication and market. `market` and `last` may be there where `fair` and `model` are not."""
    shapes = [m.bracket for m in event.markets]
    tickers = [m.ticker for m in event.markets]
    ladders: list[tuple[Predicted, Array, Array, float, float]] = []
    for one in predicted:
        mean, sd = moments(one.pmf)
        ladders.append((one, brackets.ladder(one.pmf, shapes), brackets.slopes(one.pmf, shapes), mean, sd))
    marks = [Touch(fitted.spread) for _ in tickers]
    steps = _steps(prints, touches)
    day = event.station_day
    rows: list[tuple[Any, ...]] = []
    k = 0
    for at in minutes(event, prints, touches):
        while k < len(steps) and steps[k][0] <= at:
            _, i, price, buys, bid, ask = steps[k]
            if price:
                marks[i].trade(price, buys)
            else:
                marks[i].bid, marks[i].ask = bid, ask
                marks[i].last = (bid + ask) // 2 if bid and ask else marks[i].last
            k += 1
        prices = {
            t: (Price(m.bid) if m.bid else None, Price(m.ask) if m.ask else None)
            for t, m in zip(tickers, marks, strict=True)
        }
        usable = [x for x in ladders if x[0].known_at <= at < x[0].issued_at + MAX_FORECAST_AGE]
        until = event.close_at
        fair = model = slope = None
        mean = sd = own = float("nan")
        if usable:
            best, model, slope, mean, sd = usable[-1]
            until = Instant(best.issued_at + MAX_FORECAST_AGE)
        reading = blend.implied(tickers, prices, model)
        if model is not None:
            fair, own = model, 1.0
            if reading is not None:
                weight = weights.at(day, Instant(at))
                fair, own = blend.pool(model, reading.market, weight), reading.counts(weight)
        market = reading.market if reading is not None and reading.whole else None
        for i, ticker in enumerate(tickers):
            slope_i = _at(slope, i)
            rows.append((
                event.ticker, at, int(until), ticker, _at(fair, i), _at(model, i), _at(market, i),
                marks[i].last / 10_000 if marks[i].last else float("nan"),
                abs(slope_i) * UNKNOWN_SHARE * sd * own + 0.002, slope_i, own, mean, sd,
            ))  # fmt: skip
    return {name: np.array([row[i] for row in rows], dtype=kind) for i, (name, kind) in enumerate(COLUMNS.items())}


def _at(values: Array | None, i: int) -> float:
    return float("nan") if values is None else float(values[i])


def _steps(prints: Prints | None, touches: Touches | None) -> list[tuple[int, int, int, bool, int, int]]:
    steps: list[tuple[int, int, int, bool, int, int]] = []
    if touches is not None:
        ticks = (x.tolist() for x in (touches.at, touches.market, touches.bid, touches.ask))
        steps += [(at, i, 0, False, bid, ask) for at, i, bid, ask in zip(*ticks, strict=True)]
    if prints is not None:
        trades = (x.tolist() for x in (prints.at, prints.market, prints.price, prints.buys))
        steps += [(at, i, price, buys, 0, 0) for at, i, price, buys in zip(*trades, strict=True)]
    steps.sort(key=lambda s: s[0])
    return steps


def releases(event: PastEvent) -> list[dict[str, Any]]:
    """Every release window of an event's life."""
    found = {}
    for at in range(event.open_at, event.close_at, HOUR):
        for w in windows(event.station_day, Instant(at)):
            found[(w.start, w.reason)] = {"event_ticker": event.ticker, "start": int(w.start), "end": int(w.end),
                                          "widen": w.widen, "reason": w.reason}  # fmt: skip
    return [found[key] for key in sorted(found)]


def write(
    history: History,
    events: Sequence[PastEvent],
    predicted: dict[Key, list[Predicted]],
    out: Path,
    say: Callable[[str], None],
) -> int:
    """`fairs.parquet` and `windows.parquet` in `out`; the number of rows. The weight of the model in the blend is
    learnt anew each day from the results known then, as production learns it."""
    prints, touches = history.prints(list(events)), history.touches(list(events))
    earlier: dict[str, list[PastEvent]] = defaultdict(list)
    fits: dict[str, Fitted] = {}
    parts: list[dict[str, NDArray[Any]]] = []
    near: list[dict[str, Any]] = []
    said: list[Said] = []
    learnt: tuple[date | None, Weights] = (None, Weights())
    for event in events:
        day = event.station_day
        if learnt[0] != day.day:
            learnt = (day.day, learn(said, event.open_at / DAY))
        before = earlier[event.series]
        if len(before) % 7 == 0:  # three weeks of days that had closed before this one opened
            fits[event.series] = fit([prints[e.ticker] for e in before[-22:-1] if e.ticker in prints])
        known = predicted.get((day.station.code, day.variable.value, dataset.day_number(day.day)), [])
        seen = prints.get(event.ticker), touches.get(event.ticker)
        found = rows_of(event, *seen, known, fits[event.series], learnt[1])
        parts.append(found)
        said += remembered(event, found)
        near += releases(event)
        before.append(event)
    say(f"fair values of {len(events)} events, {sum(map(len, prints.values())):,} trades; model weights learnt:")
    for phase, weight in sorted(learnt[1].of.items()):
        say(f"  {phase}: {weight:.2f}")
    table = {name: np.concatenate([p[name] for p in parts]) for name in COLUMNS}
    beside = {name: np.array([row[name] for row in near], dtype=kind) for name, kind in WINDOWS.items()}
    for name, columns in (("fairs", table), ("windows", beside)):
        db = duckdb.connect()
        db.execute("SET enable_progress_bar=false")
        db.register("columns_of_it", columns)
        room = out / f"{name}.part"
        target = str(room).replace("'", "''")
        db.execute(f"COPY (SELECT * FROM columns_of_it) TO '{target}' (FORMAT parquet)")
        db.close()
        room.replace(out / f"{name}.parquet")
    return len(table["published_at"])


def remembered(event: PastEvent, rows: dict[str, NDArray[Any]]) -> list[Said]:
    """What model and market said last in each `SAMPLED` hours in which both spoke, as production remembers it; nothing
    without a result."""
    paid = [i for i, m in enumerate(event.markets) if m.pays]
    if len(paid) != 1:
        return []
    day, k = event.station_day, len(event.markets)
    both = ~(np.isnan(rows["model"]) | np.isnan(rows["market"])).reshape(-1, k).any(axis=1)
    at = rows["published_at"][::k]
    last = {int(at[n] // SAMPLED): int(n) for n in np.flatnonzero(both)}
    return [
        Said(day.station.code, day.variable.value, phase_of(day, Instant(int(at[n]))), event.ticker,
             (day.end + 7 * HOUR) / DAY, tuple(rows["model"][n * k : n * k + k].tolist()),
             tuple(rows["market"][n * k : n * k + k].tolist()), paid[0])
        for n in last.values()
    ]  # fmt: skip
