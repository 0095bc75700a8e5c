"""Kalshi's WebSocket over a `Venue`: channels, sids, sequence numbers, snapshots and deltas (FACTS §4)."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from core import messages as m
from core.exchange import wire_out
from core.exchange.auth import Keyring
from core.exchange.simulator import Notice
from core.exchange.venue import Venue, wall_ms
from core.units import Count, Price, complement, count_text, iso, money_text, price_text

PATH = "/trade-api/ws/v2"
_CHANNELS = ("orderbook_delta", "trade", "fill", "user_orders", "market_lifecycle_v2", "order_group_updates")
_BUFFER = 20_000  # messages a slow reader may fall behind
JSON = dict[str, Any]


@dataclass(slots=True)
class Subscription:
    """One sid."""

    sid: int
    channel: str
    tickers: set[str] = field(default_factory=set)
    yes_price: bool = False
    seq: int = 0


class Connection:
    """One client: its subscriptions and what is to be sent to it."""

    def __init__(self, venue: Venue, user: str) -> None:
        self.venue, self.user = venue, user
        self.subscriptions: dict[int, Subscription] = {}
        self.next_sid = 1
        self.out: asyncio.Queue[bytes] = asyncio.Queue(_BUFFER)
        self.overflown = False

    def send(self, message: JSON) -> None:
        """Queue one message."""
        message["sending_ts_ms"] = wall_ms()
        try:
            self.out.put_nowait(msgspec.json.encode(message))
        except asyncio.QueueFull:
            self.overflown = True

    # --- commands ----------------------------------------------------------------------------------------------------

    def command(self, raw: str) -> None:
        """One command of the client's."""
        try:
            said = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self.error(0, 1, "Unable to process message")
        if not isinstance(said, dict):
            return self.error(0, 1, "Unable to process message")
        number = said.get("id") if isinstance(said.get("id"), int) else 0
        params = said.get("params")
        params = params if isinstance(params, dict) else {}
        match said.get("cmd"):
            case "subscribe":
                return self.subscribe(number, params)
            case "update_subscription":
                return self.update(number, params)
            case "unsubscribe":
                sids = params.get("sids")
                if not isinstance(sids, list) or not sids:
                    return self.error(number, 4, "Subscription IDs required")
                for sid in sids:
                    found = self.subscriptions.pop(sid, None) if isinstance(sid, int) else None
                    if found is None:
                        self.error(number, 7, "Unknown subscription ID")
                    else:
                        found.seq += 1
                        self.send({"id": number, "type": "unsubscribed", "sid": sid, "seq": found.seq})
                return None
            case "list_subscriptions":
                rows = [{"channel": s.channel, "sid": s.sid} for s in self.subscriptions.values()]
                return self.send({"id": number, "type": "ok", "msg": rows})
            case _:
                return self.error(number, 5, "Unknown command")

    def error(self, number: Any, code: int, words: str) -> None:
        """An error answer."""
        self.send({"id": number, "type": "error", "msg": {"code": code, "msg": words}})

    def subscribe(self, number: Any, params: JSON) -> None:
        """One sid for each channel."""
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            return self.error(number, 3, "Channels required")
        tickers = _tickers(params)
        for channel in channels:
            if channel not in _CHANNELS:
                self.error(number, 8, "Unknown channel name")
                continue
            if channel == "orderbook_delta" and not tickers:
                self.error(number, 14, "Market Ticker required")
                continue
            found = Subscription(self.next_sid, channel, tickers, params.get("use_yes_price") is True)
            self.next_sid += 1
            self.subscriptions[found.sid] = found
            self.send({"id": number, "type": "subscribed", "msg": {"channel": channel, "sid": found.sid}})
            if channel == "orderbook_delta":
                for ticker in sorted(tickers):
                    self.snapshot(found, ticker)
        return None

    def update(self, number: Any, params: JSON) -> None:
        """add_markets, delete_markets or get_snapshot."""
        sid = params.get("sid")
        if sid is None and isinstance(params.get("sids"), list) and len(params["sids"]) == 1:
            sid = params["sids"][0]
        found = self.subscriptions.get(sid) if isinstance(sid, int) else None
        if found is None:
            return self.error(number, 7, "Unknown subscription ID")
        tickers = _tickers(params)
        match params.get("action"):
            case "add_markets":
                new = tickers - found.tickers
                found.tickers |= tickers
            case "delete_markets":
                new = set()
                found.tickers -= tickers
            case "get_snapshot":
                for ticker in sorted(tickers & found.tickers):
                    self.snapshot(found, ticker, number)
                return None
            case _:
                return self.error(number, 13, "Unsupported action")
        found.seq += 1
        self.send({"id": number, "sid": found.sid, "seq": found.seq, "type": "ok",
                   "msg": {"market_tickers": sorted(found.tickers)}})  # fmt: skip
        if found.channel == "orderbook_delta":
            for ticker in sorted(new):
                self.snapshot(found, ticker)
        return None

    def snapshot(self, sub: Subscription, ticker: str, number: Any = None) -> None:
        """A whole book; a side without offers is an absent key."""
        listed = self.venue.exchange.markets.get(ticker)
        if listed is None:
            return  # an unknown ticker stays silent
        sub.seq += 1
        said: JSON = {"market_ticker": ticker, "market_id": wire_out.market_id(ticker), "clock": listed.clock}
        bids, asks = listed.book.levels(m.Side.BID), listed.book.levels(m.Side.ASK)
        if bids:
            said["yes_dollars_fp"] = wire_out.levels(bids)
        if asks:
            said["no_dollars_fp"] = wire_out.levels(asks, flip=not sub.yes_price)
        message: JSON = {"type": "orderbook_snapshot", "sid": sub.sid, "seq": sub.seq, "msg": said}
        if number is not None:
            message["id"] = number
        self.send(message)

    # --- what the exchange says --------------------------------------------------------------------------------------

    def hear(self, notices: list[Notice]) -> None:
        """Turn notices into messages of the channels subscribed."""
        for user, said in notices:
            if user is not None and user != self.user:
                continue
            channel = _CHANNEL.get(type(said))
            if channel is None:
                continue
            for sub in self.subscriptions.values():
                if sub.channel == channel and (not sub.tickers or getattr(said, "ticker", "") in sub.tickers):
                    message = self._message(sub, said)
                    if message is not None:
                        self.send(message)

    def _message(self, sub: Subscription, said: m.Said) -> JSON | None:
        match said:
            case m.BookDelta():
                return self._sequenced(sub, "orderbook_delta", self._delta(sub, said))
            case m.TradePrint():
                return self._sequenced(sub, "trade", {
                    "trade_id": said.trade_id, "market_ticker": said.ticker,
                    **wire_out.both("price_dollars", said.price), "count_fp": count_text(said.count),
                    "taker_side": wire_out.outcome(said.taker), "taker_outcome_side": wire_out.outcome(said.taker),
                    "taker_book_side": said.taker.value, "is_block_trade": False,
                    "ts": said.traded_at // 10**9, "ts_ms": wire_out.millis(said.traded_at),
                })  # fmt: skip
            case m.Fill():
                return {"type": "fill", "sid": sub.sid, "msg": self._fill(said)}
            case m.Acked() | m.Gone():
                return {"type": "user_order", "sid": sub.sid, "msg": self._order(said)}
            case m.MarketChanged():
                return self._sequenced(sub, "market_lifecycle_v2", self._lifecycle(said))
            case m.GroupChanged():
                body: JSON = {"event_type": said.change, "order_group_id": said.group,
                              "ts_ms": wire_out.millis(said.at)}  # fmt: skip
                if said.limit is not None:
                    body["contracts_limit_fp"] = count_text(said.limit)
                return self._sequenced(sub, "order_group_updates", body)
            case _:
                return None

    @staticmethod
    def _sequenced(sub: Subscription, kind: str, body: JSON) -> JSON:
        sub.seq += 1
        return {"type": kind, "sid": sub.sid, "seq": sub.seq, "msg": body}

    def _delta(self, sub: Subscription, said: m.BookDelta) -> JSON:
        flip = said.side is m.Side.ASK and not sub.yes_price
        price = complement(said.price) if flip else said.price
        body: JSON = {
            "market_ticker": said.ticker, "market_id": wire_out.market_id(said.ticker), "clock": said.clock or 0,
            "price_dollars": price_text(Price(price)), "delta_fp": count_text(said.change),
            "side": wire_out.outcome(said.side), "ts": iso(said.at), "ts_ms": wire_out.millis(said.at),
        }  # fmt: skip
        if said.client_order_id is not None and (self.user, said.client_order_id) in self.venue.exchange.by_client_id:
            body["client_order_id"] = said.client_order_id
        return body

    def _fill(self, said: m.Fill) -> JSON:
        after = said.position_after if said.position_after is not None else Count(0)
        return {
            "trade_id": said.trade_id, "order_id": said.order_id, "client_order_id": said.client_order_id,
            "market_ticker": said.ticker, "exchange_index": 0, "is_taker": said.is_taker,
            "side": wire_out.outcome(said.side), "yes_price_dollars": price_text(said.price),
            "count_fp": count_text(said.count), "fee_cost": money_text(said.fee), "action": "buy",
            "ts": said.filled_at // 10**9, "ts_ms": wire_out.millis(said.filled_at),
            "post_position_fp": count_text(after), "purchased_side": wire_out.outcome(said.side),
            "outcome_side": wire_out.outcome(said.side), "book_side": said.side.value, "subaccount": 0,
        }  # fmt: skip

    def _order(self, said: m.Acked | m.Gone) -> JSON:
        order = self.venue.exchange.orders[said.order_id]
        shown = wire_out.order(order)
        body: JSON = {
            key: shown[key]
            for key in ("order_id", "user_id", "client_order_id", "ticker", "exchange_index", "side", "outcome_side",
                        "book_side", "yes_price_dollars", "taker_fill_cost_dollars", "maker_fill_cost_dollars",
                        "taker_fees_dollars", "maker_fees_dollars", "initial_count_fp", "self_trade_prevention_type")
        }  # fmt: skip
        filled = said.filled if said.filled is not None else order.filled
        body |= {
            "status": "resting" if isinstance(said, m.Acked) else "executed" if said.reason == "Trade" else "canceled",
            "is_yes": order.side is m.Side.BID, "fill_count_fp": count_text(filled),
            "remaining_count_fp": count_text(said.remaining) if isinstance(said, m.Acked) else "0.00",
            "created_ts_ms": wire_out.millis(order.created_at), "last_updated_ts_ms": wire_out.millis(order.updated_at),
            "subaccount_number": 0,
        }  # fmt: skip
        if isinstance(said, m.Acked):
            body["yes_price_dollars"] = price_text(said.price)
            if said.expires_at is not None:
                body["expiration_ts_ms"] = wire_out.millis(said.expires_at)
        elif said.reason:
            body["last_update_reason"] = said.reason
        if order.group is not None:
            body["order_group_id"] = order.group
        return body

    def _lifecycle(self, said: m.MarketChanged) -> JSON:
        body: JSON = {"market_ticker": said.ticker, "event_type": said.change, "exchange_index": 0}
        if said.close_at is not None:
            body["close_ts"] = said.close_at // 10**9
        if said.change == "created":
            listed = self.venue.exchange.markets[said.ticker]
            body |= {"open_ts": listed.market.open_at // 10**9, "price_level_structure": "linear_cent",
                     "price_ranges": wire_out.ranges(listed.market)}  # fmt: skip
        if said.change == "determined":
            body |= {"result": said.result or "", "determination_ts": said.at // 10**9}
            if said.settlement_value is not None:
                body["settlement_value"] = price_text(Price(said.settlement_value // 100))
        if said.change == "settled":
            body["settled_ts"] = said.at // 10**9
        return body


_CHANNEL: dict[type, str] = {
    m.BookDelta: "orderbook_delta", m.TradePrint: "trade", m.Fill: "fill", m.Acked: "user_orders",
    m.Gone: "user_orders", m.MarketChanged: "market_lifecycle_v2", m.GroupChanged: "order_group_updates",
}  # fmt: skip


def _tickers(params: JSON) -> set[str]:
    found = params.get("market_tickers")
    tickers = {t for t in found if isinstance(t, str)} if isinstance(found, list) else set()
    if isinstance(params.get("market_ticker"), str):
        tickers.add(params["market_ticker"])
    return tickers


async def serve(socket: WebSocket, venue: Venue, keyring: Keyring) -> None:
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
    connection = Connection(venue, user)
    venue.listeners.append(connection.hear)
    sender = asyncio.create_task(_send_all(socket, connection))
    try:
        while True:
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
            message = await connection.out.get()
            if connection.overflown:
                await socket.close(1013)  # it reads too slowly; it must start anew
                return
            await socket.send_text(message.decode())
