"""`kwm replay --with FILE`: the same day with other settings: what would have been quoted otherwise?

The journal's own engine runs as it ran; at every tick and change of a quote the other settings are asked what they
would want of the same books, positions and publications. Their orders were never sent, so no fills are made up: what is
compared is quotes and reasons, not profit.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.messages import Side
from core.storage.journal_rows import EventRow, JournalRow, QuoteRow, RunRow
from core.units import ONE_DOLLAR
from quoter.engine.config import EngineConfig
from quoter.engine.events import DECODER, Timer
from quoter.engine.guard import global_reasons, market_reasons
from quoter.engine.quoting import desired
from quoter.engine.state import MarketState, Quote, State
from quoter.engine.step import step
from quoter.shell.replay import begin


@dataclass(slots=True)
class Wanted:
    """How one set of settings quoted one side, over all samples."""

    quoted: int = 0
    distance_c: float = 0.0  # from fair, summed, in cents
    contracts: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, fair: float, quotes: list[Quote], reasons: tuple[str, ...]) -> None:
        """One sample of one market."""
        if not quotes:
            self.reasons.update(reasons)
            return
        best = quotes[0]
        self.quoted += 1
        self.distance_c += abs(fair - best.price / ONE_DOLLAR) * 100
        self.contracts += sum(quote.count for quote in quotes) / 100

    @property
    def words(self) -> str:
        """For a table: how often, how far from fair, how much."""
        n = max(1, self.quoted)
        return f"{self.quoted:,} x, {self.distance_c / n:.2f} c from fair, {self.contracts / n:.1f} contracts"


@dataclass(slots=True)
class Compared:
    """Both, side by side. `differ`: samples in which price, size or the decision to quote is another."""

    samples: int = 0
    differ: int = 0
    was: dict[Side, Wanted] = field(default_factory=lambda: {side: Wanted() for side in Side})
    would: dict[Side, Wanted] = field(default_factory=lambda: {side: Wanted() for side in Side})


def compare(rows: Iterable[JournalRow], other: EngineConfig) -> Compared:
    """Run a journal; ask `other` along the way."""
    found, state = Compared(), None
    for row in rows:
        if isinstance(row, RunRow):
            state = begin(row)
        elif isinstance(row, EventRow) and state is not None:
            event = DECODER.decode(row.event)
            step(state, event)
            if isinstance(event, Timer):
                _ask(state, list(state.markets.values()), other, found)
            else:
                touched = dict.fromkeys(r.ticker for r in state.rows if isinstance(r, QuoteRow))
                _ask(state, [state.markets[ticker] for ticker in touched], other, found)
            state.rows.clear()
    return found


def _ask(state: State, markets: list[MarketState], other: EngineConfig, found: Compared) -> None:
    own, state.config = state.config, other
    stopped = global_reasons(state)
    for market in markets:
        if market.fair is None:
            continue
        found.samples += 1
        reasons = stopped or market_reasons(state, market)
        quotes, bid, ask = ((), reasons, reasons) if reasons else desired(state, market)
        found.differ += quotes != market.desired
        for side, was, would in ((Side.BID, market.bid_reasons, bid), (Side.ASK, market.ask_reasons, ask)):
            found.was[side].add(market.fair.fair, [q for q in market.desired if q.side is side], was)
            found.would[side].add(market.fair.fair, [q for q in quotes if q.side is side], would)
    state.config = own
