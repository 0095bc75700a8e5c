"""Which of the engine's actions may leave now, and which wait for their turn. Pure; time is an argument, in ns.

The live performer and the seeded worlds keep the same gate, so what waits in one waits in the other.
"""

from collections import deque
from typing import Final

from core import messages as m
from core.risk.limits import Approved
from core.units import SECOND
from quoter.engine import actions as a

AT_ONCE: Final = 16  # under way at once, in each lane
TOO_OLD: Final = 2 * SECOND


class Ticket:
    """One action at the gate since `since`. Once it has its turn it `goes`, or is `late`: then it is not sent."""

    def __init__(self, action: a.Action, since: int) -> None:
        self.action, self.since = action, since
        self.goes = self.late = False


class Gate:
    """Two lanes. What takes orders away, and order groups, never wait behind orders and questions; an order or amend
    that has waited `too_old` for its turn, or over a halt, is of another moment; one look-up an order at a time."""

    def __init__(self, too_old: int = TOO_OLD) -> None:
        self.too_old = too_old
        self.under_way = {True: 0, False: 0}  # by lane
        self.waiting: dict[bool, deque[Ticket]] = {True: deque(), False: deque()}
        self.refused_before = -1  # what waits since then or before is not sent any more
        self.asked: set[str] = set()  # orders that are being looked up

    def enter(self, ticket: Ticket, now: int) -> list[Ticket]:
        """It comes to the gate. Returns whose turn it is now."""
        action = ticket.action
        if type(action) is a.LookUp:
            if action.client_order_id in self.asked:
                return []
            self.asked.add(action.client_order_id)
        lane = _takes_away(action)
        self.waiting[lane].append(ticket)
        return self._turns(lane, now)

    def leave(self, ticket: Ticket, now: int) -> list[Ticket]:
        """It was answered, or given up. Returns whose turn it is now."""
        action = ticket.action
        if type(action) is a.LookUp:
            self.asked.discard(action.client_order_id)
        lane = _takes_away(action)
        self.under_way[lane] -= 1
        return self._turns(lane, now)

    def refuse_waiting(self, now: int) -> None:
        """Orders and amends that wait now are not sent."""
        self.refused_before = now

    def empty(self) -> None:
        """Nothing waits any more."""
        for waiting in self.waiting.values():
            waiting.clear()

    def _turns(self, lane: bool, now: int) -> list[Ticket]:
        found: list[Ticket] = []
        waiting = self.waiting[lane]
        while waiting and self.under_way[lane] < AT_ONCE:
            ticket = waiting.popleft()
            old = ticket.since <= self.refused_before or now - ticket.since > self.too_old
            if old and _adds(ticket.action):
                ticket.late = True
            else:
                ticket.goes = True
                self.under_way[lane] += 1
            found.append(ticket)
        return found


def _takes_away(action: a.Action) -> bool:
    return isinstance(action, Approved) and not isinstance(
        action.request, (m.PlaceOrder, m.AmendOrder, m.DecreaseOrder)
    )


def _adds(action: a.Action) -> bool:
    return isinstance(action, Approved) and isinstance(action.request, (m.PlaceOrder, m.AmendOrder))
