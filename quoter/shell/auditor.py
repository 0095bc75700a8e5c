"""What must hold after every event of a seeded world. Looks at both sides, keeps its own ledger, knows the truth.

What an event cannot have broken is not looked at again: `touched` says in which markets something of ours changed.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from core import messages as m
from core.contract import event_of
from core.risk.limits import Approved
from core.side import BID
from core.units import ONE_DOLLAR, SECOND, Instant
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.orders import Order
from quoter.shell.auditor_losses import Losses
from quoter.shell.broken import broken
from quoter.shell.world_crowd import US
from quoter.shell.world_plan import START

if TYPE_CHECKING:
    from quoter.shell.world import World

_ENCODE: Final = msgspec.json.Encoder().encode
_TELLS: Final = frozenset((
    m.Fill, m.MarketChanged, m.BookSnapshot, e.Halted, e.Paused, e.Resumed, e.ReduceOnly, e.Toggled, e.Configured
))  # fmt: skip
_OF_THIS_MOMENT: Final = 2 * SECOND  # so long a request may have waited for its turn
# these prove no order's end
_QUIET: Final = frozenset((m.BookDelta, m.TradePrint, m.BookSnapshot, m.Heartbeat, m.Gap, e.Timer, e.Published))


class Auditor:
    """One world's. The ledger is kept from what was delivered to the engine, by rules of its own."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.losses = Losses(world)
        self.dirty: set[str] = set()  # markets of which an order or position of ours changed
        self.stopped = False  # a person halted or paused, and did not resume
        self.off: set[str] = set()
        self.reducing = False  # a person lets only orders through that reduce a position
        self.missing: set[str] = set()  # markets of whose stream something was lost, until a snapshot
        self.new_run()

    def new_run(self) -> None:
        """A fresh process knows nothing; so does its ledger. What a person switched off stays off."""
        self.settled: set[str] = set()
        self.position: dict[str, int] = {}
        self.cash: dict[str, int] = {}
        self.seen: set[tuple[str, str]] = set()
        self.filled: dict[str, int] = {}  # order id -> contracts this run was told of
        self.local: list[dict[str, Order]] = []  # our working orders at the last look, market by market

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
                adopted = Instant(max(state.adopted_at, market.adopted_at if market is not None else 0))
                if not state.adopting and (event.filled_at > adopted or self._made_after(event, adopted)):
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
                self.losses.set(event.config.limits)
            case e.Toggled():
                (self.off.discard if event.enabled else self.off.add)(event.ticker)

    def _made_after(self, event: m.Fill, adopted: Instant) -> bool:
        """Did this run's order come to the exchange only when that report had been heard? Then it is not in it."""
        world = self.world
        order = world.exchange.orders[event.order_id]
        ours = order.client_order_id.startswith(f"{world.state.config.prefix}-{world.state.run}-")
        return ours and order.created_at - world.plan.skew >= adopted - world.state.config.clock_margin

    def after(self, event: e.Event, actions: list[Action]) -> None:
        """Every invariant that this event or these actions can have broken. Raises: Broken."""
        if type(event) is m.PositionsReported:
            self._taken_over()
        for action in actions:
            if type(action) is Approved:
                self._sent_with_open_eyes(action.request)
        if type(event) is m.Fill:
            self._counted_once(event)
        if actions or self.dirty or type(event) not in _QUIET:
            self._nothing_forgotten()
        if self.dirty:
            self._orders_at_the_exchange(self.dirty)
            self.losses.look_at(self.dirty)
            self.losses.within_limits()
            if self.world.foreign:
                self._others_untouched()
            self.dirty.clear()

    def journalled(self, request: m.Request) -> None:
        """Every send has a prior journal record."""
        if self.world.plan.journals:
            body = _ENCODE(request)
            if not any(body in line for line in reversed(self.world.journal[-400:])):
                raise broken(self.world, f"{request} left the process before it was journalled")

    def leaves(self, request: m.Request, since: Instant) -> None:
        """A request's turn has come: what adds risk is of this moment, and nobody has halted since."""
        if isinstance(request, (m.PlaceOrder, m.AmendOrder)):
            if self.world.now - since > _OF_THIS_MOMENT:
                raise broken(
                    self.world, f"{request} had waited since {(since - START) / SECOND:.3f} s when it was sent"
                )
            if self.world.state.halted:
                raise broken(self.world, f"{request} left after a halt")

    # --- what is looked at -------------------------------------------------------------------------------------------

    def _sent_with_open_eyes(self, request: m.Request) -> None:
        if not isinstance(request, (m.PlaceOrder, m.AmendOrder)):
            return
        world, state, ticker = self.world, self.world.state, request.ticker
        event = event_of(ticker)
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
        local = self.local
        # markets are added at the end; a world is over long before one is forgotten
        for index, market in enumerate(self.world.state.markets.values()):
            if index == len(local):
                local.append({})
            orders, before = market.orders, local[index]
            if orders != before:
                for cid in before:
                    if cid not in orders:
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
                cid, is_bid = order.client_order_id, order.side is BID
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

    def _others_untouched(self) -> None:
        for order_id, size in self.world.foreign.items():
            order = self.world.exchange.orders[order_id]
            changed = order.status == "resting" and (order.price != 100 or order.total != size)
            if changed or (order.status == "canceled" and order.reason not in ("HaltCancel", "CloseCancel")):
                raise broken(self.world, f"{order.client_order_id} is a person's, and was touched: {order}")
