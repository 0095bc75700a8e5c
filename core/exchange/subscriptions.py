"""What is subscribed on one WebSocket conversation with Kalshi, and what was asked for and not answered yet. Pure.

A connection has one subscription a channel: what is subscribed later joins it, with an `ok` for an answer. Nobody
documents that, people saw it (README); so an answer that makes a second subscription is understood, too.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from core import messages as m
from core.exchange import wire_stream as wire
from core.units import SECOND, Instant

CHUNK: Final = 40  # markets a command: a refused one is refused with its neighbours
PRIVATE: Final = ("fill", "user_orders", "market_lifecycle_v2", "order_group_updates")
BOOKS: Final = "orderbook_delta"
BEHIND_ITS_BOOK: Final = 2 * SECOND  # a trade is printed no later than this after its book has changed
_KEPT_TROUBLES: Final = 200
_KEPT_UPDATES: Final = 100
Command = dict[str, Any]


@dataclass(slots=True)
class Sid:
    """One subscription as the exchange numbers it."""

    channel: str
    tickers: set[str] = field(default_factory=set)
    seq: int | None = None
    traded: tuple[int, Instant] | None = None  # since this `seq` somebody has traded in one of its markets, first then
    owed_at: Instant | None = None  # and again, so much later that its books had to change in between


@dataclass(slots=True)
class Asked:
    """A subscribe command without an answer yet."""

    channel: str
    tickers: set[str]
    at: Instant


@dataclass(slots=True)
class Subscriptions:
    """See the module. `slowness` scales wall seconds to world time."""

    use_yes_price: bool
    slowness: float = 1.0
    subaccount: int = 0  # whose fills and orders are ours: the private channels bring those of every one
    number: int = 0
    sids: dict[int, Sid] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    late: dict[int, Asked] = field(default_factory=dict)  # asked for again since; the first answer may still come
    updates: dict[int, int] = field(default_factory=dict)  # command -> the sid it was about
    opening: set[str] = field(default_factory=set)  # private channels that nobody has confirmed yet
    over: str = ""  # why it cannot go on: what was said of our orders meanwhile is not said again
    watched: set[str] = field(default_factory=set)
    awaiting: dict[str, Instant] = field(default_factory=dict)  # ticker -> since when its snapshot is due
    troubles: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_TROUBLES))  # for people; taken by the shell

    def opened(self, now: Instant) -> list[Command]:
        """The first commands of a connection; it is Connected when all of them are confirmed."""
        self.opening = set(PRIVATE)
        return [self._subscribe(channel, set(), now) for channel in PRIVATE]

    def watch(self, tickers: set[str], now: Instant) -> list[Command]:
        """The set of markets is now this one."""
        new = tickers - self.watched
        self.watched = set(tickers)
        self.awaiting = {t: since for t, since in self.awaiting.items() if t in tickers}
        commands: list[Command] = []
        for sid in list(self.sids):
            commands += self._forget(sid)
        for chunk in _chunks(new):
            for channel in (BOOKS, "trade"):
                asked = self._asked_for(channel) & chunk
                if channel == BOOKS:
                    self.awaiting |= dict.fromkeys(asked, now)
                if chunk - asked:
                    commands.append(self._subscribe(channel, chunk - asked, now))
        return commands

    def _asked_for(self, channel: str) -> set[str]:
        """What a subscription without an answer yet will bring: asked for again it would come twice, and two
        subscriptions of one book apply each delta twice."""
        return {t for ask in self.asked.values() if ask.channel == channel for t in ask.tickers}

    def resync(self, tickers: set[str], now: Instant) -> list[Command]:
        """Ask for new snapshots."""
        commands = []
        for sid, sub in self.sids.items():
            mine = sub.tickers & tickers
            if sub.channel == BOOKS and mine:
                for ticker in mine:
                    self.awaiting[ticker] = now
                commands += self._updates(sid, "get_snapshot", mine)
        return commands

    def _traded(self, ticker: str, now: Instant) -> None:
        """A trade takes something out of a book. Where two of them move none, nothing of those books reaches us."""
        for sub in self.sids.values():
            if sub.channel != BOOKS or ticker not in sub.tickers or sub.seq is None:
                continue
            if sub.traded is None or sub.traded[0] != sub.seq:
                sub.traded, sub.owed_at = (sub.seq, now), None
            elif sub.owed_at is None and now - sub.traded[1] > BEHIND_ITS_BOOK * self.slowness:
                sub.owed_at = now

    def _lost(self, number: int, words: str, now: Instant, messages: list[m.Said]) -> list[Command]:
        """A subscription brings nothing any more: its books are suspect, and it is made anew."""
        dead = self.sids.pop(number)
        messages.append(m.Gap(now, dead.channel, sorted(dead.tickers) if dead.channel == BOOKS else [], words))
        if dead.channel in PRIVATE:
            self.over = f"{dead.channel}: {words}"
            return []
        return [self._subscribe(dead.channel, chunk, now) for chunk in _chunks(dead.tickers & self.watched)]

    def _command(self, cmd: str, params: Command) -> Command:
        self.number += 1
        return {"id": self.number, "cmd": cmd, "params": params}

    def _subscribe(self, channel: str, tickers: set[str], now: Instant) -> Command:
        params: Command = {"channels": [channel]}
        if tickers:
            params["market_tickers"] = sorted(tickers)
        if channel == BOOKS:
            params["use_yes_price"] = self.use_yes_price
            self.awaiting |= dict.fromkeys(tickers, now)
        command = self._command("subscribe", params)
        self.asked[command["id"]] = Asked(channel, set(tickers), now)
        return command

    def _updates(self, sid: int, action: str, tickers: set[str]) -> list[Command]:
        """In chunks: a subscription may hold every market there is, and a refused command is refused whole."""
        commands = []
        for chunk in _chunks(tickers):
            told: Command = {"sid": sid, "action": action, "market_tickers": sorted(chunk)}
            command = self._command("update_subscription", told)
            self.updates[command["id"]] = sid
            commands.append(command)
        while len(self.updates) > _KEPT_UPDATES:
            del self.updates[next(iter(self.updates))]
        return commands

    def _forget(self, sid: int) -> list[Command]:
        """Leave out of a subscription what is no longer watched; the subscription itself when nothing is left."""
        sub = self.sids[sid]
        gone = sub.tickers - self.watched
        if not gone:
            return []
        sub.tickers -= gone
        if sub.tickers:
            return self._updates(sid, "delete_markets", gone)
        del self.sids[sid]
        return [self._command("unsubscribe", {"sids": [sid]})]

    # --- answers -----------------------------------------------------------------------------------------------------

    def _ask(self, head: wire.Head) -> Asked | None:
        """What this is the answer to, also where it was asked for again meanwhile."""
        number = head.id or 0
        return self.asked.pop(number, None) or self.late.pop(number, None)

    def _joined(self, head: wire.Head, ask: Asked) -> int:
        """The sid that a subscription has joined; an answer need not say it."""
        return head.sid or next((sid for sid, sub in self.sids.items() if sub.channel == ask.channel), 0)

    def _opened(self, number: int, ask: Asked, seq: int | None, now: Instant, messages: list[m.Said]) -> list[Command]:
        """A subscription is there, alone or joined to one that was. One that was asked for twice and came twice is
        left: both would bring the same books."""
        known = self.sids.get(number)
        others = [sub for sid, sub in self.sids.items() if sid != number and sub.channel == ask.channel]
        if known is not None:
            known.tickers |= ask.tickers
        else:
            twice = {ticker for sub in others for ticker in sub.tickers & ask.tickers}
            if twice or (others and not ask.tickers):
                rest = (ask.tickers - twice) & self.watched
                again = [self._subscribe(ask.channel, rest, now)] if rest else []
                return [self._command("unsubscribe", {"sids": [number]}), *again]
            self.sids[number] = Sid(ask.channel, set(ask.tickers), seq)
        messages.append(m.StreamOpened(now, ask.channel))
        if ask.channel in self.opening:
            self.opening.discard(ask.channel)
            if not self.opening:
                messages.append(m.Connected(now))
        return self._forget(number)


def _chunks(tickers: set[str]) -> list[set[str]]:
    every = sorted(tickers)
    return [set(every[start : start + CHUNK]) for start in range(0, len(every), CHUNK)]
