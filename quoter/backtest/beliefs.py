"""Fair values of the past, as publications: the same message the engine reads in production, in order of time.

The table of fairs (Parquet) has one row a publication and market: event_ticker, published_at (ns), valid_until (ns),
ticker, fair, model, market, last, sd, slope, weight, mean_f, sd_f; `windows` beside it: event_ticker, start, end (ns),
widen, reason. Anybody may bring their own. A value that is absent withholds the event.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from core.contract import LINEAR_CENT
from core.errors import SettingsError
from core.fees import TAKER
from core.history.ladder import PastEvent
from core.publication import EventFair, MarketFair, Publication, PublishedLimits, Window
from core.units import HOUR, Instant, Money
from quoter.backtest.job import Arm, Belief

_AHEAD = 6 * HOUR
_AGAIN = 3 * HOUR
_COLUMNS = ("event_ticker", "published_at", "valid_until", "ticker", "fair", "model", "market", "last", "sd", "slope",
            "weight", "mean_f", "sd_f")  # fmt: skip


class Row(NamedTuple):
    """One market of one publication."""

    published_at: int
    valid_until: int
    ticker: str
    fair: float | None
    model: float | None
    market: float | None
    last: float | None
    sd: float | None
    slope: float | None
    weight: float | None
    mean_f: float | None
    sd_f: float | None


def read(path: Path, events: Sequence[PastEvent]) -> tuple[dict[str, list[Row]], dict[str, list[Window]]]:
    """(rows, windows) by event ticker. Raises: SettingsError when a column is missing."""
    db = duckdb.connect()
    db.execute("SET enable_progress_bar=false; SET threads=1")
    names = [e.ticker for e in events]
    table = _named(path)
    have = {r[0] for r in db.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}
    missing = [c for c in _COLUMNS if c not in have]
    if missing:
        raise SettingsError(f"{path}: no column {', '.join(missing)}; fairs need {', '.join(_COLUMNS)}")
    rows: dict[str, list[Row]] = defaultdict(list)
    for event, *values in db.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM {table} WHERE event_ticker IN (SELECT unnest(?::VARCHAR[])) "
        "ORDER BY event_ticker, published_at", [names],
    ).fetchall():  # fmt: skip
        rows[event].append(Row(*values))
    windows: dict[str, list[Window]] = defaultdict(list)
    beside = path.with_name("windows.parquet")
    if beside.exists():
        for event, start, end, widen, reason in db.execute(
            f'SELECT event_ticker, start, "end", widen, reason FROM {_named(beside)} '
            "WHERE event_ticker IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL", [names],
        ).fetchall():  # fmt: skip
            windows[event].append(Window(Instant(start), Instant(end), widen, reason))
    db.close()
    return rows, windows


def _named(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def publications(
    event: PastEvent, rows: Sequence[Row], windows: Sequence[Window], arm: Arm, limits: PublishedLimits, max_loss: Money
) -> list[Publication]:
    """What the engine would have been told of one event, oldest first; one that repeats the last
    within three hours is left out."""
    place = {m.ticker: m for m in event.markets}
    found: list[Publication] = []
    before, said = object(), 0
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.published_at].append(row)
    for at, members in groups.items():
        if at >= event.close_at:
            break
        values = [_chosen(row, arm.belief) for row in members]
        told = None if any(v is None for v in values) or len(members) < len(place) else (values, members[0].valid_until)
        if told == before and at - said < _AGAIN:
            continue
        before, said = told, at
        pairs = () if told is None else zip(members, values, strict=True)
        priced = [_market(place[row.ticker], row, value, arm) for row, value in pairs if value is not None]
        until = Instant(members[0].valid_until)
        events = (
            [_event(event, members[0], priced, windows if arm.windows else (), until, at, max_loss, arm)]
            if priced
            else []
        )
        withheld = {} if priced else {event.ticker: "no fair value"}
        name = f"{at:020d}"
        found.append(
            Publication(name, name, arm.belief, Instant(at), max(until, Instant(at + 1)), events, withheld, limits)
        )
    return found


def _chosen(row: Row, belief: Belief) -> float | None:
    value: Any = getattr(row, belief.value)
    if value is None or value != value:
        return None
    return min(max(float(value), 1e-4), 1 - 1e-4)


def _market(listed: Any, row: Row, value: float, arm: Arm) -> MarketFair:
    sd = row.sd if row.sd is not None and row.sd == row.sd else 0.0
    slope = row.slope if row.slope is not None and row.slope == row.slope else 0.0
    return MarketFair(listed.ticker, listed.bracket.low, listed.bracket.high, value,
                      0.0 if arm.belief in (Belief.LAST, Belief.MARKET) else sd, slope, row.model or 0.0, row.market,
                      list(LINEAR_CENT.ranges), listed.close_at, TAKER, arm.maker_fee)  # fmt: skip


def _weight(row: Row, belief: Belief) -> float:
    """Of the model in the blend; what is no blend, or does not say, is quoted as it is."""
    given = row.weight if belief is Belief.BLEND else None
    return 1.0 if given is None or given != given else given


def _event(
    event: PastEvent,
    row: Row,
    priced: list[MarketFair],
    windows: Sequence[Window],
    until: Instant,
    at: int,
    max_loss: Money,
    arm: Arm,
) -> EventFair:
    day = event.station_day
    near = [w for w in windows if w.end > at and w.start < at + _AHEAD]
    return EventFair(event.ticker, day.station.code, day.station.city, day.variable.value, day.day.isoformat(),
                     day.start, day.end, row.mean_f or 0.0, row.sd_f or 0.0, None, _weight(row, arm.belief), [], {},
                     until, [], near, max_loss, priced)  # fmt: skip
