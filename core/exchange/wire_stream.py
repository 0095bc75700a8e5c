"""Kalshi's field names on the WebSocket, for what we read. The rules are those of `wire.py`.

A frame is decoded twice: `Head` says what it is and to which subscription it belongs, then `msg` as that type. Nine of
ten are deltas: those are decoded in one go.
"""

from enum import Enum

import msgspec

from core.exchange.wire import Model, PriceRange


class Leg(Enum):
    """Whose bid a level is."""

    YES = "yes"
    NO = "no"


class SnapshotMsg(Model, frozen=True):
    """A side without offers is an absent key, or null as in REST."""

    market_ticker: str
    yes_dollars_fp: tuple[tuple[str, str], ...] | None = None
    no_dollars_fp: tuple[tuple[str, str], ...] | None = None
    clock: int | None = None


class DeltaMsg(Model, frozen=True):
    """A change at one price of one leg."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Leg
    clock: int | None = None
    client_order_id: str | None = None


class TradeMsg(Model, frozen=True):
    """Anybody's trade."""

    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_book_side: str | None = None
    taker_outcome_side: str | None = None
    taker_side: str | None = None
    ts_ms: int | None = None
    ts: int | None = None


class FillMsg(Model, frozen=True):
    """A fill of one of our subaccounts."""

    trade_id: str
    order_id: str
    market_ticker: str
    is_taker: bool
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    post_position_fp: str | None = None
    ts_ms: int | None = None
    ts: int | None = None
    subaccount: int | None = None


class UserOrderMsg(Model, frozen=True):
    """An order of one of our subaccounts changed."""

    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    expiration_ts_ms: int | None = None
    last_updated_ts_ms: int | None = None
    last_update_reason: str | None = None
    subaccount_number: int | None = None


class LifecycleMsg(Model, frozen=True):
    """A market changed."""

    market_ticker: str
    event_type: str
    close_ts: int | None = None
    price_ranges: list[PriceRange] | None = None
    result: str | None = None
    settlement_value: str | None = None
    strike_type: str | None = None
    floor_strike: float | None = None
    cap_strike: float | None = None


class EventFeeMsg(Model, frozen=True):
    """An event's own fees; null, null: it has none any more."""

    event_ticker: str
    fee_type_override: str | None = None
    fee_multiplier_override: float | None = None


class GroupMsg(Model, frozen=True):
    """An order group changed."""

    order_group_id: str
    event_type: str
    contracts_limit_fp: str | None = None


class SubscribedMsg(Model, frozen=True):
    """Answer to a subscribe."""

    channel: str
    sid: int


class ErrorMsg(Model, frozen=True):
    """An error of the stream."""

    code: int
    msg: str | None = None
    market_ticker: str | None = None
    market_tickers: list[str] | None = None


class DeltaFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_delta"):
    """A whole `orderbook_delta` frame; any other is no DeltaFrame."""

    sid: int
    seq: int
    msg: DeltaMsg
    sending_ts_ms: int | None = None


class BookMsg(msgspec.Struct, frozen=True, gc=False):
    """What a book needs of a delta."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Leg
    clock: int | None = None


class BookFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_delta"):
    """A delta's frame, without what a book does not need: each field takes its time."""

    sid: int
    seq: int
    msg: BookMsg


class Head(msgspec.Struct, frozen=True, gc=False):
    """What every frame may carry; `msg` is decoded by its type."""

    type: str
    msg: msgspec.Raw = msgspec.Raw(b"{}")
    sid: int = 0
    seq: int | None = None
    id: int | None = None
    sending_ts_ms: int | None = None
