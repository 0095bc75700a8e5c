"""What must hold after every event of a seeded world. Looks at both sides, keeps its own ledger, knows the truth.

What an event cannot have broken is not looked at again: `touched` says in which markets something of ours changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from core import messages as m
from core.exchange.simulator import Exchange
from core.risk.limits import Approved, RiskLimits
from core.units import ONE_DOLLAR, SECOND, Instant
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.orders import Order
from quoter.shell.world_beliefs import EVENT_LOSS
from quoter.shell.world_crowd import US
from quoter.shell.world_plan import START

if TYPE_CHECKING:
    from quoter.shell.world import World

_ENCODE = msgspec.json.Encoder().encode
_TELLS = frozenset((m.Fill, m.MarketChanged, m.BookSnapshot, e.Halted, e.Paused, e.Resumed, e.ReduceOnly, e.Toggled,
                    e.Configured))  # fmt: skip
# these prove no order's end
_QUIET = frozenset((m.BookDelta, m.TradePrint, m.BookSnapshot, m.Heartbeat, m.Gap, e.Timer, e.Published))
_NOTHING = (0, 0, 0, 0)
_BY_HAND = 102  # what a person's order can lose: its price, and a maker fee of less than two hundredths of a cent


_FALLS = 25 * SECOND  # what rests when a limit is passed is gone by then: cancelled, or at the end of its life


class Broken(Exception):
    """An invariant does not hold; the message names the seed that replays it."""


def broken(world: "World", words: str) -> Broken:
    """The failure of a world, with what replays it."""
    return Broken(f"seed {world.seed}, step {world.steps}, {(world.now - START) / SECOND:.3f} s: {words}")


@dataclass(slots=True)
class Auditor:
    """One world's. The ledger is kept from what was delivered to the engine, by rules of its own."""

    world: "World"
    dirty: set[str] = field(default_factory=set)  # markets of which an order or position of ours changed
    stopped: bool = False  # a person halted or paused, and did not resume
    off: set[str] = field(default_factory=set)
    reducing: bool = False  # a person lets only orders through that reduce a position
    limits: RiskLimits = field(init=False)  # as a person set them
    highest: RiskLimits = field(init=False)  # as high as they ever were: positions from then may be held still
    adding: dict[str, Instant] = field(default_factory=dict)  # since when what rests adds to a loss above its limit
    settled: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)  # markets of whose stream something was lost, until a snapshot
    position: dict[str, int] = field(default_factory=dict)
    cash: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    filled: dict[str, int] = field(default_factory=dict)  # order id -> contracts this run was told of
    local: list[dict[str, Order]] = field(default_factory=list)  # our working orders at the last look, market by market
    legs: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)  # truly: position, cash, bids', asks' loss
    losses: dict[str, int] = field(default_factory=dict)
    members: dict[str, list[str]] = field(init=False)  # event -> its markets
    cities: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.members, self.cities = {}, {}
        self.limits = self.highest = self.world.plan.config.limits
        for market in self.world.markets:
            self.members.setdefault(market.event_ticker, []).append(market.ticker)
            self.cities[market.event_ticker] = market.station_day.station.code

    def new_run(self) -> None:
        """A fresh process knows nothing; so does its ledger. What a person switched off stays off."""
        for kept in (self.settled, self.position, self.cash, self.seen, self.filled, self.local):
            kept.clear()

    def touched(self, ticker: str) -> None:
        """One of our orders, positions or requests in this market changed."""
        if ticker:
            self.dirty.add(ticker)

    # --- around a step -----------------------------------------------------------------------------------------------

    def before(self, event: e.Event) -> None:
        """What the event says, by our own reading, before the engine sees it."""
        if type(event) not in _TELLS:
            return
        state = self.world.state
        match event:
            case m.Fill():
                key = (event.trade_id, event.order_id)
                if key in self.seen:
                    return
                self.seen.add(key)
                if event.filled_at < state.began_at:
                    return
                self.filled[event.order_id] = self.filled.get(event.order_id, 0) + event.count
                market = state.markets.get(event.ticker)
                adopted = max(state.adopted_at, market.adopted_at if market is not None else 0)
                if not state.adopting and event.filled_at > adopted:
                    signed = event.side.sign * event.count
                    self.position[event.ticker] = self.position.get(event.ticker, 0) + signed
                    self.cash[event.ticker] = self.cash.get(event.ticker, 0) - signed * event.price - event.fee
            case m.MarketChanged(change="determined" | "settled"):
                self.settled.add(event.ticker)
                self.position[event.ticker] = self.cash[event.ticker] = 0
            case m.BookSnapshot():
                self.missing.discard(event.ticker)
            case e.Halted() | e.Paused():
                self.stopped = True
            case e.Resumed():
                self.stopped = self.reducing = False
            case e.ReduceOnly():
                self.reducing = event.on
            case e.Configured():
                self.limits = event.config.limits
                if self.limits.max_loss_event > self.highest.max_loss_event:  # they rise and fall together
                    self.highest = self.limits
            case e.Toggled():
                (self.off.discard if event.enabled else self.off.add)(event.ticker)

    def after(self, event: e.Event, actions: list[Action]) -> None:
        """Every invariant that this event or these actions can have broken. Raises: Broken."""
        if isinstance(event, m.PositionsReported):
            self._taken_over()
        for action in actions:
            if isinstance(action, Approved):
                self._sent_with_open_eyes(action.request)
        if isinstance(event, m.Fill):
            self._counted_once(event)
        if actions or self.dirty or type(event) not in _QUIET:
            self._nothing_forgotten()
        if self.dirty:
            self._orders_at_the_exchange(self.dirty)
            self.look_at(self.dirty)
            self._within_limits()
            if self.world.foreign:
                self._others_untouched()
            self.dirty.clear()

    def journalled(self, request: m.Request) -> None:
        """Every send has a prior journal record."""
        if self.world.plan.journals:
            body = _ENCODE(request)
            if not any(body in line for line in reversed(self.world.journal[-400:])):
                raise broken(self.world, f"{request} left the process before it was journalled")

    # --- what is looked at -------------------------------------------------------------------------------------------

    def _sent_with_open_eyes(self, request: m.Request) -> None:
        if not isinstance(request, (m.PlaceOrder, m.AmendOrder)):
            return
        world, state, ticker = self.world, self.world.state, request.ticker
        event = ticker.rsplit("-", 1)[0]
        why = ""
        if not state.connected or not state.orders_known or not state.positions_known:
            why = "while not connected and reconciled"
        elif world.now >= world.beliefs.valid_until:
            why = "on a stale publication"
        elif not state.markets[ticker].book.known:
            why = "on an unknown book"
        elif ticker in self.missing:
            why = "on a book of which a message was lost"
        elif world.now - world.stream.heard_at > state.config.book_stale + 2 * SECOND:
            why = "while the stream was silent"
        elif self.stopped:
            why = "although a person stopped us"
        elif ticker in self.off or event in self.off:
            why = "although a person switched it off"
        elif world.now >= world.by_ticker[ticker].close_at - state.config.quote.stop_before_close:
            why = "too close to the close"
        elif self.reducing and isinstance(request, m.PlaceOrder):
            reached = self.position.get(ticker, 0) * request.side.sign + request.count
            why = "although a person lets only reducing orders through" if reached > 0 else ""
        if why:
            raise broken(world, f"{request} was sent {why}")

    def _counted_once(self, event: m.Fill) -> None:
        market = self.world.state.markets.get(event.ticker)
        have, want = (market.position, market.cash) if market is not None else (0, 0), (
            self.position.get(event.ticker, 0), self.cash.get(event.ticker, 0)
        )  # fmt: skip
        if have != want and not self.world.state.adopting and event.ticker not in self.settled:
            raise broken(self.world, f"{event.ticker}: position and cash are {have}, its fills say {want}")

    def _taken_over(self) -> None:
        """The engine may have taken positions over from the exchange."""
        for ticker, market in self.world.state.markets.items():
            self.position[ticker], self.cash[ticker] = market.position, market.cash

    def _nothing_forgotten(self) -> None:
        """What left our books is proved gone: it does not rest, cannot arrive, and every fill of it is counted."""
        now, local = [market.orders for market in self.world.state.markets.values()], self.local
        if now == local:
            return
        local.extend({} for _ in now[len(local) :])  # markets are only ever added, at the end
        for index, orders in enumerate(now):
            if orders != local[index]:
                for cid in local[index].keys() - orders.keys():
                    self._proved_gone(cid)
                local[index] = orders.copy()

    def _proved_gone(self, cid: str) -> None:
        world = self.world
        if not cid.startswith(f"{world.state.config.prefix}-{world.state.run}-"):
            return
        order = world.exchange.by_client_id.get((US, cid))
        if order is None:
            for _, asked in world.requests.in_flight.values():
                if not isinstance(asked, m.PlaceOrder) or asked.client_order_id != cid:
                    continue
                if asked.expires_at is None or world.now <= asked.expires_at:
                    raise broken(world, f"{cid} was forgotten while it was on its way")
        elif order.status == "resting":
            raise broken(world, f"{cid} was forgotten while it rests")
        elif order.filled != self.filled.get(order.order_id, 0):
            raise broken(world, f"{cid} was forgotten before all its fills were counted")

    def _orders_at_the_exchange(self, tickers: Iterable[str]) -> None:
        """Known here, one a quote, never crossing each other."""
        world = self.world
        prefix = f"{world.state.config.prefix}-{world.state.run}-"
        levels = world.config.quote.levels
        for ticker in tickers:
            here, bids, asks = world.state.markets.get(ticker), 0, 0
            bid, ask = -1, ONE_DOLLAR + 1
            for order in world.exchange.resting_in(US, ticker):
                cid, is_bid = order.client_order_id, order.side is m.Side.BID
                if is_bid:
                    bid = max(bid, order.price)
                else:
                    ask = min(ask, order.price)
                if cid.startswith(prefix):
                    if here is None or cid not in here.orders:
                        raise broken(world, f"{cid} rests at the exchange and is unknown here")
                    bids, asks = bids + is_bid, asks + (not is_bid)
            if bids > levels or asks > levels:
                raise broken(world, f"{ticker}: {bids} bids and {asks} asks rest for {levels} quotes a side")
            if bid >= ask:
                raise broken(world, f"{ticker}: own bid {bid} at or above own ask {ask}")

    # --- the truth of what can be lost -------------------------------------------------------------------------------

    def look_at(self, tickers: Iterable[str]) -> None:
        """Bring legs and losses of these markets up to what is so."""
        for ticker in tickers:
            self.legs[ticker] = self._leg(ticker)
        for event in {ticker.rsplit("-", 1)[0] for ticker in tickers}:
            self.losses[event] = self._loss(event)

    def _leg(self, ticker: str) -> tuple[int, int, int, int]:
        """What is held in one market, and what everything resting or on its way there loses, filled the worst way."""
        exchange = self.world.exchange
        holding = exchange.accounts[US].holdings.get(ticker)
        position = cash = bids = asks = 0
        if holding is not None:
            position, cash = holding.position, holding.realized - holding.fees - holding.cost
        for order in exchange.resting_in(US, ticker):
            if order.side is m.Side.BID:
                bids += order.price * order.remaining
            else:
                asks += (ONE_DOLLAR - order.price) * order.remaining
        for _, request in self.world.requests.in_flight.values():
            if not isinstance(request, (m.PlaceOrder, m.AmendOrder)) or request.ticker != ticker:
                continue
            more = _asked_for(request) if isinstance(request, m.PlaceOrder) else _amended(exchange, request)
            if request.side is m.Side.BID:
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

    def _within_limits(self) -> None:
        words = self._beyond()
        if words:  # another event's part may be old: an order expired there, and nobody has heard yet
            self.look_at(self.world.by_ticker)
            words = self._beyond()
        if words:
            raise broken(self.world, words)
        self._nothing_adds()

    def _nothing_adds(self) -> None:
        """Where an event may lose more than its limit, what rests does not add to it for long: what is held may."""
        now, limit = self.world.now, min(self.limits.max_loss_event, EVENT_LOSS)
        slack = self.by_hand() + self.world.requests.ghosts
        for name, loss in self.losses.items():
            if loss <= limit + slack or name == self.world.paid_out or self.at_rest(name) <= slack:
                self.adding.pop(name, None)
            elif now - self.adding.setdefault(name, now) > _FALLS:
                words = f"{self.at_rest(name) / 1e6:.2f} of the {loss / 1e6:.2f} that may be lost rest above the limit"
                raise broken(self.world, f"{name}: {words} of {limit / 1e6:.2f} since {_FALLS / SECOND:.0f} s")

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

    def _others_untouched(self) -> None:
        for order_id, size in self.world.foreign.items():
            order = self.world.exchange.orders[order_id]
            changed = order.status == "resting" and (order.price != 100 or order.total != size)
            if changed or (order.status == "canceled" and order.reason not in ("HaltCancel", "CloseCancel")):
                raise broken(self.world, f"{order.client_order_id} is a person's, and was touched: {order}")


def _asked_for(request: m.PlaceOrder) -> int:
    """What an order on its way loses at most."""
    return (request.price if request.side is m.Side.BID else ONE_DOLLAR - request.price) * request.count


def _amended(exchange: Exchange, request: m.AmendOrder) -> int:
    """The worse of old and new terms counts: by how much the new ones are worse, as the old ones are in already."""
    order = exchange.resting[US].get(request.order_id)
    if order is None:
        return 0
    new = max(0, request.total - order.filled)
    if order.side is m.Side.BID:
        return max(0, request.price * new - order.price * order.remaining)
    return max(0, (ONE_DOLLAR - request.price) * new - (ONE_DOLLAR - order.price) * order.remaining)
