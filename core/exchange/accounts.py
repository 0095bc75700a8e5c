"""What each trader owns at the simulated exchange: cash, signed positions, fees, and the collateral held back.

Buying YES at p costs p; selling YES at p (= buying NO at 1 - p) brings p and needs a dollar of collateral, returned
when the position closes. Within a mutually exclusive event (MECNET) only the largest short can pay, so only it is held.
"""

from dataclasses import dataclass, field

from core.messages import Side, Ticker
from core.side import BID
from core.units import Count, Money, Price, notional, payout


@dataclass(slots=True)
class Holding:
    """One signed position: negative is NO."""

    event_ticker: str
    position: Count = Count(0)
    cost: Money = Money(0)  # cash paid minus cash received for the open position
    realized: Money = Money(0)
    fees: Money = Money(0)
    traded: Money = Money(0)
    contracts: Count = Count(0)  # ever traded


@dataclass(slots=True)
class Account:
    """A trader. A `house` account is not checked for funds: it stands for the rest of the market."""

    cash: Money
    house: bool = False
    holdings: dict[Ticker, Holding] = field(default_factory=dict)
    held: dict[str, Money] = field(default_factory=dict)  # event -> collateral

    def holding(self, ticker: Ticker, event_ticker: str) -> Holding:
        """The position in `ticker`, made when it is first needed."""
        found = self.holdings.get(ticker)
        if found is None:
            found = self.holdings[ticker] = Holding(event_ticker)
        return found

    @property
    def balance(self) -> Money:
        """Cash that is not held as collateral."""
        return Money(self.cash - sum(self.held.values()))

    def trade(self, ticker: Ticker, event_ticker: str, side: Side, price: Price, count: Count, fee: Money) -> None:
        """One fill: cash and position move together."""
        holding = self.holding(ticker, event_ticker)
        signed = count if side is BID else -count
        value = notional(price, count)
        flow = -value if side is BID else value
        before = holding.position
        closing = min(abs(before), count) if before * signed < 0 else 0
        if closing:
            # the closed part takes its share of the cost with it
            share = Money(round(holding.cost * closing / abs(before)))
            closed_flow = notional(price, Count(closing)) * (-1 if side is BID else 1)
            holding.realized = Money(holding.realized + closed_flow - share)
            holding.cost = Money(holding.cost - share - (flow - closed_flow))
        else:
            holding.cost = Money(holding.cost - flow)
        holding.position = Count(before + signed)
        holding.fees = Money(holding.fees + fee)
        holding.traded = Money(holding.traded + value)
        holding.contracts = Count(holding.contracts + count)
        self.cash = Money(self.cash + flow - fee)
        self.hold(event_ticker)

    def hold(self, event_ticker: str) -> None:
        """Compute an event's collateral anew: the largest short of its exclusive brackets."""
        shorts = [-h.position for h in self.holdings.values() if h.event_ticker == event_ticker and h.position < 0]
        if shorts:
            self.held[event_ticker] = payout(Count(max(shorts)))
        else:
            self.held.pop(event_ticker, None)

    def exposure(self, holding: Holding) -> Money:
        """What the open position can lose: its cost, or for a short its collateral less what it brought."""
        if holding.position >= 0:
            return Money(max(holding.cost, 0))
        return Money(max(payout(Count(-holding.position)) + holding.cost, 0))

    def settle(self, ticker: Ticker, value: Money) -> tuple[Count, Money, Money]:
        """Pay out one market at `value` a contract (YES). Returns (position, cost, revenue)."""
        holding = self.holdings.pop(ticker, None)
        if holding is None:
            return Count(0), Money(0), Money(0)
        position, cost = holding.position, holding.cost
        flow = Money(position * value // 100)
        self.cash = Money(self.cash + flow)
        self.hold(holding.event_ticker)
        return position, cost, flow


def cost_to_rest(side: Side, price: Price, count: Count, position: Count) -> Money:
    """What an order may need when it fills: nothing for the part that closes a position."""
    signed = count if side is BID else -count
    opening = max(0, count - abs(position)) if position * signed < 0 else count
    unit = price if side is BID else 10_000 - price
    return Money(unit * opening)
