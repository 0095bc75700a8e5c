"""Kalshi's words <-> ours. Pure; raises only Malformed, whatever it is fed.

Prices and counts come as strings and repeat: two small caches turn them into integers once. A NO bid at p is a YES ask
at 1 - p: said here, once (`level`), and in `wire_out.py` for the other direction.
"""

from typing import Any, Final

import msgspec

from core import messages as m
from core.contract import Fees, Market, PriceGrid, bracket, station_day_of
from core.errors import Malformed
from core.exchange import wire, wire_stream
from core.units import (
    MONEY_PER_DOLLAR,
    SECOND,
    Count,
    Instant,
    Money,
    Price,
    complement,
    count,
    count_text,
    instant,
    money,
    price,
    price_text,
)

JSON = dict[str, Any]
_MS = 1_000_000
_CACHED = 65_536
_PAYS: Final = {"yes": Money(MONEY_PER_DOLLAR), "no": Money(0)}
_LAST_S = 4_102_444_800  # the year 2100


class _Prices(dict[str, Price]):
    def __missing__(self, text: str) -> Price:
        value = price(text)
        if not 0 <= value <= 10_000:
            raise Malformed("price", text, "outside 0 to 1 dollar")
        if len(self) < _CACHED:
            self[text] = value
        return value


class _Counts(dict[str, Count]):
    def __missing__(self, text: str) -> Count:
        value = count(text)
        if len(self) < _CACHED:
            self[text] = value
        return value


class _Sizes(dict[str, Count]):
    def __missing__(self, text: str) -> Count:
        value = count(text)
        if value < 0:
            raise Malformed("count", text, "a size is never negative")
        if len(self) < _CACHED:
            self[text] = value
        return value


PRICES, SIZES, COUNTS = _Prices(), _Sizes(), _Counts()  # only a delta's count and a position have a sign


def decode[T](body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON -> one of the models of wire.py, or Malformed naming what is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(kind.__name__, bytes(body)[:60], str(error)) from error


def side_of(book_side: str | None, outcome: str | None) -> m.Side:
    """bid = yes, ask = no, in either of Kalshi's two ways to say it."""
    if book_side in ("bid", "ask"):
        return m.Side(book_side)
    if outcome in ("yes", "no"):
        return m.Side.BID if outcome == "yes" else m.Side.ASK
    raise Malformed("book_side", (book_side, outcome), "expected bid/ask or yes/no")


def level(leg: str, text: str, *, yes_price: bool) -> tuple[m.Side, Price]:
    """A bid on a leg -> side and price in YES terms."""
    if leg == "yes":
        return m.Side.BID, PRICES[text]
    if leg == "no":
        found = PRICES[text]
        return m.Side.ASK, found if yes_price else complement(found)
    raise Malformed("side", leg, "expected yes or no")


# --- REST answers ----------------------------------------------------------------------------------------------------


def error_of(body: bytes) -> tuple[str, str]:
    """(code, words) of an error body in any of its shapes: flat, wrapped in `error`, bare text, bare `msg`."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", body[:80].decode("latin-1")
    inner = found.get("error", found) if isinstance(found, dict) else {}
    if isinstance(inner, str):
        return inner.replace(" ", "_"), inner
    if not isinstance(inner, dict):
        return "", ""
    code, said = inner.get("code"), (inner.get(key) for key in ("message", "msg", "details"))
    words = ": ".join(dict.fromkeys(x for x in said if isinstance(x, str) and x))
    return (code if isinstance(code, str) else "", words)


def order_view(o: wire.OrderModel) -> m.OrderView:
    """Order."""
    return m.OrderView(
        o.order_id, o.client_order_id or "", o.ticker, side_of(o.book_side, o.outcome_side),
        PRICES[o.yes_price_dollars], o.status, SIZES[o.fill_count_fp], SIZES[o.remaining_count_fp],
        instant(o.created_time) if o.created_time else None,
        instant(o.expiration_time) if o.expiration_time else None, o.order_group_id,
        instant(o.last_update_time) if o.last_update_time else None,
    )  # fmt: skip


def fill(f: wire.FillModel, at: Instant) -> m.Fill:
    """REST fill; it does not know our client order id."""
    return m.Fill(
        at, f.trade_id, f.order_id, f.ticker, side_of(f.book_side, f.outcome_side), PRICES[f.yes_price_dollars],
        SIZES[f.count_fp], money(f.fee_cost, "fee_cost"), f.is_taker, _filled_at(f),
    )  # fmt: skip


def _filled_at(f: wire.FillModel) -> Instant:
    if f.created_time is not None:
        return instant(f.created_time, "created_time")
    if f.ts is None or not 0 <= f.ts <= _LAST_S:
        raise Malformed("created_time", f.ts, f"fill {f.trade_id} says no time")
    return Instant(f.ts * SECOND)


def position(p: wire.PositionModel) -> m.PositionView:
    """MarketPosition."""
    return m.PositionView(
        p.ticker, count(p.position_fp, "position_fp"), money(p.market_exposure_dollars, "market_exposure_dollars"),
        money(p.realized_pnl_dollars, "realized_pnl_dollars"), money(p.fees_paid_dollars, "fees_paid_dollars"),
    )  # fmt: skip


def grid(ranges: list[wire.PriceRange]) -> PriceGrid:
    """`price_ranges`."""
    return PriceGrid(tuple((price(r.start, "start"), price(r.end, "end"), price(r.step, "step")) for r in ranges))


def market(found: wire.MarketModel, fees: Fees) -> Market:
    """Market of a daily temperature series that pays a dollar or nought; Malformed for any other."""
    _pays_a_dollar_or_nought(found)
    value = found.settlement_value_dollars
    day = station_day_of(found.event_ticker)
    return Market(
        found.ticker, found.event_ticker, day.series, day,
        bracket(found.strike_type, found.floor_strike, found.cap_strike), grid(found.price_ranges),
        instant(found.open_time, "open_time"), instant(found.close_time, "close_time"), found.status,
        found.exchange_index, found.rules_primary, fees, found.result,
        money(value, "settlement_value_dollars") if value else None,
    )  # fmt: skip


def _pays_a_dollar_or_nought(found: wire.MarketModel) -> None:
    """Where it says so: every price, limit and loss of ours reckons with that."""
    if found.market_type not in (None, "binary"):
        raise Malformed("market_type", found.market_type, "only what pays a dollar or nothing is quoted")
    if found.settlement_bounds_type not in (None, "default"):
        raise Malformed("settlement_bounds_type", found.settlement_bounds_type, "it pays within bounds")
    pays = found.notional_value_dollars
    if pays is not None and money(pays, "notional_value_dollars") != MONEY_PER_DOLLAR:
        raise Malformed("notional_value_dollars", pays, "a contract pays another amount than one dollar")


def rest_trade(t: wire.TradeModel, at: Instant) -> m.TradePrint:
    """Trade."""
    side = side_of(t.taker_book_side, t.taker_outcome_side or t.taker_side)
    when = instant(t.created_time, "created_time")
    return m.TradePrint(at, t.ticker, t.trade_id, PRICES[t.yes_price_dollars], SIZES[t.count_fp], side, when)


def touch(book: wire.BookModel) -> tuple[dict[Price, Count], dict[Price, Count]]:
    """(bids, asks) in YES terms of a REST book."""
    bids = {PRICES[p]: SIZES[c] for p, c in book.yes_dollars or []}
    asks = {complement(PRICES[p]): SIZES[c] for p, c in book.no_dollars or []}
    return bids, asks


# --- requests --------------------------------------------------------------------------------------------------------


def unix_seconds(at: Instant) -> int:
    """Expiry is whole seconds; rounded up, so that no order dies before we count on it."""
    return -(-at // SECOND)


def create_body(r: m.PlaceOrder, shard: int, subaccount: int) -> JSON:
    """CreateOrderV2Request."""
    body: JSON = {
        "ticker": r.ticker, "client_order_id": r.client_order_id, "side": r.side.value, "count": count_text(r.count),
        "price": price_text(r.price), "time_in_force": r.time_in_force.value,
        "self_trade_prevention_type": r.self_trade.value, "post_only": r.post_only,
        "cancel_order_on_pause": r.cancel_on_pause, "exchange_index": shard,
    }  # fmt: skip
    if subaccount:
        body["subaccount"] = subaccount
    if r.expires_at is not None:
        body["expiration_time"] = unix_seconds(r.expires_at)
    if r.group is not None:
        body["order_group_id"] = r.group
    if r.reduce_only:
        body["reduce_only"] = True
    return body


def amend_body(r: m.AmendOrder, shard: int) -> JSON:
    """AmendOrderV2Request."""
    body: JSON = {
        "ticker": r.ticker, "side": r.side.value, "price": price_text(r.price), "count": count_text(r.total),
        "client_order_id": r.client_order_id, "exchange_index": shard,
    }  # fmt: skip
    if r.expires_at is not None:
        body["expiration_time"] = unix_seconds(r.expires_at)
    return body


def decrease_body(r: m.DecreaseOrder, shard: int) -> JSON:
    """DecreaseOrderV2Request."""
    return {"reduce_to": count_text(r.reduce_to), "exchange_index": shard}


def group_body(r: m.CreateGroup, shard: int, subaccount: int) -> JSON:
    """CreateOrderGroupRequest."""
    body: JSON = {"contracts_limit_fp": count_text(r.limit), "exchange_index": shard}
    return body | {"subaccount": subaccount} if subaccount else body


# --- stream ----------------------------------------------------------------------------------------------------------


def snapshot(raw: msgspec.Raw, at: Instant, sent: Instant | None, *, yes_price: bool) -> m.BookSnapshot:
    """orderbook_snapshot."""
    s = decode(raw, wire_stream.SnapshotMsg)
    bids = [(PRICES[p], SIZES[c]) for p, c in s.yes_dollars_fp or ()]
    asks = [(level("no", p, yes_price=yes_price)[1], SIZES[c]) for p, c in s.no_dollars_fp or ()]
    return m.BookSnapshot(at, s.market_ticker, bids, asks, s.clock, sent)


_DELTA = msgspec.json.Decoder(wire_stream.DeltaMsg)


def delta(raw: msgspec.Raw, at: Instant, sent: Instant | None, *, yes_price: bool) -> m.BookDelta:
    """orderbook_delta."""
    try:
        d = _DELTA.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed("orderbook_delta", bytes(raw)[:60], str(error)) from error
    side, at_price = level(d.side.value, d.price_dollars, yes_price=yes_price)
    return m.BookDelta(at, d.market_ticker, side, at_price, COUNTS[d.delta_fp], d.clock, sent, d.client_order_id)


def _when(ms: int | None, s: int | None, at: Instant) -> Instant:
    return Instant(ms * _MS) if ms is not None else Instant(s * SECOND) if s is not None else at


def trade(raw: msgspec.Raw, at: Instant) -> m.TradePrint:
    """trade."""
    t = decode(raw, wire_stream.TradeMsg)
    side = side_of(t.taker_book_side, t.taker_outcome_side or t.taker_side)
    traded = _when(t.ts_ms, t.ts, at)
    return m.TradePrint(at, t.market_ticker, t.trade_id, PRICES[t.yes_price_dollars], SIZES[t.count_fp], side, traded)


def own_fill(raw: msgspec.Raw, at: Instant, subaccount: int = 0) -> m.Fill | None:
    """fill; None for one that names another subaccount. One that names none is taken for ours: a fill that we do not
    count hurts more than one too many, which the next report of positions shows."""
    f = decode(raw, wire_stream.FillMsg)
    if f.subaccount not in (None, subaccount):
        return None
    after = count(f.post_position_fp, "post_position_fp") if f.post_position_fp is not None else None
    return m.Fill(
        at, f.trade_id, f.order_id, f.market_ticker, side_of(f.book_side, f.outcome_side),
        PRICES[f.yes_price_dollars], SIZES[f.count_fp], money(f.fee_cost, "fee_cost"), f.is_taker,
        _when(f.ts_ms, f.ts, at), f.client_order_id or "", after,
    )  # fmt: skip


def from_ms(ms: int | None) -> Instant | None:
    """Unix milliseconds of the exchange."""
    return None if ms is None else Instant(ms * _MS)


def own_order(raw: msgspec.Raw, at: Instant, subaccount: int = 0) -> m.Acked | m.Gone | None:
    """user_order; None for a status that says nothing certain, and for one that names another subaccount."""
    o = decode(raw, wire_stream.UserOrderMsg)
    if o.subaccount_number not in (None, subaccount):
        return None
    filled, remaining = SIZES[o.fill_count_fp], SIZES[o.remaining_count_fp]
    if o.status == "resting" and remaining > 0:
        expires = Instant(o.expiration_ts_ms * _MS) if o.expiration_ts_ms else None
        return m.Acked(at, o.client_order_id or "", o.order_id, o.ticker, side_of(o.book_side, o.outcome_side),
                       PRICES[o.yes_price_dollars], filled, remaining, expires,
                       from_ms(o.last_updated_ts_ms))  # fmt: skip
    if o.status in ("canceled", "executed"):
        reason = o.last_update_reason or o.status
        return m.Gone(at, o.client_order_id or "", o.ticker, o.order_id, filled, reason=reason)
    return None


def lifecycle(raw: msgspec.Raw, at: Instant) -> m.MarketChanged:
    """market_lifecycle_v2."""
    c = decode(raw, wire_stream.LifecycleMsg)
    ranges = None
    if c.price_ranges is not None:
        ranges = [(price(r.start), price(r.end), price(r.step)) for r in c.price_ranges]
    value: Money | None = money(c.settlement_value, "settlement_value") if c.settlement_value is not None else None
    if value is None and c.event_type == "determined":
        value = _PAYS.get(c.result or "")  # the key is optional; yes and no say it too, a scalar result does not
    close = Instant(c.close_ts * SECOND) if c.close_ts is not None else None
    return m.MarketChanged(at, c.market_ticker, c.event_type, close, ranges, c.result, value, _strikes(c))


def _strikes(c: wire_stream.LifecycleMsg) -> tuple[int | None, int | None] | None:
    """The new bracket of a market; None where its strikes did not move. One that means nothing to us is no bracket."""
    if c.event_type != "metadata_updated" or (c.strike_type, c.floor_strike, c.cap_strike) == (None, None, None):
        return None
    try:
        found = bracket(c.strike_type, c.floor_strike, c.cap_strike)
    except Malformed:
        return None, None
    return found.low, found.high


def group(raw: msgspec.Raw, at: Instant) -> m.GroupChanged:
    """order_group_updates."""
    g = decode(raw, wire_stream.GroupMsg)
    limit = count(g.contracts_limit_fp, "contracts_limit_fp") if g.contracts_limit_fp is not None else None
    return m.GroupChanged(at, g.order_group_id, g.event_type, limit)
