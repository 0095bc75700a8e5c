"""What the engine asks its shell to do. A `Place` or `Amend` exists only inside `Approved`."""

import msgspec

from core.messages import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    CreateGroup,
    DecreaseOrder,
    PlaceOrder,
    ResetGroup,
    SetGroupLimit,
    Ticker,
)
from core.risk.limits import Approved
from core.units import Instant


class LookUp(msgspec.Struct, frozen=True, tag=True):
    """Ask what became of one order of ours."""

    client_order_id: str
    ticker: Ticker
    order_id: str = ""


class AskOrders(msgspec.Struct, frozen=True, tag=True):
    """Ask for every resting order."""


class AskPositions(msgspec.Struct, frozen=True, tag=True):
    """Ask for positions and balance."""


class AskStatus(msgspec.Struct, frozen=True, tag=True):
    """Ask whether the exchange trades."""


class AskFills(msgspec.Struct, frozen=True, tag=True):
    """Ask for our fills since an instant."""

    since: Instant


class Resync(msgspec.Struct, frozen=True, tag=True):
    """Ask the stream for new snapshots of these markets."""

    tickers: tuple[Ticker, ...]


class Watch(msgspec.Struct, frozen=True, tag=True):
    """The set of markets whose stream we need, whole."""

    tickers: tuple[Ticker, ...]


class Alert(msgspec.Struct, frozen=True, tag=True):
    """Something a person should read."""

    kind: str
    words: str


type Send = (
    Approved[PlaceOrder] | Approved[AmendOrder] | Approved[DecreaseOrder] | Approved[CancelOrder]
    | Approved[CancelAllOrders] | Approved[CreateGroup] | Approved[SetGroupLimit] | Approved[ResetGroup]
)  # fmt: skip
type Action = Send | LookUp | AskOrders | AskPositions | AskStatus | AskFills | Resync | Watch | Alert
