"""What we hold and what it earned: fills, reports of positions, payments. Changes the state, decides nothing.

A fill is counted once, in one of three places: in the position, inside a report of positions that was taken over, or
(`MarketState.early`) beside them, until the next report holds it or its market is paid out.
"""

from collections.abc import Iterable

from core import messages as m
from core.units import ONE_CONTRACT, Count, Instant, Money
from quoter.engine import groups
from quoter.engine import learn_orders as own
from quoter.engine.market import Booked, MarketState
from quoter.engine.state import NONE, State


def fill(state: State, event: m.Fill) -> Iterable[str]:
    """A fill of the account, counted once per trade and order, ours or not: the position is the account's."""
    key = (event.trade_id, event.order_id)
    if key in state.fills_seen or event.filled_at < state.fills_from:
        return NONE
    state.fills_seen[key] = event.filled_at
    if event.filled_at < state.began_at:  # before this run: inside the positions and orders that are adopted
        return NONE
    state.last_fill_at = Instant(max(state.last_fill_at, event.filled_at))
    state.counters.fills += 1
    state.recent_fills.append(event.at)
    market = state.market(event.ticker)
    market.fees = Money(market.fees + event.fee)
    state.fees = Money(state.fees + event.fee)
    groups.matched(state, market.event, event.count)
    market.filled_at = event.at
    asked, adopted = _adopted(state, market)
    if state.adopting or (event.filled_at <= adopted and not _asked_after(state, event, adopted)):
        if event.filled_at >= asked and not state.adopting:
            # inside the adopted positions or not? Nobody can say: take them over anew
            state.adopting, state.positions_known, state.next_reconcile = True, False, event.at
        if not _inside(state, market, event):
            if market.settled:
                _paid_out(state, market, event)
            else:  # the next report will hold it, unless it is paid out before
                signed = event.side.sign * event.count
                position, cash = market.early
                market.early = Count(position + signed), Money(cash - signed * event.price - event.fee)
        own.filled(state, market, event, counted=False)
        state.remeasure(market)
        return tuple(x.ticker for x in market.event.markets)
    if market.settled:
        _paid_out(state, market, event)
    else:
        signed = event.side.sign * event.count
        market.position = Count(market.position + signed)
        market.cash = Money(market.cash - signed * event.price - event.fee)
        if market.disputed == market.position:
            market.disputed = None  # the report that we did not share was of after this fill
    own.filled(state, market, event)
    state.remeasure(market)
    return tuple(x.ticker for x in market.event.markets)


def _paid_out(state: State, market: MarketState, event: m.Fill) -> None:
    """A fill that we hear of only after its market was settled: what it cost, and what it was paid."""
    signed = event.side.sign * event.count
    paid = signed * market.paid // ONE_CONTRACT
    market.held_at_end = Count(market.held_at_end + signed)
    state.realised = Money(state.realised - signed * event.price - event.fee + paid)


def _adopted(state: State, market: MarketState) -> tuple[Instant, Instant]:
    """The report that the market's position was last taken over from: fills before the first are in it, after the
    second not."""
    alone = market.adopted_at > state.adopted_at
    return (market.adopted_asked, market.adopted_at) if alone else (state.adopted_asked, state.adopted_at)


def _asked_after(state: State, event: m.Fill, adopted: Instant) -> bool:
    """Of an order that we asked for after that report was heard? Then it is not in it, whatever clocks say."""
    order = own.find(state, event.ticker, event.client_order_id, event.order_id)
    return order is not None and not order.adopted and order.asked_at >= adopted - state.config.clock_margin


def _inside(state: State, market: MarketState, event: m.Fill) -> bool:
    """Do the adopted positions hold this fill? Where time cannot tell, the exchange's own count after it does."""
    asked, adopted = _adopted(state, market)
    if not adopted or event.filled_at > adopted:
        return False
    if not market.reported:
        return False  # that report did not hold the market: it was paid out before
    if event.filled_at < asked or event.position_after is None:
        return True
    return event.position_after != market.position + market.early[0] + event.side.sign * event.count


def positions(state: State, event: m.PositionsReported) -> Iterable[str]:
    """The exchange's own count. The first of a run is adopted; later ones must agree with our fills.

    Of a market in which a fill was learnt meanwhile it is neither before nor after that fill: it says nothing, and is
    asked for again. A report that is to be adopted is used whole or not at all.
    """
    state.balance = event.balance
    if state.adopting and (not state.orders_known or event.asked_at < state.orders_known_at):
        # an order may have filled after this report and before the list of orders: neither would show it
        state.next_reconcile = state.soon()
        return NONE
    crossed = {ticker for ticker, market in state.markets.items() if market.filled_at >= event.asked_at}
    if crossed:
        state.next_reconcile = state.soon()
        if state.adopting:
            return NONE
    reported = {view.ticker: view for view in event.positions}
    margin = state.config.clock_margin
    asked, adopted = Instant(event.asked_at - margin), Instant(event.at + margin)
    touched: list[str] = []
    held = (t for t, market in state.markets.items() if market.position or market.early[1])
    for ticker in sorted({*reported, *held} - crossed):
        view = reported.get(ticker)
        position = view.position if view is not None else Count(0)
        market = state.market(ticker)
        if market.settled or (market.position == position and not state.adopting):
            market.disputed = None
            continue
        touched.append(ticker)
        if not state.adopting and market.disputed != position:
            market.disputed = position  # once may be a report that lags its fills; twice is a fact
            state.fills_asked_at = Instant(0)
            continue
        if not state.adopting:
            state.alerts.append(
                ("position", f"{ticker}: the exchange holds {position} hundredths, we {market.position}: taken over")
            )
        _adopt(state, market, view)
        market.adopted_asked, market.adopted_at = asked, adopted
        state.remeasure(market)
    if state.adopting:
        for market in state.markets.values():
            market.reported = market.ticker in reported
        state.adopting, state.adopted_asked, state.adopted_at = False, asked, adopted
    for market in state.markets.values():
        if market.disputed is None and market.ticker not in crossed:
            touched += own.settle_told(state, market, event.asked_at)
    state.positions_known = state.positions_known or not crossed
    if state.baseline is None:
        state.baseline = _begins_with(state)
    return dict.fromkeys(touched)


def _begins_with(state: State) -> Money:
    """The ledger that today's PnL is counted from: what is held is worth what the run before this one took it for, so
    that nothing is earned or lost by a restart and what prices did meanwhile counts."""
    total = state.ledger()
    for market in state.markets.values():
        if not market.position:
            continue
        now, before = market.mark(), market.last_mark
        if before is not None:
            total = Money(total + market.position * (before - (now or 0)))
        elif not market.book.known:
            market.guessed = True
            if now is not None:
                market.marked_before(now, state.now)
    return total


def _adopt(state: State, market: MarketState, view: m.PositionView | None) -> None:
    """Position and cash as the exchange has them: what was earned and paid before counts in the event's worst case."""
    market.disputed, booked = None, market.booked
    early, spent = market.early
    market.early, market.booked, market.reported = (Count(0), Money(0)), None, view is not None
    if booked is not None:  # it is reported again, or anew
        state.realised = Money(state.realised - booked.value)
    if view is None:  # closed, or paid out while we did not listen: then it earned what it was worth to us last
        held, cash = Count(market.position + early), market.cash + spent
        if booked is not None:
            held, cash = Count(held + booked.contracts), cash + booked.cash
        market.position, market.cash = Count(0), Money(0)
        value = Money(cash + held * (market.mark() or 0))
        state.realised = Money(state.realised + value)
        market.booked = Booked(held, Money(cash), value) if held else None
        return
    market.position = view.position
    earned = view.realized_pnl - view.fees_paid
    if view.position >= 0:
        market.cash = Money(earned - view.exposure)
    else:  # a short's exposure is its collateral less what it brought
        market.cash = Money(earned - view.position * 10_000 - view.exposure)


def settle(state: State, market: MarketState, value: Money) -> None:
    """The market was paid out at `value` a contract: position, early fills, and what was guessed at its last mark.

    A result that is told again and differs (amended after a dispute) pays the difference on what was held.
    """
    if market.settled:
        again = market.held_at_end * (value - market.paid) // ONE_CONTRACT
        state.realised, market.paid = Money(state.realised + again), value
        return
    early, spent = market.early
    paid = (market.position + early) * value // ONE_CONTRACT
    earned = market.cash + spent + paid
    market.held_at_end = Count(market.position + early)
    if (booked := market.booked) is not None:
        earned += booked.cash + booked.contracts * value // ONE_CONTRACT - booked.value
        market.held_at_end = Count(market.held_at_end + booked.contracts)
    state.realised = Money(state.realised + earned)
    market.early, market.booked = (Count(0), Money(0)), None
    market.settled, market.paid, market.position, market.cash = True, value, Count(0), Money(0)
    state.remeasure(market)
