"""What the exchange says of itself: does it trade? Changes the state, decides nothing."""

from collections.abc import Iterable

from core import messages as m
from core.units import Instant
from quoter.engine.guard import WORDS
from quoter.engine.state import ALL, NONE, State


def status(state: State, event: m.TradingStatus) -> Iterable[str]:
    """Whether the exchange trades. What it refused while it does not is no sign that anything is wrong with us."""
    if event.asked_at < state.status_of:
        return NONE
    before, state.status_of = state.shut_now(), event.asked_at
    state.shut, state.resumes_at = "", event.resumes_at
    if not (event.trading and event.active):
        state.shut = "exchange_paused" if event.active else "exchange_down"
        state.shut_until = Instant(event.at + state.config.minute)
        state.recent_errors.clear()
        state.next_status = min(state.next_status, Instant(event.at + state.config.ack_timeout))
    if state.shut != state.shut_told:
        state.shut_told = state.shut
        state.alerts.append(("exchange", WORDS[state.shut] if state.shut else "the exchange trades again"))
    return NONE if state.shut == before else ALL
