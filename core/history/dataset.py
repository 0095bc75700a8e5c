"""A folder of past markets, trades and quotes (Parquet) as events with their prints. Knows files, nothing of models.

`markets`: series, station, climate_day, event_ticker, ticker, strike_type, floor_strike, cap_strike, open_time,
close_time, result, value_f. `trades`: ticker, climate_day, traded_at, yes_price_dollars, count, taker_side (yes: the
taker bought YES), and heard_at where a tape knows it. `quotes`: climate_day, at, ticker, best_yes_bid, best_no_bid
(cents, -1 none). `levels`: climate_day, at_ns, ticker, bid, price (1/10,000 $, YES), size (1/100). Any of them may be
absent: without `markets` the ladder is read from the tickers of `quotes` and nothing settles.
"""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from core.contract import bracket
from core.errors import Malformed, SettingsError
from core.history.ladder import Integers, Listed, PastEvent, Prints, Touches, ladder_of_tickers
from core.history.levels import Levels, touches
from core.station_day import StationDay, Variable
from core.stations import BY_CODE, BY_SERIES
from core.units import Instant


class History:
    """A folder, opened. Raises: SettingsError when there is nothing to trade against in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not self.has("trades") and not self.has("quotes"):
            raise SettingsError(f"{folder}: neither trades.parquet nor quotes.parquet: nothing to trade against")
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone='UTC'; SET enable_progress_bar=false; SET threads=1")

    def has(self, table: str) -> bool:
        """Is the table there?"""
        return (self.folder / f"{table}.parquet").exists()

    def _from(self, table: str) -> str:
        return "'" + str(self.folder / f"{table}.parquet").replace("'", "''") + "'"

    def span(self) -> tuple[date, date]:
        """The first and last climate day there is. Raises: SettingsError where there is none."""
        table = "markets" if self.has("markets") else "quotes"
        found = self.db.execute(f"SELECT min(climate_day), max(climate_day) FROM {self._from(table)}").fetchall()
        if found[0][0] is None:
            raise SettingsError(f"{self.folder}: {table} has no climate day")
        return found[0][0], found[0][1]

    def events(self, first: date, last: date, series: tuple[str, ...] = ()) -> list[PastEvent]:
        """Events of climate days `first` to `last`, by day and series. Raises: Malformed for a market that is none."""
        if self.has("markets"):
            found = self._listed(first, last)
        else:
            tickers = self.db.execute(
                f'SELECT ticker, climate_day, epoch_ns(min("at")), epoch_ns(max("at")) FROM {self._from("quotes")} '
                "WHERE climate_day BETWEEN ? AND ? GROUP BY ALL ORDER BY ALL", [first, last],
            ).fetchall()  # fmt: skip
            found = ladder_of_tickers(tickers)
        wanted = [e for e in found if not series or e.series in series]
        return sorted(wanted, key=lambda e: (e.station_day.day, e.series))

    def _listed(self, first: date, last: date) -> list[PastEvent]:
        result = "result" if "result" in self._names("markets") else "NULL"
        rows = self.db.execute(
            "SELECT series, station, climate_day, event_ticker, ticker, strike_type, floor_strike::DOUBLE, "
            "cap_strike::DOUBLE, "
            f"epoch_ns(open_time::TIMESTAMPTZ), epoch_ns(close_time::TIMESTAMPTZ), {result} "
            f"FROM {self._from('markets')} "
            "WHERE climate_day BETWEEN ? AND ? AND strike_type IS NOT NULL ORDER BY ticker", [first, last],
        ).fetchall()  # fmt: skip
        ladders: dict[str, list[Listed]] = defaultdict(list)
        days: dict[str, StationDay] = {}
        for name, code, day, event, ticker, kind, floor, cap, opened, closed, said in rows:
            ladders[event].append(
                Listed(ticker, bracket(kind, floor, cap), Instant(opened), Instant(closed),
                       {"yes": True, "no": False}.get(str(said).lower()))
            )  # fmt: skip
            days[event] = _station_day(str(name), str(code), day)
        return [PastEvent(event, days[event], tuple(sorted(found, key=_lowest))) for event, found in ladders.items()]

    def prints(self, events: list[PastEvent]) -> dict[str, Prints]:
        """Trades of these events by event ticker; events nobody traded are absent."""
        if not self.has("trades") or not events:
            return {}
        when = "heard_at" if "heard_at" in self._names("trades") else "traded_at"  # one clock for a tape's tables
        found = self._columns(
            f"SELECT ticker, epoch_ns({when}::TIMESTAMPTZ) AS moment, "
            "round(yes_price_dollars * 10000)::BIGINT AS price, "
            f'round("count" * 100)::BIGINT AS count, taker_side = \'yes\' AS buys FROM {self._from("trades")} '
            "WHERE climate_day BETWEEN ? AND ? AND yes_price_dollars > 0 AND yes_price_dollars < 1 "
            "ORDER BY moment, ticker, CASE WHEN taker_side = 'yes' THEN price ELSE -price END", events,
        )  # fmt: skip
        return {
            ticker: Prints(
                found["moment"][rows], market, found["price"][rows], found["count"][rows], found["buys"][rows]
            )
            for ticker, rows, market in _split(found["ticker"], events)
        }

    def touches(self, events: list[PastEvent]) -> dict[str, Touches]:
        """Recorded best bids of these events by event ticker: of the books where those were recorded."""
        if self.has("levels"):
            return {ticker: touches(levels) for ticker, levels in self.levels(events).items()}
        if not self.has("quotes") or not events:
            return {}
        found = self._columns(
            f'SELECT ticker, epoch_ns("at"::TIMESTAMPTZ) AS moment, '
            "round(greatest(best_yes_bid::DOUBLE, 0) * 100)::BIGINT AS bid, "
            f"CASE WHEN best_no_bid > 0 THEN 10000 - round(best_no_bid::DOUBLE * 100)::BIGINT ELSE 0 END AS ask "
            f"FROM {self._from('quotes')} WHERE climate_day BETWEEN ? AND ? ORDER BY moment, ticker", events,
        )  # fmt: skip
        return {
            ticker: Touches(found["moment"][rows], market, found["bid"][rows], found["ask"][rows])
            for ticker, rows, market in _split(found["ticker"], events)
        }

    def levels(self, events: list[PastEvent]) -> dict[str, Levels]:
        """Recorded books of these events by event ticker; only a tape has them."""
        if not self.has("levels") or not events:
            return {}
        found = self._columns(
            "SELECT ticker, at_ns AS moment, bid, price::BIGINT AS price, size "
            f"FROM read_parquet({self._from('levels')}, file_row_number=true) "
            "WHERE climate_day BETWEEN ? AND ? ORDER BY file_row_number", events,
        )  # fmt: skip
        return {
            ticker: Levels(found["moment"][rows], market, found["bid"][rows], found["price"][rows], found["size"][rows])
            for ticker, rows, market in _split(found["ticker"], events)
        }

    def _names(self, table: str) -> set[str]:
        return {str(r[0]) for r in self.db.execute(f"DESCRIBE SELECT * FROM {self._from(table)}").fetchall()}

    def _columns(self, sql: str, events: list[PastEvent]) -> dict[str, Any]:
        days = [e.station_day.day for e in events]
        return dict(self.db.execute(sql, [min(days), max(days)]).fetchnumpy())

    def close(self) -> None:
        """Let the file go."""
        self.db.close()


def _split(tickers: Any, events: list[PastEvent]) -> list[tuple[str, Integers, Integers]]:
    """(event ticker, its rows, their index on the ladder), keeping the order of the rows."""
    place = {m.ticker: (n, i) for n, e in enumerate(events) for i, m in enumerate(e.markets)}
    if not len(tickers):
        return []
    names, inverse = np.unique(np.asarray(tickers, dtype=str), return_inverse=True)
    where = np.array([place.get(str(name), (-1, -1)) for name in names], dtype=np.int64)
    owner, index = where[inverse, 0], where[inverse, 1]
    out = []
    for n, event in enumerate(events):
        rows = np.flatnonzero(owner == n)
        if len(rows):
            out.append((event.ticker, rows, index[rows]))
    return out


def _station_day(series: str, code: str, day: date) -> StationDay:
    known = BY_SERIES.get(series) or BY_SERIES.get("KX" + series)
    station = BY_CODE.get(code) or known
    if station is None:
        raise Malformed("markets.station", code, "no station we know; add it to core/stations.py")
    low = known is not None and series.removeprefix("KX") == station.series_low.removeprefix("KX")
    return StationDay(station, Variable.LOW if low or "LOW" in series else Variable.HIGH, day)


def _lowest(market: Listed) -> float:
    return float("-inf") if market.bracket.low is None else float(market.bracket.low)
