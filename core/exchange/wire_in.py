"""What the embedded exchange reads: requests in Kalshi's words to ours. Pure; raises only Malformed.

Strict where Kalshi is: strings for price and count, required fields, known enums; unknown fields pass.
"""

from typing import Any

from core import messages as m
from core.errors import Malformed
from core.units import SECOND, Count, Instant, count, price

JSON = dict[str, Any]


def _text(body: JSON, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise Malformed(key, value, "expected text")
    return value


def _optional_text(body: JSON, key: str) -> str | None:
    return None if body.get(key) is None else _text(body, key)


def _flag(body: JSON, key: str) -> bool:
    value = body.get(key, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Malformed(key, value, "expected true or false")
    return value


def _side(body: JSON) -> m.Side:
    value = _text(body, "side")
    if value not in ("bid", "ask"):
        raise Malformed("side", value, "expected bid or ask")
    return m.Side(value)


def _seconds(body: JSON, key: str) -> Instant | None:
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**11:
        raise Malformed(key, value, "expected Unix seconds")
    return Instant(value * SECOND)


def place(body: JSON, fallback_id: str) -> m.PlaceOrder:
    """CreateOrderV2Request."""
    life, stp = _text(body, "time_in_force"), _text(body, "self_trade_prevention_type")
    if life not in set(m.TimeInForce):
        raise Malformed("time_in_force", life, "unknown")
    if stp not in set(m.SelfTrade):
        raise Malformed("self_trade_prevention_type", stp, "unknown")
    expires = _seconds(body, "expiration_time")
    if expires is not None and life != m.TimeInForce.GOOD_TILL_CANCELED:
        raise Malformed("expiration_time", expires, "only with good_till_canceled")
    return m.PlaceOrder(
        _optional_text(body, "client_order_id") or fallback_id, _text(body, "ticker"), _side(body),
        price(_text(body, "price"), "price"), count(_text(body, "count"), "count"), expires,
        _flag(body, "post_only"), _flag(body, "cancel_order_on_pause"), _optional_text(body, "order_group_id"),
        m.TimeInForce(life), m.SelfTrade(stp), _flag(body, "reduce_only"),
    )  # fmt: skip


def amend(order_id: str, body: JSON) -> m.AmendOrder:
    """AmendOrderV2Request."""
    return m.AmendOrder(
        order_id, _optional_text(body, "client_order_id") or "", _text(body, "ticker"), _side(body),
        price(_text(body, "price"), "price"), count(_text(body, "count"), "count"), _seconds(body, "expiration_time"),
    )  # fmt: skip


def decrease(order_id: str, body: JSON, remaining: Count) -> m.DecreaseOrder:
    """DecreaseOrderV2Request: exactly one of reduce_by and reduce_to."""
    by, to = _optional_text(body, "reduce_by"), _optional_text(body, "reduce_to")
    if (by is None) == (to is None):
        raise Malformed("reduce_by", (by, to), "exactly one of reduce_by and reduce_to")
    left = count(to, "reduce_to") if to is not None else Count(remaining - count(by or "", "reduce_by"))
    return m.DecreaseOrder(order_id, "", "", left)


def group_limit(body: JSON) -> Count:
    """contracts_limit or contracts_limit_fp."""
    fixed = body.get("contracts_limit_fp")
    if isinstance(fixed, str):
        return count(fixed, "contracts_limit_fp")
    whole = body.get("contracts_limit")
    if isinstance(whole, bool) or not isinstance(whole, int) or not 1 <= whole <= 1_000_000:
        raise Malformed("contracts_limit", whole, "expected 1 to 1,000,000")
    return Count(whole * 100)
