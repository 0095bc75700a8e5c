"""Kalshi's WebSocket over a `Venue`: channels, sids, sequence numbers, snapshots and deltas (FACTS §4)."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from core import messages as m
from core.exchange import wire_frames
from core.exchange.auth import Keyring
from core.exchange.simulator import Notice
from core.exchange.venue import Venue, wall_ms
from core.exchange.wire_frames import Bodies

PATH = "/trade-api/ws/v2"
CHANNELS = {  # channel -> the type of its messages; None: two types, or of several channels
    "orderbook_delta": "orderbook_delta", "ticker": "ticker", "trade": "trade", "fill": "fill",
    "market_positions": "market_position", "user_orders": "user_order", "market_lifecycle_v2": "market_lifecycle_v2",
    "order_group_updates": "order_group_updates",
}  # fmt: skip
_UNSEQUENCED = {"ticker", "fill", "market_positions", "user_orders"}
_NEEDS_MARKETS = {"orderbook_delta"}
_HEARD: dict[type, tuple[str, ...]] = {
    m.BookDelta: ("orderbook_delta", "ticker"), m.TradePrint: ("trade", "ticker"),
    m.Fill: ("fill", "market_positions"), m.Acked: ("user_orders",), m.Gone: ("user_orders",),
    m.MarketChanged: ("market_lifecycle_v2",), m.GroupChanged: ("order_group_updates",),
}  # fmt: skip
_BUFFER = 20_000  # messages a slow reader may fall behind before its subscriptions end (error 25)
_encode = msgspec.json.Encoder().encode
JSON = dict[str, Any]


@dataclass(slots=True)
class Subscription:
    """One sid."""

    sid: int
    channel: str
    tickers: set[str] = field(default_factory=set)
    yes_price: bool = False
    seq: int = 0
    head: str = ""


class Connection:
    """One client: its subscriptions and what is to be sent to it."""

    def __init__(self, venue: Venue, user: str, bodies: Bodies, buffer: int = _BUFFER) -> None:
        self.venue, self.user, self.bodies, self.buffer = venue, user, bodies, buffer
        self.subscriptions: dict[int, Subscription] = {}
        self.by_channel: dict[str, list[Subscription]] = {}
        self.next_sid = 1
        self.out: deque[str] = deque()
        self.ready = asyncio.Event()
        self.overflown = False

    def send(self, message: JSON) -> None:
        """Queue one message of the conversation itself."""
        message["sending_ts_ms"] = self._now_ms()
        self._queue(_encode(message).decode())

    def _now_ms(self) -> int:
        """By the exchange's own clock, as its lists are: where the two differ, whoever compares takes it for ours."""
        return self.venue.clock.now() // 1_000_000

    def _queue(self, text: str) -> None:
        self.out.append(text)
        self.ready.set()
        self.overflown = self.overflown or len(self.out) > 2 * self.buffer  # commands without end, answers unread

    # --- commands ----------------------------------------------------------------------------------------------------

    def command(self, raw: str) -> None:
        """One command of the client's."""
        try:
            said = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self.error(0, 1, "Unable to process message")
        if not isinstance(said, dict):
            return self.error(0, 1, "Unable to process message")
        number = said.get("id")
        number = number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**63 else 0
        params: Any = said.get("params")
        match said.get("cmd"):
            case "list_subscriptions":
                rows = [{"channel": s.channel, "sid": s.sid} for s in self.subscriptions.values()]
                return self.send(_numbered({"type": "ok", "msg": rows}, number))
            case "subscribe" | "update_subscription" | "unsubscribe" if not isinstance(params, dict):
                return self.error(number, 2, "Params required")
            case "subscribe":
                return self.subscribe(number, params)
            case "update_subscription":
                return self.update(number, params)
            case "unsubscribe":
                return self.unsubscribe(number, params)
            case _:
                return self.error(number, 5, "Unknown command")

    def error(self, number: int, code: int, words: str) -> None:
        """An error answer."""
        self.send(_numbered({"type": "error", "msg": {"code": code, "msg": words}}, number))

    def subscribe(self, number: int, params: JSON) -> None:
        """One sid for each channel; a second subscribe to a channel joins the first."""
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            return self.error(number, 3, "Channels required")
        tickers = _tickers(params)
        for channel in channels:
            if not isinstance(channel, str) or channel not in CHANNELS:
                self.error(number, 8, "Unknown channel name")
            elif channel in _NEEDS_MARKETS and not tickers:
                self.error(number, 14, "Market Ticker required")
            elif self.by_channel.get(channel):
                self._add(number, self.by_channel[channel][0], tickers)
            else:
                self._open(number, channel, set(tickers), params)
        return None

    def _open(self, number: int, channel: str, tickers: set[str], params: JSON) -> None:
        found = Subscription(self.next_sid, channel, tickers, params.get("use_yes_price") is True)
        found.head = f'{{"type":"{CHANNELS[channel]}","sid":{found.sid},'
        self.next_sid += 1
        self.subscriptions[found.sid] = found
        self.by_channel.setdefault(channel, []).append(found)
        self.send(_numbered({"type": "subscribed", "msg": {"channel": channel, "sid": found.sid}}, number))
        if channel == "orderbook_delta":
            for ticker in sorted(tickers):
                self.snapshot(found, ticker)

    def _add(self, number: int, sub: Subscription, tickers: set[str]) -> None:
        """More markets; none named: all. Only what is new gets a snapshot."""
        new = tickers - sub.tickers
        sub.tickers = sub.tickers | tickers if sub.tickers and tickers else set()
        self._ok(number, sub)
        if sub.channel == "orderbook_delta":
            for ticker in sorted(new):
                self.snapshot(sub, ticker)

    def _ok(self, number: int, sub: Subscription) -> None:
        """The subscription as it is now; an answer uses up a number where there are numbers."""
        said = {"sid": sub.sid, "type": "ok", "msg": {"market_tickers": sorted(sub.tickers)}}
        if sub.channel not in _UNSEQUENCED:
            sub.seq += 1
            said["seq"] = sub.seq
        self.send(_numbered(said, number))

    def _close(self, sub: Subscription) -> None:
        del self.subscriptions[sub.sid]
        self.by_channel[sub.channel].remove(sub)

    def unsubscribe(self, number: int, params: JSON) -> None:
        """End these sids."""
        sids = params.get("sids")
        if not isinstance(sids, list) or not sids:
            return self.error(number, 4, "Subscription IDs required")
        for sid in sids:
            found = self._known(sid)
            if found is None:
                self.error(number, 7, "Unknown subscription ID")
                continue
            self._close(found)
            found.seq += 1
            self.send(_numbered({"type": "unsubscribed", "sid": found.sid, "seq": found.seq}, number))
        return None

    def _known(self, sid: Any) -> Subscription | None:
        return self.subscriptions.get(sid) if isinstance(sid, int) and not isinstance(sid, bool) else None

    def update(self, number: int, params: JSON) -> None:
        """add_markets, delete_markets or get_snapshot."""
        sids = params.get("sids")
        if params.get("sid") is None and (not isinstance(sids, list) or len(sids) != 1):
            return self.error(number, 12, "Exactly one subscription ID is required")
        found = self._known(params["sid"] if params.get("sid") is not None else sids[0] if sids else None)
        if found is None:
            return self.error(number, 7, "Unknown subscription ID")
        action, tickers = params.get("action"), _tickers(params)
        if action is None:
            return self.error(number, 15, "Action required")
        if action not in ("add_markets", "delete_markets", "get_snapshot"):
            return self.error(number, 13, "Unsupported action")
        if not tickers:
            return self.error(number, 14, "Market Ticker required")
        if action == "get_snapshot":
            if found.channel != "orderbook_delta":
                return self.error(number, 13, "Unsupported action")
            for ticker in sorted(tickers & found.tickers):
                self.snapshot(found, ticker, number)
            return None
        if action == "add_markets":
            self._add(number, found, tickers)
        else:
            found.tickers -= tickers
            self._ok(number, found)
        return None

    def snapshot(self, sub: Subscription, ticker: str, number: int = 0) -> None:
        """A whole book; an unknown ticker stays silent."""
        if ticker in self.venue.exchange.markets:
            sub.seq += 1
            book = self.venue.exchange.snapshot(ticker)
            self.send(_numbered({"type": "orderbook_snapshot", "sid": sub.sid, "seq": sub.seq,
                                 "msg": wire_frames.snapshot(book, yes_price=sub.yes_price)}, number))  # fmt: skip

    # --- what the exchange says --------------------------------------------------------------------------------------

    def hear(self, notices: list[Notice]) -> None:
        """Turn notices into messages of the channels subscribed."""
        stamp = f'"sending_ts_ms":{self._now_ms()},"msg":'
        for user, said in notices:
            if user is not None and user != self.user:
                continue
            for channel in _HEARD.get(type(said), ()):
                for sub in self.by_channel.get(channel, ()):
                    if not sub.tickers or getattr(said, "ticker", "") in sub.tickers:
                        self._tell(sub, said, stamp)
        self._end_what_is_too_slow()

    def _tell(self, sub: Subscription, said: m.Said, stamp: str) -> None:
        body = self.bodies.of(sub.channel, said, user=self.user, yes_price=sub.yes_price)
        if body is None:
            return
        if sub.channel in _UNSEQUENCED:
            self._queue(f"{sub.head}{stamp}{body.decode()}}}")
        else:
            sub.seq += 1
            self._queue(f'{sub.head}"seq":{sub.seq},{stamp}{body.decode()}}}')

    def _end_what_is_too_slow(self) -> None:
        """The client reads too slowly: its subscriptions end, each with error 25, and it must subscribe anew."""
        if len(self.out) > self.buffer:
            for sub in list(self.subscriptions.values()):
                self.end(sub, 25, "Subscription buffer overflow")

    def end(self, sub: Subscription, code: int, words: str) -> None:
        """End one sid with an error (10: channel error, 25: buffer overflow)."""
        self._close(sub)
        sub.seq += 1
        self.send({"type": "error", "sid": sub.sid, "seq": sub.seq, "msg": {"code": code, "msg": words}})


def _numbered(message: JSON, number: int) -> JSON:
    return message | {"id": number} if number else message


def _tickers(params: JSON) -> set[str]:
    found = params.get("market_tickers")
    tickers = {t for t in found if isinstance(t, str)} if isinstance(found, list) else set()
    if isinstance(params.get("market_ticker"), str):
        tickers.add(params["market_ticker"])
    return tickers


async def serve(socket: WebSocket, venue: Venue, keyring: Keyring, bodies: Bodies) -> None:
    """One connection, until either side ends it."""
    headers = socket.headers
    user = keyring.user_of(
        headers.get("kalshi-access-key", ""), headers.get("kalshi-access-timestamp", ""),
        headers.get("kalshi-access-signature", ""), "GET", PATH, wall_ms(),
    )  # fmt: skip
    if user is None:
        await socket.close(4401)
        return
    await socket.accept()
    connection = Connection(venue, user, bodies)
    venue.listeners.append(connection.hear)
    sender = asyncio.create_task(_send_all(socket, connection))
    try:
        while not connection.overflown:
            connection.command(await socket.receive_text())
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass  # the client left, or sent bytes where text belongs
    finally:
        venue.listeners.remove(connection.hear)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sender


async def _send_all(socket: WebSocket, connection: Connection) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await connection.ready.wait()
            connection.ready.clear()
            while connection.out:
                if connection.overflown:
                    await socket.close(1013)  # it asks without end and reads nothing
                    return
                await socket.send_text(connection.out.popleft())
