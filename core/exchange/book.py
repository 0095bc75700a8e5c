"""One market's book in YES terms, as the stream tells it. Integers; a level that reaches exactly zero is gone.

A level below zero, or a clock that falls, means the book is corrupt: `apply` says so and the market waits for a new
snapshot. A market's clock falls in the exchange's maintenance only [S: orderbook_delta].
"""

from dataclasses import dataclass, field

from core.messages import BookDelta, BookSnapshot, Side
from core.side import BID
from core.units import Count, Instant, Price


@dataclass(slots=True)
class Book:
    """`known` is False before the first snapshot and after a gap; `broken`: a snapshot must be asked for."""

    bids: dict[Price, Count] = field(default_factory=dict)
    asks: dict[Price, Count] = field(default_factory=dict)
    best_bid: Price | None = None
    best_ask: Price | None = None
    known: bool = False
    broken: bool = False
    next_clock: int = 0  # the least that the next delta may carry: several of one action share theirs
    heard_at: Instant = Instant(0)

    def load(self, snapshot: BookSnapshot) -> None:
        """Replace everything."""
        self.bids = {price: size for price, size in snapshot.bids if size > 0}
        self.asks = {price: size for price, size in snapshot.asks if size > 0}
        self.best_bid = max(self.bids) if self.bids else None
        self.best_ask = min(self.asks) if self.asks else None
        self.next_clock = 0 if snapshot.clock is None else snapshot.clock + 1
        self.known, self.broken = True, False
        self.heard_at = snapshot.at

    def apply(self, delta: BookDelta) -> bool:
        """Change one level; False when that makes no sense and the book must be asked for again."""
        self.heard_at = delta.at
        if delta.clock is not None:
            if delta.clock < self.next_clock:
                return False
            self.next_clock = delta.clock
        return self.change(delta.side is BID, delta.price, delta.change)

    def change(self, bid: bool, price: Price, change: int) -> bool:
        """Add `change` to what rests at `price`; False, and nothing done, when less than nothing would be left."""
        levels = self.bids if bid else self.asks
        if price in levels:
            size = levels[price] + change
            if size > 0:
                levels[price] = Count(size)
            elif size < 0:
                return False
            else:
                del levels[price]
                if bid:
                    if price == self.best_bid:
                        self.best_bid = max(levels) if levels else None
                elif price == self.best_ask:
                    self.best_ask = min(levels) if levels else None
        elif change > 0:
            levels[price] = Count(change)
            if bid:
                if self.best_bid is None or price > self.best_bid:
                    self.best_bid = price
            elif self.best_ask is None or price < self.best_ask:
                self.best_ask = price
        elif change < 0:
            return False
        return True

    def crossed(self) -> bool:
        """A bid at or above an ask: the book cannot be right."""
        return self.best_bid is not None and self.best_ask is not None and self.best_bid >= self.best_ask

    def others(self, side: Side, own: dict[Price, Count]) -> Price | None:
        """The best price of everybody but us: `own` is our resting size by price on that side."""
        best = self.best_bid if side is BID else self.best_ask
        if best is None or best not in own:
            return best
        levels = self.bids if side is BID else self.asks
        if levels[best] > own[best]:
            return best
        left = [price for price, size in levels.items() if size > own.get(price, 0)]
        if not left:
            return None
        return max(left) if side is BID else min(left)
