"""What a backtest is asked to do: which events, which arms, with which settings. Values only; JSON on the way in.

An arm is one way to run every event: a fill model, latencies, a belief, a maker fee and settings over the user's own.
"""

from enum import StrEnum
from pathlib import Path

import msgspec


class FillModel(StrEnum):
    """When a resting order of ours is taken to fill."""

    PESSIMISTIC = "pessimistic"  # only when somebody traded at a worse price than ours
    BASE = "base"  # ... or at our price, after what stood before us
    OPTIMISTIC = "optimistic"  # ... or at our price at all


class Belief(StrEnum):
    """Whose fair value the engine is given."""

    BLEND = "fair"  # what production would have published
    MODEL = "model"  # the weather model alone
    MARKET = "market"  # the market's own belief: the spread is all there is to earn
    LAST = "last"  # the last trade of each market


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One-way times in ms: exchange to us, us to exchange, its answer back, and the flows' way to us."""

    feed_ms: float = 50.0
    entry_ms: float = 50.0
    response_ms: float = 50.0
    publication_ms: float = 5_000.0


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`settings`: dotted keys over the user's, for example {"quoting.edge": "0.03"}. `windows`: mind data releases."""

    name: str
    fill: FillModel = FillModel.BASE
    latency: Latency = Latency()
    belief: Belief = Belief.BLEND
    maker_fee: int = 0  # coefficient in millionths
    settings: dict[str, str] = {}
    windows: bool = True


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a run needs; `cells` are (series, first day, last day), each one file of results."""

    dataset: str
    fairs: str
    out: str
    arms: list[Arm]
    cells: list[tuple[str, str, str]]
    settings: str = ""  # a settings file; "" = the ones in force
    workers: int = 2


def read(path: Path) -> Job:
    """Raises: msgspec.ValidationError naming the field."""
    return msgspec.json.decode(path.read_bytes(), type=Job)
