"""What the embedded exchange's makers believe of the weather, and what a trade makes them think. Pure.

They hear news late, err together by a share of what nobody knows yet, and move a price by what trades there. What they
err by and what a trade taught them fades. Where each number comes from: README, "What do the others know?".
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from core import messages as m
from core.exchange.draws import Draws
from core.exchange.listing import Oracle
from core.exchange.simulator import Listed
from core.station_day import StationDay
from core.units import HOUR, MINUTE, Count, Duration, Instant

LATE = Duration(30 * MINUTE)  # behind the best informed
ERROR_SHARE = 0.4  # sd of the makers' common error, as a share of the sd of what nobody knows yet
ERROR_LASTS = Duration(3 * HOUR)  # until e^-1 of it is left
IMPACT, IMPACT_LASTS = 0.006, Duration(6 * HOUR)  # dollars at 50 cents, for each e-fold of a trade's size
_SMALL = 2.0  # contracts: a trade much smaller says nothing


@dataclass(slots=True)
class MakersBelief:
    """The makers' common view; one error an event, one lean a market, each with the time at which it was so."""

    oracle: Oracle
    draws: Draws
    errors: dict[str, tuple[Instant, float]] = field(default_factory=dict)  # in units of their sd
    leans: dict[str, tuple[Instant, float]] = field(default_factory=dict)  # dollars

    def of(self, day: StationDay, now: Instant) -> tuple[float, float]:
        """(mean, sd) by which makers price a station-day now, degrees F."""
        mean, sd = self.oracle.belief(day.station, day.variable, day.day, Instant(now - LATE))
        return mean + self._error(day.event_ticker, now) * ERROR_SHARE * sd, sd * math.hypot(1.0, ERROR_SHARE)

    def lean(self, ticker: str, now: Instant) -> float:
        """Dollars by which what was traded moves a market's price from what the weather says."""
        since, lean = self.leans.get(ticker, (now, 0.0))
        return lean * _left(now - since, IMPACT_LASTS)

    def traded(self, ticker: str, taker: m.Side, price: float, count: Count, now: Instant) -> None:
        """Somebody took `count` at `price` dollars: he may know something."""
        moved = IMPACT * math.log1p(count / 100 / _SMALL) * 2 * math.sqrt(price * (1 - price))
        self.leans[ticker] = (now, self.lean(ticker, now) + (moved if taker is m.Side.BID else -moved))

    def forget(self, active: Iterable[Listed]) -> None:
        """Keep what is about these markets."""
        markets = [one.market for one in active]
        tickers, events = {market.ticker for market in markets}, {market.event_ticker for market in markets}
        self.errors = {event: kept for event, kept in self.errors.items() if event in events}
        self.leans = {ticker: kept for ticker, kept in self.leans.items() if ticker in tickers}

    def _error(self, event: str, now: Instant) -> float:
        """An Ornstein-Uhlenbeck path of sd 1, drawn at the moments at which it is looked at."""
        known = self.errors.get(event)
        if known is None:
            error = self.draws.gauss(0.0, 1.0)
        else:
            left = _left(now - known[0], ERROR_LASTS)
            error = known[1] * left + self.draws.gauss(0.0, math.sqrt(1 - left * left))
        self.errors[event] = (now, error)
        return error


def _left(age: int, lasts: Duration) -> float:
    return math.exp(-max(age, 0) / lasts)
