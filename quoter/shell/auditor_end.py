"""What must hold at the end of a seeded world: faults have stopped, time has passed, both sides agree, and we quote."""

from typing import TYPE_CHECKING

from quoter.engine.market import MarketState
from quoter.engine.orders import Life
from quoter.shell.broken import broken
from quoter.shell.world_crowd import US

if TYPE_CHECKING:
    from quoter.shell.world import World


# why nothing may rest in a healthy engine: it ends by itself, is a belief, or what is held uses up a limit
_PASSING = {"closed", "closing_soon", "fair_extreme", "market_disagrees", "too_many_fills",
            "no_headroom", "stop_loss"}  # fmt: skip


def books_agree(world: "World") -> bool:
    """Is every book that we take for known the exchange's?"""
    for ticker, market in world.state.markets.items():
        trades = world.exchange.markets[ticker].status == "active"  # of a closed one nobody need hear the end
        if trades and market.book.known and ticker in world.stream.watched:
            truth = world.exchange.snapshot(ticker)
            if market.book.bids != dict(truth.bids) or market.book.asks != dict(truth.asks):
                return False
    return True


def _may_rest_nothing(market: MarketState) -> bool:
    """It is closed, or both sides say why, and by nothing else than such reasons; one left for its loss is flat."""
    bid, ask = set(market.bid_reasons), set(market.ask_reasons)
    if "closed" in bid & ask or "cooling_down" in bid | ask:
        return True  # the second ends by itself: `Pause` has a longest
    if not bid or not ask or not bid | ask <= _PASSING:
        return False
    return not market.position or "stop_loss" not in bid & ask


def at_the_end(world: "World") -> None:
    """Safety and liveness. Raises: Broken."""
    _positions(world)
    _within_limits(world)
    paid = [x.ticker for x in world.markets if x.event_ticker == world.paid_out]
    unheard = any(ticker not in world.audit.settled for ticker in paid)
    if world.runs == 1 and not unheard:  # what was paid out while nobody listened is booked at its last mark
        _ledger(world)
    state = world.state
    working = state.working()
    if state.halted and working:
        raise broken(world, f"at the end {working} orders are left although halted: {state.halted}")
    if world.plan.ends_halted and not state.halted:
        raise broken(world, "a person halted, and at the end we are not halted")
    braked = any(event.tripped for event in state.events.values())  # the exchange stopped it a moment ago
    if not state.halted and not working and not braked:
        markets = state.markets.values()
        if all(_may_rest_nothing(market) for market in markets) or world.config.limits != world.plan.config.limits:
            return
        reasons = {reason for x in markets for reason in (*x.bid_reasons, *x.ask_reasons)}
        raise broken(world, f"at the end nothing rests: the engine has stopped quoting: {sorted(reasons)}")


def orders_differ(world: "World") -> str:
    """Which order does one side know and the other not, with nothing on its way that will tell?"""
    state = world.state
    prefix = state.config.prefix + "-"
    ours = {o.client_order_id for o in world.exchange.resting[US].values() if o.client_order_id.startswith(prefix)}
    local = {o.client_order_id: o for x in state.markets.values() for o in x.orders.values()}
    in_flight = {getattr(r, "client_order_id", "") for _, r in world.requests.in_flight.values()}
    for cid in ours ^ set(local):
        known = local.get(cid)
        if cid not in in_flight and (known is None or known.life is not Life.ASKED):
            where = "only here" if cid in local else "only at the exchange"
            return f"{cid} is {where}: {known}"
    return ""


def _positions(world: "World") -> None:
    for ticker, market in world.state.markets.items():
        holding = world.exchange.accounts[US].holdings.get(ticker)
        position = holding.position if holding else 0
        if market.position != position:
            raise broken(world, f"at the end {ticker}: we hold {market.position}, the exchange says {position}")


def _within_limits(world: "World") -> None:
    """Where an event may lose more than its limit, nothing that rests adds to it."""
    truth = world.audit.losses
    truth.look_at(world.by_ticker)
    for words in truth.added(truth.by_hand()).values():
        raise broken(world, f"at the end {words}")


def _ledger(world: "World") -> None:
    """Cash and marks are the PnL, to the millionth of a dollar; no fill is counted twice or dropped."""
    state, exchange = world.state, world.exchange
    flow = state.realised + sum(x.cash for x in state.markets.values())
    truth = exchange.accounts[US].cash - world.cash
    if flow != truth:
        raise broken(world, f"at the end our cash flow is {flow}, the exchange's {truth}")
    marks = sum(x.position * (x.mark() or 0) for x in state.markets.values())
    if state.ledger() != flow + marks:
        raise broken(world, f"at the end the ledger says {state.ledger()}, cash and marks {flow + marks}")
    if len(state.fills_seen) != len(exchange.fill_log):
        raise broken(world, f"at the end {len(state.fills_seen)} fills are known of {len(exchange.fill_log)}")
