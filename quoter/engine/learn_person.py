"""What a person's words change: halt, pause, resume, switch, configure. Changes the state, decides nothing."""

from collections.abc import Iterable

from core.units import Money
from quoter.engine import events as e
from quoter.engine import groups
from quoter.engine.state import ALL, DAILY_LOSS, DRAWDOWN, NONE, State


def halted(state: State, event: e.Halted) -> Iterable[str]:
    """Stop until a person resumes. Halting what a loss has halted does not make it forgotten why."""
    words = event.words or f"halted by {event.by}"
    if not state.halted.startswith((DAILY_LOSS, DRAWDOWN)):
        state.halted = words
    elif words not in state.halted:
        state.halted = f"{state.halted}; {words}"
    state.alerts.append(("halt", state.halted))
    return ALL


def paused(state: State, event: e.Paused) -> Iterable[str]:
    """Take quotes away, keep watching."""
    state.paused = True
    state.alerts.append(("pause", f"paused by {event.by}"))
    return ALL


def resumed(state: State, event: e.Resumed) -> Iterable[str]:
    """Quote again. Only who accepts the day's loss has it counted from here; after a halt by the drawdown the day's
    best is what it is now."""
    if state.lost_the_day() and not event.accept_loss:
        state.alerts.append(
            ("resume", f"not resumed ({event.by}): {state.halted}; resume by accepting the loss, or tomorrow (UTC)")
        )
        return NONE
    pnl = state.pnl_today()
    if event.accept_loss:
        state.accepted = Money(max(0, -pnl))
    if event.accept_loss or state.halted.startswith(DRAWDOWN):
        state.peak = pnl
    state.halted, state.paused, state.reduce_only = "", False, ""
    groups.resume(state)
    state.recent_errors.clear()
    state.recent_fills.clear()
    state.alerts.append(("resume", f"resumed by {event.by}"))
    return ALL


def reduce_only(state: State, event: e.ReduceOnly) -> Iterable[str]:
    """A person lets only reducing orders through, or all again."""
    state.reduce_only = f"by {event.by}" if event.on else ""
    state.alerts.append(("reduce_only", f"{'only reducing orders' if event.on else 'all orders'} (by {event.by})"))
    return ALL


def cancel_everything(state: State, event: e.CancelEverything) -> Iterable[str]:
    """Wish every working order gone, once."""
    for market in state.markets.values():
        for order in market.orders.values():
            order.wanted_gone = True
    return ALL


def toggled(state: State, event: e.Toggled) -> Iterable[str]:
    """A person switches a market or an event; one we have not heard of yet is remembered for when it comes."""
    (state.switched_off.discard if event.enabled else state.switched_off.add)(event.ticker)
    if event.ticker in state.events:
        state.events[event.ticker].enabled = event.enabled
        return tuple(x.ticker for x in state.events[event.ticker].markets)
    if event.ticker in state.markets:
        state.markets[event.ticker].enabled = event.enabled
        return (event.ticker,)
    state.alerts.append(("toggle", f"{event.ticker} is no market or event we know yet; it is remembered"))
    return NONE


def configured(state: State, event: e.Configured) -> Iterable[str]:
    """Limits and quoting change from here on; what rests is brought into line by the decisions that follow."""
    state.config = event.config
    state.limits = state.limits_now()
    state.alerts.append(("config", f"{event.words} (by {event.by})"))
    return ALL
