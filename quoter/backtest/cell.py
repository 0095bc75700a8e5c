"""What one event in one arm gave: its fills with their markouts, and the sums over its life. Pure."""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from core.history.ladder import PastEvent
from core.units import HOUR, ONE_DOLLAR, SECOND, Instant
from quoter.backtest.past import Past, middle_at
from quoter.engine.state import State

EXPOSURE_EVERY: Final = 300 * SECOND  # how finely worst cases are kept over time
MARKOUTS: Final = {"10s": 10, "1min": 60, "5min": 300, "30min": 1_800}


class Filled(NamedTuple):
    """One fill of ours; prices in 1/10,000 $, size in 1/100, fee in millionths; NaN is unknown."""

    at: Instant
    market: int
    sign: int
    price: int
    size: int
    fee: int
    fair: float
    middle: float
    position_after: int


@dataclass(slots=True)
class Cell:
    """Money in millionths of a dollar, times in seconds."""

    event: PastEvent
    arm: str
    fills: list[Filled] = field(default_factory=list)
    events: int = 0
    alerts: int = 0
    watched_s: float = 0.0  # market-seconds while there was a publication
    quoted_s: float = 0.0  # ... with any side wanted
    both_s: float = 0.0
    reasons: dict[str, float] = field(default_factory=dict)  # market-seconds by reason for no quote
    worst: int = 0
    most_position: int = 0
    low: int = 0  # lowest marked PnL
    high: int = 0
    drawdown: int = 0
    pnl: float = math.nan
    engine_pnl: int = 0
    fees: int = 0
    settled: bool = False
    orders: int = 0
    amends: int = 0
    cancels: int = 0
    ordered: int = 0  # contracts asked for, 1/100
    trades: int = 0
    volume: int = 0
    halted: str = ""
    refusals: dict[str, int] = field(default_factory=dict)
    last_sample: Instant = Instant(0)
    exposure: list[tuple[int, int]] = field(
        default_factory=list
    )  # (five minutes since 1970, worst case in cents) as it changed
    rows: list[dict[str, object]] = field(default_factory=list)

    def finish(self, past: Past, state: State, close_at: Instant) -> None:
        """The sums, from the fills alone; `engine_pnl` is what the engine's own ledger says."""
        pays = [m.pays for m in self.event.markets]
        self.settled = all(p is not None for p in pays)
        total, values = 0.0, []
        for i, listed in enumerate(self.event.markets):
            if listed.pays is not None:
                values.append(float(ONE_DOLLAR if listed.pays else 0))
            else:
                middle = middle_at(past, i, close_at)
                values.append(middle if middle is not None else math.nan)
        for fill in self.fills:
            total += fill.sign * fill.size * (values[fill.market] - fill.price) - fill.fee
            self.rows.append(self._row(past, fill, values[fill.market]))
        self.pnl, self.fees = total, sum(f.fee for f in self.fills)
        self.engine_pnl = int(state.ledger())
        counters = state.counters
        self.orders, self.amends, self.cancels = counters.orders_sent, counters.amends, counters.cancels
        self.refusals, self.halted = dict(counters.refusals), state.halted
        _expose(
            self, (self.event.station_day.end + 7 * HOUR) // EXPOSURE_EVERY, 0
        )  # the result: nothing is at risk any more
        self.trades = sum(1 for h in past.happened if h.count)
        self.volume = sum(h.count for h in past.happened)

    def _row(self, past: Past, fill: Filled, value: float) -> dict[str, object]:
        event = self.event
        day, listed = event.station_day, event.markets[fill.market]
        row: dict[str, object] = {
            "arm": self.arm, "event_ticker": event.ticker, "series": event.series, "city": day.station.city,
            "day": day.day.isoformat(), "ticker": listed.ticker, "bracket": fill.market,
            "tail": listed.bracket.low is None or listed.bracket.high is None,
            "at": int(fill.at), "hour": int((fill.at + day.station.standard_offset_hours * 3_600 * SECOND)
                                            // (3_600 * SECOND) % 24),
            "hours_to_close": (listed.close_at - fill.at) / SECOND / 3_600, "ahead": fill.at < day.start,
            "side": "bid" if fill.sign > 0 else "ask", "price": fill.price / ONE_DOLLAR, "count": fill.size / 100,
            "fee": fill.fee / 1e6, "fair": fill.fair / ONE_DOLLAR, "middle": fill.middle / ONE_DOLLAR,
            "spread": fill.sign * (fill.middle - fill.price) / ONE_DOLLAR,
            "edge": fill.sign * (fill.fair - fill.price) / ONE_DOLLAR, "position_after": fill.position_after / 100,
            "markout_settle": fill.sign * (value - fill.price) / ONE_DOLLAR,
            "pnl": (fill.sign * fill.size * (value - fill.price) - fill.fee) / 1e6,
        }  # fmt: skip
        for name, seconds in MARKOUTS.items():
            later = middle_at(past, fill.market, min(fill.at + seconds * SECOND, listed.close_at))
            row[f"markout_{name}"] = math.nan if later is None else fill.sign * (later - fill.price) / ONE_DOLLAR
        return row


def sample(cell: Cell, state: State, now: Instant) -> None:
    """Before a decision by time: how long the last one stood, and what we are worth and could lose."""
    passed = (now - cell.last_sample) / SECOND if cell.last_sample else 0.0
    cell.last_sample = now
    if state.publication is None:
        return
    for market in state.markets.values():
        if market.settled or now > market.close_at:
            continue
        cell.watched_s += passed
        sides = {quote.side for quote in market.desired}
        if sides:
            cell.quoted_s += passed
            cell.both_s += passed if len(sides) == 2 else 0.0
        elif market.bid_reasons:
            reason = market.bid_reasons[0]
            cell.reasons[reason] = cell.reasons.get(reason, 0.0) + passed
        cell.most_position = max(cell.most_position, abs(market.position))
    cell.worst = max(cell.worst, state.total_loss)
    _expose(cell, now // EXPOSURE_EVERY, state.total_loss // 10_000)
    worth = int(state.ledger())
    cell.high, cell.low = max(cell.high, worth), min(cell.low, worth)
    cell.drawdown = max(cell.drawdown, cell.high - worth)


def _expose(cell: Cell, slot: int, cents: int) -> None:
    """The worst case of a slot is the largest that was seen in it."""
    told = cell.exposure
    if told and told[-1][0] == slot:
        told[-1] = (slot, max(cents, told[-1][1]))
    elif (told[-1][1] if told else 0) != cents:
        told.append((slot, cents))
