"""What is a paper dollar worth? Simulated fills against real ones of the same hours, and the haircut that follows. Pure
but for one small file.

Simulated fills come too easily and move against us too little: Maker bots report simulated markouts 2.4 times the live
ones. Until there are real fills enough to measure it here, that is what paper is divided by.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec

_LEAST = 50  # fills on either side before a measurement replaces the assumption
FILE = "calibration.json"


class Sample(msgspec.Struct, frozen=True):
    """Fills over some hours. `markout`: mean dollars a contract after five minutes; `sd`: of one contract's."""

    fills: int
    contracts: float
    markout: float
    sd: float


class Calibration(msgspec.Struct, frozen=True):
    """Real against simulated. `hours`: both quoted."""

    hours: float
    live: Sample
    paper: Sample

    @property
    def fill_ratio(self) -> float | None:
        """Real contracts for each simulated one."""
        return self.live.contracts / self.paper.contracts if self.paper.contracts > 0 else None

    @property
    def markout_ratio(self) -> float | None:
        """Real markout for each dollar of simulated markout; None where the simulated one is not above nought."""
        return self.live.markout / self.paper.markout if self.paper.markout > 0 else None

    @property
    def enough(self) -> bool:
        """Are there fills enough on both sides?"""
        return min(self.live.fills, self.paper.fills) >= _LEAST

    def ratio_error(self) -> float:
        """Standard error of the markout ratio, by the delta method; infinite where it says nothing."""
        if self.markout_ratio is None or not self.live.fills or not self.paper.fills or not self.live.markout:
            return math.inf
        live = self.live.sd / math.sqrt(self.live.fills) / abs(self.live.markout)
        paper = self.paper.sd / math.sqrt(self.paper.fills) / self.paper.markout
        return abs(self.markout_ratio) * math.hypot(live, paper)


@dataclass(frozen=True, slots=True)
class Haircut:
    """`factor`: dollars of expectation for one of paper profit, 0 to 1; losses are taken whole."""

    factor: float
    measured: bool
    words: str

    def of(self, paper_usd: float) -> float:
        """A paper amount after the haircut."""
        return paper_usd * self.factor if paper_usd > 0 else paper_usd


def haircut(found: Calibration | None, assumed: float) -> Haircut:
    """`assumed`: what paper profit is divided by while nothing is measured."""
    if found is None:
        return Haircut(1 / assumed, False, f"divided by {assumed:g}, assumed: no real fills to compare with")
    if not found.enough:
        have = f"{found.live.fills} real and {found.paper.fills} simulated fills"
        return Haircut(1 / assumed, False, f"divided by {assumed:g}, assumed: {have}, {_LEAST} of each are needed")
    ratio, fills = found.markout_ratio, found.fill_ratio
    if ratio is None or fills is None:
        return Haircut(0.0, True, "nothing: simulated fills did not earn even in the simulation")
    factor = max(0.0, min(1.0, ratio)) * max(0.0, min(1.0, fills))
    words = (
        f"{fills:.2f} real contracts and {ratio:.2f} ± {found.ratio_error():.2f} of the markout for each simulated one"
    )
    return Haircut(factor, True, words)


def read(folder: Path) -> Calibration | None:
    """The last measurement, None before the first."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Calibration)
    except FileNotFoundError:
        return None


def write(folder: Path, found: Calibration) -> None:
    """Keep a measurement."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{FILE}.tmp"
    temporary.write_bytes(msgspec.json.encode(found))
    temporary.replace(folder / FILE)


def haircut_of(folder: Path, assumed: float) -> Haircut:
    """The haircut that is in force for a paper folder."""
    return haircut(read(folder), assumed)
