"""An exchange on paper: the real books and trades as they come, and orders of ours that nobody else can see. Pure.

Orders live in the backtest's venue, so that paper and backtest fill by the same rules. A level that shrinks was traded
or cancelled: prints say which, within two seconds of the change; what no print claims was cancelled, and brings us
forward in the queue by its share. Orders of ours are shown to the engine in the book, as a real one would show them.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from core import messages as m
from core.contract import PriceGrid
from core.messages import Side
from core.units import DAY, ONE_DOLLAR, SECOND, Count, Instant, Money, Price
from quoter.backtest.job import FillModel
from quoter.backtest.venue import Ladder, Venue

_CLAIM = 2 * SECOND  # a print and its delta come this close together
_ENDED = 20_000
_REMEMBERED = DAY  # a closed market: a trade or a payment may be heard late
Level = tuple[str, Side, Price]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a market's orders must obey, as the engine knows it."""

    grid: PriceGrid
    close_at: Instant
    maker_fee: int


@dataclass(slots=True)
class Account:
    """What paper holds. `cash`: received minus paid for fills, fees included, and what was settled."""

    opening: Money
    cash: Money = Money(0)
    positions: dict[str, Count] = field(default_factory=dict)
    fills: int = 0

    @property
    def balance(self) -> Money:
        """Free cash: a short position holds a dollar a contract back."""
        short = sum(-count for count in self.positions.values() if count < 0)
        return Money(self.opening + self.cash - short * ONE_DOLLAR)


@dataclass(slots=True)
class Removed:
    """A level shrank by `count` of `shown`."""

    at: Instant
    count: int
    shown: int


class PaperExchange:
    """See the module. `terms` gives a market's grid, close and fee, None while nobody knows it."""

    def __init__(self, account: Account, terms: Callable[[str], Terms | None], model: FillModel, group_limit: Count,
                 fade: float = 0.0) -> None:  # fmt: skip
        self.account, self.terms = account, terms
        self.venue = Venue({}, model, 0, fade, 0, group_limit)
        self.venue.books = True
        self.asked: dict[str, m.PlaceOrder] = {}
        self.ended: dict[str, m.OrderView] = {}
        self.history: deque[m.Fill] = deque(maxlen=_ENDED)
        self.removed: dict[Level, list[Removed]] = defaultdict(list)
        self.printed: dict[Level, list[Removed]] = defaultdict(list)
        self.known: set[str] = set()

    # --- what the world says -----------------------------------------------------------------------------------------

    def learn(self, said: m.Said) -> list[m.Said]:
        """What the engine hears of it, and what it did to our orders."""
        heard: list[m.Said] = [said]
        match said:
            case m.BookSnapshot():
                heard = [self._snapshot(said)]
            case m.BookDelta():
                self._delta(said)
            case m.TradePrint():
                self._trade(said)
            case m.Connected() | m.Disconnected():
                self.known.clear()
                self.removed.clear()
                self.printed.clear()
            case m.MarketChanged():
                self._changed(said)
            case m.Fill() | m.Acked() | m.Gone() | m.GroupChanged():
                heard = []  # of the account whose key reads the stream: not ours on paper
        return heard + self.take()

    def tick(self, now: Instant) -> list[m.Said]:
        """Let time pass: expiries, closes, shrunken levels that no print claimed."""
        self.venue.expire(now)
        for ticker, ladder in list(self.venue.ladders.items()):
            if not ladder.open and not (ladder.bids or ladder.asks) and now >= ladder.close_at + _REMEMBERED:
                del self.venue.ladders[ticker]  # or after months each tick would go through all that ever traded
                continue
            self._renew(ticker, ladder)
            if ladder.open and now >= ladder.close_at:
                self.venue.close(ticker, now)
        for level, changes in list(self.removed.items()):
            late = [one for one in changes if now - one.at > _CLAIM]
            for one in late:
                self.venue.reduced(*level, one.count, one.shown)
            self.removed[level] = [one for one in changes if now - one.at <= _CLAIM]
            if not self.removed[level]:
                del self.removed[level]
        for level, prints in list(self.printed.items()):
            self.printed[level] = [one for one in prints if now - one.at <= _CLAIM]
            if not self.printed[level]:
                del self.printed[level]
        return self.take()

    def take(self) -> list[m.Said]:
        """What the venue has to say; fills move the account on the way."""
        said = list(self.venue.said)
        self.venue.said.clear()
        for one in said:
            if isinstance(one, m.Fill):
                self._booked(one)
            elif isinstance(one, m.Gone):
                self._over(one)
        return said

    # --- what we ask -------------------------------------------------------------------------------------------------

    def request(self, request: m.Request, now: Instant) -> m.Said:
        """Do it, or say why not. An order larger than the free balance is refused as the exchange would."""
        if isinstance(request, m.PlaceOrder):
            self.asked[request.client_order_id] = request
            unit = request.price if request.side is Side.BID else ONE_DOLLAR - request.price
            if request.ticker not in self.venue.ladders:
                self._ladder(request.ticker)
            if unit * request.count > self.account.balance:
                return m.Rejected(now, request.client_order_id, request.ticker, "PlaceOrder", "insufficient_balance")
        answer = self.venue.handle(request, now)
        if isinstance(answer, m.Gone) and answer.client_order_id:
            self._over(answer)
        return answer

    def trades(self, trading: bool, now: Instant) -> None:
        """The real exchange trades, or does not."""
        if not trading and not self.venue.paused:
            self.venue.pause(now)
        elif trading:
            self.venue.unpause()

    def orders(self) -> list[m.OrderView]:
        """What rests."""
        return [m.OrderView(o.order_id, o.client_order_id, o.ticker, o.side, o.price, "resting", o.filled, o.remaining,
                            None, o.expires_at, o.group) for o in self.venue.orders.values()]  # fmt: skip

    def positions(self) -> list[m.PositionView]:
        """What is held."""
        return [m.PositionView(ticker, count, Money(abs(count) * ONE_DOLLAR), Money(0), Money(0))
                for ticker, count in sorted(self.account.positions.items()) if count]  # fmt: skip

    def order(self, client_order_id: str) -> m.OrderView | None:
        """One order as it stands or ended; None when it never arrived."""
        resting = next((o for o in self.orders() if o.client_order_id == client_order_id), None)
        return resting or self.ended.get(client_order_id)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _ladder(self, ticker: str) -> Ladder | None:
        found = self.venue.ladders.get(ticker)
        if found is None and (terms := self.terms(ticker)) is not None:
            found = self.venue.ladders[ticker] = Ladder(ticker, terms.grid, terms.close_at)
            self.venue.maker_fee = max(self.venue.maker_fee, terms.maker_fee)
        return found

    def _renew(self, ticker: str, ladder: Ladder) -> None:
        terms = self.terms(ticker)
        if terms is not None:
            ladder.grid, ladder.close_at = terms.grid, terms.close_at
            self.venue.maker_fee = max(self.venue.maker_fee, terms.maker_fee)

    def _snapshot(self, said: m.BookSnapshot) -> m.BookSnapshot:
        ladder = self._ladder(said.ticker)
        if ladder is None:
            return said
        levels = [(Side.BID, *one) for one in said.bids] + [(Side.ASK, *one) for one in said.asks]
        before = ladder.sizes if said.ticker in self.known else {}
        ladder.sizes = {(side, int(price)): int(size) for side, price, size in levels}
        self.known.add(said.ticker)
        for side, price, size in levels:
            if size > before.get((side, price), 0):
                self.venue.came(said.ticker, side, price, size - before.get((side, price), 0), said.at)
        _touch(ladder)
        sides: dict[Side, dict[Price, Count]] = {Side.BID: dict(said.bids), Side.ASK: dict(said.asks)}
        for order in (*ladder.bids, *ladder.asks):
            shown = sides[order.side]
            shown[order.price] = Count(shown.get(order.price, 0) + order.remaining)
        return m.BookSnapshot(said.at, said.ticker, sorted(sides[Side.BID].items()), sorted(sides[Side.ASK].items()),
                              said.clock, said.sent_at)  # fmt: skip

    def _delta(self, said: m.BookDelta) -> None:
        ladder = self.venue.ladders.get(said.ticker)
        if ladder is None or said.ticker not in self.known:
            return
        key = (said.side, said.price)
        shown = ladder.sizes.get(key, 0)
        if shown + said.change > 0:
            ladder.sizes[key] = shown + said.change
        else:
            ladder.sizes.pop(key, None)
        if said.change < 0:
            level = (said.ticker, said.side, said.price)
            left = _claim(self.printed[level], -said.change)
            if left:
                self.removed[level].append(Removed(said.at, left, shown))
        elif said.change > 0:
            self.venue.came(said.ticker, said.side, said.price, said.change, said.at)
        _touch(ladder)

    def _trade(self, said: m.TradePrint) -> None:
        ladder = self.venue.ladders.get(said.ticker)
        if ladder is None:
            return
        resting = Side.ASK if said.taker is Side.BID else Side.BID
        level = (said.ticker, resting, said.price)
        left = _claim(self.removed[level], said.count)
        if left:
            self.printed[level].append(Removed(said.at, left, 0))
        self.venue.trade(said.ticker, said.price, said.count, said.taker is Side.BID, said.at)

    def _changed(self, said: m.MarketChanged) -> None:
        ladder = self.venue.ladders.get(said.ticker)
        if ladder is not None and said.change in ("deactivated", "determined", "settled"):
            self.venue.close(said.ticker, said.at)
        elif ladder is not None and said.change == "activated":
            ladder.open = True
        if said.settlement_value is not None:
            held = self.account.positions.pop(said.ticker, Count(0))
            self.account.cash = Money(self.account.cash + held * said.settlement_value // 100)

    def _booked(self, fill: m.Fill) -> None:
        account = self.account
        account.fills += 1
        account.cash = Money(account.cash - fill.side.sign * fill.price * fill.count - fill.fee)
        held = Count(account.positions.get(fill.ticker, 0) + fill.side.sign * fill.count)
        account.positions[fill.ticker] = held
        self.history.append(fill)

    def _over(self, gone: m.Gone) -> None:
        place = self.asked.get(gone.client_order_id)
        if place is None:
            return
        filled = gone.filled if gone.filled is not None else Count(place.count - (gone.reduced_by or 0))
        status = "executed" if filled >= place.count else "canceled"
        self.ended[gone.client_order_id] = m.OrderView(
            gone.order_id, gone.client_order_id, gone.ticker, place.side, place.price, status, filled, Count(0)
        )
        while len(self.ended) > _ENDED:
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            self.asked.pop(oldest, None)


def _touch(ladder: Ladder) -> None:
    """Where others' best are now."""
    ladder.bid = max((p for (side, p) in ladder.sizes if side is Side.BID), default=0)
    ladder.ask = min((p for (side, p) in ladder.sizes if side is Side.ASK), default=0)


def _claim(waiting: list[Removed], count: int) -> int:
    """Take `count` from what waits, oldest first; what is left of it."""
    while waiting and count > 0:
        first = waiting[0]
        taken = min(first.count, count)
        first.count -= taken
        count -= taken
        if first.count == 0:
            waiting.pop(0)
    return count
