"""What a person must do, for each reason why nothing is quoted. Pure; the runbook says more."""

from typing import Final

from quoter.engine.guard import global_reasons
from quoter.engine.state import DAILY_LOSS, State

_WAIT = "wait: it asks the exchange again by itself"
_AGAIN = "wait: it is asked every few seconds, and quoting goes on by itself"
_FLOWS = "see whether the flows are well (data/logs/flows.log), or once by hand: kwm flows run publish"
_LINE = "if it lasts for a minute, kwm doctor: is it the line or the exchange?"

TO_DO: Final[dict[str, str]] = {
    "starting": "wait a moment",
    "halted": "find out why (kwm fills, kwm pnl), then kwm resume; what is held stays at risk",
    "paused": "kwm resume quotes again",
    "exchange_paused": _AGAIN,
    "exchange_down": _AGAIN,
    "disconnected": _LINE,
    "feed_silent": _LINE,
    "feed_late": _LINE,
    "orders_unknown": _WAIT,
    "positions_unknown": _WAIT,
    "no_publication": _FLOWS,
    "publication_stale": _FLOWS,
    "too_many_fills": "look at kwm fills: does somebody know more than we do? In doubt kwm pause",
    "too_many_errors": "kwm risk says what the exchange refuses",
}


TRIGGERED: Final = (
    "the exchange stopped our order groups: find out by whom (kwm fills; data/logs/watchdog.log: the watchdog, a second"
    " quoter?), then kwm resume"
)


def to_do(state: State) -> list[str]:
    """One line a reason, each once; nothing while we quote both ways."""
    reasons = global_reasons(state)
    found = [TO_DO[reason] for reason in reasons if reason != "halted"]
    if state.halted.startswith(DAILY_LOSS):
        found.insert(0, "look at kwm pnl; kwm resume --accept-loss counts the loss anew, or wait until 00:00 UTC")
    elif state.halted:
        found.insert(0, TO_DO["halted"])
    if state.reduce_only:
        found.append("kwm resume lets orders through again that open a position")
    if not reasons and state.markets and not any(m.desired for m in state.markets.values()):
        stopped = sum("group_triggered" in m.bid_reasons for m in state.markets.values())
        found.append("kwm markets says of each market why not" if not stopped else TRIGGERED)
    return list(dict.fromkeys(found))
