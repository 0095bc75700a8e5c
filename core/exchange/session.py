"""One WebSocket conversation with Kalshi, without the socket: frames in, messages and commands out. Pure.

Books are subscribed in chunks, so that a gap costs few markets. `seq` counts per sid over everything sequenced; a gap
makes that sid's books suspect and asks for snapshots. Errors 10 and 25 end a sid: it is subscribed anew.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from core import messages as m
from core.errors import Malformed
from core.exchange import translate, wire
from core.units import SECOND, Instant

CHUNK = 40
PRIVATE = ("fill", "user_orders", "market_lifecycle_v2", "order_group_updates")
_SNAPSHOT_WITHIN = 5 * SECOND
_TERMINAL = (10, 25)
_HEAD = msgspec.json.Decoder(wire.Head)
Command = dict[str, Any]


@dataclass(slots=True)
class Sid:
    """One subscription as the exchange numbers it."""

    channel: str
    tickers: set[str] = field(default_factory=set)
    seq: int | None = None


@dataclass(slots=True)
class Session:
    """See the module. Made anew for each connection; `slowness` scales wall seconds to world time."""

    use_yes_price: bool
    slowness: float = 1.0
    number: int = 0
    sids: dict[int, Sid] = field(default_factory=dict)
    asked: dict[int, tuple[str, set[str]]] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    awaiting: dict[str, Instant] = field(default_factory=dict)  # ticker -> since when its snapshot is due
    troubles: list[str] = field(default_factory=list)

    def _command(self, cmd: str, params: Command) -> Command:
        self.number += 1
        return {"id": self.number, "cmd": cmd, "params": params}

    def _subscribe(self, channel: str, tickers: set[str]) -> Command:
        params: Command = {"channels": [channel]}
        if tickers:
            params["market_tickers"] = sorted(tickers)
        if channel == "orderbook_delta":
            params["use_yes_price"] = self.use_yes_price
        command = self._command("subscribe", params)
        self.asked[command["id"]] = (channel, tickers)
        return command

    def opened(self) -> list[Command]:
        """The first commands of a connection."""
        return [self._subscribe(channel, set()) for channel in PRIVATE]

    def watch(self, tickers: set[str], now: Instant) -> list[Command]:
        """The set of markets is now this one."""
        commands: list[Command] = []
        for sid, sub in self.sids.items():
            gone = sub.tickers - tickers
            if sub.channel in ("orderbook_delta", "trade") and gone:
                sub.tickers -= gone
                commands.append(self._command(
                    "update_subscription", {"sid": sid, "action": "delete_markets", "market_tickers": sorted(gone)}
                ))  # fmt: skip
        new = sorted(tickers - self.watched)
        for start in range(0, len(new), CHUNK):
            chunk = set(new[start : start + CHUNK])
            commands += [self._subscribe("orderbook_delta", chunk), self._subscribe("trade", set(chunk))]
            for ticker in chunk:
                self.awaiting[ticker] = now
        self.watched = set(tickers)
        for ticker in list(self.awaiting):
            if ticker not in tickers:
                del self.awaiting[ticker]
        return commands

    def resync(self, tickers: set[str], now: Instant) -> list[Command]:
        """Ask for new snapshots."""
        commands = []
        for sid, sub in self.sids.items():
            mine = sub.tickers & tickers
            if sub.channel == "orderbook_delta" and mine:
                for ticker in mine:
                    self.awaiting.setdefault(ticker, now)
                commands.append(self._command(
                    "update_subscription", {"sid": sid, "action": "get_snapshot", "market_tickers": sorted(mine)}
                ))  # fmt: skip
        return commands

    def overdue(self, now: Instant) -> tuple[list[m.Said], list[Command]]:
        """Snapshots that should have come: those books are suspect, and asked for again."""
        late = {t for t, since in self.awaiting.items() if now - since > _SNAPSHOT_WITHIN * self.slowness}
        if not late:
            return [], []
        for ticker in late:
            self.awaiting[ticker] = now
        gap = m.Gap(now, "orderbook_delta", sorted(late), "no snapshot came")
        return [gap], self.resync(late, now)

    def receive(self, raw: str | bytes, now: Instant) -> tuple[list[m.Said], list[Command]]:
        """One frame. A frame that cannot be read is noted in `troubles`, and the markets it may concern are suspect."""
        try:
            head = _HEAD.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.troubles.append(f"unreadable frame: {error}")
            return [], []
        messages: list[m.Said] = []
        commands: list[Command] = []
        sub = self.sids.get(head.sid)
        if sub is not None and head.seq is not None:
            if sub.seq is not None and head.seq != sub.seq + 1:
                messages.append(m.Gap(now, sub.channel, sorted(sub.tickers), f"seq {sub.seq} then {head.seq}"))
                commands += self.resync(set(sub.tickers), now) if sub.channel == "orderbook_delta" else []
            sub.seq = head.seq
        try:
            found = self._message(head, now)
        except Malformed as error:
            self.troubles.append(f"{head.type}: {error}")
            tickers = sorted(sub.tickers) if sub is not None and sub.channel == "orderbook_delta" else []
            messages.append(m.Gap(now, sub.channel if sub else head.type, self._blame(head, tickers), str(error)))
            return messages, commands
        if found is not None:
            messages.append(found)
        if head.type in ("subscribed", "error"):
            commands += self._answered(head, now, messages)
        return messages, commands

    @staticmethod
    def _blame(head: wire.Head, tickers: list[str]) -> list[str]:
        """Only the market the bad frame names, where it names one; its book stays unknown until a good snapshot."""
        try:
            body = msgspec.json.decode(head.msg)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return tickers
        ticker = body.get("market_ticker") if isinstance(body, dict) else None
        return [ticker] if isinstance(ticker, str) else tickers

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
                return translate.trade(head.msg, now)
            case "fill":
                return translate.own_fill(head.msg, now)
            case "user_order":
                return translate.own_order(head.msg, now)
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
            channel, tickers = self.asked.pop(head.id or 0, (said.channel, set()))
            self.sids[said.sid] = Sid(channel, tickers)
            messages.append(m.StreamOpened(now, channel))
            return []
        error = translate.decode(head.msg, wire.ErrorMsg)
        self.troubles.append(f"error {error.code}: {error.msg}")
        dead = self.sids.pop(head.sid, None) if error.code in _TERMINAL else None
        if dead is None:
            return []
        messages.append(m.Gap(now, dead.channel, sorted(dead.tickers), f"error {error.code}: {error.msg}"))
        for ticker in dead.tickers:
            self.awaiting[ticker] = now
        return [self._subscribe(dead.channel, dead.tickers)]
