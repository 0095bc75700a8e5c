"""A simulated Kalshi: matching, queues, fees, groups, pauses, settlement. Pure and synchronous; time is an argument.

`handle` answers a request of one user, `drain` gives what was said meanwhile: to everybody (user None) or to one user.
The server puts it behind Kalshi's protocol; seeded worlds talk to it directly. Facts: kalshi FACTS §3-§5.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from core import messages as m
from core.contract import Market
from core.exchange.accounts import Account, cost_to_rest
from core.exchange.groups import Group
from core.exchange.matching import MatchingBook, Resting
from core.fees import fee
from core.units import Count, Instant, Money, Price

Notice = tuple[str | None, m.Said]
_KEPT_TRADES = 1_000


@dataclass(slots=True)
class Listed:
    """A market and its state. `status`: initialized, active, inactive, closed, determined, finalized."""

    market: Market
    status: str
    book: MatchingBook = field(default_factory=MatchingBook)
    clock: int = 0
    volume: Count = Count(0)
    last_price: Price | None = None
    result: str = ""
    value: Money | None = None
    expiration_value: str = ""  # the official degree, once known
    trades: deque[m.TradePrint] = field(default_factory=lambda: deque(maxlen=_KEPT_TRADES))


@dataclass(slots=True)
class Settlement:
    """One market paid out to one user."""

    user: str
    ticker: str
    event_ticker: str
    result: str
    position: Count
    cost: Money
    revenue: Money
    value: Money
    at: Instant


class Exchange:
    """See the module. `users` other than `house` ones must be opened with a balance."""

    def __init__(self, markets: Iterable[Market], now: Instant) -> None:
        self.now = now
        self.markets: dict[str, Listed] = {}
        self.accounts: dict[str, Account] = {}
        self.orders: dict[str, Resting] = {}  # every order ever, by id
        self.by_client_id: dict[tuple[str, str], Resting] = {}
        self.resting: dict[str, dict[str, Resting]] = {}  # user -> order_id -> order
        self.groups: dict[str, Group] = {}
        self.fill_log: list[tuple[str, m.Fill]] = []
        self.settlements: list[Settlement] = []
        self.paused = False
        self._notices: list[Notice] = []
        self._n = 0
        self._expiries: list[tuple[Instant, str]] = []
        self._closings: list[tuple[Instant, str]] = []
        self._openings: list[tuple[Instant, str]] = []
        for market in markets:
            self.list_market(market)

    # --- the listing -------------------------------------------------------------------------------------------------

    def list_market(self, market: Market) -> None:
        """Add a market; it opens and closes by time."""
        if market.ticker in self.markets:
            return
        status = market.status if market.result else "initialized"
        self.markets[market.ticker] = Listed(market, status, result=market.result, value=market.settlement_value)
        if not market.result:
            heapq.heappush(self._openings, (market.open_at, market.ticker))
            heapq.heappush(self._closings, (market.close_at, market.ticker))
            self._say(None, m.MarketChanged(self.now, market.ticker, "created", close_at=market.close_at))

    def open_account(self, user: str, cash: Money, *, house: bool = False) -> None:
        """Let a trader in."""
        self.accounts.setdefault(user, Account(cash, house))
        self.resting.setdefault(user, {})

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, now: Instant) -> None:
        """Let time pass: markets open and close, orders expire."""
        assert now >= self.now, "time does not go back"
        self.now = now
        while self._openings and self._openings[0][0] <= now:
            listed = self.markets[heapq.heappop(self._openings)[1]]
            if listed.status == "initialized":
                listed.status = "active"
        while self._expiries and self._expiries[0][0] <= now:
            order = self.orders[heapq.heappop(self._expiries)[1]]
            if order.status == "resting" and order.expires_at is not None and order.expires_at <= now:
                self._end(order, "ExpiryCancel")
        while self._closings and self._closings[0][0] <= now:
            listed = self.markets[heapq.heappop(self._closings)[1]]
            if listed.status in ("active", "inactive", "initialized"):
                listed.status = "closed"
                for order in list(listed.book.orders()):
                    self._end(order, "CloseCancel")

    def pause(self) -> None:
        """A trading pause begins: no places or amends; cancels pass; orders that asked for it are cancelled."""
        if not self.paused:
            self.paused = True
            for orders in self.resting.values():
                for order in [o for o in orders.values() if o.cancel_on_pause]:
                    self._end(order, "HaltCancel")

    def unpause(self) -> None:
        """Trading goes on; what rests, rests."""
        self.paused = False

    def deactivate(self, ticker: str) -> None:
        """Stop one market; its orders rest."""
        listed = self.markets[ticker]
        if listed.status == "active":
            listed.status = "inactive"
            self._say(None, m.MarketChanged(self.now, ticker, "deactivated"))

    def activate(self, ticker: str) -> None:
        """Start one market again: every resting order is wiped."""
        listed = self.markets[ticker]
        if listed.status == "inactive":
            for order in list(listed.book.orders()):
                self._end(order, "HaltCancel")
            listed.status = "active"
            self._say(None, m.MarketChanged(self.now, ticker, "activated"))

    def settle(self, ticker: str, result: str, value: Money, degrees: str = "") -> None:
        """Determine and pay out one market at `value` a YES contract (1 dollar, 0, or between for a scalar result)."""
        listed = self.markets[ticker]
        if listed.status in ("determined", "finalized"):
            return
        for order in list(listed.book.orders()):
            self._end(order, "CloseCancel")
        listed.status, listed.result, listed.value = "finalized", result, value
        listed.expiration_value = degrees
        self._say(None, m.MarketChanged(self.now, ticker, "determined", result=result, settlement_value=value))
        for user, account in self.accounts.items():
            position, cost, revenue = account.settle(ticker, value)
            if position:
                event = listed.market.event_ticker
                self.settlements.append(
                    Settlement(user, ticker, event, result, position, cost, revenue, value, self.now)
                )
        self._say(None, m.MarketChanged(self.now, ticker, "settled", result=result, settlement_value=value))

    # --- requests ----------------------------------------------------------------------------------------------------

    def handle(self, user: str, request: m.Request, now: Instant) -> m.Said:
        """Do what `user` asks, or say why not."""
        self.advance(now)
        match request:
            case m.PlaceOrder():
                return self._place(user, request)
            case m.AmendOrder():
                return self._amend(user, request)
            case m.DecreaseOrder():
                return self._decrease(user, request)
            case m.CancelOrder():
                return self._cancel(user, request)
            case m.CancelAllOrders():
                for order in list(self.resting[user].values()):
                    if self.markets[order.ticker].status in ("active", "inactive"):
                        self._end(order, "Cancel")
                return m.Gone(self.now, "", "", reason="canceled")
            case _:
                return self._group(user, request)

    def _place(self, user: str, r: m.PlaceOrder) -> m.Said:
        known = self.by_client_id.get((user, r.client_order_id))
        if known is not None:
            return self._no(r, "order_already_exists")
        refusal = self._may_trade(r.ticker) or self._may_place(user, r)
        if refusal:
            return self._no(r, refusal)
        self._n += 1
        order = Resting(
            f"{self._n:08x}-0000-4000-8000-{crc32(user.encode()):012x}", user, r.client_order_id, r.ticker, r.side,
            r.price, r.count, Count(0), self.now, r.post_only, r.expires_at, r.group, r.cancel_on_pause,
            updated_at=self.now, self_trade=r.self_trade.value,
        )  # fmt: skip
        self.orders[order.order_id] = self.by_client_id[(user, r.client_order_id)] = order
        listed = self.markets[r.ticker]
        if r.post_only and listed.book.crosses(r.side, r.price):
            order.status, order.reason, order.remaining = "canceled", "PostOnlyCrossCancel", Count(0)
            self._gone(order)
            return self._acked(order)
        if r.time_in_force is m.TimeInForce.FILL_OR_KILL and self._matchable(listed, order) < r.count:
            order.status, order.reason, order.remaining = "canceled", "FillOrKill", Count(0)
            self._gone(order)
            return self._acked(order)
        self._match(listed, order)
        if order.status == "resting":
            if r.time_in_force is not m.TimeInForce.GOOD_TILL_CANCELED:
                order.status, order.reason, order.remaining = "canceled", "ImmediateOrCancel", Count(0)
                self._gone(order)
            else:
                self._rest(listed, order)
                self._say(user, self._acked(order))
        return self._acked(order)

    def _may_trade(self, ticker: str) -> str:
        listed = self.markets.get(ticker)
        if listed is None:
            return "market_not_found"
        if listed.status != "active":
            return "market_inactive"
        return "trading_is_paused" if self.paused else ""

    def _may_place(self, user: str, r: m.PlaceOrder) -> str:
        market = self.markets[r.ticker].market
        if r.count <= 0:
            return "invalid_order_size"
        if not market.grid.holds(r.price):
            return "invalid_price"
        if r.expires_at is not None and r.expires_at <= self.now:
            return "invalid_expiration_time"
        if r.group is not None:
            group = self.groups.get(r.group)
            if group is None or group.user != user:
                return "order_group_not_found"
            if group.triggered:
                return "order_group_triggered"
        account = self.accounts[user]
        if not account.house and self._needed(user, r.ticker, r.side, r.price, r.count) > self.available(user):
            return "insufficient_balance"
        return ""

    def _needed(self, user: str, ticker: str, side: m.Side, price: Price, count: Count) -> Money:
        holding = self.accounts[user].holdings.get(ticker)
        return cost_to_rest(side, price, count, holding.position if holding else Count(0))

    def available(self, user: str) -> Money:
        """Balance less what the resting orders may need."""
        reserved = sum(self._needed(user, o.ticker, o.side, o.price, o.remaining) for o in self.resting[user].values())
        return Money(self.accounts[user].balance - reserved)

    def _matchable(self, listed: Listed, order: Resting) -> int:
        total = 0
        for price, size in reversed(listed.book.levels(order.side.other)):
            if price > order.price if order.side is m.Side.BID else price < order.price:
                break
            total += size
        return total

    def _rest(self, listed: Listed, order: Resting) -> None:
        listed.book.add(order)
        self.resting[order.user][order.order_id] = order
        if order.expires_at is not None:
            heapq.heappush(self._expiries, (order.expires_at, order.order_id))
        self._delta(listed, order, order.remaining)

    def _match(self, listed: Listed, taker: Resting) -> None:
        book = listed.book
        while taker.remaining and book.crosses(taker.side, taker.price):
            maker = book.front(taker.side.other)
            assert maker is not None, "a book that crosses has a front"
            if maker.user == taker.user and not self.accounts[taker.user].house:
                if taker.self_trade == "taker_at_cross":
                    taker.status, taker.reason, taker.remaining = "canceled", "SelfTradeCancel", Count(0)
                    self._gone(taker)
                    return
                self._end(maker, "SelfTradeCancel")
                continue
            self._trade(listed, maker, taker, Count(min(maker.remaining, taker.remaining)))
            if taker.status != "resting":
                return
        if not taker.remaining:
            self._executed(taker)

    def _trade(self, listed: Listed, maker: Resting, taker: Resting, count: Count) -> None:
        self._n += 1
        trade_id = f"{self._n:08x}-0000-4000-9000-000000000000"
        fees = listed.market.fees
        listed.volume = Count(listed.volume + count)
        listed.last_price = maker.price
        triggered: list[Group] = []
        for order, is_taker in ((maker, False), (taker, True)):
            charged = fee(fees.taker if is_taker else fees.maker, maker.price, count)
            order.filled, order.remaining = Count(order.filled + count), Count(order.remaining - count)
            order.fees += charged
            order.updated_at = self.now
            value = maker.price * count
            order.cost_taker, order.cost_maker = (
                (order.cost_taker + value, order.cost_maker)
                if is_taker
                else (order.cost_taker, order.cost_maker + value)
            )
            account = self.accounts[order.user]
            account.trade(order.ticker, listed.market.event_ticker, order.side, maker.price, count, charged)
            if not account.house:
                after = account.holdings[order.ticker].position
                said = m.Fill(
                    self.now, trade_id, order.order_id, order.ticker, order.side, maker.price, count, charged, is_taker,
                    self.now, order.client_order_id, after,
                )  # fmt: skip
                self.fill_log.append((order.user, said))
                self._say(order.user, said)
            if order.group is not None and self.groups[order.group].match(self.now, count):
                triggered.append(self.groups[order.group])
        self._delta(listed, maker, Count(-count))
        printed = m.TradePrint(self.now, taker.ticker, trade_id, maker.price, count, taker.side, self.now)
        listed.trades.append(printed)
        self._say(None, printed)
        if not maker.remaining:
            self._unrest(listed, maker)
            self._executed(maker)
        elif not self.accounts[maker.user].house:
            self._say(maker.user, self._acked(maker))
        for group in triggered:
            self._trigger(group)

    def _executed(self, order: Resting) -> None:
        order.status, order.reason = "executed", "Trade"
        self._gone(order)

    def _amend(self, user: str, r: m.AmendOrder) -> m.Said:
        order = self._mine(user, r.order_id)
        if order is None:
            return m.CancelNotFound(self.now, r.client_order_id, r.ticker, r.order_id)
        refusal = self._may_trade(order.ticker)
        if refusal:
            return self._no(r, refusal)
        if (order.ticker, order.side) != (r.ticker, r.side):
            return self._no(r, "order_side_mismatch" if order.ticker == r.ticker else "order_ticker_mismatch")
        listed = self.markets[order.ticker]
        if not listed.market.grid.holds(r.price):
            return self._no(r, "invalid_price")
        if r.expires_at is not None and r.expires_at <= self.now:
            return self._no(r, "invalid_expiration_time")
        remaining = Count(r.total - order.filled)
        if remaining <= 0:
            return self._no(r, "invalid_order_size")
        more = self._needed(user, order.ticker, order.side, r.price, remaining) - self._needed(
            user, order.ticker, order.side, order.price, order.remaining
        )
        if not self.accounts[user].house and more > max(0, self.available(user)):
            return self._no(r, "insufficient_balance")
        if r.expires_at is not None:
            order.expires_at = r.expires_at
            heapq.heappush(self._expiries, (r.expires_at, order.order_id))
        order.updated_at = self.now
        if r.price == order.price and remaining <= order.remaining:
            self._shrink(listed, order, remaining)
            return self._acked(order)
        self._delta(listed, order, Count(-order.remaining))
        self._unrest(listed, order)
        order.price, order.remaining = r.price, remaining
        if order.post_only and listed.book.crosses(order.side, order.price):
            order.status, order.reason, order.remaining = "canceled", "PostOnlyCrossCancel", Count(0)
            self._gone(order)
            return self._acked(order)
        self._match(listed, order)
        if order.status == "resting":
            self._rest(listed, order)
            self._say(user, self._acked(order))
        return self._acked(order)

    def _decrease(self, user: str, r: m.DecreaseOrder) -> m.Said:
        order = self._mine(user, r.order_id)
        if order is None:
            return m.CancelNotFound(self.now, r.client_order_id, r.ticker, r.order_id)
        refusal = self._may_trade(order.ticker)
        if refusal:
            return self._no(r, refusal)
        if not 0 <= r.reduce_to <= order.remaining:
            return self._no(r, "invalid_order_size")
        if r.reduce_to == 0:
            self._end(order, "Decrease")
            return self._gone_message(order)
        self._shrink(self.markets[order.ticker], order, r.reduce_to)
        return self._acked(order)

    def _shrink(self, listed: Listed, order: Resting, remaining: Count) -> None:
        change = Count(remaining - order.remaining)
        order.remaining, order.updated_at = remaining, self.now
        if change:
            self._delta(listed, order, change)
        self._say(order.user, self._acked(order))

    def _cancel(self, user: str, r: m.CancelOrder) -> m.Said:
        order = self._mine(user, r.order_id)
        if order is None:
            return m.CancelNotFound(self.now, r.client_order_id, r.ticker, r.order_id)
        if self.markets[order.ticker].status not in ("active", "inactive"):
            return self._no(r, "market_inactive")
        self._end(order, "Cancel")
        return self._gone_message(order)

    def _mine(self, user: str, order_id: str) -> Resting | None:
        return self.resting[user].get(order_id)

    # --- order groups ------------------------------------------------------------------------------------------------

    def _group(self, user: str, request: m.Request) -> m.Said:
        if isinstance(request, m.CreateGroup):
            if request.limit <= 0:
                return m.Rejected(self.now, "", "", "CreateGroup", "invalid_contracts_limit")
            self._n += 1
            group_id = f"og_{self._n}"
            self.groups[group_id] = Group(group_id, user, request.limit)
            self._say(user, m.GroupChanged(self.now, group_id, "created", request.limit))
            return m.GroupCreated(self.now, request.name, group_id, request.limit)
        assert isinstance(request, m.SetGroupLimit | m.ResetGroup | m.TriggerGroup)
        group = self.groups.get(request.group)
        if group is None or group.user != user:
            return m.Rejected(self.now, "", "", type(request).__name__, "order_group_not_found")
        if isinstance(request, m.SetGroupLimit):
            group.limit = request.limit
            changed = m.GroupChanged(self.now, group.group_id, "limit_updated", request.limit)
        elif isinstance(request, m.ResetGroup):
            group.reset()
            changed = m.GroupChanged(self.now, group.group_id, "reset")
        else:
            group.triggered = True
            self._trigger(group)
            return m.GroupChanged(self.now, group.group_id, "triggered")
        self._say(user, changed)
        return changed

    def delete_group(self, user: str, group_id: str) -> bool:
        """Delete a group and cancel its orders; False when it is not the user's."""
        group = self.groups.get(group_id)
        if group is None or group.user != user:
            return False
        self._trigger(group)
        del self.groups[group_id]
        self._say(user, m.GroupChanged(self.now, group_id, "deleted"))
        return True

    def _trigger(self, group: Group) -> None:
        for order in [o for o in self.resting[group.user].values() if o.group == group.group_id]:
            self._end(order, "OrderGroupCancel")
        self._say(group.user, m.GroupChanged(self.now, group.group_id, "triggered"))

    # --- what is said ------------------------------------------------------------------------------------------------

    def drain(self) -> list[Notice]:
        """What was said since the last call, in order."""
        said, self._notices = self._notices, []
        return said

    def _say(self, user: str | None, message: m.Said) -> None:
        if user is None or not self.accounts[user].house:
            self._notices.append((user, message))

    def _delta(self, listed: Listed, order: Resting, change: Count) -> None:
        listed.clock += 1
        mine = None if self.accounts[order.user].house else order.client_order_id
        self._notices.append(
            (None, m.BookDelta(self.now, order.ticker, order.side, order.price, change, listed.clock, self.now, mine))
        )

    def _unrest(self, listed: Listed, order: Resting) -> None:
        listed.book.remove(order)
        del self.resting[order.user][order.order_id]

    def _end(self, order: Resting, reason: str) -> None:
        listed = self.markets[order.ticker]
        self._delta(listed, order, Count(-order.remaining))
        self._unrest(listed, order)
        order.status, order.reason, order.remaining, order.updated_at = "canceled", reason, Count(0), self.now
        self._gone(order)

    def _gone(self, order: Resting) -> None:
        self._say(order.user, self._gone_message(order))
        if self.accounts[order.user].house:  # the rest of the market leaves no history behind
            del self.orders[order.order_id]
            del self.by_client_id[(order.user, order.client_order_id)]

    def _gone_message(self, order: Resting) -> m.Gone:
        return m.Gone(self.now, order.client_order_id, order.ticker, order.order_id, order.filled, reason=order.reason)

    def _acked(self, order: Resting) -> m.Said:
        if order.status != "resting":
            return self._gone_message(order)
        return m.Acked(
            self.now, order.client_order_id, order.order_id, order.ticker, order.side, order.price, order.filled,
            order.remaining, order.expires_at, order.updated_at,
        )  # fmt: skip

    def _no(self, r: m.PlaceOrder | m.AmendOrder | m.DecreaseOrder | m.CancelOrder, code: str) -> m.Rejected:
        return m.Rejected(self.now, r.client_order_id, r.ticker, type(r).__name__, code, code.replace("_", " "))

    # --- after a restart ---------------------------------------------------------------------------------------------

    def restore(self, order: Resting) -> None:
        """Put back an order that rested when the process was killed; cancel one whose time has passed meanwhile."""
        self.orders[order.order_id] = self.by_client_id[(order.user, order.client_order_id)] = order
        listed = self.markets.get(order.ticker)
        if listed is None or listed.status not in ("active", "inactive"):
            order.status, order.reason, order.remaining = "canceled", "CloseCancel", Count(0)
            return
        self._rest(listed, order)
        if order.expires_at is not None and order.expires_at <= self.now:
            self._end(order, "ExpiryCancel")

    def skip_ids(self, n: int) -> None:
        """Never give an id twice: every line of the memory used at most two."""
        self._n += 2 * n + 1_000_000

    # --- reads -------------------------------------------------------------------------------------------------------

    def snapshot(self, ticker: str) -> m.BookSnapshot:
        """The book of one market now."""
        listed = self.markets[ticker]
        bids, asks = listed.book.levels(m.Side.BID), listed.book.levels(m.Side.ASK)
        return m.BookSnapshot(self.now, ticker, bids, asks, listed.clock, self.now)

    def order_views(self, user: str) -> list[m.OrderView]:
        """The user's resting orders."""
        return [view(o) for o in self.resting[user].values()]

    def positions(self, user: str) -> list[m.PositionView]:
        """The user's positions that are not flat or have traded."""
        account = self.accounts[user]
        return [
            m.PositionView(t, h.position, account.exposure(h), h.realized, h.fees) for t, h in account.holdings.items()
        ]

    def balance(self, user: str) -> Money:
        """The user's cash less collateral."""
        return self.accounts[user].balance

    def fills(self, user: str, since: Instant) -> list[m.Fill]:
        """The user's fills at or after `since`, oldest first."""
        return [f for u, f in self.fill_log if u == user and f.filled_at >= since]

    def look_up(self, user: str, client_order_id: str) -> m.OrderView | None:
        """One order by the user's own id, whatever became of it."""
        order = self.by_client_id.get((user, client_order_id))
        return None if order is None else view(order)

    def queue_position(self, order_id: str) -> Count | None:
        """Contracts ahead of a resting order, or None when it does not rest."""
        order = self.orders.get(order_id)
        if order is None or order.status != "resting":
            return None
        return self.markets[order.ticker].book.ahead(order)

    def active(self) -> Iterator[Listed]:
        """Markets that trade now."""
        return (listed for listed in self.markets.values() if listed.status == "active")


def view(order: Resting) -> m.OrderView:
    """An order as a list of orders shows it."""
    return m.OrderView(
        order.order_id, order.client_order_id, order.ticker, order.side, order.price, order.status, order.filled,
        order.remaining, order.created_at, order.expires_at, order.group,
    )  # fmt: skip
