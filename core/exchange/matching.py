"""One market's resting orders in price-time priority. Pure; knows orders and prices, nothing of accounts or fees.

A level is an insertion-ordered dict of orders: its first is the oldest. YES terms throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from core.messages import Side, Ticker
from core.side import ASK, BID
from core.units import Count, Instant, Price


class Resting:
    """An order as the exchange holds it. `remaining` is what can still fill."""

    def __init__(
        self, order_id: str, user: str, client_order_id: str, ticker: Ticker, side: Side, price: Price,
        remaining: Count, filled: Count, created_at: Instant, post_only: bool = False,
        expires_at: Instant | None = None, group: str | None = None, cancel_on_pause: bool = False, *,
        status: str = "resting", reason: str = "", updated_at: Instant = Instant(0),
        self_trade: str = "taker_at_cross", initial: int = 0,
    ) -> None:  # fmt: skip
        self.order_id = order_id
        self.user = user
        self.client_order_id = client_order_id
        self.ticker = ticker
        self.side = side
        self.price = price
        self.remaining = remaining
        self.filled = filled
        self.created_at = created_at
        self.post_only = post_only
        self.expires_at = expires_at
        self.group = group
        self.cancel_on_pause = cancel_on_pause
        self.status = status
        self.reason = reason
        self.updated_at = updated_at
        self.self_trade = self_trade
        self.cost_maker = self.cost_taker = self.fees = self.fees_maker = 0
        self.touched = ""  # why it changed last while it rests: Trade, Amend, Decrease
        self.initial = initial  # what was asked for, or the latest amended total

    def __repr__(self) -> str:
        """For people."""
        what = f"{self.side} {self.remaining} at {self.price}, {self.filled} filled"
        return f"Resting {self.client_order_id} of {self.user}: {what}, {self.status} {self.reason}".rstrip()

    @property
    def total(self) -> Count:
        """Filled and remaining together."""
        return Count(self.filled + self.remaining)


@dataclass(slots=True)
class MatchingBook:
    """Bids and asks of one market."""

    bids: dict[Price, dict[str, Resting]] = field(default_factory=dict)
    asks: dict[Price, dict[str, Resting]] = field(default_factory=dict)
    _best_bid: Price | None = None
    _best_ask: Price | None = None

    def side(self, side: Side) -> dict[Price, dict[str, Resting]]:
        """The levels of one side."""
        return self.bids if side is BID else self.asks

    def best(self, side: Side) -> Price | None:
        """The highest bid or lowest ask."""
        return self._best_bid if side is BID else self._best_ask

    def crosses(self, side: Side, price: Price) -> bool:
        """Would an order of `side` at `price` trade at once?"""
        other = self.best(side.other)
        return other is not None and (price >= other if side is BID else price <= other)

    def add(self, order: Resting) -> None:
        """To the back of its level's queue."""
        levels = self.side(order.side)
        levels.setdefault(order.price, {})[order.order_id] = order
        if order.side is BID:
            if self._best_bid is None or order.price > self._best_bid:
                self._best_bid = order.price
        elif self._best_ask is None or order.price < self._best_ask:
            self._best_ask = order.price

    def remove(self, order: Resting) -> None:
        """Take an order out of its queue."""
        levels = self.side(order.side)
        level = levels[order.price]
        del level[order.order_id]
        if level:
            return
        del levels[order.price]
        if order.side is BID:
            if order.price == self._best_bid:
                self._best_bid = max(levels) if levels else None
        elif order.price == self._best_ask:
            self._best_ask = min(levels) if levels else None

    def front(self, side: Side) -> Resting | None:
        """The order that trades next on `side`."""
        best = self.best(side)
        return None if best is None else next(iter(self.side(side)[best].values()))

    def ahead(self, order: Resting) -> Count:
        """Contracts ahead of `order` at its price."""
        total = 0
        for other in self.side(order.side).get(order.price, {}).values():
            if other is order:
                break
            total += other.remaining
        return Count(total)

    def levels(self, side: Side) -> list[tuple[Price, Count]]:
        """(price, size) per level, best last, as Kalshi lists bids."""
        found = self.side(side)
        ordered = sorted(found, reverse=side is ASK)
        return [(price, Count(sum(o.remaining for o in found[price].values()))) for price in ordered]

    def orders(self) -> Iterator[Resting]:
        """Every resting order."""
        for levels in (self.bids, self.asks):
            for level in levels.values():
                yield from level.values()
