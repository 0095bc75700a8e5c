"""Cancel every order of ours over REST and prove that none rests: the way out when the quoter itself cannot be trusted.

It knows our orders by the prefix of their client ids and touches no other. It believes only a fresh list of resting
orders: a cancel that was lost, throttled or overtaken is found in the next list and sent again.
"""

import asyncio
import time
from dataclasses import dataclass, field

from core import messages as m
from core.errors import Advice, KwmError, classify
from core.exchange.reach import Desk

_AT_ONCE = 10  # cancels in flight; a cancel costs 2 tokens, and Basic refills 100 a second
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


@dataclass(slots=True)
class Swept:
    """What a sweep did. `left` empty and `verified` true: the exchange itself says that nothing of ours rests."""

    cancelled: int = 0
    left: list[str] = field(default_factory=list)  # order ids of ours still resting, or not known to be gone
    others: int = 0  # resting orders that are not ours, untouched
    rounds: int = 0
    seconds: float = 0.0  # wall time from the first request to the verifying list
    verified: bool = False
    troubles: list[str] = field(default_factory=list)


async def sweep(rest: Desk, prefix: str, patience_s: float = 30.0) -> Swept:
    """List, cancel, list again, until a list is free of our orders or `patience_s` wall seconds have passed.

    Never raises for what the exchange or the network does; refusals that no patience cures (a wrong key) end it early.
    """
    assert prefix, "an empty prefix would take every order of the account"
    began, done, pause = time.monotonic(), Swept(), _FIRST_PAUSE_S
    while True:
        done.rounds += 1
        try:
            orders = (await rest.report_orders()).orders
        except KwmError as error:
            done.troubles.append(str(error))
            if classify(error) is Advice.GIVE_UP:
                break
        else:
            ours = [o for o in orders if o.client_order_id.startswith(prefix)]
            done.others = len(orders) - len(ours)
            done.left = [o.order_id for o in ours]
            if not ours:
                done.verified = True
                break
            await _cancel(rest, ours, done)
        if time.monotonic() - began > patience_s:
            break
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)
    done.seconds = time.monotonic() - began
    return done


async def _cancel(rest: Desk, orders: list[m.OrderView], done: Swept) -> None:
    for start in range(0, len(orders), _AT_ONCE):
        wishes = [
            rest.perform(m.CancelOrder(o.order_id, o.client_order_id, o.ticker))
            for o in orders[start : start + _AT_ONCE]
        ]
        for answers in await asyncio.gather(*wishes):
            for said in answers:
                if isinstance(said, m.Gone):
                    done.cancelled += 1
                elif not isinstance(said, m.CancelNotFound):
                    done.troubles.append(f"{type(said).__name__}: {getattr(said, 'words', '')}"[:200])
