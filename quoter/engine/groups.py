"""Order groups: the exchange's own brake. One group an event; every order of ours carries it.

A group lets so many contracts match in a rolling 15 s; beyond that the exchange cancels what is in it and takes nothing
new until a reset (Kalshi API, "Order groups"). The number is what the event's loss limit pays for at half a dollar a
contract. A group that fills triggered is reset after a while; one that somebody triggered only when a person resumes.
"""

from collections.abc import Iterable
from typing import Final

from core import messages as m
from core.risk.limits import Approved
from core.units import ONE_CONTRACT, ONE_DOLLAR, SECOND, Count, Instant
from quoter.engine import budget as cost
from quoter.engine.actions import Action
from quoter.engine.market import EventState
from quoter.engine.state import State

_WINDOW: Final = 30 * SECOND  # twice the exchange's: a trigger and its fills may come apart
REFUSALS: Final = frozenset({"order_group_not_found", "order_group_triggered"})


def limit_of(state: State, event: EventState) -> Count:
    """Contracts that may match in 15 s."""
    pays_for = state.event_limit(event) // (ONE_DOLLAR // 2)
    whole = min(state.config.group_most, pays_for) // ONE_CONTRACT * ONE_CONTRACT
    return Count(max(ONE_CONTRACT, whole))


def requests(state: State) -> list[Action]:
    """Groups to make, to change or to reset now."""
    found: list[Action] = []
    config = state.config
    if not config.order_groups or not state.connected or state.halted:
        return found
    for event in state.events.values():
        if event.fair is None or (event.group_asked_at and state.now - event.group_asked_at <= config.ack_timeout):
            continue
        limit = limit_of(state, event)
        request: Approved[m.CreateGroup] | Approved[m.SetGroupLimit] | Approved[m.ResetGroup]
        if not event.group:
            request = Approved(m.CreateGroup(event.ticker, limit))
        elif event.tripped and event.reset_at is not None and state.now >= event.reset_at:
            request = Approved(m.ResetGroup(event.group))
        elif event.group_limit != limit:
            request = Approved(m.SetGroupLimit(event.group, limit))
        else:
            continue
        if not state.budget.take(cost.GROUP):
            break
        event.group_asked_at = state.now
        found.append(request)
    return found


def reason(state: State, event: EventState) -> str:
    """Why the event's group lets nothing through, or an empty text."""
    if not state.config.order_groups:
        return ""
    if not event.group:
        return "no_group"
    return "group_triggered" if event.tripped else ""


def matched(state: State, event: EventState, count: Count) -> None:
    """A fill in this event."""
    window = event.matched
    window.append((state.now, count))
    while window[0][0] <= state.now - _WINDOW:
        window.popleft()


def _by_fills(state: State, event: EventState) -> bool:
    """Half the limit in fills that we know of: fills did it (some may still be on their way). Else somebody did."""
    return 2 * sum(count for at, count in event.matched if at > state.now - _WINDOW) >= event.group_limit


def _trip(state: State, event: EventState, *, by_fills: bool) -> Iterable[str]:
    event.tripped = True
    event.reset_at = Instant(state.now + state.config.group_reset) if by_fills and state.config.group_reset else None
    why = "fills came too fast" if by_fills else "by somebody: a person must resume"
    if not state.halted:  # a halt trips them itself
        state.alerts.append(("group", f"{event.ticker}: the exchange stopped its order group {event.group}: {why}"))
    return tuple(market.ticker for market in event.markets)


def created(state: State, said: m.GroupCreated) -> Iterable[str]:
    """The exchange has made a group of ours."""
    event = state.events.get(said.name)
    if event is None or event.group:
        return ()  # a late answer: we have asked again since and have another
    event.group, event.group_limit, event.group_asked_at = said.group, said.limit, Instant(0)
    event.tripped, event.group_at = False, state.now
    state.by_group[said.group] = event
    return tuple(market.ticker for market in event.markets)


def changed(state: State, said: m.GroupChanged) -> Iterable[str]:
    """A group of ours was triggered, reset, deleted, or its limit moved."""
    event = state.by_group.get(said.group)
    if event is None:
        return ()
    event.group_asked_at = Instant(0)
    match said.change:
        case "triggered":
            return () if event.tripped else _trip(state, event, by_fills=_by_fills(state, event))
        case "reset":
            event.tripped = False
        case "deleted":
            del state.by_group[said.group]
            event.group, event.tripped = "", False
        case "limit_updated" if said.limit is not None:
            event.group_limit = said.limit
    return tuple(market.ticker for market in event.markets)


def refused(state: State, event: EventState, code: str, sent_at: Instant) -> None:
    """An order sent at `sent_at` was declined for its group: we have missed what happened to it.

    Where one group is gone the others may be too: all are made anew, rather than found out one refusal after the other.
    """
    if code == "order_group_not_found":
        if sent_at < event.group_at:
            return  # it carried the group before this one
        for one in state.events.values():
            if one is event or (one.group and not one.tripped):
                state.by_group.pop(one.group, None)
                one.group, one.group_asked_at = "", Instant(0)
    elif not event.tripped:
        _trip(state, event, by_fills=True)  # the stream was down then: nobody can say by what


def resume(state: State) -> None:
    """A person lets everything go on: triggered groups are reset."""
    for event in state.events.values():
        if event.tripped:
            event.reset_at, event.group_asked_at = state.now, Instant(0)
