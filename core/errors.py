"""The error taxonomy: whose fault is it, and what may be done about it.

* the world says no  -> a value or an event (`Refused`), never an exception inside the engine
* an edge fails      -> an exception of this file, caught at that edge through `classify`
* we are wrong       -> `assert`

`Unsent` and `OutcomeUnknown` are different types because they need opposite answers: the first may be retried, the
second must be looked up first. Confusing them is how a market maker doubles a position.
"""

from dataclasses import dataclass
from enum import StrEnum


class KwmError(Exception):
    """Every error of ours; the message says what to do. `exit_code`: what a command that ends with it gives."""

    exit_code = 1


class Malformed(KwmError):
    """Input that does not have the shape it must have. Parsers raise only this, whatever they are fed."""

    def __init__(self, field: str, value: object, why: str) -> None:
        self.field, self.value, self.why = field, value, why
        super().__init__(f"{field}: {why}, got {str(value)[:80]!r}")


class SettingsError(KwmError):
    """A setting is missing, unknown or impossible; the message names the key and the remedy."""


class Unsent(KwmError):
    """The request did not reach the other side: safe to send again."""


class OutcomeUnknown(KwmError):
    """The request was sent and no answer came: look it up before anything else."""


class Declined(KwmError):
    """The other side answered no, with a code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code}: {message}")


class Throttled(Declined):
    """Too many requests (429). Nothing was done."""


class Unavailable(KwmError):
    """A source is down, stale or answering nonsense; the last good value keeps ageing."""


class Advice(StrEnum):
    """What an edge may do after a failure."""

    RETRY = "retry"  # nothing happened; the same request may be sent again, later
    RESYNC = "resync"  # something may have happened; ask before acting
    GIVE_UP = "give up"  # the answer is no


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision not to act: a reason code from a closed list, and words for a person."""

    reason: str
    words: str = ""


def classify(error: BaseException) -> Advice:
    """The one place that decides what a failure at an edge means."""
    match error:
        case Throttled() | Unsent() | Unavailable():
            return Advice.RETRY
        case OutcomeUnknown():
            return Advice.RESYNC
        case Declined(status=status) if status >= 500:
            return Advice.RESYNC
        case KwmError():
            return Advice.GIVE_UP
        case ConnectionRefusedError():
            return Advice.RETRY
        case OSError() | TimeoutError():
            return Advice.RESYNC
        case _:
            return Advice.GIVE_UP
