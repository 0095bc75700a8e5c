"""What a trader's resting orders may need of the balance, kept up to date market by market. Pure."""

from dataclasses import dataclass, field

from core.exchange.accounts import Account, cost_to_rest
from core.exchange.matching import Resting
from core.messages import Ticker
from core.units import Count, Money


@dataclass(slots=True)
class Reserve:
    """Orders by market, and what each market's orders may need; only what changed is computed anew."""

    orders: dict[Ticker, dict[str, Resting]] = field(default_factory=dict)
    needed: dict[Ticker, int] = field(default_factory=dict)
    total: int = 0
    changed: set[Ticker] = field(default_factory=set)

    def add(self, order: Resting) -> None:
        """An order rests."""
        self.orders.setdefault(order.ticker, {})[order.order_id] = order
        self.changed.add(order.ticker)

    def remove(self, order: Resting) -> None:
        """It does not any more."""
        del self.orders[order.ticker][order.order_id]
        self.changed.add(order.ticker)

    def amount(self, account: Account) -> Money:
        """What all of them may need, given the positions: nothing for the part that closes one."""
        for ticker in self.changed:
            holding = account.holdings.get(ticker)
            position = holding.position if holding is not None else Count(0)
            fresh = sum(cost_to_rest(o.side, o.price, o.remaining, position) for o in self.orders[ticker].values())
            self.total += fresh - self.needed.get(ticker, 0)
            self.needed[ticker] = fresh
        self.changed.clear()
        return Money(self.total)
