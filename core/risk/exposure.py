"""The worst that can happen to one event, with everything that can still fill filled the worst way. Pure integers.

W = min over outcomes t of [sum_i q_i 1{t in B_i} + cash + sum_o min(0, s_o n_o (1{t in B_o} - price_o))], the formula
of flumine's `market_exposure` over exclusive brackets. An outcome is "bracket i pays and no other does", or "none pays"
when they are not exhaustive. A bid can only hurt where its bracket does not pay (it loses its price), an ask only where
it pays (it loses 1 - price); so each market needs two sums, and an event K additions. Equal to brute force over all
fill subsets (tests).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.units import ONE_DOLLAR, Count, Money


@dataclass(slots=True)
class Leg:
    """One market of an event.

    `cash`: received minus paid for its fills, fees included. `bid_loss`: what all working bids lose if they fill and
    the bracket does not pay; `ask_loss`: what all working asks lose if they fill and it pays; both >= 0, with fees.
    """

    position: Count
    cash: Money
    bid_loss: Money
    ask_loss: Money


def worst_case(legs: list[Leg], *, exhaustive: bool = True) -> Money:
    """The loss in the worst outcome, >= 0 where money can be lost, negative when even the worst outcome earns."""
    return Money(max(losses_by_outcome(legs, exhaustive=exhaustive), default=0))


def losses_by_outcome(legs: list[Leg], *, exhaustive: bool = True) -> list[int]:
    """The loss in each outcome with everything that works filled the worst way; "none pays" last if not exhaustive."""
    cash = bids = 0
    for leg in legs:
        cash += leg.cash
        bids += leg.bid_loss
    losses = [bids - leg.bid_loss + leg.ask_loss - leg.position * ONE_DOLLAR - cash for leg in legs]
    if legs and not exhaustive:
        losses.append(bids - cash)
    return losses


def worst_raised(before: Sequence[int], after: Sequence[int]) -> int | None:
    """The largest loss among the outcomes that a change makes worse; None where it makes none worse."""
    return max((new for old, new in zip(before, after, strict=True) if new > old), default=None)


def stress(legs: list[Leg]) -> Money:
    """The loss if exclusivity fails: every bracket settles by itself at 0 or 1, whichever hurts.

    Linear in the settlement value, so the corners cover fractional (scalar, void) settlement too.
    """
    total = 0
    for leg in legs:
        bid_hurts, ask_hurts = -leg.bid_loss, leg.position * ONE_DOLLAR - leg.ask_loss
        total += leg.cash + (bid_hurts if bid_hurts < ask_hurts else ask_hurts)
    return Money(-total)


def loss_by_bracket(legs: Sequence[Leg]) -> list[tuple[Money, Money]]:
    """Per outcome "bracket i pays": (PnL of what is held, PnL if everything working also fills the worst way)."""
    cash = sum(leg.cash for leg in legs)
    bids = sum(leg.bid_loss for leg in legs)
    rows = []
    for leg in legs:
        held = cash + leg.position * ONE_DOLLAR
        rows.append((Money(held), Money(held - (bids - leg.bid_loss) - leg.ask_loss)))
    return rows
