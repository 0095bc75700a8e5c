"""A simulated Kalshi: matching, queues, fees, groups, pauses, settlement. Pure and synchronous; time is an argument.

`handle` answers a request of one user, `drain` gives what was said meanwhile: to everybody (user None) or to one user.
The server puts it behind Kalshi's protocol; seeded worlds talk to it directly. Facts: kalshi FACTS §3-§5.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from core import messages as m
from core.contract import Market, PriceGrid
from core.exchange.accounts import Account
from core.exchange.desk import Listed as Listed
from core.exchange.desk import Notice as Notice
from core.exchange.desk import Settlement as Settlement
from core.exchange.matching import Resting
from core.exchange.order_desk import OrderDesk
from core.exchange.reserve import Reserve
from core.side import ASK, BID
from core.units import Count, Instant, Money

_NONE: Final[dict[str, Resting]] = {}


class Exchange(OrderDesk):
    """See the module. `users` other than `house` ones must be opened with a balance."""

    def __init__(self, markets: Iterable[Market], now: Instant) -> None:
        super().__init__(now)
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
        self.reserves.setdefault(user, Reserve())

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
                if self.closing_lasts:
                    heapq.heappush(self._endings, (Instant(now + self.closing_lasts), listed.market.ticker))
                else:
                    self._close_book(listed)
        while self._endings and self._endings[0][0] <= now:
            self._close_book(self.markets[heapq.heappop(self._endings)[1]])

    def _close_book(self, listed: Listed) -> None:
        for order in list(listed.book.orders()):
            self._end(order, "CloseCancel")

    def pause(self) -> None:
        """A trading pause begins: no places or amends; cancels pass; orders that asked for it are cancelled."""
        if not self.paused:
            self.paused = True
            for orders in self.resting.values():
                for order in [o for o in orders.values() if o.cancel_on_pause]:
                    self._end(order, "HaltCancel")

    def stop(self) -> None:
        """An exchange pause begins: whoever asks for a change is to be refused, cancels too. Questions are answered."""
        self.pause()
        self.stopped = True

    def unpause(self) -> None:
        """Trading goes on; what rests, rests."""
        self.paused = self.stopped = False

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

    def regrid(self, ticker: str, grid: PriceGrid) -> None:
        """Give one market another price structure; what rests, rests."""
        listed = self.markets[ticker]
        listed.market = replace(listed.market, grid=grid)
        self._say(None, m.MarketChanged(self.now, ticker, "price_level_structure_updated",
                                        price_ranges=list(grid.ranges)))  # fmt: skip

    def redate(self, ticker: str, close_at: Instant) -> None:
        """Move a market's close."""
        listed = self.markets[ticker]
        listed.market = replace(listed.market, close_at=close_at)
        self._closings = [(t, k) for t, k in self._closings if k != ticker]
        heapq.heapify(self._closings)
        heapq.heappush(self._closings, (close_at, ticker))
        self._say(None, m.MarketChanged(self.now, ticker, "close_date_updated", close_at=close_at))

    def rename(self, user: str, order_id: str, client_order_id: str) -> None:
        """Give an order of the user's another client id."""
        order = self.resting[user][order_id]
        order.client_order_id = client_order_id
        self.by_client_id[(user, client_order_id)] = order

    def settle(self, ticker: str, result: str, value: Money, degrees: str = "") -> None:
        """Determine and pay out one market at `value` a YES contract (1 dollar, 0, or between for a scalar result)."""
        listed = self.markets[ticker]
        if listed.status in ("determined", "finalized"):
            return
        self._close_book(listed)
        listed.status, listed.result, listed.value = "finalized", result, value
        listed.expiration_value = degrees
        self._say(None, m.MarketChanged(self.now, ticker, "determined", result=result, settlement_value=value))
        for user, account in self.accounts.items():
            position, cost, revenue = account.settle(ticker, value)
            self._touched(user, ticker)
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
                if self.sweep_lasts:
                    self.sweeping[user] = Instant(self.now + self.sweep_lasts)
                return m.Gone(self.now, "", "", reason="canceled")
            case _:
                return self._group(user, request)

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
        bids, asks = listed.book.levels(BID), listed.book.levels(ASK)
        return m.BookSnapshot(self.now, ticker, bids, asks, listed.clock, self.now)

    def resting_in(self, user: str, ticker: str) -> Iterable[Resting]:
        """The user's resting orders in one market, oldest first."""
        return self.reserves[user].orders.get(ticker, _NONE).values()

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
        order.remaining, order.created_at, order.expires_at, order.group, order.updated_at,
    )  # fmt: skip
