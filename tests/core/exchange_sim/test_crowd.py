"""The other traders behave as those of real markets of this kind do: what a taker knows, and what a maker keeps.

The bounds are wide: the figures of real orders (README, "What do the others know?") are of 195,000, these of hundreds.
"""

import itertools
import random
from dataclasses import dataclass, field
from datetime import date

import pytest

from core import messages as m
from core.clock import Clock
from core.contract import Market
from core.exchange.listing import event
from core.exchange.makers_belief import ERROR_SHARE, LATE, MakersBelief
from core.exchange.traders import chance
from core.exchange.venue import Venue
from core.station_day import StationDay, Variable
from core.stations import STATIONS
from core.units import DAY, HOUR, MINUTE, SECOND, Count, Duration, Instant, instant
from core.weather.world import World

pytestmark = pytest.mark.slow

START = instant("2026-03-03T15:00:00Z")
DAYS = [StationDay(s, v, date(2026, 3, 4)) for s in STATIONS[:3] for v in Variable]
SPEED = 60.0


def markets(world: World) -> list[Market]:
    return [market for day in DAYS for market in event(day, world)]


@dataclass
class Watched:
    """An exchange with nobody but its crowd, and each taker's order with the middle around it."""

    seed: int
    now: Instant = START
    trades: list[m.TradePrint] = field(default_factory=list)
    orders: list[tuple[str, int, float, float, Count]] = field(default_factory=list)  # ticker, sign, cost, middle, size

    def __post_init__(self) -> None:
        self.world = World(self.seed)
        clock = Clock(SPEED, 0, START, wall=lambda: int((self.now - START) / SPEED))
        self.venue = Venue(clock, self.world, random.Random(self.seed), None, markets(self.world))
        self.venue.open_books()
        self.venue.listeners.append(lambda said: self.trades.extend(x for _, x in said if isinstance(x, m.TradePrint)))

    def middle(self, ticker: str) -> float:
        """Cents."""
        book = self.venue.exchange.markets[ticker].book
        return ((book.best(m.Side.BID) or 0) + (book.best(m.Side.ASK) or 10_000)) / 200

    def live(self, lasts: Duration) -> list[float]:
        """Half a wall second at a time; by how much each order moved the middle in the taker's favour within ten
        minutes, cents."""
        impacts: list[float] = []
        waiting: list[tuple[Instant, str, int, float]] = []
        end = self.now + lasts
        while self.now < end:
            before = {one.market.ticker: self.middle(one.market.ticker) for one in self.venue.exchange.active()}
            self.trades.clear()
            self.now = Instant(self.now + int(SPEED * SECOND / 2))
            self.venue.tick(0.5)
            for trade in self.trades:
                sign, at = trade.taker.sign, before[trade.ticker]
                self.orders.append((trade.ticker, sign, trade.price / 100, at, trade.count))
                waiting.append((Instant(self.now + 10 * MINUTE), trade.ticker, sign, at))
            for due, ticker, sign, at in [one for one in waiting if one[0] <= self.now]:
                waiting.remove((due, ticker, sign, at))
                impacts.append(sign * (self.middle(ticker) - at))
        return impacts


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def test_a_trade_moves_the_price_by_half_of_what_it_cost_and_makers_keep_the_rest() -> None:
    watched = Watched(1)
    impacts = watched.live(Duration(14 * HOUR))
    paid = [sign * (price - middle) for _, sign, price, middle, _ in watched.orders]
    assert len(paid) > 400
    assert 1.5 < mean(paid) < 4.0, "real orders pay 3.3 cents beside the middle, and 2.6 in the narrowest of markets"
    assert 0.3 < mean(impacts) / mean(paid) < 0.75, "real ones move it by .53 of that"


def test_makers_err_by_a_share_of_what_nobody_knows_and_hear_news_late() -> None:
    world = World(5)
    belief, now = MakersBelief(world, random.Random(5)), START
    off: list[float] = []
    for _ in range(400):
        now = Instant(now + 20 * MINUTE)
        day = DAYS[0]
        mean_f, sd = world.belief(day.station, day.variable, day.day, Instant(now - LATE))
        off.append((belief.of(day, now)[0] - mean_f) / sd)
    spread = mean([x * x for x in off]) ** 0.5
    assert 0.6 * ERROR_SHARE < spread < 1.5 * ERROR_SHARE
    steps = mean([(a - b) ** 2 for a, b in itertools.pairwise(off)]) ** 0.5
    assert steps < 0.6 * spread, "they do not change their minds every minute"


def test_what_a_trade_taught_fades_and_what_is_over_is_forgotten() -> None:
    world = World(1)
    belief, (first, *_) = MakersBelief(world, random.Random(1)), markets(world)
    belief.of(first.station_day, START)
    belief.traded(first.ticker, m.Side.BID, 0.5, Count(3_500), START)
    bought = belief.lean(first.ticker, START)
    assert 0.01 < bought < 0.03
    assert 0 < belief.lean(first.ticker, Instant(START + DAY)) < bought / 10
    belief.traded(first.ticker, m.Side.ASK, 0.5, Count(3_500), START)
    assert abs(belief.lean(first.ticker, START)) < 1e-9
    belief.forget([])
    assert (belief.errors, belief.leans) == ({}, {})


def test_one_seed_is_one_market() -> None:
    def told(seed: int) -> list[tuple[str, int, float, float, Count]]:
        watched = Watched(seed)
        watched.live(Duration(HOUR))
        return watched.orders

    assert told(2) == told(2) != told(3)


def test_the_best_informed_belief_is_not_the_makers() -> None:
    """They knew all that may be known, to a quarter of a degree: whoever traded on less was met where he was wrong."""
    watched = Watched(4)
    watched.live(Duration(2 * HOUR))
    gaps: list[float] = []
    for one in watched.venue.exchange.active():
        day = one.market.station_day
        fair = chance(one.market, *watched.world.belief(day.station, day.variable, day.day, watched.now))
        if 0.1 < fair < 0.9:
            gaps.append(watched.middle(one.market.ticker) / 100 - fair)
    assert mean([x * x for x in gaps]) ** 0.5 > 0.02
