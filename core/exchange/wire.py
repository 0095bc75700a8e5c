"""Kalshi's field names in REST, for what we read: here (and `wire_stream.py`) and nowhere else. msgspec models.

A money or count field has no default: where it is missing the message is refused and that market stops, loudly. Unknown
fields pass; values of enums we only show pass as text.
"""

import msgspec


class Model(msgspec.Struct, frozen=True, gc=False):
    """Base of REST models."""


class PriceRange(Model, frozen=True):
    """One range of the grid."""

    start: str
    end: str
    step: str


class MarketModel(Model, frozen=True):
    """Market."""

    ticker: str
    event_ticker: str
    status: str
    open_time: str
    close_time: str
    rules_primary: str
    price_ranges: list[PriceRange]
    result: str
    strike_type: str = ""
    floor_strike: float | None = None
    cap_strike: float | None = None
    exchange_index: int = 0
    settlement_value_dollars: str | None = None
    market_type: str | None = None
    notional_value_dollars: str | None = None
    settlement_bounds_type: str | None = None


class SettlementSource(Model, frozen=True):
    """Where an event's value comes from."""

    name: str | None = None
    url: str | None = None


class EventModel(Model, frozen=True):
    """EventData; markets are decoded one by one, so that a bad one does not take the others with it."""

    event_ticker: str
    series_ticker: str
    mutually_exclusive: bool
    collateral_return_type: str
    settlement_sources: list[SettlementSource] | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: float | None = None
    markets: list[msgspec.Raw] = []


class EventsPage(Model, frozen=True):
    """GET /events."""

    events: list[msgspec.Raw]
    cursor: str | None = None


class MarketsPage(Model, frozen=True):
    """GET /markets."""

    markets: list[msgspec.Raw]
    cursor: str | None = None


class SeriesModel(Model, frozen=True):
    """Series."""

    ticker: str
    fee_type: str
    fee_multiplier: float
    title: str = ""
    exchange_index: int = 0
    settlement_sources: list[SettlementSource] | None = None


class SeriesPage(Model, frozen=True):
    """GET /series; decoded one by one, as markets are."""

    series: list[msgspec.Raw]


class OneSeries(Model, frozen=True):
    """GET /series/{ticker}."""

    series: SeriesModel


class FeeChange(Model, frozen=True):
    """An announced change of a series' fees."""

    series_ticker: str
    fee_type: str
    fee_multiplier: float
    scheduled_ts: str


class FeeChanges(Model, frozen=True):
    """GET /series/fee_changes."""

    series_fee_change_arr: list[FeeChange]


class TradeModel(Model, frozen=True):
    """REST trade."""

    trade_id: str
    ticker: str
    yes_price_dollars: str
    count_fp: str
    created_time: str
    taker_book_side: str | None = None
    taker_outcome_side: str | None = None
    taker_side: str | None = None


class TradesPage(Model, frozen=True):
    """GET /markets/trades."""

    trades: list[TradeModel]
    cursor: str | None = None


class BookModel(Model, frozen=True):
    """`orderbook_fp`: bids of both legs, ascending."""

    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class TickerBook(Model, frozen=True):
    """One of several books."""

    ticker: str
    orderbook_fp: BookModel


class OneBook(Model, frozen=True):
    """GET /markets/{ticker}/orderbook."""

    orderbook_fp: BookModel


class BooksPage(Model, frozen=True):
    """GET /markets/orderbooks."""

    orderbooks: list[TickerBook]


class OrderName(Model, frozen=True):
    """What it takes to cancel an order, and to know whose it is."""

    order_id: str
    ticker: str
    client_order_id: str | None = None


class OrderModel(OrderName, frozen=True, kw_only=True):
    """Order."""

    status: str
    book_side: str | None = None
    outcome_side: str | None = None
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    created_time: str | None = None
    expiration_time: str | None = None
    last_update_time: str | None = None
    order_group_id: str | None = None


class OrdersPage(Model, frozen=True):
    """GET /portfolio/orders; decoded one by one, as markets are."""

    orders: list[msgspec.Raw]
    cursor: str | None = None


class OneOrder(Model, frozen=True):
    """GET /portfolio/orders/{id}."""

    order: OrderModel


class FillModel(Model, frozen=True):
    """REST fill; its time is in either of two fields, neither of them required."""

    trade_id: str
    order_id: str
    ticker: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    is_taker: bool
    book_side: str | None = None
    outcome_side: str | None = None
    created_time: str | None = None
    ts: int | None = None


class FillsPage(Model, frozen=True):
    """GET /portfolio/fills."""

    fills: list[FillModel]
    cursor: str | None = None


class PositionModel(Model, frozen=True):
    """MarketPosition."""

    ticker: str
    position_fp: str
    market_exposure_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str


class PositionsPage(Model, frozen=True):
    """GET /portfolio/positions."""

    market_positions: list[PositionModel]
    cursor: str | None = None


class BalanceModel(Model, frozen=True):
    """GET /portfolio/balance."""

    balance_dollars: str


class SettlementModel(Model, frozen=True):
    """Settlement."""

    ticker: str
    event_ticker: str
    market_result: str
    yes_count_fp: str
    yes_total_cost_dollars: str
    no_count_fp: str
    no_total_cost_dollars: str
    revenue: int
    settled_time: str
    fee_cost: str


class SettlementsPage(Model, frozen=True):
    """GET /portfolio/settlements."""

    settlements: list[SettlementModel]
    cursor: str | None = None


class Created(Model, frozen=True):
    """Answer to a create."""

    order_id: str
    fill_count: str
    remaining_count: str
    ts_ms: int | None = None


class Amended(Model, frozen=True):
    """Answer to an amend; counts are absent where nothing changed."""

    order_id: str
    remaining_count: str | None = None
    fill_count: str | None = None
    ts_ms: int | None = None


class Decreased(Model, frozen=True):
    """Answer to a decrease."""

    order_id: str
    remaining_count: str


class Cancelled(Model, frozen=True):
    """Answer to a cancel."""

    order_id: str
    reduced_by: str


class BatchRefusal(Model, frozen=True):
    """Why one item of a batch was declined."""

    code: str = ""


class BatchItem(Model, frozen=True):
    """One item of the answer to a batch of creates or cancels: its own outcome, or its own error."""

    order_id: str | None = None
    remaining_count: str | None = None
    reduced_by: str | None = None
    error: BatchRefusal | None = None


class Batch(Model, frozen=True):
    """Answer to a batch of creates or cancels; 2xx also where items failed."""

    orders: list[BatchItem]


class QueuePlace(Model, frozen=True):
    """Contracts ahead of one order."""

    order_id: str
    queue_position_fp: str


class QueuePage(Model, frozen=True):
    """GET /portfolio/orders/queue_positions; null when nothing rests."""

    queue_positions: list[QueuePlace] | None


class GroupMade(Model, frozen=True):
    """Answer to creating an order group."""

    order_group_id: str
