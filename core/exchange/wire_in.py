"""What the embedded exchange reads: requests in Kalshi's words to ours. Pure; raises only Malformed.

Strict where Kalshi is: strings for price and count, required fields, known enums; unknown fields pass.
"""

from typing import Any

from core import messages as m
from core.errors import Malformed
from core.units import ONE_DOLLAR, SECOND, Count, Instant, Price, count, price

JSON = dict[str, Any]
_MOST = 10**11  # hundredths of a contract


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
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 9 * 10**9:
        raise Malformed(key, value, "expected Unix seconds")
    return Instant(value * SECOND)


def _price(body: JSON) -> Price:
    found = price(_text(body, "price"), "price")
    if not 0 <= found <= ONE_DOLLAR:
        raise Malformed("price", found, "outside 0 to 1 dollar")
    return found


def _count(body: JSON, key: str) -> Count:
    found = count(_text(body, key), key)
    if not 0 <= found <= _MOST:
        raise Malformed(key, found, "negative, or more than a billion contracts")
    return found


def _whole(body: JSON, key: str, least: int, most: int) -> None:
    value = body.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
        raise Malformed(key, value, f"expected a whole number from {least} to {most}")


def shard(body: JSON) -> None:
    """`exchange_index` and `subaccount`: shard 0 (or -1, routed there) and the primary account are all there is."""
    _whole(body, "exchange_index", -1, 0)
    _whole(body, "subaccount", 0, 0)


def place(body: JSON, fallback_id: str) -> m.PlaceOrder:
    """CreateOrderV2Request."""
    shard(body)
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
        _price(body), _count(body, "count"), expires,
        _flag(body, "post_only"), _flag(body, "cancel_order_on_pause"), _optional_text(body, "order_group_id"),
        m.TimeInForce(life), m.SelfTrade(stp), _flag(body, "reduce_only"),
    )  # fmt: skip


def amend(order_id: str, body: JSON) -> m.AmendOrder:
    """AmendOrderV2Request; an `expiration_time` of 0 takes the expiry away."""
    shard(body)
    return m.AmendOrder(
        order_id, _optional_text(body, "client_order_id") or "", _text(body, "ticker"), _side(body),
        _price(body), _count(body, "count"), _seconds(body, "expiration_time"),
    )  # fmt: skip


def new_client_order_id(body: JSON) -> str | None:
    """`updated_client_order_id` of an amend."""
    return _optional_text(body, "updated_client_order_id")


def decrease(order_id: str, body: JSON, remaining: Count) -> m.DecreaseOrder:
    """DecreaseOrderV2Request: exactly one of reduce_by and reduce_to."""
    shard(body)
    by, to = _optional_text(body, "reduce_by"), _optional_text(body, "reduce_to")
    if (by is None) == (to is None):
        raise Malformed("reduce_by", (by, to), "exactly one of reduce_by and reduce_to")
    left = _count(body, "reduce_to") if to is not None else Count(remaining - _count(body, "reduce_by"))
    return m.DecreaseOrder(order_id, "", "", left)


def group_limit(body: JSON) -> Count:
    """contracts_limit or contracts_limit_fp."""
    shard(body)
    fixed, whole = body.get("contracts_limit_fp"), body.get("contracts_limit")
    _whole(body, "contracts_limit", 1, 1_000_000)
    if fixed is None and whole is None:
        raise Malformed("contracts_limit", whole, "contracts_limit or contracts_limit_fp is needed")
    found = _count(body, "contracts_limit_fp") if fixed is not None else Count((whole or 0) * 100)
    if fixed is not None and whole is not None and found != whole * 100:
        raise Malformed("contracts_limit_fp", fixed, f"does not say the same as contracts_limit {whole}")
    return found
