"""What we say to an exchange: requests on orders and order groups, in our own words. They carry no time.

One book, in YES terms: a bid buys YES, an ask sells YES (= buys NO at 1 - price). All structs are frozen and tagged
with their class name, so that a journal line decodes to what it was.
"""

from enum import StrEnum

import msgspec

from core.units import Count, Instant, Price

Ticker = str


class Side(StrEnum):
    """On the YES leg."""

    BID = "bid"
    ASK = "ask"

    sign: int  # +1 for a bid (inventory grows), -1 for an ask
    other: "Side"

    def __init__(self, word: str) -> None:
        self.sign = 1 if word == "bid" else -1


Side.BID.other, Side.ASK.other = Side.ASK, Side.BID


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


class PlaceOrder(Message, frozen=True):
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


class AmendOrder(Message, frozen=True):
    """Change price, total size or expiry. Keeps the queue only for a pure size decrease or a change of expiry."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    side: Side
    price: Price
    total: Count  # already filled + wanted remaining
    expires_at: Instant | None = None  # None = keep


class DecreaseOrder(Message, frozen=True):
    """Shrink what remains of a resting order; keeps the queue."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    reduce_to: Count


class CancelOrder(Message, frozen=True):
    """Take one order away. A cancel is a wish: the order may already have filled."""

    order_id: str
    client_order_id: str
    ticker: Ticker


class CancelAllOrders(Message, frozen=True):
    """Take every order of the account away, ours or not; may also take orders placed within the next minute."""


class CreateGroup(Message, frozen=True):
    """Open an order group: at most `limit` contracts matched in any rolling 15 s, else the group cancels and blocks."""

    name: str  # ours: the event's ticker; the exchange answers with its own id
    limit: Count


class SetGroupLimit(Message, frozen=True):
    """Change a group's limit."""

    group: str
    limit: Count


class ResetGroup(Message, frozen=True):
    """Let a triggered group take orders again."""

    group: str


class TriggerGroup(Message, frozen=True):
    """Cancel everything in a group and block it, now."""

    group: str


Request = (
    PlaceOrder | AmendOrder | DecreaseOrder | CancelOrder | CancelAllOrders
    | CreateGroup | SetGroupLimit | ResetGroup | TriggerGroup
)  # fmt: skip
