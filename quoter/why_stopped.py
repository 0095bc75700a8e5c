"""Why nothing at all is quoted, in words, and until when where that is known. Pure reads of the state."""

from core.exchange.hours import next_pause
from core.units import to_datetime
from quoter.engine.guard import global_reasons, words
from quoter.engine.state import State


def until_words(state: State) -> str:
    """When an exchange that takes no orders is to go on: as it says itself, or the end of the weekly pause."""
    if state.resumes_at is not None:
        return f"; it reckons to go on at {to_datetime(state.resumes_at):%H:%M} UTC"
    begins, ends = next_pause(state.now)
    if begins > state.now:
        return ", though it is not its weekly pause; nobody has said until when"
    return f"; the weekly pause, Thursdays 3 to 5 a.m. in New York, lasts until {to_datetime(ends):%H:%M} UTC"


def stopped(state: State) -> list[str]:
    """Why nothing at all is quoted, in words."""
    reasons, shut = global_reasons(state), state.shut_now()
    return [words(reason) + (until_words(state) if reason == shut else "") for reason in reasons]
