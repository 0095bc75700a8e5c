"""Builds of the engine and its surroundings that are broken on purpose, each in the way a real one once was.

A mutant is the real engine behind a lie: something is forgotten, misread or not looked at. The world must notice.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec

from core import messages as m
from core.units import SECOND, Count, Duration, Instant
from quoter.engine import cuts
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.orders import Life
from quoter.engine.state import State
from quoter.engine.step import step
from quoter.shell.gate import Gate
from quoter.shell.world import World
from quoter.shell.world_plan import RESTLESS, Plan

_FOREVER = Instant(2**62)


def forgets_after_cancel(state: State, event: e.Event) -> list[Action]:
    """An order whose cancel was sent is taken for gone."""
    actions = step(state, event)
    for market in state.markets.values():
        for order in [o for o in market.orders.values() if o.life is Life.CANCELLING]:
            del market.orders[order.client_order_id]
            state.by_order_id.pop(order.order_id, None)
            state.remeasure(market)
    return actions


def ignores_in_flight(state: State, event: e.Event) -> list[Action]:
    """What was asked and not yet answered counts for nothing."""
    hidden = []
    for market in state.markets.values():
        for order in market.orders.values():
            if order.life is Life.ASKED:
                left = Count(order.total - order.filled)
                order.filled = Count(order.filled + left)
                hidden.append((order, left))
        state.remeasure(market)
    actions = step(state, event)
    for order, left in hidden:
        order.filled = Count(order.filled - left)
    return actions


def resends_on_timeout(world: World, event: e.Event) -> e.Event:
    """No answer is taken for "did not arrive": the next quote is a second order."""
    if isinstance(event, m.Unknown) and event.request == "PlaceOrder":
        return m.NotSent(event.at, event.client_order_id, event.ticker, event.request)
    return event


def dedupes_by_time(world: World, event: e.Event) -> e.Event | None:
    """Two fills of one instant in one market are taken for one."""
    if not isinstance(event, m.Fill):
        return event
    first = world.__dict__.setdefault("first_fill", {}).setdefault((event.ticker, event.filled_at), event.trade_id)
    return event if first == event.trade_id else None


def takes_404_for_cancelled(world: World, event: e.Event) -> e.Event:
    """A cancel that finds nothing is taken for a cancel that worked."""
    if not isinstance(event, m.CancelNotFound):
        return event
    market = world.state.markets[event.ticker]
    order = market.orders.get(event.client_order_id)
    return m.Gone(event.at, event.client_order_id, event.ticker, event.order_id, order.filled if order else Count(0))


def quotes_on_stale_publications(world: World, event: e.Event) -> e.Event:
    """A publication is taken for good for ever."""
    if not isinstance(event, e.Published):
        return event
    events = [msgspec.structs.replace(x, valid_until=_FOREVER) for x in event.publication.events]
    return e.Published(event.at, msgspec.structs.replace(event.publication, valid_until=_FOREVER, events=events))


def quotes_on_a_silent_feed(state: State, event: e.Event) -> list[Action]:
    """That nothing was heard for long is not looked at."""
    state.heard_at = event.at
    return step(state, event)


def forgets_what_was_switched_off(world: World, event: e.Event) -> e.Event:
    """A restart switches every market on again."""
    return msgspec.structs.replace(event, off=()) if isinstance(event, e.Started) else event


def forgets_reduce_only(world: World, event: e.Event) -> e.Event:
    """A restart lets every order through again."""
    return msgspec.structs.replace(event, reduce_only="") if isinstance(event, e.Started) else event


def leaves_what_rests_when_a_limit_falls(state: State, event: e.Event) -> list[Action]:
    """A limit holds for new orders only."""
    cuts_ = cuts.cut
    cuts.cut = lambda state, event: []
    try:
        return step(state, event)
    finally:
        cuts.cut = cuts_


def reckons_from_when_it_asked(asked_at: Instant, as_of: Instant | None, clocks: Duration) -> Instant:
    """What is listed is taken to be of the moment."""
    return asked_at


def believes_a_list_over_a_newer_word(world: World, event: e.Event) -> e.Event:
    """A list of orders overrules what was heard since."""
    if not isinstance(event, m.OrdersReported) or not world.state.orders_known:
        return event
    return msgspec.structs.replace(event, asked_at=event.at, orders=[_undated(view) for view in event.orders])


def takes_unseen_for_gone(world: World, event: e.Event) -> e.Event:
    """An order that the exchange has taken, and that a look-up does not show (yet), is taken for gone."""
    if not isinstance(event, m.OrderLookedUp) or event.order is not None:
        return event
    known = [market.orders.get(event.client_order_id) for market in world.state.markets.values()]
    if any(order is not None and order.order_id for order in known):
        return msgspec.structs.replace(event, asked_at=_FOREVER)
    return event


def _undated(view: m.OrderView) -> m.OrderView:
    return msgspec.structs.replace(view, updated_at=None)


def takes_positions_over_that_lag(world: World, event: e.Event) -> e.Event:
    """A report of positions is taken to hold every fill that was heard of."""
    return msgspec.structs.replace(event, asked_at=event.at) if isinstance(event, m.PositionsReported) else event


def begins_with_any_list(world: World, event: e.Event) -> e.Event:
    """A new run takes the first list for all that the one before it left, however old it may be."""
    if not isinstance(event, m.OrdersReported) or world.state.orders_known:
        return event
    return msgspec.structs.replace(event, asked_at=event.at)


class Patient(Gate):
    """What waits over a halt is sent all the same."""

    def refuse_waiting(self, now: int) -> None:
        """It is not refused."""


def restless(plan: Plan) -> Plan:
    """People switch things all the time, and the process dies often."""
    return replace(plan, habits=RESTLESS, faults=replace(plan.faults, operator=0.3, crash=0.004))


def lagging(plan: Plan) -> Plan:
    """Most reads are of a while ago, and the process dies often."""
    return replace(plan, faults=replace(plan.faults, behind=0.6, crash=0.004), stamped=True)


def slow(plan: Plan) -> Plan:
    """The exchange is slow to answer, and people stop us all the time."""
    return replace(plan, habits=("halt",), faults=replace(plan.faults, slow_answers=0.3, operator=0.3))


def doubtful(plan: Plan) -> Plan:
    """Every third answer is lost, most reads are of a while ago, and prices move."""
    return replace(plan, faults=replace(plan.faults, behind=0.6, ack_lost=0.3), stamped=True, jump=0.2)


def stuck(plan: Plan) -> Plan:
    """Every other answer is lost: a place at the gate is held until the client gives up."""
    return replace(plan, faults=replace(plan.faults, slow_answers=0.3, ack_lost=0.5))


def settled(plan: Plan) -> Plan:
    """Beliefs hardly move and quotes follow them lazily: what rests would rest for long. A person changes limits."""
    lazy = replace(plan.config, quote=replace(plan.config.quote, requote="ticks", requote_ticks=20, requote_size=5.0))
    faults = replace(plan.faults, operator=0.05, crash=0.0, late_flows=0.0, silence=0.0, disconnect=0.0)
    return replace(plan, habits=("limits",), config=lazy, faults=faults, jump=0.0)


MUTANTS: dict[str, Callable[[int], World]] = {
    "forget an order after cancel": partial(World, step_=forgets_after_cancel),
    "ignore in-flight": partial(World, step_=ignores_in_flight),
    "resend on timeout": partial(World, tamper=resends_on_timeout),
    "dedupe by time": partial(World, tamper=dedupes_by_time),
    "treat 404 as cancelled": partial(World, tamper=takes_404_for_cancelled),
    "skip seq check": partial(World, checks_seq=False),
    "keep quoting on stale publications": partial(World, tamper=quotes_on_stale_publications),
    "switch on at a restart": partial(World, tamper=forgets_what_was_switched_off, change=restless),
    "forget reduce-only at a restart": partial(World, tamper=forgets_reduce_only, change=restless),
    "leave what rests when a limit falls": partial(World, step_=leaves_what_rests_when_a_limit_falls, change=settled),
    "reckon from when it was asked": partial(World, since=reckons_from_when_it_asked, change=lagging),
    "a list over a newer word": partial(World, tamper=believes_a_list_over_a_newer_word, change=doubtful),
    "a look-up that does not show it yet": partial(World, tamper=takes_unseen_for_gone, change=doubtful),
    "positions that lag": partial(World, tamper=takes_positions_over_that_lag, change=lagging),
    "begin with any list": partial(World, tamper=begins_with_any_list, change=lagging),
    "send after a halt what waited": partial(World, gate=Patient, change=slow),
    "send what waited too long": partial(World, gate=partial(Gate, too_old=60 * SECOND), change=stuck),
    "keep quoting on a silent feed": partial(World, step_=quotes_on_a_silent_feed),
}
