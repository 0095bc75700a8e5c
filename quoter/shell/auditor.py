"""What must hold after every event of a seeded world, and at its end. Looks at both sides; knows the truth."""

from typing import TYPE_CHECKING

from core import messages as m
from core.risk.exposure import Leg, worst_case
from core.risk.limits import Approved
from core.units import ONE_DOLLAR, Count, Money
from quoter.engine.actions import Action
from quoter.engine.events import Event
from quoter.engine.orders import Life

if TYPE_CHECKING:
    from quoter.shell.world import World

US = "us"


class Broken(Exception):
    """An invariant does not hold; the message names the seed that replays it."""


def _broken(world: "World", words: str) -> Broken:
    seconds = (world.now - world.start) / 1e9
    return Broken(f"seed {world.seed}, step {world.steps}, {seconds:.3f} s: {words}")


def after_step(world: "World", event: Event, actions: list[Action]) -> None:
    """Every invariant; what only our orders and fills can break is not looked at after a mere change of a book."""
    if not actions and isinstance(event, m.BookDelta | m.TradePrint):
        return
    _nothing_sent_blind(world, actions)
    _nothing_asked_twice(world)
    _no_own_cross(world)
    _local_knows_the_exchange(world)
    _worst_case(world)
    _manual_orders_untouched(world)


def _nothing_sent_blind(world: "World", actions: list[Action]) -> None:
    state = world.state
    for action in actions:
        if not isinstance(action, Approved) or isinstance(action.request, m.CancelOrder | m.CancelAllOrders):
            continue
        ticker = action.request.ticker
        if not state.connected or not state.orders_known or not state.positions_known:
            raise _broken(world, f"{action} was sent while not connected and reconciled")
        if state.publication is None or world.now >= world.valid_until:
            raise _broken(world, f"{action} was sent on a stale publication")
        if not state.markets[ticker].book.known:
            raise _broken(world, f"{action} was sent on an unknown book")


def _nothing_asked_twice(world: "World") -> None:
    """One quote, one order: never more of this run resting on a side than there are levels."""
    prefix, resting = f"{world.state.config.prefix}-{world.state.run}-", dict[tuple[str, m.Side], int]()
    for order in world.exchange.resting[US].values():
        if order.client_order_id.startswith(prefix):
            key = (order.ticker, order.side)
            resting[key] = resting.get(key, 0) + 1
            if resting[key] > world.config.quote.levels:
                raise _broken(world, f"{order.ticker}: {resting[key]} orders rest for one {order.side} quote")


def _no_own_cross(world: "World") -> None:
    best: dict[tuple[str, m.Side], int] = {}
    for order in world.exchange.resting[US].values():
        key = (order.ticker, order.side)
        now = best.get(key)
        best[key] = order.price if now is None else (max if order.side is m.Side.BID else min)(now, order.price)
    for (ticker, side), price in best.items():
        ask = best.get((ticker, m.Side.ASK))
        if side is m.Side.BID and ask is not None and price >= ask:
            raise _broken(world, f"{ticker}: own bid {price} at or above own ask {ask}")


def _local_knows_the_exchange(world: "World") -> None:
    state = world.state
    if not state.orders_known:
        return
    prefix = f"{state.config.prefix}-{state.run}-"
    for order in world.exchange.resting[US].values():
        if order.client_order_id.startswith(prefix):
            known = state.markets[order.ticker].orders.get(order.client_order_id)
            if known is None or known.life is Life.GONE:
                raise _broken(world, f"{order.client_order_id} rests at the exchange and is unknown here")


def _worst_case(world: "World") -> None:
    """The truth at the exchange: positions, and everything resting or on its way filled the worst way."""
    limit = min(world.config.limits.max_loss_event, 60_000_000)
    account = world.exchange.accounts[US]
    for event in dict.fromkeys(market.event_ticker for market in world.markets):
        legs = []
        for market in world.markets:
            if market.event_ticker != event:
                continue
            holding = account.holdings.get(market.ticker)
            position = holding.position if holding else Count(0)
            cash = Money(-(holding.cost) + holding.realized - holding.fees) if holding else Money(0)
            bids = asks = 0
            for order in world.exchange.resting[US].values():
                if order.ticker == market.ticker:
                    if order.side is m.Side.BID:
                        bids += order.price * order.remaining
                    else:
                        asks += (ONE_DOLLAR - order.price) * order.remaining
            for request in world.requests_in_flight.values():
                if isinstance(request, m.PlaceOrder) and request.ticker == market.ticker:
                    if request.side is m.Side.BID:
                        bids += request.price * request.count
                    else:
                        asks += (ONE_DOLLAR - request.price) * request.count
            legs.append(Leg(position, cash, Money(bids), Money(asks)))
        loss = worst_case(legs)
        allowed = limit + sum(world.foreign.values()) * 100  # a person's own orders may come on top
        if loss > allowed and world.runs == 1:
            raise _broken(world, f"{event}: worst case {loss / 1e6:.2f} above its limit {limit / 1e6:.2f}")


def _manual_orders_untouched(world: "World") -> None:
    for order_id in world.foreign:
        order = world.exchange.orders[order_id]
        if order.status == "canceled" and order.reason == "Cancel":
            raise _broken(world, f"{order.client_order_id} is a person's, and was cancelled")


def books_agree(world: "World") -> bool:
    """Is every book that we take for known the exchange's?"""
    for ticker, market in world.state.markets.items():
        if market.book.known and ticker in world.watched:
            truth = world.exchange.snapshot(ticker)
            if market.book.bids != dict(truth.bids) or market.book.asks != dict(truth.asks):
                return False
    return True


def at_the_end(world: "World") -> None:
    """Faults have stopped and time has passed: both sides agree, and we quote."""
    state, exchange = world.state, world.exchange
    ours = {o.client_order_id: o for o in exchange.resting[US].values() if o.client_order_id.startswith("kwm-")}
    local = {o.client_order_id: o for x in state.markets.values() for o in x.orders.values()}
    in_flight = {getattr(r, "client_order_id", "") for r in world.requests_in_flight.values()}
    for cid in set(ours) ^ set(local):
        known = local.get(cid)
        if cid not in in_flight and (known is None or known.life is not Life.ASKED):
            raise _broken(
                world, f"at the end {cid} is {'only here' if cid in local else 'only at the exchange'}: {known}"
            )
    for ticker, market in state.markets.items():
        holding = exchange.accounts[US].holdings.get(ticker)
        position = holding.position if holding else 0
        if market.position != position:
            raise _broken(world, f"at the end {ticker}: we hold {market.position}, the exchange says {position}")
    if world.runs == 1:
        total = sum(x.cash for x in state.markets.values())
        truth = exchange.accounts[US].cash - 2_000_000_000
        if total != truth:
            raise _broken(world, f"at the end our cash flow is {total}, the exchange's {truth}")
        heard = len(state.fills_seen)
        if heard != len(exchange.fill_log):
            raise _broken(world, f"at the end {heard} fills are known of {len(exchange.fill_log)}")
    if not state.halted and not local:
        raise _broken(world, "at the end nothing rests: the engine has stopped quoting")
