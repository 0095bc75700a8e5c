"""One WebSocket conversation with Kalshi, without the socket: frames in, messages and commands out. Pure.

Books are subscribed in chunks, so that a gap costs few markets. `seq` counts per sid over everything sequenced; a gap
makes that sid's books suspect and asks for snapshots. Errors 10 and 25 end a sid: it is subscribed anew. Whatever was
asked for and did not come is asked for again; a frame that cannot be read stops the market that it names, and no other.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core import messages as m
from core.errors import Malformed
from core.exchange import translate
from core.exchange import wire_stream as wire
from core.units import DAY, SECOND, Instant, complement

CHUNK = 40
PRIVATE = ("fill", "user_orders", "market_lifecycle_v2", "order_group_updates")
_BOOKS = "orderbook_delta"
_SNAPSHOT_WITHIN = 5 * SECOND
_ANSWER_WITHIN = 10 * SECOND
_BEHIND_ITS_BOOK = 2 * SECOND  # a trade is printed no later than this after its book has changed,
_BEFORE_ITS_BOOK = 10 * SECOND  # or this before
_TERMINAL = (10, 25)
_DEAD = "trades are printed and no book changes: subscribed anew"
_KEPT_TROUBLES = 200
_HEAD = msgspec.json.Decoder(wire.Head)
_PRICES, _COUNTS, _BID, _ASK, _YES = translate.PRICES, translate.COUNTS, m.Side.BID, m.Side.ASK, wire.Leg.YES
_DELTA_FRAME = msgspec.json.Decoder(wire.DeltaFrame)
_DELTA_BEGINS = b'{"type":"orderbook_delta",'
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
class Session:
    """See the module. Made anew for each connection; `slowness` scales wall seconds to world time."""

    use_yes_price: bool
    slowness: float = 1.0
    subaccount: int = 0  # whose fills and orders are ours: the private channels bring those of every one
    number: int = 0
    sids: dict[int, Sid] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    awaiting: dict[str, Instant] = field(default_factory=dict)  # ticker -> since when its snapshot is due
    unread: dict[str, Instant] = field(default_factory=dict)  # ticker -> when a frame of it was last unreadable
    troubles: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_TROUBLES))  # for people; taken by the shell

    # --- what we want ------------------------------------------------------------------------------------------------

    def opened(self, now: Instant) -> list[Command]:
        """The first commands of a connection."""
        return [self._subscribe(channel, set(), now) for channel in PRIVATE]

    def watch(self, tickers: set[str], now: Instant) -> list[Command]:
        """The set of markets is now this one."""
        new = sorted(tickers - self.watched)
        self.watched = set(tickers)
        self.awaiting = {t: since for t, since in self.awaiting.items() if t in tickers}
        commands: list[Command] = []
        for sid in list(self.sids):
            commands += self._forget(sid)
        for start in range(0, len(new), CHUNK):
            chunk = set(new[start : start + CHUNK])
            for channel in (_BOOKS, "trade"):
                asked = self._asked_for(channel) & chunk
                if channel == _BOOKS:
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
            if sub.channel == _BOOKS and mine:
                for ticker in mine:
                    self.awaiting[ticker] = now
                commands.append(self._update(sid, "get_snapshot", mine))
        return commands

    def overdue(self, now: Instant) -> tuple[list[m.Said], list[Command]]:
        """What should have come by now: snapshots (those books are suspect) and answers; both are asked for again."""
        commands: list[Command] = []
        for number, ask in list(self.asked.items()):
            if now - ask.at > _ANSWER_WITHIN * self.slowness:
                del self.asked[number]
                wanted = ask.tickers & self.watched
                if wanted or not ask.tickers:
                    self.troubles.append(f"no answer to subscribing {ask.channel}: asked again")
                    commands.append(self._subscribe(ask.channel, wanted, now))
        messages: list[m.Said] = []
        for number, sub in list(self.sids.items()):
            if sub.owed_at is None or sub.traded is None or sub.traded[0] != sub.seq:
                continue
            if now - sub.owed_at > _BEFORE_ITS_BOOK * self.slowness:
                self.troubles.append(_DEAD)
                commands.append(self._command("unsubscribe", {"sids": [number]}))
                commands += self._lost(number, _DEAD, now, messages)
        late = {t for t, since in self.awaiting.items() if now - since > _SNAPSHOT_WITHIN * self.slowness}
        if not late:
            return messages, commands
        self.awaiting |= dict.fromkeys(late, now)
        self.troubles.append(f"no snapshot came for {len(late)} markets, {min(late)} among them")
        messages.append(m.Gap(now, _BOOKS, sorted(late), "no snapshot came"))
        return messages, commands + self.resync(late, now)

    def _traded(self, ticker: str, now: Instant) -> None:
        """A trade takes something out of a book. Where two of them move none, nothing of those books reaches us."""
        for sub in self.sids.values():
            if sub.channel != _BOOKS or ticker not in sub.tickers or sub.seq is None:
                continue
            if sub.traded is None or sub.traded[0] != sub.seq:
                sub.traded, sub.owed_at = (sub.seq, now), None
            elif sub.owed_at is None and now - sub.traded[1] > _BEHIND_ITS_BOOK * self.slowness:
                sub.owed_at = now

    def _lost(self, number: int, words: str, now: Instant, messages: list[m.Said]) -> list[Command]:
        """A subscription brings nothing any more: its books are suspect, and it is made anew."""
        dead = self.sids.pop(number)
        messages.append(m.Gap(now, dead.channel, sorted(dead.tickers) if dead.channel == _BOOKS else [], words))
        return [self._subscribe(dead.channel, dead.tickers, now)]

    def _command(self, cmd: str, params: Command) -> Command:
        self.number += 1
        return {"id": self.number, "cmd": cmd, "params": params}

    def _subscribe(self, channel: str, tickers: set[str], now: Instant) -> Command:
        params: Command = {"channels": [channel]}
        if tickers:
            params["market_tickers"] = sorted(tickers)
        if channel == _BOOKS:
            params["use_yes_price"] = self.use_yes_price
            self.awaiting |= dict.fromkeys(tickers, now)
        command = self._command("subscribe", params)
        self.asked[command["id"]] = Asked(channel, set(tickers), now)
        return command

    def _update(self, sid: int, action: str, tickers: set[str]) -> Command:
        return self._command("update_subscription", {"sid": sid, "action": action, "market_tickers": sorted(tickers)})

    def _forget(self, sid: int) -> list[Command]:
        """Leave out of a subscription what is no longer watched; the subscription itself when nothing is left."""
        sub = self.sids[sid]
        gone = sub.tickers - self.watched
        if not gone:
            return []
        sub.tickers -= gone
        if sub.tickers:
            return [self._update(sid, "delete_markets", gone)]
        del self.sids[sid]
        return [self._command("unsubscribe", {"sids": [sid]})]

    # --- what comes --------------------------------------------------------------------------------------------------

    def receive(self, raw: str | bytes, now: Instant) -> tuple[list[m.Said], list[Command]]:
        """One frame. A frame that cannot be read is noted in `troubles`, and the market it names is suspect."""
        if isinstance(raw, str):
            raw = raw.encode("utf-8", "surrogatepass")
        if raw.startswith(_DELTA_BEGINS):
            delta = self._next_delta(raw, now)
            if delta is not None:
                return [delta], []
        try:
            head = _HEAD.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.troubles.append(f"unreadable frame: {error}")
            return [], []
        messages: list[m.Said] = []
        commands: list[Command] = []
        sub = self.sids.get(head.sid)
        if sub is None:
            if head.type in ("orderbook_snapshot", "orderbook_delta", "trade"):
                return [], []  # of a subscription we left, or that was ended
        elif head.seq is not None:
            if sub.seq is not None and head.seq != sub.seq + 1:
                commands += self._gap(sub, f"seq {sub.seq} then {head.seq}", now, messages)
            sub.seq = head.seq
        try:
            found = self._message(head, now)
            if found is not None:
                messages.append(found)
            if head.type in ("subscribed", "error"):
                commands += self._answered(head, now, messages)
        except Malformed as error:
            self.troubles.append(f"{head.type}: {error}")
            commands += self._unreadable(head, sub, str(error), now, messages)
        return messages, commands

    def _next_delta(self, raw: bytes, now: Instant) -> m.BookDelta | None:
        """The short way for a delta that follows the last one of its sid; None: anything else goes the long way."""
        try:
            frame = _DELTA_FRAME.decode(raw)
            sub = self.sids[frame.sid]
            seq = frame.seq
            if sub.seq is not None and sub.seq != seq - 1:
                return None
            d = frame.msg
            price, change = _PRICES[d.price_dollars], _COUNTS[d.delta_fp]
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, Malformed):
            return None
        if d.side is _YES:
            side = _BID
        else:
            side = _ASK
            if not self.use_yes_price:
                price = complement(price)
        sub.seq = seq
        ms = frame.sending_ts_ms
        sent: Any = None if ms is None else ms * 1_000_000
        return m.BookDelta(now, d.market_ticker, side, price, change, d.clock, sent, d.client_order_id)

    def _gap(self, sub: Sid, words: str, now: Instant, messages: list[m.Said]) -> list[Command]:
        """Only a book is made of deltas; a lost trade print or notice makes no book suspect."""
        self.troubles.append(f"gap on {sub.channel}: {words}")
        books = sub.tickers if sub.channel == _BOOKS else set()
        messages.append(m.Gap(now, sub.channel, sorted(books), words))
        return self.resync(set(books), now)

    def _unreadable(
        self, head: wire.Head, sub: Sid | None, words: str, now: Instant, messages: list[m.Said]
    ) -> list[Command]:
        """The market that the frame names stops until a good snapshot; all of its sid's where it names none.

        The snapshot is asked for at once, but not again and again where every frame is unreadable.
        """
        if head.type == "trade":
            return []  # somebody else's trade: no state of ours hangs on it
        named = _named(head)
        tickers = {named} if named else set(sub.tickers) if sub is not None else set()
        for ticker in tickers & self.watched:
            self.awaiting.setdefault(ticker, now)
        messages.append(m.Gap(now, sub.channel if sub is not None else head.type, sorted(tickers), words))
        pause = _SNAPSHOT_WITHIN * self.slowness
        fresh = {t for t in tickers & self.watched if now - self.unread.get(t, Instant(now - 2 * DAY)) > pause}
        self.unread |= dict.fromkeys(tickers & self.watched, now)
        return self.resync(fresh, now) if head.type == "orderbook_delta" else []

    def _message(self, head: wire.Head, now: Instant) -> m.Said | None:
        sent = Instant(head.sending_ts_ms * 1_000_000) if head.sending_ts_ms is not None else None
        match head.type:
            case "orderbook_delta":
                return translate.delta(head.msg, now, sent, yes_price=self.use_yes_price)
            case "orderbook_snapshot":
                found = translate.snapshot(head.msg, now, sent, yes_price=self.use_yes_price)
                self.awaiting.pop(found.ticker, None)
                return found
            case "trade":
                print_ = translate.trade(head.msg, now)
                self._traded(print_.ticker, now)
                return print_
            case "fill":
                return translate.own_fill(head.msg, now, self.subaccount)
            case "user_order":
                return translate.own_order(head.msg, now, self.subaccount)
            case "market_lifecycle_v2":
                changed = translate.lifecycle(head.msg, now)
                return changed if changed.ticker in self.watched else None
            case "order_group_updates":
                return translate.group(head.msg, now)
            case _:
                return None  # a kind we do not know stops nothing

    def _answered(self, head: wire.Head, now: Instant, messages: list[m.Said]) -> list[Command]:
        if head.type == "subscribed":
            said = translate.decode(head.msg, wire.SubscribedMsg)
            ask = self.asked.pop(head.id or 0, None)
            if ask is None:  # asked again meanwhile: two subscriptions of one book would apply each delta twice
                return [self._command("unsubscribe", {"sids": [said.sid]})]
            self.sids[said.sid] = Sid(ask.channel, ask.tickers)
            messages.append(m.StreamOpened(now, ask.channel))
            return self._forget(said.sid)
        error = translate.decode(head.msg, wire.ErrorMsg)
        words = f"error {error.code}: {error.msg}"
        self.troubles.append(words)
        ask = self.asked.get(head.id or 0)
        if ask is not None:  # refused: asked again after a pause, without the markets that are to blame
            ask.at = now
            ask.tickers -= {error.market_ticker, *(error.market_tickers or ())} if len(ask.tickers) > 1 else set()
            return []
        if error.code not in _TERMINAL or head.sid not in self.sids:
            return []
        return self._lost(head.sid, words, now, messages)


def _named(head: wire.Head) -> str | None:
    """The market that an unreadable frame names, where it does."""
    try:
        body = msgspec.json.decode(head.msg)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    ticker = (body.get("market_ticker") or body.get("ticker")) if isinstance(body, dict) else None
    return ticker if isinstance(ticker, str) else None
