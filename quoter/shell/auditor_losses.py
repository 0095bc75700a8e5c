"""The truth of what can be lost in a seeded world: from the exchange's books and from what is on its way there."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from core import messages as m
from core.exchange.simulator import Exchange
from core.risk.limits import RiskLimits
from core.side import BID
from core.units import ONE_DOLLAR, SECOND, Instant
from quoter.shell.broken import broken
from quoter.shell.world_beliefs import EVENT_LOSS
from quoter.shell.world_crowd import US

if TYPE_CHECKING:
    from quoter.shell.world import World

_NOTHING: Final = (0, 0, 0, 0)
_BY_HAND: Final = 102  # what a person's order can lose: its price, and a maker fee below two hundredths of a cent
_FALLS: Final = 25 * SECOND  # what rests when a limit is passed is gone by then: cancelled, or at the end of its life


class Losses:
    """One world's. What an event may lose is computed by the definition, and held against what a person allowed."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.limits: RiskLimits = world.plan.config.limits  # as a person set them
        self.highest = self.limits  # as high as they ever were: positions from then may be held still
        self.adding: dict[str, Instant] = {}  # since when what rests adds to a loss above its limit
        self.legs: dict[str, tuple[int, int, int, int]] = {}  # position, cash, bids' and asks' loss
        self.losses: dict[str, int] = {}
        self.members: dict[str, list[str]] = {}  # event -> its markets
        self.cities: dict[str, str] = {}
        for market in world.markets:
            self.members.setdefault(market.event_ticker, []).append(market.ticker)
            self.cities[market.event_ticker] = market.station_day.station.code

    def set(self, limits: RiskLimits) -> None:
        """A person changes them. They rise and fall together."""
        self.limits = limits
        if limits.max_loss_event > self.highest.max_loss_event:
            self.highest = limits

    def look_at(self, tickers: Iterable[str]) -> None:
        """Bring legs and losses of these markets up to what is so."""
        for ticker in tickers:
            self.legs[ticker] = self._leg(ticker)
        for event in {self.world.by_ticker[ticker].event_ticker for ticker in tickers}:
            self.losses[event] = self._loss(event)

    def _leg(self, ticker: str) -> tuple[int, int, int, int]:
        """What is held in one market, and what everything resting or on its way there loses, filled the worst way."""
        exchange = self.world.exchange
        holding = exchange.accounts[US].holdings.get(ticker)
        position = cash = bids = asks = 0
        if holding is not None:
            position, cash = holding.position, holding.realized - holding.fees - holding.cost
        for order in exchange.resting_in(US, ticker):
            if order.side is BID:
                bids += order.price * order.remaining
            else:
                asks += (ONE_DOLLAR - order.price) * order.remaining
        for _, request in self.world.requests.in_flight.values():
            if not isinstance(request, (m.PlaceOrder, m.AmendOrder)) or request.ticker != ticker:
                continue
            more = _asked_for(request) if isinstance(request, m.PlaceOrder) else _amended(exchange, request)
            if request.side is BID:
                bids += more
            else:
                asks += more
        return position, cash, bids, asks

    def _loss(self, event: str) -> int:
        """The worst outcome of an event, by the definition: exactly one of its brackets pays."""
        if event == self.world.paid_out:
            return 0
        legs = [self.legs.get(ticker, _NOTHING) for ticker in self.members[event]]
        cash = sum(leg[1] for leg in legs)
        bids = sum(leg[2] for leg in legs)
        return bids - cash + max(asks - own - held * ONE_DOLLAR for held, _, own, asks in legs)

    def within_limits(self) -> None:
        """Nothing is above its limit, and nothing rests for long on top of a loss that is. Raises: Broken."""
        words = self._beyond()
        if words:  # another event's part may be old: an order expired there, and nobody has heard yet
            self.look_at(self.world.by_ticker)
            words = self._beyond()
        if words:
            raise broken(self.world, words)
        now, above = self.world.now, self.added(self.by_hand() + self.world.requests.ghosts)
        self.adding = {event: self.adding.get(event, now) for event in above}
        for event, since in self.adding.items():
            if now - since > _FALLS:
                raise broken(self.world, f"{above[event]} since {_FALLS / SECOND:.0f} s")

    def added(self, slack: int) -> dict[str, str]:
        """Events that may lose more than their limit, and what rests adds to it: what is held may exceed it."""
        limit, found = min(self.limits.max_loss_event, EVENT_LOSS), {}
        for event, loss in self.losses.items():
            if loss > limit + slack and event != self.world.paid_out and (rests := self.at_rest(event)) > slack:
                found[event] = f"{rests / 1e6:.2f} of the {loss / 1e6:.2f} that {event} may lose rest above its limit"
        return found

    def at_rest(self, event: str) -> int:
        """What an event loses in its worst outcome by what rests or is on its way."""
        legs = [self.legs.get(ticker, _NOTHING) for ticker in self.members[event]]
        worst = max(legs, key=lambda leg: leg[3] - leg[2] - leg[0] * ONE_DOLLAR)
        return sum(leg[2] for leg in legs) - worst[2] + worst[3]

    def _beyond(self) -> str:
        world, limits = self.world, self.highest
        # a person's orders of a cent, with their fees; a dead process's requests
        slack = self.by_hand() + world.requests.ghosts
        cities: dict[str, int] = {}
        limit = min(limits.max_loss_event, EVENT_LOSS)
        for name, loss in self.losses.items():
            if loss > limit + slack:
                return f"{name}: worst case {loss / 1e6:.2f} above its limit {limit / 1e6:.2f}"
            city = self.cities[name]
            cities[city] = cities.get(city, 0) + max(0, loss)
        for city, loss in cities.items():
            if loss > limits.max_loss_city + slack:
                return f"{city}: worst case {loss / 1e6:.2f} above {limits.max_loss_city / 1e6:.2f}"
        total = sum(cities.values())
        if total > limits.max_loss_total + slack:
            return f"in total: worst case {total / 1e6:.2f} above {limits.max_loss_total / 1e6:.2f}"
        return ""

    def by_hand(self) -> int:
        """What a person's own orders can lose."""
        return sum(self.world.foreign.values()) * _BY_HAND


def _asked_for(request: m.PlaceOrder) -> int:
    """What an order on its way loses at most."""
    return (request.price if request.side is BID else ONE_DOLLAR - request.price) * request.count


def _amended(exchange: Exchange, request: m.AmendOrder) -> int:
    """The worse of old and new terms counts: by how much the new ones are worse, as the old ones are in already."""
    order = exchange.resting[US].get(request.order_id)
    if order is None:
        return 0
    new = max(0, request.total - order.filled)
    if order.side is BID:
        return max(0, request.price * new - order.price * order.remaining)
    return max(0, (ONE_DOLLAR - request.price) * new - (ONE_DOLLAR - order.price) * order.remaining)
