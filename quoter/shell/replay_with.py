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
from quoter.engine.market import MarketState, Quote
from quoter.engine.quoting import desired
from quoter.engine.state import State
from quoter.engine.step import step
from quoter.shell.replay import begin

Answer = tuple[tuple[Quote, ...], tuple[str, ...], tuple[str, ...]]


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
    """Ask both settings at the same moment: after the step, when what it sent has changed the state already."""
    priced = [market for market in markets if market.fair is not None]
    wanted = [_answers(state, priced, config) for config in (state.config, other)]
    for market, was, would in zip(priced, *wanted, strict=True):
        assert market.fair is not None, "only markets with a fair value were asked about"
        found.samples += 1
        found.differ += was[0] != would[0]
        for answer, table in ((was, found.was), (would, found.would)):
            for side, reasons in ((Side.BID, answer[1]), (Side.ASK, answer[2])):
                table[side].add(market.fair.fair, [q for q in answer[0] if q.side is side], reasons)


def _answers(state: State, markets: list[MarketState], config: EngineConfig) -> list[Answer]:
    """(quotes, why no bid, why no ask) of each market under `config`; the state is left as it was."""
    own, state.config = state.config, config
    stopped, answers = global_reasons(state), list[Answer]()
    for market in markets:
        reasons = stopped or market_reasons(state, market)
        answers.append(((), reasons, reasons) if reasons else desired(state, market))
    state.config = own
    return answers
