"""One WebSocket conversation with Kalshi, without the socket: frames in, messages and commands out. Pure.

A connection has one subscription a channel (`subscriptions.py`). `seq` counts per sid over everything sequenced; a gap
makes its books suspect and asks for snapshots. Errors 7, 10 and 25 end a sid: it is subscribed anew, and where it told
of our own orders the conversation is `over`. Whatever was asked for and did not come is asked for again; a frame that
cannot be read stops the market that it names, and no other.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from core import messages as m
from core.errors import Malformed
from core.exchange import event_fees, translate
from core.exchange import wire_stream as wire
from core.exchange.subscriptions import BOOKS, Command, Sid, Subscriptions
from core.units import DAY, SECOND, Instant, complement

_SNAPSHOT_WITHIN = 5 * SECOND
_ANSWER_WITHIN = 10 * SECOND
_BEFORE_ITS_BOOK = 10 * SECOND  # a trade is printed no longer than this before its book changes
_TERMINAL = (7, 10, 25)  # a sid that the exchange does not know (any more), that failed, that we read too slowly
_ANSWERS = ("subscribed", "ok", "unsubscribed", "error")
_DEAD = "trades are printed and no book changes: subscribed anew"
_KEPT_LATE = 100  # subscriptions that were asked for again and may still be answered
_HEAD = msgspec.json.Decoder(wire.Head)
_PRICES, _COUNTS, _BID, _ASK, _YES = translate.PRICES, translate.COUNTS, m.Side.BID, m.Side.ASK, wire.Leg.YES
_DELTA_FRAME = msgspec.json.Decoder(wire.DeltaFrame)
_DELTA_BEGINS = b'{"type":"orderbook_delta",'


@dataclass(slots=True)
class Session(Subscriptions):
    """See the module. Made anew for each connection; `slowness` scales wall seconds to world time."""

    unread: dict[str, Instant] = field(default_factory=dict)  # ticker -> when a frame of it was last unreadable

    def overdue(self, now: Instant) -> tuple[list[m.Said], list[Command]]:
        """What should have come by now: snapshots (those books are suspect) and answers; both are asked for again."""
        commands: list[Command] = []
        for number, ask in list(self.asked.items()):
            if now - ask.at > _ANSWER_WITHIN * self.slowness:
                self.late[number] = self.asked.pop(number)
                wanted = ask.tickers & self.watched
                if wanted or not ask.tickers:
                    self.troubles.append(f"no answer to subscribing {ask.channel}: asked again")
                    commands.append(self._subscribe(ask.channel, wanted, now))
        while len(self.late) > _KEPT_LATE:
            del self.late[next(iter(self.late))]
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
        messages.append(m.Gap(now, BOOKS, sorted(late), "no snapshot came"))
        return messages, commands + self.resync(late, now)

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
            if head.type in _ANSWERS:
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
        books = sub.tickers if sub.channel == BOOKS else set()
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
        told = {t: at for t, at in self.unread.items() if t in self.watched}  # others' are over
        self.unread = told | dict.fromkeys(tickers & self.watched, now)
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
            case "event_fee_update":
                fees = event_fees.changed(head.msg, now)
                return fees if any(t.startswith(f"{fees.event}-") for t in self.watched) else None
            case "order_group_updates":
                return translate.group(head.msg, now)
            case _:
                return None  # a kind we do not know stops nothing

    def _answered(self, head: wire.Head, now: Instant, messages: list[m.Said]) -> list[Command]:
        match head.type:
            case "subscribed":
                sid = translate.decode(head.msg, wire.SubscribedMsg).sid
                ask = self._ask(head)
                if ask is None:  # nobody knows what it brings; books that come twice apply each delta twice
                    return [] if sid in self.sids else [self._command("unsubscribe", {"sids": [sid]})]
                return self._opened(sid, ask, head.seq, now, messages)
            case "ok":
                ask, sid = self._ask(head), 0
                if ask is not None and not (sid := self._joined(head, ask)):
                    self.asked[head.id or 0] = ask  # joined to what? asked again when its time is over
                return self._opened(sid, ask, head.seq, now, messages) if ask is not None and sid else []
            case "unsubscribed":  # of a sid that we left we know nothing any more; this one we did not leave
                return self._lost(head.sid, "unsubscribed", now, messages) if head.sid in self.sids else []
            case _:
                return self._refused(head, now, messages)

    def _refused(self, head: wire.Head, now: Instant, messages: list[m.Said]) -> list[Command]:
        error = translate.decode(head.msg, wire.ErrorMsg)
        words = f"error {error.code}: {error.msg}"
        self.troubles.append(words)
        ask = self.asked.get(head.id or 0)
        if ask is not None:  # refused: asked again after a pause, without the markets that are to blame
            ask.at = now
            ask.tickers -= {error.market_ticker, *(error.market_tickers or ())} if len(ask.tickers) > 1 else set()
            return []
        sid = head.sid or self.updates.get(head.id or 0, 0)
        if not sid or error.code not in _TERMINAL or sid not in self.sids:
            return []
        return self._lost(sid, words, now, messages)


def _named(head: wire.Head) -> str | None:
    """The market that an unreadable frame names, where it does."""
    try:
        body = msgspec.json.decode(head.msg)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    ticker = (body.get("market_ticker") or body.get("ticker")) if isinstance(body, dict) else None
    return ticker if isinstance(ticker, str) else None
