"""Candlesticks of the embedded exchange: a bar a minute and market, from quotes and trades. Pure; time is an argument.

A minute without a trade has quotes only; an empty side shows as 0 or 1 dollar, as at Kalshi (FACTS §3.7).
"""

from dataclasses import dataclass, field

from core.messages import Ticker
from core.units import HOUR, MINUTE, ONE_DOLLAR, Count, Instant, Price

KEPT_MINUTES = 3 * 24 * 60
KEPT_AFTER = 6 * HOUR  # the last bar of a market: nobody asks for those of one that was paid out
INTERVALS = (1, 60, 1440)


@dataclass(slots=True)
class Range:
    """First, lowest, highest and last of something."""

    open: Price
    low: Price
    high: Price
    close: Price

    def note(self, price: Price) -> None:
        """One more observation."""
        self.low, self.high, self.close = min(self.low, price), max(self.high, price), price

    def join(self, later: "Range") -> None:
        """Take in the range of a later minute."""
        self.low, self.high, self.close = min(self.low, later.low), max(self.high, later.high), later.close


@dataclass(slots=True)
class Bar:
    """One period. `price` is None where nothing traded; `value` is price x count, for the mean."""

    bid: Range
    ask: Range
    price: Range | None = None
    volume: Count = Count(0)
    value: int = 0

    def join(self, later: "Bar") -> None:
        """Take in a later minute."""
        self.bid.join(later.bid)
        self.ask.join(later.ask)
        if later.price is not None:
            if self.price is None:
                self.price = Range(later.price.open, later.price.low, later.price.high, later.price.close)
            else:
                self.price.join(later.price)
        self.volume, self.value = Count(self.volume + later.volume), self.value + later.value


def _point(price: Price) -> Range:
    return Range(price, price, price, price)


@dataclass(slots=True)
class Candles:
    """Minute bars by market; the oldest are forgotten, and markets that ended (a day of theirs is 200 MB)."""

    bars: dict[Ticker, dict[int, Bar]] = field(default_factory=dict)

    def forget(self, now: Instant) -> None:
        """Let go of the markets of which nothing was noted for a while; to be called now and then."""
        oldest = (now - KEPT_AFTER) // MINUTE
        ended = [ticker for ticker, minutes in self.bars.items() if next(reversed(minutes)) < oldest]
        for ticker in ended:
            del self.bars[ticker]

    def note_quote(self, ticker: Ticker, at: Instant, bid: Price | None, ask: Price | None) -> Bar:
        """The best prices now; None is an empty side."""
        low, high = bid or Price(0), ask or Price(ONE_DOLLAR)
        minutes = self.bars.setdefault(ticker, {})
        minute = at // MINUTE
        bar = minutes.get(minute)
        if bar is None:
            bar = minutes[minute] = Bar(_point(low), _point(high))
            if len(minutes) > KEPT_MINUTES:
                del minutes[next(iter(minutes))]
        else:
            bar.bid.note(low)
            bar.ask.note(high)
        return bar

    def note_trade(
        self, ticker: Ticker, at: Instant, price: Price, count: Count, bid: Price | None, ask: Price | None
    ) -> None:
        """A trade, and the best prices after it."""
        bar = self.note_quote(ticker, at, bid, ask)
        if bar.price is None:
            bar.price = _point(price)
        else:
            bar.price.note(price)
        bar.volume, bar.value = Count(bar.volume + count), bar.value + price * count

    def between(self, ticker: Ticker, start: int, end: int, interval: int) -> list[tuple[int, Bar]]:
        """(end of the period in Unix seconds, bar) for periods of `interval` minutes that end in [start, end]."""
        found: dict[int, Bar] = {}
        for minute, bar in self.bars.get(ticker, {}).items():
            ends = (minute // interval + 1) * interval * 60
            if not start <= ends <= end:
                continue
            if ends in found:
                found[ends].join(bar)
            else:
                fresh = Bar(_copy(bar.bid), _copy(bar.ask))
                fresh.price = _copy(bar.price) if bar.price is not None else None
                fresh.volume, fresh.value = bar.volume, bar.value
                found[ends] = fresh
        return sorted(found.items())


def _copy(r: Range) -> Range:
    return Range(r.open, r.low, r.high, r.close)
