"""What an exchange says to us, in our own words; and, re-exported, what we say to it (`core/requests.py`).

Everything the exchange says carries `at`: the instant at which *this side* learnt it, stamped once by whoever carries
it (live shell, simulator, replay). The engine's events are these messages and a few of its own, so the same engine runs
against Kalshi, the embedded exchange, a journal or a seeded world.
"""

from core.requests import AmendOrder as AmendOrder
from core.requests import CancelAllOrders as CancelAllOrders
from core.requests import CancelOrder as CancelOrder
from core.requests import CreateGroup as CreateGroup
from core.requests import DecreaseOrder as DecreaseOrder
from core.requests import Message as Message
from core.requests import PlaceOrder as PlaceOrder
from core.requests import Request as Request
from core.requests import ResetGroup as ResetGroup
from core.requests import SelfTrade as SelfTrade
from core.requests import SetGroupLimit as SetGroupLimit
from core.requests import Side as Side
from core.requests import Ticker as Ticker
from core.requests import TimeInForce as TimeInForce
from core.requests import TriggerGroup as TriggerGroup
from core.units import Count, Instant, Money, Price

# --- what the exchange says about our requests -----------------------------------------------------------------------


class Acked(Message, frozen=True):
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
    updated_at: Instant | None = None  # the exchange's own stamp: an older word that comes later is not news


class Rejected(Message, frozen=True):
    """The exchange declined a request for this order; for a create, no order exists."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str  # class name of the request: PlaceOrder, AmendOrder, ...
    code: str
    words: str = ""


class Gone(Message, frozen=True):
    """The exchange proves that the order can no longer fill. `filled` is its final filled count where known; the answer
    to a cancel knows only by how much it was reduced: filled = total - reduced_by."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    order_id: str = ""
    filled: Count | None = None
    reduced_by: Count | None = None
    reason: str = ""  # canceled, executed, expired, PostOnlyCrossCancel, ...


class CancelNotFound(Message, frozen=True):
    """404 on a cancel, amend or decrease: gone, reason unknown, maybe filled. Reconcile before believing anything."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    order_id: str


class Unknown(Message, frozen=True):
    """A request was sent and its outcome is not known (timeout, 5xx, connection lost)."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str
    words: str = ""


class NotSent(Message, frozen=True):
    """A request certainly did not arrive (connection refused, throttled): nothing happened."""

    at: Instant
    client_order_id: str
    ticker: Ticker
    request: str
    throttled: bool = False
    words: str = ""


class GroupCreated(Message, frozen=True):
    """The answer to CreateGroup."""

    at: Instant
    name: str
    group: str
    limit: Count


class GroupChanged(Message, frozen=True):
    """A group was created, triggered, reset, deleted, or its limit moved [S: order_group_updates]."""

    at: Instant
    group: str
    change: str  # created | triggered | reset | deleted | limit_updated
    limit: Count | None = None


# --- what the exchange streams ---------------------------------------------------------------------------------------


class BookSnapshot(Message, frozen=True):
    """The whole book of one market, in YES terms: levels (price, size), any order; an empty side is an empty list."""

    at: Instant
    ticker: Ticker
    bids: list[tuple[Price, Count]]
    asks: list[tuple[Price, Count]]
    clock: int | None = None
    sent_at: Instant | None = None


class BookDelta(Message, frozen=True):
    """A change of the resting size at one price, in YES terms."""

    at: Instant
    ticker: Ticker
    side: Side
    price: Price
    change: Count
    clock: int | None = None
    sent_at: Instant | None = None
    client_order_id: str | None = None  # set when an order of ours caused it


class TradePrint(Message, frozen=True):
    """Anybody's trade. `taker` is the aggressor's side on the YES leg."""

    at: Instant
    ticker: Ticker
    trade_id: str
    price: Price
    count: Count
    taker: Side
    traded_at: Instant


class Fill(Message, frozen=True):
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


class MarketChanged(Message, frozen=True):
    """A market was created, activated, deactivated, re-dated, re-gridded, re-struck, determined or settled."""

    at: Instant
    ticker: Ticker
    change: str  # created activated deactivated close_date_updated price_level_structure_updated metadata_updated ...
    close_at: Instant | None = None
    price_ranges: list[tuple[Price, Price, Price]] | None = None
    result: str | None = None
    settlement_value: Money | None = None  # per contract, YES
    strikes: tuple[int | None, int | None] | None = None  # whole degrees that pay now; two None: not to be read


class FeesChanged(Message, frozen=True):
    """An event has fees of its own from now on, whatever its series' are; or none any more (`cleared`)."""

    at: Instant
    event: str
    maker_fee: int | None  # coefficient in millionths, as in `Fees`; None: one that we cannot compute
    cleared: bool = False


class StreamOpened(Message, frozen=True):
    """A stream (channel) is subscribed and will be complete from here on."""

    at: Instant
    channel: str


class Connected(Message, frozen=True):
    """The stream is up and signed in; nothing said on it before counts any more."""

    at: Instant


class Disconnected(Message, frozen=True):
    """The stream is down, or our own queue overflowed: every book is unknown, every order may have changed."""

    at: Instant
    words: str = ""


class Heartbeat(Message, frozen=True):
    """The stream is alive though nothing was said (the exchange pings every 10 s)."""

    at: Instant


class Gap(Message, frozen=True):
    """A sequence gap or terminal channel error: the state of these markets is suspect until new snapshots."""

    at: Instant
    channel: str
    tickers: list[Ticker]
    words: str = ""


# --- what the exchange reports when asked ----------------------------------------------------------------------------


class OrderView(Message, frozen=True):
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
    updated_at: Instant | None = None  # by the exchange's clock: which of two words is the newer


class TradingStatus(Message, frozen=True):
    """Does the exchange take orders (`trading`), and cancels (`active`)? Since `asked_at`, of our shard."""

    at: Instant
    asked_at: Instant
    trading: bool
    active: bool = True  # False in an exchange pause: nothing is accepted then, cancels neither
    resumes_at: Instant | None = None  # by its own estimate


class PositionView(Message, frozen=True):
    """One signed position as the exchange lists it: negative is NO."""

    ticker: Ticker
    position: Count
    exposure: Money
    realized_pnl: Money
    fees_paid: Money


class OrdersReported(Message, frozen=True):
    """Every resting order of the account, complete as of some instant after `asked_at`: when it was asked for or, as
    lists lag, an earlier one that it is known to be newer than.

    An order of ours that was known before `asked_at` and is not in here is no longer resting.
    """

    at: Instant
    asked_at: Instant
    orders: list[OrderView]


class PositionsReported(Message, frozen=True):
    """Every position of the account, and the balance; `asked_at` as of `OrdersReported`."""

    at: Instant
    asked_at: Instant
    positions: list[PositionView]
    balance: Money


class OrderLookedUp(Message, frozen=True):
    """The answer to "what became of this order?": its final or present state, or None when it never arrived.
    `asked_at` as of `OrdersReported`."""

    at: Instant
    asked_at: Instant
    client_order_id: str
    order: OrderView | None


Said = (
    Acked | Rejected | Gone | CancelNotFound | Unknown | NotSent | GroupCreated | GroupChanged
    | BookSnapshot | BookDelta | TradePrint | Fill | MarketChanged | FeesChanged | Connected | Disconnected
    | StreamOpened | Heartbeat | Gap
    | OrdersReported | PositionsReported | OrderLookedUp | TradingStatus
)  # fmt: skip
