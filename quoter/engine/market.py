"""One bracket and one station-day as the engine knows them: belief, book, inventory, working orders, worst case.

What follows from the orders and the position (`Mine`, the leg, the event's losses) is kept, not computed at each look:
`State.remeasure` brings it up to date, and must be called after every change of either (tests/worlds hold it to that).
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec

from core.contract import LINEAR_CENT, PriceGrid
from core.fees import fee
from core.messages import OrderView, Side, Ticker
from core.publication import EventFair, MarketFair
from core.risk.exposure import Leg, losses_by_outcome, stress
from core.side import ASK, BID
from core.units import ONE_DOLLAR, SECOND, Count, Instant, Money, Price
from quoter.engine.book import Book
from quoter.engine.orders import Life, Order

_SHORTEST: Final = 2 * SECOND  # of the pauses of a side
_LONGEST: Final = 60 * SECOND
_FORGOTTEN: Final = 120 * SECOND  # after a pause: longer than the longest, or what stays would be new each time
_MARK_HOLDS: Final = 300 * SECOND
FOREVER: Final = Instant(2**62 - 1)  # as large as a machine integer of compiled code


class Quote(msgspec.Struct, frozen=True):
    """What we would like resting."""

    side: Side
    price: Price
    count: Count
    level: int = 0


@dataclass(slots=True, eq=False)
class Mine:
    """What our working orders in one market add up to.

    `bids`, `asks`: our size by price as the book may hold it; `best_bid`, `best_ask`: the most aggressive of their
    terms, old and new; `most_long`, `most_short`: the position if every working order of that side filled, orders of
    the account that are not ours included.
    """

    bids: dict[Price, Count] = field(default_factory=dict)
    asks: dict[Price, Count] = field(default_factory=dict)
    best_bid: Price | None = None
    best_ask: Price | None = None
    most_long: Count = Count(0)
    most_short: Count = Count(0)


@dataclass(slots=True)
class Pause:
    """A side of a market on which requests failed, or orders were taken away by somebody else, lately: nothing is asked
    there before `until`."""

    until: Instant = Instant(0)
    failures: int = 0  # in a row, none of them long after the one before

    def failed(self, now: Instant) -> None:
        """Once more, or for the first time in a while; of the same trouble, while it pauses: ten orders that fail
        together are one failure."""
        if now < self.until:
            return
        self.failures = self.failures + 1 if now < self.until + _FORGOTTEN else 1
        self.until = Instant(now + min(_SHORTEST << min(self.failures - 1, 6), _LONGEST))


@dataclass(frozen=True, slots=True)
class Booked:
    """A position that is no longer reported, taken to have earned `value` (at its last mark) until it is paid out."""

    contracts: Count
    cash: Money
    value: Money


@dataclass(slots=True, eq=False)
class MarketState:
    """One market as we know it."""

    ticker: Ticker
    event: "EventState"
    fair: MarketFair | None = None
    grid: PriceGrid = LINEAR_CENT
    close_at: Instant = FOREVER  # the earlier of what the stream and the publication say
    told_close: Instant = FOREVER  # by the stream
    told_grid: PriceGrid | None = None  # by the stream, and not yet published
    listed_grid: PriceGrid | None = None  # by the last publication
    open: bool = True  # the stream's last word on this connection; unheard of counts as open
    shut_until: Instant = Instant(0)  # the exchange refused an order here as inactive: it is tried again then
    told_strikes: tuple[int | None, int | None] | None = None  # by the stream: the degrees that pay since they moved
    over: bool = False  # determined: it does not open again
    settled: bool = False
    paid: Money = Money(0)  # what a contract was settled at, once it is,
    held_at_end: Count = Count(0)  # and how many were held then
    reported: bool = False  # did the positions that we took over hold it?
    adopted_asked: Instant = Instant(0)  # when its position was last taken over from a report: asked for,
    adopted_at: Instant = Instant(0)  # and heard, with a margin for clocks that differ
    enabled: bool = True
    book: Book = field(default_factory=Book)
    position: Count = Count(0)
    cash: Money = Money(0)  # received minus paid, fees included
    fees: Money = Money(0)
    filled_at: Instant = Instant(0)  # our clock when a fill in it was last learnt
    early: tuple[Count, Money] = (Count(0), Money(0))  # position and cash of fills that wait for a report
    booked: Booked | None = None
    orders: dict[str, Order] = field(default_factory=dict)  # working orders of ours, by client id
    foreign: dict[str, OrderView] = field(default_factory=dict)  # orders of the account that are not ours
    desired: tuple[Quote, ...] = ()
    bid_reasons: tuple[str, ...] = ("starting",)
    ask_reasons: tuple[str, ...] = ("starting",)
    pauses: dict[Side, "Pause"] = field(default_factory=lambda: {BID: Pause(), ASK: Pause()})
    flow: dict[Side, tuple[float, Instant]] = field(  # contracts traded on a side, fading over an hour, and as of when
        default_factory=lambda: {BID: (0.0, Instant(0)), ASK: (0.0, Instant(0))}
    )
    disputed: Count | None = None  # a position the exchange reported once and we do not share
    touch: tuple[Price | None, Price | None] | None = None  # the others' best when it was last decided
    due: Instant = Instant(0)  # when time alone may change its decision
    shown: tuple[tuple[Quote, ...], tuple[str, ...], tuple[str, ...]] | None = None  # what the last QuoteRow said
    leg: Leg = field(default_factory=lambda: Leg(Count(0), Money(0), Money(0), Money(0)))
    mine: Mine = field(default_factory=Mine)
    last_mark: Price | None = None  # at the last tick, while something was held, or by the run before this one
    mark_holds: bool = False  # it was taken by a book, or before the first one of this run, and not long ago
    mark_until: Instant = Instant(0)  # then it is too old to hold
    guessed: bool = False  # taken over, and nobody has seen a book of it yet: what it is worth is a guess
    others: tuple[Price | None, Price | None] | None = None  # kept by `others_touch` until book or orders change
    index: int = 0  # of this market in its event's `markets`
    halves: tuple[object, object, float, tuple[float, float]] | None = None  # kept by `quoting.half_spreads`

    def published(self, fair: MarketFair, grid: PriceGrid) -> None:
        """A belief about this market. The listing that came with it may be older than what the stream has told since:
        the earlier close holds, and the stream's grid until another one is published than before."""
        self.fair, self.close_at = fair, min(fair.close_at, self.told_close)
        if self.told_grid is None or (self.listed_grid is not None and grid != self.listed_grid):
            self.grid, self.told_grid = grid, None
        self.listed_grid = grid

    def moved(self) -> bool:
        """Is what we believe of this market about another bracket than the exchange's?"""
        told, fair = self.told_strikes, self.fair
        return told is not None and fair is not None and (fair.low, fair.high) != told

    def own(self, side: Side) -> dict[Price, Count]:
        """Our size by price, as the book may hold it: everything that may rest."""
        return self.mine.bids if side is BID else self.mine.asks

    def others_touch(self) -> tuple[Price | None, Price | None]:
        """Best bid and ask of everybody but us."""
        if self.others is not None:
            return self.others
        book, mine = self.book, self.mine
        bid, ask = book.best_bid, book.best_ask
        if bid is not None and bid in mine.bids:
            bid = book.others(BID, mine.bids)
        if ask is not None and ask in mine.asks:
            ask = book.others(ASK, mine.asks)
        self.others = bid, ask
        return bid, ask

    def mark(self) -> Price | None:
        """What a contract is taken to be worth: the middle of a book no wider than 20 cents; of a wider one our fair,
        but no less than its bid and no more than its ask. Without a book what it was worth by the last one, for a
        while: a stream that breaks earns and loses nothing. Then our fair, else what it was last: between the close
        and the payout there is neither."""
        fair = self.last_mark if self.fair is None else Price(round(self.fair.fair * ONE_DOLLAR))
        if not self.book.known:
            return self.last_mark if self.mark_holds else fair
        bid, ask = self.others_touch()
        if bid is not None and ask is not None and ask - bid <= 2_000:
            return Price((bid + ask) // 2)
        if fair is not None and bid is not None and fair < bid:
            return bid
        return ask if fair is not None and ask is not None and fair > ask else fair

    def marked_before(self, mark: Price, now: Instant) -> None:
        """So much the run before this one took a contract to be worth."""
        self.last_mark, self.mark_holds, self.mark_until = mark, True, Instant(now + _MARK_HOLDS)

    def tick(self, now: Instant) -> Money:
        """Remember what a contract is worth. Returns by how much the first book, or the first belief, corrects what was
        guessed of it."""
        mark, corrected = self.mark(), 0
        if self.guessed and mark is not None and self.last_mark is None:  # it counted for nothing so far
            corrected = self.position * mark
            self.marked_before(mark, now)
        elif self.guessed and mark is not None and self.last_mark is not None and self.book.known:
            corrected = self.position * (mark - self.last_mark) if now < self.mark_until else 0
        if self.book.known:
            self.guessed = False
            self.mark_until = Instant(now + _MARK_HOLDS)
        self.mark_holds = now < self.mark_until
        self.last_mark = mark
        return Money(corrected)

    def measure(self) -> None:
        """Compute anew what follows from the orders and the position."""
        mine, leg = self.mine, self.leg
        mine.bids.clear()
        mine.asks.clear()
        mine.best_bid = mine.best_ask = None
        bid_loss = ask_loss = long = short = 0
        maker = self.fair.maker_fee if self.fair is not None else 0
        for order in self.orders.values():
            count, price = order.could_fill, order.worst_price
            costs = fee(maker, price, count) if maker else 0
            if order.side is BID:
                long += count
                bid_loss += price * count + costs
                sizes = mine.bids
                if mine.best_bid is None or price > mine.best_bid:
                    mine.best_bid = price
            else:
                short += count
                ask_loss += (ONE_DOLLAR - price) * count + costs
                sizes = mine.asks
                if mine.best_ask is None or price < mine.best_ask:
                    mine.best_ask = price
            if order.life is not Life.GONE:
                left = max(0, order.total - max(order.filled, order.told))
                sizes[order.price] = Count(sizes.get(order.price, 0) + left)
        for other in self.foreign.values():
            if other.side is BID:
                long += other.remaining
                bid_loss += other.price * other.remaining
            else:
                short += other.remaining
                ask_loss += (ONE_DOLLAR - other.price) * other.remaining
        mine.most_long, mine.most_short = Count(self.position + long), Count(self.position - short)
        if self.position != leg.position:
            self.event.coherent = None
        self.others = None
        leg.position, leg.cash = self.position, self.cash
        leg.bid_loss, leg.ask_loss = Money(bid_loss), Money(ask_loss)


@dataclass(slots=True, eq=False)
class EventState:
    """One station-day as we know it."""

    ticker: str
    city: str = ""
    fair: EventFair | None = None
    markets: list[MarketState] = field(default_factory=list)
    enabled: bool = True
    moved: bool = False  # a bracket's strikes moved, and what is published is of the old ones
    told_maker_fee: int = 0  # by the stream: the event's own, in millionths; what is published may be older
    fees_unknown: bool = False  # it has a fee of its own that we cannot compute
    loss: Money = Money(0)
    stress: Money = Money(0)
    held: Money = Money(0)  # the worst case of what is held alone, no order filled
    over_since: Instant = FOREVER  # kept by `forget`
    station_day: str = ""  # station and climate day: its high and its low have one limit together
    group: str = ""  # the exchange's id of our order group
    group_limit: Count = Count(0)
    group_asked_at: Instant = Instant(0)
    group_at: Instant = Instant(0)  # since when we have this group
    tripped: bool = False  # the group was triggered and lets nothing through
    reset_at: Instant | None = None  # when it may be reset; None: only when a person resumes
    matched: deque[tuple[Instant, Count]] = field(default_factory=deque)  # fills of the group's window

    by_outcome: list[int] = field(default_factory=list)  # the loss in each, everything that works filled the worst way
    coherent: tuple[float, dict[Ticker, float]] | None = None  # kept by `quoting`: risk aversion, reservation prices
    widening: tuple[float, Instant, Instant] = (1.0, FOREVER, FOREVER)  # kept by `guard`: the factor, from, until

    def charged(self, fair: MarketFair) -> MarketFair:
        """With the maker fee that the stream has told of, where that is the dearer."""
        told = self.told_maker_fee
        return fair if fair.maker_fee >= told else msgspec.structs.replace(fair, maker_fee=told)

    def measure(self) -> None:
        """Compute the worst case anew from the markets' legs."""
        legs = [market.leg for market in self.markets]
        self.by_outcome = losses_by_outcome(legs, exhaustive=self.fair is not None)
        self.loss = Money(max(self.by_outcome, default=0))
        self.stress = stress(legs)
        least = cash = 0
        for n, leg in enumerate(legs):
            cash += leg.cash
            if n == 0 or leg.position < least:
                least = leg.position
        self.held = Money(-least * ONE_DOLLAR - cash)
