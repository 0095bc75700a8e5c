"""Cancel every order of ours over REST and prove that none rests: the way out when the quoter itself cannot be trusted.

It knows our orders by the prefix of their client ids and touches no other. It believes only a list of resting orders
that is known to be newer than what we sent: a cancel that was lost, throttled or overtaken is found in the next list
and sent again, and an order that a list does not show yet is found in a later one. Of an order whose price or size
cannot be read its name is enough; without a list, what is known to us is taken away unseen.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from core import messages as m
from core.errors import Declined, KwmError, Throttled
from core.exchange.reach import Desk
from core.exchange.rest import UnreadOrders
from core.units import SECOND, Instant

_AT_ONCE = 10  # cancels in flight; a cancel costs 2 tokens, and Basic refills 100 a second
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PROOF_PAUSE_S = 0.1, 2.0, 0.3
_CLOCKS = SECOND  # by so much a list must be newer: its time is "approximate", and the clocks are two
_TOLD = SECOND  # the exchange tells its own time in whole seconds
_APART_S = 2.0  # between two empty lists where the exchange does not say of when they are
_UNSEEN_A_ROUND = 20  # 40 tokens: what is listed goes first


@dataclass(slots=True)
class Swept:
    """What a sweep did. `left` empty and `verified` true: the exchange itself says that nothing of ours rests, and
    says it of a time after our last request."""

    cancelled: int = 0
    left: list[str] = field(default_factory=list)  # order ids of ours in the latest list
    others: int = 0  # resting orders that are not ours, untouched
    rounds: int = 0
    seconds: float = 0.0  # wall time from the first request to the verifying list
    verified: bool = False
    troubles: list[str] = field(default_factory=list)


async def sweep(
    rest: Desk,
    prefix: str,
    patience_s: float = 30.0,
    known: Iterable[m.CancelOrder] = (),
    *,
    clocks: bool = True,
) -> Swept:
    """List, cancel, list again, until a list that is proved fresh is free of our orders or `patience_s` wall seconds
    have passed. `known`: orders of ours that a list may not show yet; they are cancelled unseen, a few a round.
    `clocks` False: ours was set a moment ago and cannot be held against the exchange's.

    Never raises for what the exchange or the network does; refusals that no patience cures (a wrong key) end it early.
    """
    assert prefix, "an empty prefix would take every order of the account"
    began, done, pause = time.monotonic(), Swept(), _FIRST_PAUSE_S
    proof, unseen = _Proof(clocks), {wish.order_id: wish for wish in known}
    while True:
        done.rounds += 1
        try:
            as_of = await _as_of(rest, done)
            asked_at, resting = await _resting(rest, done)
        except KwmError as error:
            done.troubles.append(str(error))
            if isinstance(error, Declined) and not isinstance(error, Throttled):
                break
            await _cancel(rest, _wishes([], unseen), done)
        else:
            ours = [wish for wish in resting if wish.client_order_id.startswith(prefix)]
            done.others = len(resting) - len(ours)
            done.left = [wish.order_id for wish in ours]
            if proof.given(ours, as_of, asked_at, rest.said_at()):
                done.verified = True
                break
            await _cancel(rest, _wishes(ours, unseen), done)
        if time.monotonic() - began > patience_s:
            if not done.left:
                done.troubles.append("the exchange's lists are from before our last requests")
            break
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S if done.left else _PROOF_PAUSE_S)
    done.seconds = time.monotonic() - began
    return done


@dataclass(slots=True)
class _Proof:
    """Is an empty list newer than everything that was sent before this sweep? Lists lag by "a short delay".

    What is cancelled meanwhile asks for no newer one: a cancel adds no order.
    """

    clocks: bool = True  # may our clock be held against the exchange's?
    since: Instant | None = None  # by our clock: all that may rest was sent before
    theirs: Instant | None = None  # the same by the exchange's, from an answer that came later
    began_at: float = 0.0  # when that was, in monotonic seconds
    empty_at: float | None = None  # when the first of the latest empty lists had come

    def given(
        self, ours: list[m.CancelOrder], as_of: Instant | None, asked_at: Instant, said_at: Instant | None
    ) -> bool:
        """`as_of` (asked before the list) passes what was sent, by our clock or by the exchange's own (`said_at`: its
        latest word of it). Where it does not say of when the list is, or our clock is out of the question, a second
        empty list comes late enough after the first."""
        now = time.monotonic()
        if self.since is None:
            self.since, self.theirs, self.began_at = asked_at, said_at, now
        if ours:
            self.empty_at = None
            return False
        if as_of is not None:
            # of another clock (the embedded world's, which may run faster than its Date) is what is ahead of this one
            one_clock = self.theirs is not None and said_at is not None and as_of <= said_at + _TOLD
            if one_clock and self.theirs is not None and as_of >= self.theirs + _TOLD + _CLOCKS:
                return True
            if self.clocks:  # ours, if it is behind, makes every list look new: so a second must pass, too
                return now - self.began_at >= _CLOCKS / SECOND and as_of >= self.since + _CLOCKS
            if one_clock:
                return False
        if self.empty_at is None:
            self.empty_at = now
        return now - self.empty_at >= _APART_S


async def _resting(rest: Desk, done: Swept) -> tuple[Instant, list[m.CancelOrder]]:
    """Since when, and what it takes to cancel each order that rests."""
    try:
        report = await rest.report_orders()
    except UnreadOrders as error:
        done.troubles.append(str(error)[:200])
        return error.asked_at, error.wishes
    return report.asked_at, [m.CancelOrder(o.order_id, o.client_order_id, o.ticker) for o in report.orders]


async def _as_of(rest: Desk, done: Swept) -> Instant | None:
    try:
        return await rest.as_of()
    except KwmError as error:
        done.troubles.append(f"as_of: {error}"[:200])
        return None


def _wishes(ours: list[m.CancelOrder], unseen: dict[str, m.CancelOrder]) -> list[m.CancelOrder]:
    """What is listed, and the next few of what is known and not listed; each of those once."""
    for wish in ours:
        unseen.pop(wish.order_id, None)
    some = [unseen.pop(order_id) for order_id in list(unseen)[:_UNSEEN_A_ROUND]]
    return [*ours, *some]


async def _cancel(rest: Desk, wishes: list[m.CancelOrder], done: Swept) -> None:
    for start in range(0, len(wishes), _AT_ONCE):
        for answers in await asyncio.gather(*(rest.perform(wish) for wish in wishes[start : start + _AT_ONCE])):
            for said in answers:
                if isinstance(said, m.Gone):
                    done.cancelled += 1
                elif not isinstance(said, m.CancelNotFound):
                    done.troubles.append(f"{type(said).__name__}: {getattr(said, 'words', '')}"[:200])
