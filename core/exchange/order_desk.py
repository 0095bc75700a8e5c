"""How orders are placed, matched, amended and taken away at the simulated exchange. Pure; facts: FACTS §3.4, §3.6."""

import heapq
from functools import lru_cache
from zlib import crc32

from core import messages as m
from core.exchange.accounts import cost_to_rest
from core.exchange.desk import Desk, Listed
from core.exchange.groups import MOST_CONTRACTS, Group
from core.exchange.matching import Resting
from core.fees import fee
from core.side import BID
from core.units import Count, Money, Price


@lru_cache(256)
def _suffix(user: str) -> str:
    """What ends the ids of a user's orders."""
    return f"-0000-4000-8000-{crc32(user.encode()):012x}"


class OrderDesk(Desk):
    """Requests on orders and order groups."""

    def _place(self, user: str, r: m.PlaceOrder) -> m.Said:
        known = self.by_client_id.get((user, r.client_order_id))
        if known is not None:
            return self._no(r, "order_already_exists")
        refusal = self._may_trade(r.ticker) or self._may_place(user, r)
        if refusal:
            return self._no(r, refusal)
        self._n += 1
        order = Resting(
            format(self._n, "08x") + _suffix(user), user, r.client_order_id, r.ticker, r.side,
            r.price, r.count, Count(0), self.now, r.post_only, r.expires_at, r.group, r.cancel_on_pause,
            updated_at=self.now, self_trade=r.self_trade.value, initial=r.count,
        )  # fmt: skip
        if r.reduce_only:
            order.remaining = min(r.count, self._reducible(user, r.ticker, r.side))
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
        if not order.remaining:
            order.status, order.reason = "canceled", "ReduceOnlyCancel"
            self._gone(order)
            return self._acked(order)
        self._match(listed, order)
        if order.status == "resting":
            if r.time_in_force is not m.TimeInForce.GOOD_TILL_CANCELED:
                order.status, order.reason, order.remaining = "canceled", "ImmediateOrCancel", Count(0)
                self._gone(order)
            else:
                self._rest(listed, order)
                answer = self._acked(order)
                self._say(user, answer)
                if self.now < self.sweeping.get(user, self.now):
                    self._end(order, "Cancel")  # the answer said that it rests; a cancel-all of before takes it
                return answer
        return self._acked(order)

    def _reducible(self, user: str, ticker: str, side: m.Side) -> Count:
        """How much of a position an order of `side` closes."""
        holding = self.accounts[user].holdings.get(ticker)
        held = holding.position * -side.sign if holding else 0
        return Count(max(0, held))

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
        if r.reduce_only and r.time_in_force is not m.TimeInForce.IMMEDIATE_OR_CANCEL:
            return "reduce_only_needs_immediate_or_cancel"
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
        account = self.accounts[user]
        return Money(account.balance - self.reserves[user].amount(account))

    def _matchable(self, listed: Listed, order: Resting) -> int:
        total = 0
        for price, size in reversed(listed.book.levels(order.side.other)):
            if price > order.price if order.side is BID else price < order.price:
                break
            total += size
        return total

    def _rest(self, listed: Listed, order: Resting) -> None:
        listed.book.add(order)
        self.resting[order.user][order.order_id] = order
        self.reserves[order.user].add(order)
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
        trade_id = format(self._n, "08x") + "-0000-4000-9000-000000000000"
        fees = listed.market.fees
        listed.volume = Count(listed.volume + count)
        listed.last_price = maker.price
        triggered: list[Group] = []
        for order, is_taker in ((maker, False), (taker, True)):
            charged = fee(fees.taker if is_taker else fees.maker, maker.price, count)
            order.filled, order.remaining = Count(order.filled + count), Count(order.remaining - count)
            order.fees += charged
            order.fees_maker += 0 if is_taker else charged
            order.updated_at, order.touched = self.now, "Trade"
            value = maker.price * count
            order.cost_taker, order.cost_maker = (
                (order.cost_taker + value, order.cost_maker)
                if is_taker
                else (order.cost_taker, order.cost_maker + value)
            )
            account = self.accounts[order.user]
            held = account.holdings[order.ticker].position if order.ticker in account.holdings else 0
            account.trade(order.ticker, listed.market.event_ticker, order.side, maker.price, count, charged)
            self._touched(order.user, order.ticker)
            after = account.holdings[order.ticker].position
            listed.open_interest = Count(listed.open_interest + max(after, 0) - max(held, 0))
            if not account.house:
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
        if r.client_order_id and r.client_order_id != order.client_order_id:
            return self._no(r, "order_id_and_client_order_id_mismatch")
        listed = self.markets[order.ticker]
        if not listed.market.grid.holds(r.price):
            return self._no(r, "invalid_price")
        if r.expires_at is not None and 0 < r.expires_at <= self.now:
            return self._no(r, "invalid_expiration_time")
        remaining = Count(r.total - order.filled)
        if remaining <= 0:
            return self._no(r, "invalid_order_size")
        more = self._needed(user, order.ticker, order.side, r.price, remaining) - self._needed(
            user, order.ticker, order.side, order.price, order.remaining
        )
        if not self.accounts[user].house and more > max(0, self.available(user)):
            return self._no(r, "insufficient_balance")
        if r.expires_at == 0:  # an expiry of nought takes the expiry away
            order.expires_at = None
        elif r.expires_at is not None:
            order.expires_at = r.expires_at
            heapq.heappush(self._expiries, (r.expires_at, order.order_id))
        order.updated_at, order.initial, order.touched = self.now, r.total, "Amend"
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
        order.touched = "Decrease"
        self._shrink(self.markets[order.ticker], order, r.reduce_to)
        return self._acked(order)

    def _shrink(self, listed: Listed, order: Resting, remaining: Count) -> None:
        change = Count(remaining - order.remaining)
        order.remaining, order.updated_at = remaining, self.now
        self._touched(order.user, order.ticker)
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
            if not 0 < request.limit <= MOST_CONTRACTS:
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
            if not 0 < request.limit <= MOST_CONTRACTS:
                return m.Rejected(self.now, "", "", "SetGroupLimit", "invalid_contracts_limit")
            changed = m.GroupChanged(self.now, group.group_id, "limit_updated", request.limit)
            if group.limit_to(request.limit, self.now):
                self._say(user, changed)
                self._trigger(group)
                return changed
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
