"""What we say to an exchange, and what it says to us, in our own words.

Requests carry no time. Everything the exchange says carries `at`: the instant at which *this side* learnt it, stamped
once by whoever carries it (live shell, simulator, replay). The engine's events are these messages and a few of its own,
so the same engine runs against Kalshi, the embedded exchange, a journal or a seeded world.

One book, in YES terms: a bid buys YES, an ask sells YES (= buys NO at 1 - price). All structs are frozen msgspec
structs with a tag, so a journal line decodes to what it was.
"""

from enum import StrEnum

import msgspec

from core.units import Count, Instant, Money, Price

Ticker = str


class Side(StrEnum):
    """On the YES leg."""

    BID = "bid"
    ASK = "ask"

    @property
    def sign(self) -> int:
        """+1 for a bid (inventory grows), -1 for an ask."""
        return 1 if self is Side.BID else -1

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.ASK if self is Side.BID else Side.BID


class TimeInForce(StrEnum):
    """How long an order lives [S: CreateOrderV2Request.time_in_force]."""

    GOOD_TILL_CANCELED = "good_till_canceled"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class SelfTrade(StrEnum):
    """What happens when our orders meet [S: SelfTradePreventionType]."""

    TAKER_AT_CROSS = "taker_at_cross"  # the incoming order is cancelled
    MAKER = "maker"  # the resting order is cancelled, matching goes on


class Message(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Base of every message; `type` in JSON is the class name."""


# --- what we say -----------------------------------------------------------------------------------------------------


class PlaceOrder(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Create one order."""

    client_order_id: str
    ticker: Ticker
    side: Side
    price: Price
    count: Count
    expires_at: Instant | None = None  # the exchange knows whole seconds; None = never
    post_only: bool = True
    cancel_on_pause: bool = True
    group: str | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELED
    self_trade: SelfTrade = SelfTrade.TAKER_AT_CROSS
    reduce_only: bool = False


class AmendOrder(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Change price, total size or expiry. Keeps the queue only for a pure size decrease or a change of expiry."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    side: Side
    price: Price
    total: Count  # already filled + wanted remaining
    expires_at: Instant | None = None  # None = keep


class DecreaseOrder(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Shrink what remains of a resting order; keeps the queue."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    reduce_to: Count


class CancelOrder(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Take one order away. A cancel is a wish: the order may already have filled."""

    order_id: str
    client_order_id: str
    ticker: Ticker


class CancelAllOrders(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Take every order of the account away, ours or not; may also take orders placed within the next minute."""


class CreateGroup(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Open an order group: at most `limit` contracts matched in any rolling 15 s, else the group cancels and blocks."""

    name: str  # ours: the event's ticker; the exchange answers with its own id
    limit: Count


class SetGroupLimit(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Change a group's limit."""

    group: str
    limit: Count


class ResetGroup(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Let a triggered group take orders again."""

    group: str


class TriggerGroup(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Cancel everything in a group and block it, now."""

    group: str


Request = (
    PlaceOrder | AmendOrder | DecreaseOrder | CancelOrder | CancelAllOrders
    | CreateGroup | SetGroupLimit | ResetGroup | TriggerGroup
)  # fmt: skip


# --- what the exchange says about our requests -----------------------------------------------------------------------


class Acked(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """An order of ours exists as described. `count` is the total, `remaining` what can still fill.

    Answers a create or an amend, or comes from the `user_orders` stream; `remaining == 0` never comes as Acked.
    """

    at: Instant
    client_order_id: str
    order_id: str
    ticker: Ticker
    side: Side
    price: Price
    filled: Count
    remaining: Count
    expires_at: Instant | None = None


class Rejected(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The exchange declined a request for this order; for a create, no order exists."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str  # class name of the request: PlaceOrder, AmendOrder, ...
    code: str
    words: str = ""


class Gone(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The exchange proves that the order can no longer fill. `filled` is its final filled count where known."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    order_id: str = ""
    filled: Count | None = None
    reason: str = ""  # canceled, executed, expired, PostOnlyCrossCancel, ...


class CancelNotFound(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """404 on a cancel, amend or decrease: gone, reason unknown, maybe filled. Reconcile before believing anything."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    order_id: str


class Unknown(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A request was sent and its outcome is not known (timeout, 5xx, connection lost)."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str
    words: str = ""


class NotSent(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A request certainly did not arrive (connection refused, throttled): nothing happened."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str
    throttled: bool = False
    words: str = ""


class GroupCreated(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The answer to CreateGroup."""

    at: Instant
    name: str
    group: str
    limit: Count


class GroupChanged(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A group was created, triggered, reset, deleted, or its limit moved [S: order_group_updates]."""

    at: Instant
    group: str
    change: str  # created | triggered | reset | deleted | limit_updated
    limit: Count | None = None


# --- what the exchange streams ---------------------------------------------------------------------------------------


class BookSnapshot(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The whole book of one market, in YES terms: levels (price, size), any order; an empty side is an empty list."""

    at: Instant
    ticker: Ticker
    bids: list[tuple[Price, Count]]
    asks: list[tuple[Price, Count]]
    clock: int | None = None
    sent_at: Instant | None = None


class BookDelta(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A change of the resting size at one price, in YES terms."""

    at: Instant
    ticker: Ticker
    side: Side
    price: Price
    change: Count
    clock: int | None = None
    sent_at: Instant | None = None
    client_order_id: str | None = None  # set when an order of ours caused it


class TradePrint(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Anybody's trade. `taker` is the aggressor's side on the YES leg."""

    at: Instant
    ticker: Ticker
    trade_id: str
    price: Price
    count: Count
    taker: Side
    traded_at: Instant


class Fill(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A fill of ours; counted once per `trade_id` and order."""

    at: Instant
    trade_id: str
    order_id: str
    ticker: Ticker
    side: Side
    price: Price
    count: Count
    fee: Money
    is_taker: bool
    filled_at: Instant
    client_order_id: str = ""  # REST fills do not carry it
    position_after: Count | None = None


class MarketChanged(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A market was created, activated, deactivated, re-dated, re-gridded, determined or settled."""

    at: Instant
    ticker: Ticker
    change: str  # created activated deactivated close_date_updated price_level_structure_updated determined settled
    close_at: Instant | None = None
    price_ranges: list[tuple[Price, Price, Price]] | None = None
    result: str | None = None
    settlement_value: Money | None = None  # per contract, YES


class StreamOpened(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A stream (channel) is subscribed and will be complete from here on."""

    at: Instant
    channel: str


class Connected(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The stream is up and signed in; nothing said on it before counts any more."""

    at: Instant


class Disconnected(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The stream is down, or our own queue overflowed: every book is unknown, every order may have changed."""

    at: Instant
    words: str = ""


class Gap(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """A sequence gap or terminal channel error: the state of these markets is suspect until new snapshots."""

    at: Instant
    channel: str
    tickers: list[Ticker]
    words: str = ""


# --- what the exchange reports when asked ----------------------------------------------------------------------------


class OrderView(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """One order as the exchange lists it."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    side: Side
    price: Price
    status: str  # resting | canceled | executed
    filled: Count
    remaining: Count
    created_at: Instant | None = None
    expires_at: Instant | None = None
    group: str | None = None


class PositionView(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """One signed position as the exchange lists it: negative is NO."""

    ticker: Ticker
    position: Count
    exposure: Money
    realized_pnl: Money
    fees_paid: Money


class OrdersReported(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Every resting order of the account, asked for at `asked_at`: complete as of some instant after it.

    An order of ours that was known before `asked_at` and is not in here is no longer resting.
    """

    at: Instant
    asked_at: Instant
    orders: list[OrderView]


class PositionsReported(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Every position of the account, and the balance."""

    at: Instant
    asked_at: Instant
    positions: list[PositionView]
    balance: Money


class OrderLookedUp(Message, frozen=True, tag=True, gc=False, omit_defaults=True):
    """The answer to "what became of this order?": its final or present state, or None when it never arrived."""

    at: Instant
    asked_at: Instant
    client_order_id: str
    order: OrderView | None


Said = (
    Acked | Rejected | Gone | CancelNotFound | Unknown | NotSent | GroupCreated | GroupChanged
    | BookSnapshot | BookDelta | TradePrint | Fill | MarketChanged | Connected | Disconnected | StreamOpened | Gap
    | OrdersReported | PositionsReported | OrderLookedUp
)  # fmt: skip
