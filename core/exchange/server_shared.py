"""What the embedded exchange's REST routes share: refusals, pages, limits, the venue they speak for."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Malformed
from core.exchange.auth import Keyring
from core.exchange.history import History
from core.exchange.ratelimit import Buckets, Tier
from core.exchange.simulator import Listed
from core.exchange.venue import Venue
from core.units import SECOND, Count, Instant, Price, price_text

PREFIX = "/trade-api/v2"
STATUS = {
    "order_already_exists": 409,
    "order_group_triggered": 409,
    "not_found": 404,
}  # everything else is a 400: the specification of a create knows no 404
ASKED = {"open": "active", "closed": "closed", "settled": "finalized", "unopened": "initialized", "paused": "inactive"}
JSON = dict[str, Any]


class No(Exception):
    """A refusal with its status and code."""

    def __init__(self, status: int, code: str, words: str = "") -> None:
        self.status, self.code, self.words = status, code, words or code.replace("_", " ")
        super().__init__(self.words)


class Shared:
    """The venue, who may sign, and the past."""

    def __init__(self, venue: Venue, keyring: Keyring, history: History, tier: Tier, wall: Callable[[], int]) -> None:
        self.venue, self.keyring, self.history, self.tier, self.wall = venue, keyring, history, tier, wall
        self.buckets: dict[str, Buckets] = {}
        self.batch = 0

    def _buckets(self, user: str) -> Buckets:
        return self.buckets.setdefault(user, Buckets(self.tier, self.wall() / 1000))


def by_event(found: list[Listed]) -> dict[str, list[Listed]]:
    groups: dict[str, list[Listed]] = {}
    for one in found:
        groups.setdefault(one.market.event_ticker, []).append(one)
    return groups


def page_of[T](rows: list[T], cursor: str, limit: int) -> tuple[list[T], str]:
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 12):
        raise Malformed("cursor", cursor, "not one we gave")
    start = int(cursor) if cursor else 0
    return rows[start : start + limit], str(start + limit) if start + limit < len(rows) else ""


def limit_of(text: str | None, most: int, *, least: int = 1) -> int:
    if text is None:
        return min(100, most)
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or not least <= int(text) <= most:
        raise Malformed("limit", text, f"expected {least} to {most}")
    return int(text)


def after_at(at: Instant, text: str | None, absent: bool = True) -> bool:
    if text is None:
        return absent
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 19:
        raise Malformed("min_ts", text, "expected Unix seconds")
    return at >= int(text) * SECOND


def integer_of(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 19:
        raise Malformed(name, text, "expected an integer")
    return int(text)


def averages(filled: Count, cost: int, fees: int) -> JSON:
    if not filled:
        return {}
    return {"average_fill_price": price_text(Price(round(cost / filled))),
            "average_fee_paid": f"{fees / filled * 100 / 1e6:.6f}"}  # fmt: skip


def object_body(raw: bytes) -> JSON:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("body", raw[:40], "not JSON") from error
    if not isinstance(body, dict):
        raise Malformed("body", raw[:40], "not an object")
    return body


def items(body: JSON) -> list[JSON]:
    orders = body.get("orders")
    if not isinstance(orders, list) or not all(isinstance(o, dict) for o in orders) or not 1 <= len(orders) <= 50:
        raise Malformed("orders", orders, "expected 1 to 50 orders")
    return orders


def json_answer(answer: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def error_body(code: str, words: str) -> JSON:
    return {"code": code, "message": words, "details": words}


def refusal(status: int, code: str, words: str) -> Response:
    return json_answer(error_body(code, words), status)
