"""What charts need and the engine does not keep: each market through the day, and what became of our fills.

Prices in tenths of a cent as 16-bit integers, one shared list of times; when it grows long every second sample is
dropped and the pace halves, so a day of 300 markets stays below ten megabytes.
"""

from array import array

from core.messages import Fill, Side
from core.units import SECOND, Instant
from quoter.dashboard import models as v
from quoter.dashboard.view import ms, windows
from quoter.engine.market import MarketState
from quoter.engine.state import State

_LONGEST = 4_096
_NONE = -1
_COLUMNS = 5
HORIZONS_S = (60, 300, 1_800)
_MOST_FILLS = 400


class Record:
    """`sample` once in a while, `markouts` often; reads of the state only."""

    def __init__(self) -> None:
        self.at: list[int] = []
        self.rows: dict[str, array[int]] = {}  # ticker -> _COLUMNS numbers a sample, from `began[ticker]` on
        self.began: dict[str, int] = {}
        self.marks: dict[tuple[str, str], dict[str, float]] = {}

    def start(self, state: State) -> None:
        """Open a new sample."""
        self.at.append(ms(state.now))
        if len(self.at) > _LONGEST:
            self._thin(state)

    def sample(self, m: MarketState) -> None:
        """One market into the open sample."""
        row = self.rows.get(m.ticker)
        if row is None:
            row = self.rows[m.ticker] = array("h")
            self.began[m.ticker] = len(self.at) - 1
        missing = len(self.at) - self.began[m.ticker] - len(row) // _COLUMNS
        if missing <= 0:
            return
        if missing > 1:
            row.extend([_NONE] * _COLUMNS * (missing - 1))
        bid, ask = m.others_touch() if m.book.known else (None, None)
        ours = {side: next((o.price for o in m.orders.values() if o.side is side), None) for side in Side}
        fair = None if m.fair is None else round(m.fair.fair * 1_000)
        prices = [None if x is None else x // 10 for x in (bid, ask, ours[Side.BID], ours[Side.ASK])]
        row.extend(_NONE if x is None else x for x in (fair, *prices))

    def _thin(self, state: State) -> None:
        """Every second sample goes, and what the engine has forgotten: nobody looks at it any more."""
        self.at = self.at[::2]
        self.rows = {ticker: row for ticker, row in self.rows.items() if ticker in state.markets}
        self.began = {ticker: first for ticker, first in self.began.items() if ticker in state.markets}
        for ticker, row in self.rows.items():
            first = self.began[ticker]
            skip = first % 2  # keep the samples whose place in `at` is even
            kept: array[int] = array("h")
            for place in range(skip, len(row) // _COLUMNS, 2):
                kept.extend(row[place * _COLUMNS : (place + 1) * _COLUMNS])
            self.rows[ticker], self.began[ticker] = kept, (first + skip) // 2

    def series(self, m: MarketState) -> v.Series:
        """One market's day."""
        row, first = self.rows.get(m.ticker, array("h")), self.began.get(m.ticker, 0)
        number = len(row) // _COLUMNS
        columns = [[None if x == _NONE else x / 10 for x in row[c::_COLUMNS]] for c in range(_COLUMNS)]
        return v.Series(
            ticker=m.ticker, at_ms=self.at[first : first + number], fair_c=columns[0], bid_c=columns[1],
            ask_c=columns[2], our_bid_c=columns[3], our_ask_c=columns[4], windows=windows(m.event),
        )  # fmt: skip

    def markouts(self, state: State, fills: list[Fill]) -> None:
        """Note the mark of each fill's market when a horizon has passed since it."""
        for fill in fills:
            known = self.marks.setdefault((fill.trade_id, fill.order_id), {})
            if len(known) == len(HORIZONS_S):
                continue
            for horizon in HORIZONS_S:
                due = Instant(fill.filled_at + horizon * SECOND)
                if str(horizon) not in known and due <= state.now:
                    market = state.markets.get(fill.ticker)
                    mark = market.mark() if market is not None else None
                    late = state.now - due > max(horizon // 4, 30) * SECOND
                    if mark is not None and not late:
                        known[str(horizon)] = round(fill.side.sign * (mark - fill.price) / 100, 2)
        while len(self.marks) > _MOST_FILLS:
            del self.marks[next(iter(self.marks))]

    def shown(self, fills: list[Fill]) -> list[v.FillShown]:
        """Fills for people, with their markouts."""
        return [
            v.FillShown(
                at_ms=ms(f.filled_at), ticker=f.ticker, side=f.side.value, price_c=f.price / 100,
                contracts=f.count / 100, fee_usd=f.fee / 1e6, taker=f.is_taker, id=f.client_order_id,
                markouts_c=self.marks.get((f.trade_id, f.order_id), {}),
            )
            for f in fills
        ]  # fmt: skip
