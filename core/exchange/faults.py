"""Faults on demand: what goes wrong at the embedded exchange, where and when, from a small TOML file. Pure.

    seed = 7
    [[fault]]
    kind = "ack_lost"                          # one of KINDS
    on = "POST /portfolio/events/orders"       # METHOD and the beginning of a path; or a channel; absent: everywhere
    at = [3, 10]                               # the third and tenth time; or probability = 0.05; absent: always
    seconds = 2.0                              # of kinds that take time

Draws come from the seed, so a file is one history of faults for one history of requests.
"""

import random
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import SettingsError

REST_KINDS = {
    "ack_lost": "the request is done, the connection cut in the answer",
    "error_after_accept": "the request is done, the answer is a 5xx (`status`)",
    "error_before_accept": "nothing is done, the answer is a 5xx (`status`)",
    "timeout": "the request is done, the answer comes after `seconds`",
    "filled_before_cancel": "somebody fills the order just before its cancel, amend or decrease: a 404",
    "fill_before_ack": "somebody trades with a new order before its create is answered (after `seconds`)",
    "throttled": "a 429, nothing is done; for `seconds` everything",
    "clock_skew": "the exchange's clock is `seconds` ahead of ours: signatures are stale",
    "partial_page": "a page has one row, and a cursor to the next",
    "pause_in_batch": "trading pauses in the middle of a batch, for `seconds`",
    "trading_pause": "trading pauses before the request is done, for `seconds`: orders are refused, cancels are not",
    "exchange_pause": "the exchange stops before the request is done, for `seconds`: cancels are refused, too",
}
STREAM_KINDS = {
    "duplicate": "a frame comes twice",
    "reorder": "a frame comes after its successor",
    "gap": "a frame never comes, its number is used",
    "seq_reset": "numbers begin again at 1",
    "silent": "nothing comes for `seconds`, the connection stays",
    "slow": "each frame comes `seconds` late",
    "disconnect": "the connection is closed",
    "channel_error": "the subscription ends with error 10",
    "overflow": "the subscription ends with error 25",
}
BODY_KINDS = {
    "unknown_enum": "`field` has a value nobody knows",
    "removed_field": "`field` is not there",
    "added_field": "`field` is there, and nobody knows it",
}
KINDS = REST_KINDS | STREAM_KINDS | BODY_KINDS


class Fault(BaseModel):
    """One thing that goes wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    on: str = ""
    at: tuple[Annotated[int, Field(ge=1)], ...] = ()
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    status: Literal[500, 502, 503, 504] = 503
    field: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "Fault":
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(sorted(KINDS))}, got {self.kind!r}")
        if self.at and self.probability is not None:
            raise ValueError("at and probability: give one of them")
        if self.kind in BODY_KINDS and not self.field:
            raise ValueError(f"field: {self.kind} needs the name of a field")
        return self


class FaultsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    fault: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Plan:
    """Faults, and how often each place was passed; asked at every request and frame, it says what happens now."""

    faults: tuple[Fault, ...]
    draws: random.Random
    passed: dict[int, int] = field(default_factory=dict)

    def due(self, kinds: dict[str, str], place: str) -> list[Fault]:
        """The faults of these kinds that happen at this passing of `place`."""
        found = []
        for number, fault in enumerate(self.faults):
            if fault.kind not in kinds or not place.startswith(fault.on):
                continue
            self.passed[number] = count = self.passed.get(number, 0) + 1
            if fault.probability is not None:
                hit = self.draws.random() < fault.probability
            else:
                hit = not fault.at or count in fault.at
            if hit:
                found.append(fault)
        return found


def parse(text: str, name: str = "faults") -> Plan:
    """Raises: SettingsError naming the fault, the key and what was expected."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{name}: not TOML: {error}") from error
    try:
        found = FaultsFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{name}: {where}: {first['msg']}; core/exchange/README.md lists the faults") from error
    return Plan(found.fault, random.Random(found.seed))


def read(path: Path) -> Plan:
    """A faults file. Raises: SettingsError."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__})") from error
    return parse(text, str(path))
