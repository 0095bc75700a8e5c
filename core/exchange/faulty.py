"""The embedded exchange with faults: an ASGI application around it that loses, delays, doubles and bends what passes.

The exchange itself stays right; only what is said of it goes wrong, as on a bad day of the real one.
"""

import asyncio
import json
import time
from collections import deque
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import messages as m
from core.exchange.faults import BODY_KINDS, REST_KINDS, STREAM_KINDS, Fault, Plan
from core.exchange.server_shared import PREFIX, error_body
from core.exchange.traders import NOISE
from core.exchange.venue import Venue, wall_ms
from core.units import Count

_CHANGES = ("DELETE /portfolio/events/orders/", "POST /portfolio/events/orders/")
_CREATE = "POST /portfolio/events/orders"
_ENUM_NOBODY_KNOWS = "quantum"


class Faulty:
    """See the module."""

    def __init__(self, app: ASGIApp, venue: Venue, plan: Plan) -> None:
        self.app, self.venue, self.plan = app, venue, plan
        self.throttled_until = 0.0
        self.n = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await FaultyStream(self.app, self.plan).run(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = f"{scope['method']} {scope['path'].removeprefix(PREFIX)}"
        due = {fault.kind: fault for fault in self.plan.due(REST_KINDS, place)}
        if "throttled" in due:
            self.throttled_until = max(self.throttled_until, time.monotonic() + due["throttled"].seconds)
        if "throttled" in due or time.monotonic() < self.throttled_until:
            return await _say(send, 429, {"error": "too many requests"})
        if "clock_skew" in due and abs(due["clock_skew"].seconds * 1000) > 30_000:
            return await _say(send, 401, error_body("unauthorized", "the timestamp is not of now"))
        if "error_before_accept" in due:
            return await _say(send, due["error_before_accept"].status, error_body("internal", "not done"))
        self._before(place, due)
        if "partial_page" in due:
            scope = {**scope, "query_string": _one_row(scope["query_string"])}
        said = await self._answer(scope, receive)
        return await self._after(place, due, said, send)

    def _before(self, place: str, due: dict[str, Fault]) -> None:
        if "filled_before_cancel" in due and place.startswith(_CHANGES):
            self._trade_with(place.split("/")[4], whole=True)
        if "pause_in_batch" in due:
            self.venue.pause_in_batch = due["pause_in_batch"].seconds
        if "trading_pause" in due:
            self.venue.pause_for(due["trading_pause"].seconds)
        if "exchange_pause" in due:
            self.venue.stop_for(due["exchange_pause"].seconds)

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, keep)
        return said

    async def _after(self, place: str, due: dict[str, Fault], said: list[Message], send: Send) -> None:
        status, body = said[0]["status"], b"".join(x.get("body", b"") for x in said[1:])
        if "fill_before_ack" in due and place == _CREATE and status == 201:
            self._trade_with(json.loads(body)["order_id"], whole=False)
            await asyncio.sleep(due["fill_before_ack"].seconds)
        if "timeout" in due:
            await asyncio.sleep(due["timeout"].seconds)
        if "error_after_accept" in due:
            return await _say(send, due["error_after_accept"].status, error_body("internal", "done, perhaps"))
        if "ack_lost" in due:
            await send({"type": "http.response.start", "status": status,
                        "headers": [(b"content-type", b"application/json"), (b"content-length", b"1000")]})  # fmt: skip
            return await send({"type": "http.response.body", "body": b"{", "more_body": False})
        bent = self.plan.due(BODY_KINDS, place) if status < 300 and body else []
        if bent:
            return await _say(send, status, bend(json.loads(body), bent))
        for message in said:
            await send(message)
        return None

    def _trade_with(self, order_id: str, *, whole: bool) -> None:
        """Somebody takes an order: all of it, or half."""
        order = self.venue.exchange.orders.get(order_id)
        if order is None or order.status != "resting":
            return
        self.n += 1
        size = order.remaining if whole else Count(max(1, order.remaining // 2))
        taker = m.PlaceOrder(f"fault-{self.n}", order.ticker, order.side.other, order.price, size, post_only=False,
                             cancel_on_pause=False, time_in_force=m.TimeInForce.IMMEDIATE_OR_CANCEL)  # fmt: skip
        self.venue.request(NOISE, taker)


class FaultyStream:
    """One connection whose frames go wrong."""

    def __init__(self, app: ASGIApp, plan: Plan) -> None:
        self.app, self.plan = app, plan
        self.held: list[str] = []
        self.silent_until = 0.0
        self.channels: dict[int, str] = {}
        self.reset: dict[int, int] = {}  # sid -> what is taken off its numbers
        self.ended: set[int] = set()
        self.first: deque[Message] = deque()  # what the exchange hears before what the client says next
        self.closed = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the connection ends."""

        async def speak(message: Message) -> None:
            if self.closed:
                return
            texts = await self._frames(message["text"]) if message.get("text") is not None else []
            if self.closed:
                await send({"type": "websocket.close", "code": 1011})
            elif message.get("text") is None:
                await send(message)
            for text in texts:
                await send({"type": "websocket.send", "text": text})

        async def hear() -> Message:
            if not self.first:
                self.first.append(await receive())
            return self.first.popleft()

        await self.app(scope, hear, speak)

    async def _frames(self, text: str) -> list[str]:
        frame = json.loads(text)
        sid = frame.get("sid", 0)
        if frame["type"] == "subscribed":
            self.channels[frame["msg"]["sid"]] = frame["msg"]["channel"]
        if sid in self.ended:
            return []
        if "msg" not in frame or sid not in self.channels or frame["type"] in ("ok", "error", "unsubscribed"):
            return [text]
        place = self.channels[sid]
        due = {fault.kind: fault for fault in self.plan.due(STREAM_KINDS, place)}
        bent = self.plan.due(BODY_KINDS, place)
        if "disconnect" in due:
            self.closed = True
            return []
        for kind, code in (("channel_error", 10), ("overflow", 25)):
            if kind in due:
                self.ended.add(sid)
                end = json.dumps({"cmd": "unsubscribe", "params": {"sids": [sid]}})
                self.first.append({"type": "websocket.receive", "text": end})
                error = {"type": "error", "sid": sid, "sending_ts_ms": wall_ms(), "msg": {"code": code, "msg": kind}}
                return [json.dumps(error)]
        if "silent" in due:
            self.silent_until = time.monotonic() + due["silent"].seconds
        if "gap" in due or time.monotonic() < self.silent_until:
            return []
        if "slow" in due:
            await asyncio.sleep(due["slow"].seconds)
        if "seq_reset" in due and "seq" in frame:
            self.reset[sid] = frame["seq"] - 1
        if sid in self.reset and "seq" in frame:
            frame["seq"] -= self.reset[sid]
        if bent:
            frame["msg"] = bend(frame["msg"], bent)
        said = json.dumps(frame)
        if "reorder" in due:
            self.held.append(said)
            return []
        found = [said, said] if "duplicate" in due else [said]
        found += self.held
        self.held = []
        return found


def bend(body: Any, faults: list[Fault]) -> Any:
    """The same JSON with fields removed, added, or of values that nobody knows, wherever they are."""
    if isinstance(body, list):
        return [bend(one, faults) for one in body]
    if not isinstance(body, dict):
        return body
    found = {key: bend(value, faults) for key, value in body.items()}
    for fault in faults:
        if fault.kind == "removed_field":
            found.pop(fault.field, None)
        elif fault.kind == "added_field":
            found[fault.field] = {"nobody": ["knows", 1]}
        elif fault.field in found:
            found[fault.field] = _ENUM_NOBODY_KNOWS
    return found


def _one_row(query: bytes) -> bytes:
    kept = [part for part in query.split(b"&") if part and not part.startswith(b"limit=")]
    return b"&".join([*kept, b"limit=1"])


async def _say(send: Send, status: int, body: Any) -> None:
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
