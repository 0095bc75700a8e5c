"""The state of the simulated exchange and how it speaks: what the order desk and the exchange both stand on. Pure."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core import messages as m
from core.contract import Market
from core.exchange.accounts import Account
from core.exchange.groups import Group
from core.exchange.matching import MatchingBook, Resting
from core.exchange.reserve import Reserve
from core.units import Count, Duration, Instant, Money, Price

Notice = tuple[str | None, m.Said]
_KEPT_TRADES: Final = 1_000


@dataclass(slots=True)
class Listed:
    """A market and its state. `status`: initialized, active, inactive, closed, determined, finalized."""

    market: Market
    status: str
    book: MatchingBook = field(default_factory=MatchingBook)
    clock: int = 0
    volume: Count = Count(0)
    open_interest: Count = Count(0)
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


class Desk:
    """Markets, accounts, orders, groups, and what was said. Markets and time are the exchange's (simulator.py)."""

    def __init__(self, now: Instant) -> None:
        self.now = now
        self.markets: dict[str, Listed] = {}
        self.accounts: dict[str, Account] = {}
        self.orders: dict[str, Resting] = {}  # every order ever, by id
        self.by_client_id: dict[tuple[str, str], Resting] = {}
        self.resting: dict[str, dict[str, Resting]] = {}  # user -> order_id -> order
        self.reserves: dict[str, Reserve] = {}
        self.groups: dict[str, Group] = {}
        self.fill_log: list[tuple[str, m.Fill]] = []
        self.settlements: list[Settlement] = []
        self.paused = self.stopped = False
        self.sweep_lasts = Duration(0)  # how long a cancel-all also takes what comes after it: up to a minute
        self.sweeping: dict[str, Instant] = {}  # user -> until when
        self._notices: list[Notice] = []
        self._n = 0
        self._expiries: list[tuple[Instant, str]] = []
        self._closings: list[tuple[Instant, str]] = []
        self._openings: list[tuple[Instant, str]] = []
        self.closing_lasts = Duration(0)  # how long after a market's close its orders still rest, beyond any cancel
        self._endings: list[tuple[Instant, str]] = []

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
        self.reserves[order.user].remove(order)

    def _touched(self, user: str, ticker: str) -> None:
        """A position or the rest of an order changed: what the orders there may need is computed anew."""
        if ticker in self.reserves[user].orders:
            self.reserves[user].changed.add(ticker)

    def _end(self, order: Resting, reason: str) -> None:
        listed = self.markets[order.ticker]
        self._delta(listed, order, Count(-order.remaining))
        self._unrest(listed, order)
        order.status, order.reason, order.remaining, order.updated_at = "canceled", reason, Count(0), self.now
        self._gone(order)

    def _gone(self, order: Resting) -> None:
        if not self.accounts[order.user].house:
            self._say(order.user, self._gone_message(order))
        else:  # the rest of the market leaves no history behind
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
