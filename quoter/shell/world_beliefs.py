"""What a seeded world believes: the true chances, which move, and the publications that lag behind them. Pure."""

from dataclasses import dataclass, field
from typing import Final

from core.contract import Market
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.units import SECOND, Instant, Money, money
from quoter.shell.world_dice import Dice

EVENT_LOSS: Final = money("60.00")
_LIMITS: Final = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
GOOD_FOR: Final = 14 * SECOND


@dataclass(slots=True)
class Beliefs:
    """`true`: what informed traders know; `known`: what the flows knew when they last looked."""

    rng: Dice
    markets: list[Market]
    true: dict[str, float] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    members: dict[str, list[Market]] = field(default_factory=dict)
    number: int = 0
    valid_until: Instant = Instant(0)  # of the newest publication that was handed over

    def __post_init__(self) -> None:
        for market in self.markets:
            self.members.setdefault(market.event_ticker, []).append(market)
        weights = (0.04, 0.12, 0.3, 0.32, 0.16, 0.06)
        for index, market in enumerate(self.markets):
            self.true[market.ticker] = weights[index % 6]
        self.known = dict(self.true)

    def wander(self, jump: bool) -> None:
        """The truth moves a little, or (`jump`) a lot: quotes are stale until the next publication."""
        rng, size = self.rng, 0.5 if jump else 0.04
        totals: dict[str, float] = {}
        for market in self.markets:
            moved = self.true[market.ticker] = max(0.01, self.true[market.ticker] * (1 + rng.gauss(0, size)))
            totals[market.event_ticker] = totals.get(market.event_ticker, 0.0) + moved
        for market in self.markets:
            self.true[market.ticker] /= totals[market.event_ticker]

    def look(self) -> None:
        """The flows look at the truth."""
        self.number += 1
        self.known = dict(self.true)

    def publication(self, now: Instant) -> Publication:
        """What the flows knew, good for a short while from `now`."""
        until = self.valid_until = Instant(now + GOOD_FOR)
        events = []
        for event_ticker, members in self.members.items():
            day, known = members[0].station_day, self.known
            priced = [
                MarketFair(x.ticker, x.bracket.low, x.bracket.high, known[x.ticker], 0.004, 0.0, known[x.ticker], None,
                           list(x.grid.ranges), x.close_at, x.fees.taker, x.fees.maker)
                for x in members
            ]  # fmt: skip
            events.append(
                EventFair(event_ticker, day.station.code, day.station.city, day.variable.value, day.day.isoformat(),
                          day.start, day.end, 48.0, 3.0, None, 1.0, [], {}, until, [], [], Money(EVENT_LOSS), priced)
            )  # fmt: skip
        name = f"{now:020d}"
        return Publication(name, name, "world", now, until, events, {}, _LIMITS)
