"""One event, one arm: the engine on virtual time between a recorded past and a venue that fills our orders from it.

Three wires with their own delays (feed, entry, response) and the flows' publications. A timer comes when time alone
could change a decision: windows, the stop before the close, an expiry, a second after news of an order of ours (live,
the engine ticks every second), a minute after a fill, and every five minutes.
Deterministic: the same past, publications and arm give the same actions.
"""

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from core import messages as m
from core.contract import LINEAR_CENT
from core.publication import Publication
from core.risk.limits import Approved
from core.side import ASK, BID
from core.units import (
    DAY,
    HOUR,
    MINUTE,
    ONE_DOLLAR,
    SECOND,
    Count,
    Duration,
    Instant,
    Money,
    Price,
    to_datetime,
)
from quoter.backtest import dates
from quoter.backtest.cell import Cell, Filled, sample
from quoter.backtest.job import Arm
from quoter.backtest.past import Changed, Past
from quoter.backtest.venue import Ladder, Venue
from quoter.engine import actions as a
from quoter.engine import events as e
from quoter.engine.config import EngineConfig
from quoter.engine.state import State, new_state
from quoter.engine.step import step

_NEVER: Final = 2**62 - 1
_MS: Final = 1_000_000
_OF_OURS: Final = frozenset((m.Acked, m.Gone, m.Fill, m.Rejected))
BANKROLL: Final = Money(10_000_000_000)  # what the balance floor is measured against: 10,000 dollars
TICK: Final = 5 * MINUTE


def offline(config: EngineConfig) -> EngineConfig:
    """The engine's own configuration less what guards against faults that the past does not have: renewals of an
    order's expiry (they keep the queue), silence of the feed, and reconciliation, which would find nothing."""
    long = Duration(30 * DAY)
    return replace(config, order_life=long, refresh_before=Duration(SECOND), book_stale=long, reconcile=long,
                   ack_timeout=Duration(HOUR), clock_margin=Duration(0),
                   feed_late=Duration(0))  # fmt: skip


@dataclass(slots=True)
class Bench:
    """Engine, venue and the wires between them, for one event and arm."""

    past: Past
    arm: Arm
    config: EngineConfig
    publications: list[Publication]
    group_limit: int = 40_000
    timer_every: int = TICK
    log: list[tuple[int, str]] | None = None  # of actions, for tests of determinism
    told: list[e.Event] | None = None  # what the engine was told, for whoever wants to tell it again
    now: Instant = field(init=False)
    state: State = field(init=False)
    venue: Venue = field(init=False)
    cell: Cell = field(init=False)
    feed: deque[tuple[int, m.Said]] = field(default_factory=deque)
    answers: deque[tuple[int, m.Said]] = field(default_factory=deque)
    requests: deque[tuple[int, m.Request | a.Action]] = field(default_factory=deque)
    watched: set[str] = field(default_factory=set)
    feed_delay: int = field(init=False)
    entry_delay: int = field(init=False)
    response_delay: int = field(init=False)
    publication_delay: int = field(init=False)
    tickers: list[str] = field(init=False)
    index: dict[str, int] = field(init=False)
    positions: dict[str, int] = field(init=False)
    cash: int = 0
    next_timer: int = _NEVER
    later_timer: int = _NEVER

    def __post_init__(self) -> None:
        event, fitted, lat = self.past.event, self.past.fitted, self.arm.latency
        first = self.past.happened[0].at if self.past.happened else event.open_at
        self.now = Instant(min(event.open_at, first) - 2 * SECOND)
        self.feed_delay, self.entry_delay = round(lat.feed_ms * _MS), round(lat.entry_ms * _MS)
        self.response_delay, self.publication_delay = round(lat.response_ms * _MS), round(lat.publication_ms * _MS)
        ladders = {x.ticker: Ladder(x.ticker, LINEAR_CENT, x.close_at) for x in event.markets}
        fade = 0.0 if self.past.books else fitted.fade  # a recorded book says itself what went away
        self.venue = Venue(ladders, self.arm.fill, fitted.depth, fade, self.arm.maker_fee, self.group_limit)
        self.venue.books = self.past.books
        self.tickers = [x.ticker for x in event.markets]
        self.index = {ticker: i for i, ticker in enumerate(self.tickers)}
        self.state = new_state(self.config, "b", self.now)
        self.state.next_tick = Instant(_NEVER)
        self.cell = Cell(event, self.arm.name)
        self.positions = dict.fromkeys(self.tickers, 0)

    # --- the engine's side -------------------------------------------------------------------------------------------

    def deliver(self, event: e.Event) -> None:
        """One event through the engine; its requests leave on the wire."""
        if self.told is not None:
            self.told.append(event)
        actions = step(self.state, event)
        self.cell.events += 1
        self.state.rows.clear()
        for action in actions:
            if self.log is not None:
                self.log.append((self.now, repr(action)))
            match action:
                case Approved(request=request):
                    self.requests.append((self.now + self.entry_delay, request))
                case a.Watch(tickers=tickers):
                    for ticker in sorted(set(tickers) - self.watched):
                        self._snapshot(ticker)
                    self.watched = set(tickers) | self.watched
                case a.Resync(tickers=tickers):
                    for ticker in tickers:
                        self._snapshot(ticker)
                case a.Alert():
                    self.cell.alerts += 1
                case _:
                    self.requests.append((self.now + self.entry_delay, action))

    def _snapshot(self, ticker: str) -> None:
        ladder, depth = self.venue.ladders[ticker], Count(self.venue.depth)
        if self.past.books:
            bids = {price: size for (side, price), size in ladder.sizes.items() if side is BID}
            asks = {price: size for (side, price), size in ladder.sizes.items() if side is ASK}
        else:
            bids = {ladder.bid: int(depth)} if ladder.bid else {}
            asks = {ladder.ask: int(depth)} if ladder.ask else {}
        for orders, levels in ((ladder.bids, bids), (ladder.asks, asks)):
            for order in orders:
                levels[order.price] = levels.get(order.price, 0) + order.remaining
        self.feed.append((self.now + self.feed_delay, m.BookSnapshot(
            self.now, ticker, [(Price(p), Count(n)) for p, n in bids.items()],
            [(Price(p), Count(n)) for p, n in asks.items()])))  # fmt: skip

    # --- the exchange's side -----------------------------------------------------------------------------------------

    def _land(self, asked: m.Request | a.Action) -> None:
        back = self.now + self.response_delay
        now = self.now
        match asked:
            case a.AskOrders():
                self.answers.append((back, m.OrdersReported(now, Instant(now - self.entry_delay), self._views())))
            case a.AskPositions():
                held = [
                    m.PositionView(t, Count(q), Money(0), Money(0), Money(0)) for t, q in self.positions.items() if q
                ]
                self.answers.append(
                    (back, m.PositionsReported(now, Instant(now - self.entry_delay), held, Money(BANKROLL + self.cash)))
                )
            case a.AskStatus():
                since = Instant(now - self.entry_delay)
                self.answers.append((back, m.TradingStatus(now, since, not self.venue.paused)))
            case a.LookUp(client_order_id=cid):
                view = next((v for v in self._views() if v.client_order_id == cid), None)
                self.answers.append((back, m.OrderLookedUp(now, Instant(now - self.entry_delay), cid, view)))
            case a.AskFills() | a.Alert() | a.Watch() | a.Resync() | Approved():
                pass
            case _:
                self.answers.append((back, self.venue.handle(asked, now)))
                self._heard()

    def _views(self) -> list[m.OrderView]:
        return [m.OrderView(o.order_id, o.client_order_id, o.ticker, o.side, o.price, "resting", o.filled, o.remaining,
                            None, o.expires_at) for o in self.venue.orders.values()]  # fmt: skip

    def _heard(self) -> None:
        """What the venue said goes on the stream; fills are noted at the exchange's own time."""
        said, at = self.venue.said, self.now + self.feed_delay
        while said:
            one = said.popleft()
            if type(one) is m.Fill:
                self._note(one)
            if type(one) is not m.BookDelta or one.ticker in self.watched:
                self.feed.append((at, one))

    def _note(self, fill: m.Fill) -> None:
        sign, i = fill.side.sign, self.index[fill.ticker]
        self.positions[fill.ticker] += sign * fill.count
        self.cash -= sign * fill.count * fill.price + fill.fee
        fair = self.state.markets[fill.ticker].fair if fill.ticker in self.state.markets else None
        ladder = self.venue.ladders[fill.ticker]
        middle = (ladder.bid + ladder.ask) / 2 if ladder.bid and ladder.ask else None
        self.cell.fills.append(
            Filled(self.now, i, sign, fill.price, fill.count, fill.fee, fair.fair * ONE_DOLLAR if fair else math.nan,
                   middle if middle is not None else math.nan, self.positions[fill.ticker])
        )  # fmt: skip

    def _happen(self, k: int) -> None:
        row = self.past.happened[k]
        if isinstance(row, Changed):
            self._change(row)
            return
        ticker = self.tickers[row.market]
        ladder = self.venue.ladders[ticker]
        watched, at = ticker in self.watched, Instant(self.now + self.feed_delay)
        before = (ladder.bid, ladder.ask)
        if row.count:
            self.venue.trade(ticker, Price(row.price), Count(row.count), row.buys, self.now)
            if watched:
                taker = BID if row.buys else ASK
                self.feed.append((at, m.TradePrint(at, ticker, f"p{k}", Price(row.price), Count(row.count), taker,
                                                   self.now)))  # fmt: skip
        elif self.past.quotes:
            self.venue.touch(ticker, row.bid, row.ask, self.past.fitted.cancel_share, self.now)
        ladder.bid, ladder.ask = row.bid, row.ask
        if watched and before != (row.bid, row.ask):
            depth = self.venue.depth
            for side, old, new in ((BID, before[0], row.bid), (ASK, before[1], row.ask)):
                if old != new:
                    if old:
                        self.feed.append((at, m.BookDelta(at, ticker, side, Price(old), Count(-depth))))
                    if new:
                        self.feed.append((at, m.BookDelta(at, ticker, side, Price(new), Count(depth))))
        self._heard()

    def _change(self, row: Changed) -> None:
        """A level of a recorded book changed. Whoever came to our price would have met us."""
        ticker, side = self.tickers[row.market], BID if row.buys else ASK
        ladder = self.venue.ladders[ticker]
        key, watched, at = (side, row.price), ticker in self.watched, Instant(self.now + self.feed_delay)
        if row.price == 0:
            for known in [known for known in ladder.sizes if known[0] is side]:
                del ladder.sizes[known]
            if watched:
                self.feed.append((at, m.Gap(at, "orderbook_delta", [ticker], "not recorded")))
        else:
            if row.cancelled:
                self.venue.reduced(ticker, side, Price(row.price), row.cancelled, row.was)
            if row.size:
                ladder.sizes[key] = row.size
            else:
                ladder.sizes.pop(key, None)
            if watched:
                self.feed.append((at, m.BookDelta(at, ticker, side, Price(row.price),
                                                  Count(row.size - row.was))))  # fmt: skip
            if row.size > row.was:
                self.venue.came(ticker, side, Price(row.price), row.size - row.was, self.now)
        ladder.bid, ladder.ask = row.bid, row.ask
        self._heard()

    # --- time --------------------------------------------------------------------------------------------------------

    def run(self) -> Cell:
        """From before the first market opens to settlement."""
        event, happened, feed, answers, requests = (
            self.past.event,
            self.past.happened,
            self.feed,
            self.answers,
            self.requests,
        )
        calendar = dates.calendar(event)
        self._begin()
        k, p, c = 0, 0, 0
        n, pubs = len(happened), self.publications
        wakes = dates.wakes(event, self.publications, self.config.quote.stop_before_close, self.timer_every)
        w = 0
        while True:
            at_past = happened[k].at if k < n else _NEVER
            at_request = requests[0][0] if requests else _NEVER
            at_feed = feed[0][0] if feed else _NEVER
            at_answer = answers[0][0] if answers else _NEVER
            at_pub = pubs[p].published_at + self.publication_delay if p < len(pubs) else _NEVER
            at_cal = calendar[c][0] if c < len(calendar) else _NEVER
            at_wake = min(wakes[w] if w < len(wakes) else _NEVER, self.next_timer)
            at = min(at_past, at_request, at_feed, at_answer, at_pub, at_cal, at_wake)
            if at == _NEVER:
                break
            self.now = Instant(max(self.now, at))
            if at == at_cal:
                self._on_calendar(calendar[c])
                c += 1
            elif at == at_past:
                self._happen(k)
                k += 1
            elif at == at_request:
                self._land(requests.popleft()[1])
            elif at == at_feed:
                self._hear(feed.popleft()[1])
                while feed and feed[0][0] == at and self.entry_delay:  # what else comes then: nothing goes before it
                    self._hear(feed.popleft()[1])
            elif at == at_answer:
                self._hear(answers.popleft()[1])
            elif at == at_pub:
                sample(self.cell, self.state, self.now)
                self.deliver(e.Published(self.now, pubs[p]))
                p += 1
            else:
                if w < len(wakes) and wakes[w] == at:
                    w += 1
                if self.next_timer <= at:
                    self.next_timer, self.later_timer = self.later_timer, _NEVER
                sample(self.cell, self.state, self.now)
                self.deliver(e.Timer(self.now))
        self.cell.finish(self.past, self.state, event.close_at)
        return self.cell

    def _hear(self, said: m.Said) -> None:
        if type(said) in _OF_OURS:  # room under a limit that one market gives up is another's at the next tick
            self.next_timer = min(self.next_timer, self.now + SECOND)
        if isinstance(said, m.Fill):
            self.later_timer = self.now + MINUTE + 1
        self.deliver(said if said.at == self.now else msgspec.structs.replace(said, at=self.now))

    def _begin(self) -> None:
        self.deliver(e.Started(self.now, "b", to_datetime(self.now).date().isoformat(), Money(0)))
        self.now = Instant(self.now + 1)
        self.deliver(m.Connected(self.now))

    def _on_calendar(self, entry: tuple[int, str, str]) -> None:
        _, what, ticker = entry
        match what:
            case "pause":
                self.venue.pause(self.now)
            case "unpause":
                self.venue.unpause()
            case "close":
                self.venue.close(ticker, self.now)
            case _:
                listed = next(x for x in self.past.event.markets if x.ticker == ticker)
                value = Money(1_000_000 if listed.pays else 0)
                result = "yes" if listed.pays else "no"
                said = m.MarketChanged(self.now, ticker, "determined", result=result, settlement_value=value)
                self.feed.append((self.now + self.feed_delay, said))
        self._heard()
