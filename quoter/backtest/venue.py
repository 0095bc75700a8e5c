"""The exchange's side of one event in a backtest: our orders only, filled by what others did, as a fill model says.

Our orders move nobody: the past stays as it was. Who traded at a worse price than ours would have met us first, on
whichever side the taker was, so every model fills there; at our own price the models differ (`FillModel`). Refusals are
the simulator's. Pure: time is an argument.
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core import messages as m
from core.contract import PriceGrid
from core.exchange.groups import Group
from core.fees import fee
from core.messages import Side
from core.side import ASK, BID
from core.units import Count, Instant, Money, Price
from quoter.backtest.job import FillModel

_HOUR: Final = 3_600 * 1_000_000_000


@dataclass(slots=True, eq=False)
class Resting:
    """One order of ours. `ahead`: contracts before it in the queue, at `aged`."""

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: Price
    remaining: Count
    filled: Count
    expires_at: Instant | None
    group: str | None
    cancel_on_pause: bool
    ahead: float = 0.0
    aged: Instant = Instant(0)


@dataclass(slots=True)
class Ladder:
    """One market as the venue knows it: its touch (0 is none), what a level holds, and our orders."""

    ticker: str
    grid: PriceGrid
    close_at: Instant
    bid: int = 0
    ask: int = 0
    open: bool = True
    bids: list[Resting] = field(default_factory=list)  # best first
    asks: list[Resting] = field(default_factory=list)
    sizes: dict[tuple[Side, int], int] = field(default_factory=dict)  # a recorded book's levels, where there is one

    def ours(self, side: Side) -> list[Resting]:
        """Our orders of one side, best first."""
        return self.bids if side is BID else self.asks


class Venue:
    """See the module. `said` holds what the exchange said on the stream; whoever carries it empties it."""

    def __init__(
        self, ladders: dict[str, Ladder], model: FillModel, depth: int, fade: float, maker_fee: int, group_limit: int
    ) -> None:
        self.ladders = ladders
        self.model = model
        self.depth, self.fade, self.maker_fee, self.group_limit = depth, fade, maker_fee, group_limit
        self.paused = False
        self.books = False  # others' orders are seen as they come to rest (`came`)
        self.orders: dict[str, Resting] = {}
        self.groups: dict[str, Group] = {}
        self.said: deque[m.Said] = deque()
        self.n = 0
        self.credit = 0.0
        self._expiries: list[tuple[int, str]] = []

    # --- requests ----------------------------------------------------------------------------------------------------

    def handle(self, request: m.Request, now: Instant) -> m.Said:
        """Do what we ask, or say why not."""
        self.expire(now)
        match request:
            case m.PlaceOrder():
                return self._place(request, now)
            case m.AmendOrder():
                return self._amend(request, now)
            case m.CancelOrder():
                order = self.orders.get(request.order_id)
                if order is None:
                    return m.CancelNotFound(now, request.client_order_id, request.ticker, request.order_id)
                left = order.remaining
                self._end(order, now, "Cancel")
                return m.Gone(now, order.client_order_id, order.ticker, order.order_id, None, left, "Cancel")
            case m.DecreaseOrder():
                order = self.orders.get(request.order_id)
                if order is None:
                    return m.CancelNotFound(now, request.client_order_id, request.ticker, request.order_id)
                self._show(order, now, request.reduce_to - order.remaining)
                order.remaining = request.reduce_to
                return self._acked(order, now)
            case m.CancelAllOrders():
                for order in list(self.orders.values()):
                    self._end(order, now, "Cancel")
                return m.Gone(now, "", "", reason="canceled")
            case m.CreateGroup():
                self.n += 1
                group = f"g{self.n}"
                self.groups[group] = Group(group, "us", request.limit)
                return m.GroupCreated(now, request.name, group, request.limit)
            case _:
                return self._on_group(request, now)

    def _on_group(self, request: m.SetGroupLimit | m.ResetGroup | m.TriggerGroup, now: Instant) -> m.Said:
        group = self.groups.get(request.group)
        if group is None:
            return m.Rejected(now, "", "", type(request).__name__, "order_group_not_found")
        match request:
            case m.SetGroupLimit():
                group.limit = request.limit
                return m.GroupChanged(now, group.group_id, "limit_updated", request.limit)
            case m.ResetGroup():
                group.reset()
                return m.GroupChanged(now, group.group_id, "reset")
            case m.TriggerGroup():
                group.triggered = True
                self._trigger(group, now)
                return m.GroupChanged(now, group.group_id, "triggered")

    def _place(self, r: m.PlaceOrder, now: Instant) -> m.Said:
        ladder = self.ladders.get(r.ticker)
        refusal = self._refusal(ladder, r.price)
        if not refusal and r.group is not None:
            group = self.groups.get(r.group)
            refusal = "order_group_not_found" if group is None else "order_group_triggered" if group.triggered else ""
        if refusal or ladder is None:
            return m.Rejected(now, r.client_order_id, r.ticker, "PlaceOrder", refusal)
        self.n += 1
        order = Resting(f"b{self.n}", r.client_order_id, r.ticker, r.side, r.price, r.count, Count(0), r.expires_at,
                        r.group, r.cancel_on_pause)  # fmt: skip
        if _crosses(ladder, r.side, r.price):
            return m.Gone(now, r.client_order_id, r.ticker, order.order_id, Count(0), r.count, "PostOnlyCrossCancel")
        self.orders[order.order_id] = order
        if r.expires_at is not None:
            heapq.heappush(self._expiries, (r.expires_at, order.order_id))
        self._queue(ladder, order, now)
        self._show(order, now, order.remaining)
        return self._acked(order, now)

    def _refusal(self, ladder: Ladder | None, price: Price) -> str:
        if ladder is None:
            return "market_not_found"
        if not ladder.open:
            return "market_inactive"
        if self.paused:
            return "trading_is_paused"
        return "" if ladder.grid.holds(price) else "invalid_price"

    def _amend(self, r: m.AmendOrder, now: Instant) -> m.Said:
        order = self.orders.get(r.order_id)
        if order is None:
            return m.CancelNotFound(now, r.client_order_id, r.ticker, r.order_id)
        ladder = self.ladders[r.ticker]
        refusal = self._refusal(ladder, r.price)
        if refusal:
            return m.Rejected(now, r.client_order_id, r.ticker, "AmendOrder", refusal)
        remaining = Count(r.total - order.filled)
        if remaining <= 0:
            self._end(order, now, "Cancel")
            return m.Gone(now, order.client_order_id, order.ticker, order.order_id, order.filled, None, "Cancel")
        if r.price != order.price and _crosses(ladder, r.side, r.price):
            self._end(order, now, "PostOnlyCrossCancel")
            return m.Gone(now, order.client_order_id, order.ticker, order.order_id, order.filled, None,
                          "PostOnlyCrossCancel")  # fmt: skip
        if r.expires_at is not None:
            order.expires_at = r.expires_at
            heapq.heappush(self._expiries, (r.expires_at, order.order_id))
        if r.price != order.price or remaining > order.remaining:  # a new place at the back of the queue
            self._show(order, now, -order.remaining)
            ladder.ours(order.side).remove(order)
            order.price, order.remaining = r.price, remaining
            self._queue(ladder, order, now)
            self._show(order, now, remaining)
        else:
            self._show(order, now, remaining - order.remaining)
            order.remaining = remaining
        return self._acked(order, now)

    def _queue(self, ladder: Ladder, order: Resting, now: Instant) -> None:
        """At the back of its price: what stands there is ahead of it; inside the spread nothing does."""
        ours, sign = ladder.ours(order.side), order.side.sign
        at = 0
        while at < len(ours) and sign * ours[at].price >= sign * order.price:
            at += 1
        ours.insert(at, order)
        touch = ladder.bid if order.side is BID else ladder.ask
        inside = touch == 0 or sign * order.price > sign * touch
        shown = ladder.sizes.get((order.side, order.price), 0) if ladder.sizes else self.depth
        order.ahead, order.aged = (0.0 if inside else float(shown)), now

    # --- what others did ---------------------------------------------------------------------------------------------

    def trade(self, ticker: str, price: Price, count: Count, buys: bool, now: Instant) -> None:
        """Somebody traded: fill ours that stood in the way."""
        self.expire(now)
        ladder = self.ladders[ticker]
        for side in (BID, ASK):
            orders, hit = (ladder.bids if side is BID else ladder.asks), buys is (side is ASK)
            if orders and (hit or not self.books):  # whoever else was met, met us when it came
                self._against(orders, side, price, count, hit, now)

    def _against(self, orders: list[Resting], side: Side, price: int, count: int, hit: bool, now: Instant) -> None:
        """`hit`: the taker took this side. What one order of ours takes is not there for the next."""
        left, sign = count, side.sign
        for order in list(orders):
            better = sign * (order.price - price)
            if better < 0 or left <= 0 or (better == 0 and self.model is FillModel.PESSIMISTIC):
                return
            if better == 0 and self.model is FillModel.BASE and hit:
                self._age(order, now)
                passed = min(order.ahead, float(left))
                order.ahead -= passed
                left -= math.ceil(passed)
            elif not hit and self.model is not FillModel.PESSIMISTIC:
                left = max(left, self.depth)  # who offered here would have met us with all of it
            take = min(order.remaining, left)
            if take > 0:
                left -= take
                self._fill(order, Count(take), now)

    def came(self, ticker: str, side: Side, price: Price, count: int, now: Instant) -> None:
        """An order of others came to rest: ours of the other side would have met it, at their own price at best."""
        self.expire(now)
        ladder, left = self.ladders[ticker], count
        for order in list(ladder.ours(side.other)):
            through = order.side.sign * (order.price - price)
            if left <= 0 or through < 0 or (through == 0 and self.model is FillModel.PESSIMISTIC):
                return
            take = min(order.remaining, left)
            left -= take
            self._fill(order, Count(take), now)

    def touch(self, ticker: str, bid: int, ask: int, cancel_share: float, now: Instant) -> None:
        """A recorded touch without its trades: an order that the other side reached fills; one whose level went away
        filled in the share of cases in which levels are traded away (counted, not drawn)."""
        self.expire(now)
        ladder = self.ladders[ticker]
        for side, reached, was, new in ((BID, ask, ladder.bid, bid), (ASK, bid, ladder.ask, ask)):
            sign = side.sign
            for order in list(ladder.ours(side)):
                beyond = sign * (order.price - reached) if reached else -1
                left_behind = order.price == was and (new == 0 or sign * new < sign * order.price)
                met = beyond > 0 or (beyond == 0 and self.model is not FillModel.PESSIMISTIC)
                if met or (left_behind and self.model is FillModel.OPTIMISTIC):
                    self._fill(order, order.remaining, now)
                elif left_behind and self.model is FillModel.BASE:
                    self.credit += 1.0 - cancel_share
                    if self.credit >= 1.0:
                        self.credit -= 1.0
                        self._fill(order, order.remaining, now)
        ladder.bid, ladder.ask = bid, ask

    def _age(self, order: Resting, now: Instant) -> None:
        """Of those ahead of us, some have gone away meanwhile without trading."""
        if order.ahead and self.fade and now > order.aged:
            order.ahead *= math.exp(-self.fade * (now - order.aged) / _HOUR)
        order.aged = now

    def reduced(self, ticker: str, side: Side, price: Price, by: int, shown: int) -> None:
        """A recorded book's level lost `by` of `shown` without a trade: our share of it was ahead of us."""
        for order in self.ladders[ticker].ours(side):
            if order.price == price and shown > 0:
                order.ahead = max(0.0, order.ahead - by * min(1.0, order.ahead / shown))

    def _fill(self, order: Resting, count: Count, now: Instant) -> None:
        self.n += 1
        order.filled, order.remaining = Count(order.filled + count), Count(order.remaining - count)
        charged = fee(self.maker_fee, order.price, count) if self.maker_fee else Money(0)
        self.said.append(
            m.Fill(now, f"t{self.n}", order.order_id, order.ticker, order.side, order.price, count, charged, False, now,
                   order.client_order_id)
        )  # fmt: skip
        self._show(order, now, -count)
        if order.remaining == 0:
            self._forget(order)
            self.said.append(m.Gone(now, order.client_order_id, order.ticker, order.order_id, order.filled, None,
                                    "executed"))  # fmt: skip
        group = self.groups.get(order.group) if order.group is not None else None
        if group is not None and group.match(now, count):
            self._trigger(group, now)

    def _trigger(self, group: Group, now: Instant) -> None:
        for order in [o for o in self.orders.values() if o.group == group.group_id]:
            self._end(order, now, "OrderGroupTriggered")
        self.said.append(m.GroupChanged(now, group.group_id, "triggered"))

    # --- time --------------------------------------------------------------------------------------------------------

    def expire(self, now: Instant) -> None:
        """Orders whose time has passed end."""
        while self._expiries and self._expiries[0][0] <= now:
            order = self.orders.get(heapq.heappop(self._expiries)[1])
            if order is not None and order.expires_at is not None and order.expires_at <= now:
                self._end(order, now, "ExpiryCancel")

    def pause(self, now: Instant) -> None:
        """Trading pauses: orders that asked for it are cancelled, nothing new is taken."""
        self.paused = True
        for order in [o for o in self.orders.values() if o.cancel_on_pause]:
            self._end(order, now, "HaltCancel")

    def unpause(self) -> None:
        """Trading goes on."""
        self.paused = False

    def close(self, ticker: str, now: Instant) -> None:
        """A market closes: whatever rests ends."""
        self.ladders[ticker].open = False
        for order in [o for o in self.orders.values() if o.ticker == ticker]:
            self._end(order, now, "CloseCancel")

    # --- saying ------------------------------------------------------------------------------------------------------

    def _acked(self, o: Resting, now: Instant) -> m.Acked:
        return m.Acked(now, o.client_order_id, o.order_id, o.ticker, o.side, o.price, o.filled, o.remaining,
                       o.expires_at, now)  # fmt: skip

    def _show(self, order: Resting, now: Instant, change: int) -> None:
        """The public book holds our orders too."""
        if change:
            self.said.append(m.BookDelta(now, order.ticker, order.side, order.price, Count(change)))

    def _forget(self, order: Resting) -> None:
        del self.orders[order.order_id]
        self.ladders[order.ticker].ours(order.side).remove(order)

    def _end(self, order: Resting, now: Instant, reason: str) -> None:
        self._forget(order)
        self._show(order, now, -order.remaining)
        self.said.append(m.Gone(now, order.client_order_id, order.ticker, order.order_id, order.filled, None, reason))


def _crosses(ladder: Ladder, side: Side, price: int) -> bool:
    if side is BID:
        return ladder.ask != 0 and price >= ladder.ask
    return ladder.bid != 0 and price <= ladder.bid
