"""Everything that can happen to the engine: what the exchange says (`core.messages`), and these few of our own.

Each carries `at`, stamped once by the shell, in delivery order. All are tagged structs: a journal line decodes to what
it was, so a replay feeds the engine exactly what it saw.
"""

import msgspec

from core import messages as m
from core.messages import Message, Ticker
from core.publication import Publication
from core.units import Instant, Money, Price
from quoter.engine.config import EngineConfig


class Started(Message, frozen=True):
    """A run begins. What the day so far earned is carried over, and what a person (or a limit) had stopped."""

    at: Instant
    run: str
    day: str  # UTC date the carried figures belong to
    pnl_carried: Money
    halted: str = ""  # why, "" when not halted
    paused: bool = False
    reduce_only: str = ""  # why only reducing orders are let through, "" when all are
    off: tuple[str, ...] = ()  # markets and events that are switched off
    accepted: Money = Money(0)  # of the day's loss, by a person; not in journals of earlier versions: then nothing was
    peak: Money = Money(0)  # the day's best; likewise
    heard_at: Instant = Instant(0)  # by the run before, at the latest: fills since then are asked for; 0: nobody knows
    marks: dict[Ticker, Price] = {}  # noqa: RUF012 - copied by msgspec; what a contract of what is held was worth


class Published(Message, frozen=True):
    """A new publication was read and found valid."""

    at: Instant
    publication: Publication


class PublicationRefused(Message, frozen=True):
    """The publications file could not be used; the old one keeps ageing."""

    at: Instant
    words: str


class Halted(Message, frozen=True):
    """Stop: cancel everything of ours and stay stopped until a person resumes."""

    at: Instant
    by: str
    words: str = ""


class Paused(Message, frozen=True):
    """Take quotes away until resumed; keep watching."""

    at: Instant
    by: str


class Resumed(Message, frozen=True):
    """A person lets us quote again. A halt by the daily loss is ended only by one who says so (`accept_loss`): the
    day's loss is then counted from here."""

    at: Instant
    by: str
    accept_loss: bool = False


class ReduceOnly(Message, frozen=True):
    """A person lets only orders through that reduce a position (`on`), or all again."""

    at: Instant
    by: str
    on: bool


class CancelEverything(Message, frozen=True):
    """Cancel our working orders once; quoting goes on."""

    at: Instant
    by: str


class Toggled(Message, frozen=True):
    """A person switches one market or event on or off."""

    at: Instant
    by: str
    ticker: str  # of a market or an event
    enabled: bool


class Configured(Message, frozen=True):
    """A person changed what may change while we run; `config` is the whole configuration from here on."""

    at: Instant
    by: str
    words: str
    config: EngineConfig


class Timer(Message, frozen=True):
    """The deadline the engine asked for has come."""

    at: Instant


Event = (
    m.Said | Started | Published | PublicationRefused | Halted | Paused | Resumed | CancelEverything | Toggled
    | ReduceOnly | Configured | Timer
)  # fmt: skip
DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
