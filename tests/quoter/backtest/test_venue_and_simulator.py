"""The backtest's venue and the simulated exchange answer alike: same book, same requests, same takers."""

from datetime import date

from core import messages as m
from core.contract import LINEAR_CENT
from core.exchange.listing import ladder
from core.exchange.simulator import Exchange
from core.messages import Side
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, SECOND, Count, Instant, Price, money
from quoter.backtest.job import FillModel
from quoter.backtest.venue import Ladder, Venue

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2031, 5, 6))
OPENS = Instant(DAY.start - 15 * HOUR)
NOW = Instant(OPENS + HOUR)


class Both:
    """A book of 30 contracts at 40 and at 43 cents, at both."""

    def __init__(self) -> None:
        markets = ladder(DAY, 61, OPENS)
        self.ticker = markets[1].ticker
        self.exchange = Exchange(markets, OPENS)
        self.exchange.open_account("us", money("1000.00"))
        self.exchange.open_account("crowd", money("0"), house=True)
        self.exchange.advance(NOW)
        for side, price in ((Side.BID, 4_000), (Side.ASK, 4_300)):
            self.crowd(side, price, 3_000)
        book = Ladder(self.ticker, LINEAR_CENT, DAY.end, 4_000, 4_300)
        self.venue = Venue({self.ticker: book}, FillModel.BASE, 3_000, 0.0, 0, 40_000)
        self.ids: dict[str, tuple[str, str]] = {}
        self.n = 0

    def crowd(self, side: Side, price: int, count: int, taking: bool = False) -> None:
        kind = m.TimeInForce.IMMEDIATE_OR_CANCEL if taking else m.TimeInForce.GOOD_TILL_CANCELED
        name = f"c{self.exchange._n}"
        order = m.PlaceOrder(name, self.ticker, side, Price(price), Count(count), None, not taking, False, None, kind)
        self.exchange.handle("crowd", order, NOW)

    def place(self, side: Side, price: int, name: str) -> tuple[object, object]:
        request = m.PlaceOrder(name, self.ticker, side, Price(price), Count(1_000))
        theirs, ours = self.exchange.handle("us", request, NOW), self.venue.handle(request, NOW)
        self.ids[name] = (getattr(theirs, "order_id", ""), getattr(ours, "order_id", ""))
        return told(theirs), told(ours)

    def amend(self, name: str, side: Side, price: int, total: int) -> tuple[object, object]:
        answers = []
        for i, where in enumerate((lambda r: self.exchange.handle("us", r, NOW), lambda r: self.venue.handle(r, NOW))):
            answers.append(told(where(
                m.AmendOrder(self.ids[name][i], name, self.ticker, side, Price(price), Count(total)))))  # fmt: skip
        return answers[0], answers[1]

    def cancel(self, name: str) -> tuple[object, object]:
        theirs = self.exchange.handle("us", m.CancelOrder(self.ids[name][0], name, self.ticker), NOW)
        return told(theirs), told(self.venue.handle(m.CancelOrder(self.ids[name][1], name, self.ticker), NOW))

    def sell(self, price: int, count: int) -> tuple[int, int]:
        """The crowd sells; what each says we bought so far."""
        self.crowd(Side.ASK, price, count, taking=True)
        self.venue.trade(self.ticker, Price(price), Count(count), False, NOW)
        theirs = sum(f.count for f in self.exchange.fills("us", Instant(0)))
        return theirs, sum(s.count for s in self.venue.said if isinstance(s, m.Fill))

    def ahead(self, name: str) -> tuple[object, object]:
        return self.exchange.queue_position(self.ids[name][0]), self.venue.orders[self.ids[name][1]].ahead


def told(said: m.Said) -> object:
    """What matters of an answer."""
    match said:
        case m.Acked():
            return "acked", said.price, said.filled, said.remaining
        case m.Rejected():
            return "rejected", said.code
        case m.Gone():
            return "gone", said.reason
        case _:
            return type(said).__name__


def agree(pair: tuple[object, object]) -> None:
    assert pair[0] == pair[1]


def test_places_refusals_queues_amends_fills_and_cancels_are_the_simulators() -> None:
    both = Both()
    agree(both.place(Side.BID, 4_000, "a"))
    agree(both.ahead("a"))
    agree(both.place(Side.BID, 4_300, "crossing"))
    agree(both.place(Side.BID, 4_050, "between the ticks"))
    agree(both.sell(4_000, 2_000))
    agree(both.ahead("a"))
    agree(both.amend("a", Side.BID, 4_000, 600))
    agree(both.ahead("a"))
    assert both.sell(4_000, 1_300) == (300, 300)
    agree(both.amend("a", Side.BID, 4_100, 800))
    assert both.sell(4_100, 100) == (400, 400)
    agree(both.cancel("a"))
    agree(both.cancel("a"))


def test_a_pause_and_a_close_are_the_simulators() -> None:
    both = Both()
    agree(both.place(Side.BID, 3_900, "a"))
    both.exchange.pause(), both.venue.pause(NOW)
    assert not both.exchange.resting["us"] and not both.venue.orders
    agree(both.place(Side.BID, 3_900, "b"))
    both.exchange.unpause(), both.venue.unpause()
    agree(both.place(Side.BID, 3_900, "c"))
    both.exchange.advance(DAY.end), both.venue.close(both.ticker, DAY.end)
    assert not both.exchange.resting["us"] and not both.venue.orders
    late = m.PlaceOrder("d", both.ticker, Side.BID, Price(3_900), Count(100))
    after = Instant(DAY.end + SECOND)
    agree((told(both.exchange.handle("us", late, after)), told(both.venue.handle(late, after))))
