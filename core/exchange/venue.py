"""The embedded exchange as one running thing: simulator, crowd, memory and clock, and who listens to it.

`tick` lets the world go on; `request` lets a user act. Both hand every notice to the listeners, in order, after it was
written down.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import messages as m
from core.clock import Clock
from core.contract import Market
from core.exchange.candles import Candles
from core.exchange.draws import Draws
from core.exchange.hours import paused_by_schedule
from core.exchange.listing import SETTLE_AFTER, Oracle, listed_now
from core.exchange.memory import Memory, restore
from core.exchange.simulator import Exchange, Listed, Notice
from core.exchange.traders import INFORMED, MAKER, NOISE, Crowd, settle_due
from core.stations import STATIONS
from core.units import HOUR, MINUTE, SECOND, Duration, Instant, money, seconds

USER = "embedded"
STARTING_CASH = money("10000.00")
_CLOSING = Duration(2 * SECOND)  # "resting orders are cancelled shortly after" the close (FACTS §3.7)
_LIST_EVERY = HOUR // 4
_TAKERS_AN_HOUR = 45.0  # who come to an event; README, "What do the others know?"
_TAKERS_AT_MOST = 4.0  # a wall second: what a small machine can bear, whatever the clock's speed


class Venue:
    """See the module. A faster clock makes the crowd do more a wall second, up to what a machine can bear."""

    def __init__(
        self,
        clock: Clock,
        oracle: Oracle,
        draws: Draws,
        memory: Path | None,
        markets: list[Market] | None = None,
        *,
        weekly_pause: bool = False,
    ) -> None:
        self.clock, self.oracle, self.draws = clock, oracle, draws
        now = clock.now()
        self.fixed = markets is not None
        self.exchange = Exchange(markets if markets is not None else listed_now(STATIONS, oracle, now), now)
        for user in (MAKER, NOISE, INFORMED):
            self.exchange.open_account(user, money("0"), house=True)
        self.exchange.open_account(USER, STARTING_CASH)
        self.exchange.advance(now)
        self.crowd = Crowd(oracle, draws)
        self.listeners: list[Callable[[list[Notice]], None]] = []
        self.next_listing = Instant(now + _LIST_EVERY)
        self.memory: Memory | None = None
        if memory is not None:
            restore(memory, self.exchange)
            self.memory = Memory(memory)
            self.memory.settled = len(self.exchange.settlements)
        self.exchange.closing_lasts = _CLOSING
        self.carried = self.coming = 0.0
        self.candles = Candles()
        self.weekly_pause = weekly_pause
        self.pause_in_batch: float | None = None  # wall seconds, where the next batch is to be interrupted
        self.paused_until = self.stopped_until = Instant(0)
        self.next_minute = Instant(0)
        self.series_fee_changes: list[dict[str, Any]] = []
        self.event_fee_changes: list[dict[str, Any]] = []

    def events(self) -> list[list[Listed]]:
        """Active markets by event."""
        found: dict[str, list[Listed]] = {}
        for one in self.exchange.active():
            found.setdefault(one.market.event_ticker, []).append(one)
        return list(found.values())

    def open_books(self) -> None:
        """Makers fill every book, once, at the start."""
        for event in self.events():
            self.crowd.refresh(self.exchange, event)
        self.exchange.drain()

    def tick(self, wall_s: float) -> None:
        """Let `wall_s` wall seconds of the market's life pass."""
        now = self.clock.now()
        self.exchange.advance(now)
        if now >= self.next_listing and not self.fixed:
            self.next_listing = Instant(now + _LIST_EVERY)
            for market in listed_now(STATIONS, self.oracle, now):
                self.exchange.list_market(market)
            self.candles.forget(now)
            self.crowd.makers_belief.forget(self.exchange.active())
        self._keep_hours(now)
        if not self.exchange.stopped:
            settle_due(self.exchange, self.oracle, SETTLE_AFTER)
        if now >= self.next_minute:
            self.next_minute = Instant(now // MINUTE * MINUTE + MINUTE)
            for one in self.exchange.active():
                self.candles.note_quote(one.market.ticker, now, one.book.best(m.Side.BID), one.book.best(m.Side.ASK))
        events = self.events()
        if events and not self.exchange.paused:
            pace = min(self.clock.speed, 10.0) ** 0.5
            self.carried += wall_s * pace
            rounds = int(self.carried / 0.5)
            self.carried -= rounds * 0.5
            self.crowd.refresh_some(self.exchange, events, rounds)
            takers_a_second = _TAKERS_AN_HOUR * len(events) * self.clock.speed * SECOND / HOUR
            self.coming += wall_s * min(takers_a_second, _TAKERS_AT_MOST)
            takers, self.coming = divmod(self.coming, 1.0)
            for _ in range(int(takers)):
                self.crowd.trade_once(self.exchange, self.draws.choice(events))
        self.publish()

    def in_batch(self, k: int, n: int) -> None:
        """A batch has come to its item `k` of `n`: where a fault asks for it, trading pauses in the middle."""
        if self.pause_in_batch is not None and k == n // 2:
            self.pause_for(self.pause_in_batch)
            self.pause_in_batch = None

    def pause_for(self, wall_s: float) -> None:
        """An unscheduled trading pause: no orders are taken, cancels are."""
        self.paused_until = self._wall_from_now(wall_s)
        self.exchange.pause()
        self.publish()

    def stop_for(self, wall_s: float) -> None:
        """An exchange pause: nothing is taken, cancels neither."""
        self.stopped_until = self._wall_from_now(wall_s)
        self.exchange.stop()
        self.publish()

    def _wall_from_now(self, wall_s: float) -> Instant:
        return Instant(self.clock.now() + seconds(wall_s * self.clock.speed))

    def _keep_hours(self, now: Instant) -> None:
        """The weekly pause, and the end of one that a fault began."""
        by_hand = max(self.paused_until, self.stopped_until)
        wanted = now < by_hand or (self.weekly_pause and paused_by_schedule(now))
        if wanted and not self.exchange.paused:
            self.exchange.pause()
        elif not wanted and self.exchange.paused and (self.weekly_pause or by_hand):
            self.exchange.unpause()
        self.exchange.stopped = self.exchange.stopped and now < self.stopped_until

    def request(self, user: str, request: m.Request) -> m.Said:
        """One user acts; what follows is told before the answer returns."""
        answer = self.exchange.handle(user, request, self.clock.now())
        self.publish()
        return answer

    def publish(self) -> None:
        """Write down, then tell, everything that was said."""
        notices = self.exchange.drain()
        for _, said in notices:
            if isinstance(said, m.TradePrint):
                book = self.exchange.markets[said.ticker].book
                self.candles.note_trade(said.ticker, said.traded_at, said.price, said.count, book.best(m.Side.BID),
                                        book.best(m.Side.ASK))  # fmt: skip
        if self.memory is not None:
            for user, said in notices:
                if user is not None:
                    self.memory.note(self.exchange, user, said)
            self.memory.note_settlements(self.exchange)
            self.memory.flush()
        if notices:
            for listener in self.listeners:
                listener(notices)


def wall_ms() -> int:
    """Wall clock, for signatures and `sending_ts_ms`."""
    return time.time_ns() // 1_000_000
