"""The rest of the market in the embedded exchange: makers, noise and informed takers. Pure: draws come from outside.

Makers hold a bracket-coherent book around their belief (`makers_belief.py`); noise takers hit either side; informed
takers know all that may be known and take what is too cheap or too dear. House accounts, no funds checked. Where each
number comes from: README, "What do the others know?".
"""

import math
from dataclasses import dataclass, field

from core import messages as m
from core.contract import Market
from core.exchange.draws import Draws
from core.exchange.listing import Oracle
from core.exchange.makers_belief import MakersBelief
from core.exchange.simulator import Exchange, Listed
from core.units import ONE_DOLLAR, Count, Instant, Money, Price

MAKER, NOISE, INFORMED = "house-maker", "house-noise", "house-informed"
_LEVELS = 5
_HALF, _HALF_MIDDLE = 0.010, 0.014  # dollars from their belief to their quote: everywhere, and more at 50 cents
_INFORMED = 0.25  # of those who come; most find nothing worth taking and go
_WORTH = 0.02  # dollars: the taker's fee at 50 cents, and a little
_SIZE, _SIZE_SPREAD, _LARGEST = 30.0, 1.65, 2000.0  # contracts a taker wants: log-normal


def phi(z: float) -> float:
    """Standard normal CDF."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def chance(market: Market, mean: float, sd: float) -> float:
    """P(bracket pays) for a normal belief, with half a degree on each side."""
    low = 0.0 if market.bracket.low is None else phi((market.bracket.low - 0.5 - mean) / sd)
    high = 1.0 if market.bracket.high is None else phi((market.bracket.high + 0.5 - mean) / sd)
    return min(0.999, max(0.001, high - low))


@dataclass(slots=True)
class Crowd:
    """The other traders; `act` lets them do a little."""

    oracle: Oracle
    draws: Draws
    n: int = 0
    turn: int = 0
    makers_belief: MakersBelief = field(init=False)
    recorded: dict[str, list[tuple[m.Side, Price, Count]]] = field(default_factory=dict)  # ticker -> levels to keep

    def __post_init__(self) -> None:
        self.makers_belief = MakersBelief(self.oracle, self.draws)

    def refresh_some(self, exchange: Exchange, events: list[list[Listed]], how_many: int) -> None:
        """Makers renew the books of a few events, in turn."""
        for _ in range(min(how_many, len(events))):
            self.turn += 1
            self.refresh(exchange, events[self.turn % len(events)])

    def refresh(self, exchange: Exchange, listed: list[Listed]) -> None:
        """Makers move one event's books to their belief of now; levels that may stay, stay.

        Books that came from a recording are not moved: what was taken from them is put back.
        """
        if self.recorded:
            for one in listed:
                self._restock(exchange, one)
            return
        belief = self.makers_belief.of(listed[0].market.station_day, exchange.now)
        for one in listed:
            if one.status == "active":
                self._make(exchange, one, *belief)

    def _make(self, exchange: Exchange, one: Listed, mean: float, sd: float) -> None:
        fair = chance(one.market, mean, sd) + self.makers_belief.lean(one.market.ticker, exchange.now)
        fair = min(0.999, max(0.001, fair))
        half = _HALF + _HALF_MIDDLE * 4 * fair * (1 - fair) * (0.5 + self.draws.random())
        wanted: dict[tuple[m.Side, Price], None] = {}
        for level in range(_LEVELS):
            bid = one.market.grid.floor(fair - half - 0.01 * level)
            ask = one.market.grid.ceil(fair + half + 0.01 * level)
            if bid is not None:
                wanted[(m.Side.BID, bid)] = None
            if ask is not None:
                wanted[(m.Side.ASK, ask)] = None
        mine = [o for o in one.book.orders() if o.user == MAKER]
        have = {(o.side, o.price): o for o in mine}
        for key, order in have.items():
            if key not in wanted:
                exchange.handle(MAKER, m.CancelOrder(order.order_id, order.client_order_id, order.ticker), exchange.now)
        for side, price in wanted:
            if (side, price) not in have:
                self._place(exchange, MAKER, one, side, price, self._size(), post_only=True)

    def _restock(self, exchange: Exchange, one: Listed) -> None:
        levels = self.recorded.get(one.market.ticker, [])
        have: dict[tuple[m.Side, Price], int] = {}
        for order in one.book.orders():
            if order.user == MAKER:
                key = (order.side, order.price)
                have[key] = have.get(key, 0) + order.remaining
        for side, price, size in levels:
            lacking = size - have.get((side, price), 0)
            if lacking > 0 and one.status == "active":
                self._place(exchange, MAKER, one, side, price, Count(lacking), post_only=True)

    def _size(self) -> Count:
        size = self.draws.randint(5, 120) * 100
        return Count(size + self.draws.randint(1, 99) if self.draws.random() < 0.1 else size)

    def trade_once(self, exchange: Exchange, listed: list[Listed]) -> None:
        """One taker comes: usually noise, sometimes somebody who knows."""
        one = self.draws.choice(listed)
        if one.status != "active":
            return
        bid, ask = one.book.best(m.Side.BID), one.book.best(m.Side.ASK)
        if bid is None or ask is None:
            return
        day = one.market.station_day
        if self.draws.random() < _INFORMED:
            fair = chance(one.market, *self.oracle.belief(day.station, day.variable, day.day, exchange.now))
            if ask <= (fair - _WORTH) * ONE_DOLLAR:
                self._take(exchange, INFORMED, listed, one, m.Side.BID, ask)
            elif bid >= (fair + _WORTH) * ONE_DOLLAR:
                self._take(exchange, INFORMED, listed, one, m.Side.ASK, bid)
        elif self.draws.random() < 0.5:
            self._take(exchange, NOISE, listed, one, m.Side.BID, ask)
        else:
            self._take(exchange, NOISE, listed, one, m.Side.ASK, bid)

    def _take(
        self, exchange: Exchange, user: str, listed: list[Listed], one: Listed, side: m.Side, price: Price
    ) -> None:
        """Take at `price` what is there of what is wanted; makers, who do not know who it was, think again."""
        size = Count(100 * round(min(_LARGEST, max(1.0, _SIZE * math.exp(self.draws.gauss(0.0, _SIZE_SPREAD))))))
        said = self._place(exchange, user, one, side, price, size, post_only=False)
        if isinstance(said, m.Gone) and said.filled and not self.recorded:
            self.makers_belief.traded(one.market.ticker, side, price / ONE_DOLLAR, said.filled, exchange.now)
            self.refresh(exchange, listed)

    def _place(
        self, exchange: Exchange, user: str, one: Listed, side: m.Side, price: Price, size: Count, *, post_only: bool
    ) -> m.Said:
        self.n += 1
        life = m.TimeInForce.GOOD_TILL_CANCELED if post_only else m.TimeInForce.IMMEDIATE_OR_CANCEL
        return exchange.handle(
            user,
            m.PlaceOrder(f"{user}-{self.n}", one.market.ticker, side, price, size, None, post_only, False, None, life),
            exchange.now,
        )


def settle_due(exchange: Exchange, oracle: Oracle, settle_after: int) -> int:
    """Pay out every closed market whose final report has been out for `settle_after` ns; how many."""
    paid = 0
    for ticker, one in exchange.markets.items():
        if one.status != "closed":
            continue
        day = one.market.station_day
        value = oracle.official(day.station, day.variable, day.day, Instant(exchange.now - settle_after))
        if value is not None:
            yes = one.market.bracket.pays(value)
            exchange.settle(ticker, "yes" if yes else "no", Money(1_000_000 if yes else 0), str(value))
            paid += 1
    return paid
