"""The last check before anything is sent: its answer's type says that it was made.

`Approved[...]` is made here and nowhere else; whoever sends accepts only that. Every refusal has a code from `Limit`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from core.errors import Refused
from core.messages import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    CreateGroup,
    DecreaseOrder,
    PlaceOrder,
    ResetGroup,
    SetGroupLimit,
    Side,
    TriggerGroup,
)
from core.side import BID
from core.units import ONE_DOLLAR, Count, Money, Price


class Limit(StrEnum):
    """Why an order is not sent."""

    ORDER_SIZE = "order_size"
    ORDER_NOTIONAL = "order_notional"
    COLLAR_FAIR = "collar_fair"
    COLLAR_BOOK = "collar_book"
    NO_FAIR = "no_fair"
    NO_BOOK = "no_book"
    POSITION = "position_limit"
    EVENT_LOSS = "event_loss_limit"
    EVENT_STRESS = "event_stress_limit"
    STATION_DAY_LOSS = "station_day_loss_limit"
    CITY_LOSS = "city_loss_limit"
    TOTAL_LOSS = "total_loss_limit"
    BALANCE = "balance_floor"
    SELF_CROSS = "would_cross_own_order"
    REDUCE_ONLY = "only_reducing_orders"


class Approved[
    R: (
        PlaceOrder,
        AmendOrder,
        DecreaseOrder,
        CancelOrder,
        CancelAllOrders,
        CreateGroup,
        SetGroupLimit,
        ResetGroup,
        TriggerGroup,
    )
](msgspec.Struct, frozen=True):
    """A request that passed `check`, or needs no check: a cancel or a decrease only takes risk away, and an order group
    is a brake."""

    request: R


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """In the units of `core/units.py`; `collar` in 1/10,000 dollar."""

    max_order: Count
    max_order_notional: Money
    max_position: Count
    max_loss_event: Money
    max_stress_event: Money
    max_loss_city: Money
    max_loss_total: Money
    min_balance: Money
    collar: Price
    max_loss_station_day: Money


class Situation:
    """What the world would be with the candidate order working, as the engine's books have it."""

    def __init__(
        self, *, fair: float | None, book_known: bool, book_bid: Price | None, book_ask: Price | None,
        own_bid: Price | None, own_ask: Price | None, most_long: Count, most_short: Count, event_loss: Money,
        event_loss_before: Money, event_raised: int | None, event_limit: Money, event_stress: Money,
        event_stress_before: Money, station_day_loss: Money, station_day_loss_before: Money, city_loss: Money,
        city_loss_before: Money, total_loss: Money, total_loss_before: Money, balance: Money | None,
        reduce_only: bool = False, empty_book: bool = False, doubtful: bool = False, to_leave: bool = False,
    ) -> None:  # fmt: skip
        self.fair: Final = fair
        self.book_known: Final = book_known
        self.book_bid: Final = book_bid  # others' best, ours taken out
        self.book_ask: Final = book_ask
        self.own_bid: Final = own_bid  # the best of ours, if any, as they were before
        self.own_ask: Final = own_ask
        self.most_long: Final = most_long  # position if all working bids and the candidate filled
        self.most_short: Final = most_short  # the same for asks, as a signed position
        self.event_loss: Final = event_loss  # worst case with the candidate
        self.event_loss_before: Final = event_loss_before
        self.event_raised: Final = event_raised  # the largest loss among the outcomes that the candidate makes worse
        self.event_limit: Final = event_limit  # the tighter of settings and publication
        self.event_stress: Final = event_stress
        self.event_stress_before: Final = event_stress_before
        self.station_day_loss: Final = station_day_loss
        self.station_day_loss_before: Final = station_day_loss_before
        self.city_loss: Final = city_loss
        self.city_loss_before: Final = city_loss_before
        self.total_loss: Final = total_loss
        self.total_loss_before: Final = total_loss_before
        self.balance: Final = balance
        self.reduce_only: Final = reduce_only
        self.empty_book: Final = empty_book  # may we be the first in a book that nobody else is in?
        # may a fill be counted in the position and in its order too? Then losses may be too high
        self.doubtful: Final = doubtful
        self.to_leave: Final = to_leave  # does a person's rule want us out of this market, whatever we believe?


_REFUSALS: Final = {limit: Refused(limit, limit.replace("_", " ")) for limit in Limit}


def check[R: (PlaceOrder, AmendOrder)](
    request: R, count: Count, now: Situation, limits: RiskLimits
) -> Approved[R] | Refused:
    """Approve one order (`count`: what could still fill of it) or name the first limit it would break.

    A change that lowers a loss is never refused for that loss being above its limit: reducing must stay possible.
    """
    reason = _size(request.price, request.side, count, limits) or _collar(request.price, request.side, now, limits)
    if reason is None:
        reason = _position(request.side, now, limits) or _losses(now, limits)
    return Approved(request) if reason is None else _REFUSALS[reason]


def _size(price: Price, side: Side, count: Count, limits: RiskLimits) -> Limit | None:
    if count <= 0 or count > limits.max_order:
        return Limit.ORDER_SIZE
    unit = price if side is BID else ONE_DOLLAR - price
    return Limit.ORDER_NOTIONAL if unit * count > limits.max_order_notional else None


def _collar(price: Price, side: Side, now: Situation, limits: RiskLimits) -> Limit | None:
    if now.fair is None:
        return Limit.NO_FAIR
    fair = now.fair * ONE_DOLLAR
    beyond_fair = price - fair if side is BID else fair - price
    if beyond_fair > limits.collar and not _way_out(side, now):
        return Limit.COLLAR_FAIR
    if not now.book_known:
        return Limit.NO_BOOK
    reference = reference_price(now.book_bid, now.book_ask)
    if reference is None and not now.empty_book:
        return Limit.NO_BOOK
    if reference is not None:
        beyond_book = price - reference if side is BID else reference - price
        if beyond_book > limits.collar:
            return Limit.COLLAR_BOOK
    other = now.own_ask if side is BID else now.own_bid
    if other is not None and (price >= other if side is BID else price <= other):
        return Limit.SELF_CROSS
    return None


def _way_out(side: Side, now: Situation) -> bool:
    """Does the order only reduce, in a market that is to be left, where a book of two sides is there to judge by? Then
    not our belief but the book's middle is what its price is held against."""
    reached = now.most_long if side is BID else -now.most_short
    return now.to_leave and reached <= 0 and now.book_bid is not None and now.book_ask is not None


def reference_price(bid: Price | None, ask: Price | None) -> Price | None:
    """What a book says a contract is worth: the middle, the only side's best where the other is empty, or nothing.

    A side nobody is on is knowledge, not a missing book; a book without anybody says nothing.
    """
    if bid is not None and ask is not None:
        return Price((bid + ask) // 2)
    return ask if bid is None else bid


def _position(side: Side, now: Situation, limits: RiskLimits) -> Limit | None:
    reached = now.most_long if side is BID else Count(-now.most_short)
    if now.reduce_only and reached > 0:
        return Limit.REDUCE_ONLY
    return Limit.POSITION if reached > limits.max_position else None


def _adds(after: Money, before: Money, limit: Money, now: Situation) -> bool:
    """Does the candidate add to a sum over events that is above its limit, or could it, in doubt?

    The worst outcome may be counted too high (a fill beside its order, until it is known whose it was) and hide the
    true one; if that is one which the candidate makes worse, it is no worse than `event_raised`.
    """
    if after != before or not now.doubtful:
        return after > before
    raised = max(0, now.event_raised or 0)
    return raised > 0 and after - max(0, now.event_loss) + raised > limit


def _losses(now: Situation, limits: RiskLimits) -> Limit | None:
    worse = now.event_loss > now.event_loss_before
    if now.event_raised is not None and now.event_raised > now.event_limit and (worse or now.doubtful):
        return Limit.EVENT_LOSS  # in doubt also where another outcome is worse still: that may be counted too high
    if now.event_stress > limits.max_stress_event and now.event_stress > now.event_stress_before:
        return Limit.EVENT_STRESS
    day, city, total = now.station_day_loss, now.city_loss, now.total_loss
    if (limit := limits.max_loss_station_day) < day and _adds(day, now.station_day_loss_before, limit, now):
        return Limit.STATION_DAY_LOSS
    if (limit := limits.max_loss_city) < city and _adds(city, now.city_loss_before, limit, now):
        return Limit.CITY_LOSS
    if (limit := limits.max_loss_total) < total and _adds(total, now.total_loss_before, limit, now):
        return Limit.TOTAL_LOSS
    if now.balance is not None and now.balance < limits.min_balance and now.event_loss > now.event_loss_before:
        return Limit.BALANCE
    return None
