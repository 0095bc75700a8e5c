"""Settings of what is kept and imagined beside trading: the tape, and the session on paper."""

from typing import Annotated, Literal

from pydantic import Field

from core.config_kinds import Dollars, Port, Seconds, Section


class TapeSettings(Section):
    """What is recorded of the exchange's words, and how often it is handed to the disk."""

    record: Literal["never", "real", "always"]
    flush_s: Annotated[float, Field(gt=0, le=60)]
    level: Annotated[int, Field(ge=1, le=19)]
    rotate_mb: Annotated[float, Field(gt=0, le=4096)]
    list_every_s: Seconds
    books_every_s: Seconds


NEEDS_READER = "[paper] key_id and key_file are needed: a key with the scope `read` and nothing else"


class PaperSettings(Section):
    """The session on paper: alone or beside the trading quoter, its key that may only read, its money, and how its
    fills are imagined."""

    only: bool
    key_id: str
    key_file: str
    port: Port
    balance: Dollars
    fills: Literal["pessimistic", "base", "optimistic"]
    entry_ms: Annotated[float, Field(ge=0, le=10_000)]
    response_ms: Annotated[float, Field(ge=0, le=10_000)]
    fade_per_hour: Annotated[float, Field(ge=0, le=100)]
    haircut: Annotated[float, Field(ge=1, le=100)]
