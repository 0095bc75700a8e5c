"""What a seeded world publishes, what strikes it, and what REST would say of an answer. Pure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core import messages as m
from core.contract import Fees
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.units import SECOND, Count, Instant, money

if TYPE_CHECKING:
    from quoter.shell.world import World


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances per request or message."""

    never_arrives: float = 0.02
    refused: float = 0.02
    ack_lost: float = 0.03
    accepted_then_5xx: float = 0.02
    late: float = 0.02
    throttled: float = 0.01
    duplicate_fill: float = 0.1
    reorder: float = 0.1
    gap: float = 0.004
    disconnect: float = 0.0015
    crash: float = 0.0006


def publication(world: "World") -> Publication:
    """The present fairs, good for 60 s."""
    fairs = fair_now(world)
    until = Instant(world.now + 60 * SECOND)
    events = []
    for event_ticker in dict.fromkeys(market.event_ticker for market in world.markets):
        members = [market for market in world.markets if market.event_ticker == event_ticker]
        day = members[0].station_day
        priced = [
            MarketFair(x.ticker, x.bracket.low, x.bracket.high, fairs[x.ticker], 0.004, 0.0, fairs[x.ticker], None,
                       list(x.grid.ranges), x.close_at, 70_000, _fees(x.fees))
            for x in members
        ]  # fmt: skip
        events.append(
            EventFair(event_ticker, day.station.code, day.station.city, day.variable.value, "2026-11-24", day.start,
                      day.end, 48.0, 3.0, None, 1.0, [], {}, until, [], [], money("60.00"), priced)
        )  # fmt: skip
    name = f"{world.now:020d}"
    limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
    return Publication(name, name, "world", world.now, until, events, {}, limits)


def _fees(fees: Fees) -> int:
    return fees.maker


def rest_answer(said: m.Said, cancelled: Count | None) -> m.Said:
    """What REST says of it: the answer to a cancel knows only by how much the order was reduced."""
    if isinstance(said, m.Gone) and said.reason == "Cancel" and cancelled is not None:
        return msgspec.structs.replace(said, filled=None, reduced_by=cancelled)
    return said


def fair_now(world: "World") -> dict[str, float]:
    """The fairs, summing to one in each event."""
    totals: dict[str, float] = {}
    for market in world.markets:
        totals[market.event_ticker] = totals.get(market.event_ticker, 0.0) + world.fairs[market.ticker]
    return {market.ticker: world.fairs[market.ticker] / totals[market.event_ticker] for market in world.markets}
