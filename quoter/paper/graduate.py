"""Which evidence is missing before more is risked: paper to demo, demo to one contract, one contract to live. Pure.

The thresholds are ours: few enough to be reached in weeks, many enough that luck does not pass for skill (a lower
confidence bound on mean daily PnL, Student's t, one-sided 95 %).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# one-sided 95 % points of Student's t for 1 to 30 degrees of freedom; beyond, the normal's
_T95 = (6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81, 1.80, 1.78, 1.77, 1.76, 1.75, 1.75, 1.74, 1.73,
        1.73, 1.72, 1.72, 1.72, 1.71, 1.71, 1.71, 1.71, 1.70, 1.70, 1.70, 1.70)  # fmt: skip


class Stage(StrEnum):
    """What comes next."""

    DEMO = "demo: Kalshi's demo exchange"
    ONE_LOT = "one contract: production with [risk] max_order = 1"
    LIVE = "live: production with your own limits"


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened in one environment. `daily_usd`: PnL of each settled climate day, fees included."""

    days: int = 0
    fills: int = 0
    daily_usd: tuple[float, ...] = ()
    halts: int = 0
    bugs: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known. `mismatches`: settlements that differ from our fills. `paper`: on the books of an
    exchange that is not ours; `rehearsed`: on any, the embedded world's included."""

    paper: Trial = field(default_factory=Trial)
    rehearsed: Trial = field(default_factory=Trial)
    demo: Trial = field(default_factory=Trial)
    one_lot: Trial = field(default_factory=Trial)
    haircut_factor: float = 0.0
    calibrated: bool = False
    mismatches: int = 0


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that must be so."""

    words: str
    have: str
    met: bool


def lower_bound(daily: Sequence[float]) -> float:
    """One-sided 95 % lower confidence bound of the mean; minus infinity below two days."""
    n = len(daily)
    if n < 2:
        return -math.inf
    mean = sum(daily) / n
    deviation = math.sqrt(sum((x - mean) ** 2 for x in daily) / (n - 1))
    t = _T95[n - 2] if n - 2 < len(_T95) else 1.645
    return mean - t * deviation / math.sqrt(n)


def _least(words: str, have: int, need: int) -> Requirement:
    return Requirement(f"{words}: at least {need}", str(have), have >= need)


def _none(words: str, have: int) -> Requirement:
    return Requirement(f"{words}: none", str(have), have == 0)


def _earns(words: str, daily: Sequence[float]) -> Requirement:
    bound = lower_bound(daily)
    shown = f"lower bound ${bound:.2f} a day over {len(daily)} days" if math.isfinite(bound) else f"{len(daily)} days"
    return Requirement(f"{words}: mean daily PnL above nought with 95 % confidence", shown, bound > 0)


def requirements(e: Evidence) -> dict[Stage, list[Requirement]]:
    """Each stage's requirements; a stage also asks for all of those before it."""
    cut = [x * e.haircut_factor if x > 0 else x for x in e.paper.daily_usd]
    return {
        Stage.DEMO: [
            _least("days quoted on paper", e.rehearsed.days, 3),
            _least("simulated fills", e.rehearsed.fills, 50),
            _none("times the engine found itself wrong", e.rehearsed.bugs),
        ],
        Stage.ONE_LOT: [
            _least("days quoted on paper, on Kalshi's books", e.paper.days, 14),
            _earns("paper, after the haircut", cut),
            _least("days quoted on demo", e.demo.days, 3),
            _least("fills on demo", e.demo.fills, 20),
            _none("times the engine found itself wrong on demo", e.demo.bugs),
            _none("settlements that differ from our fills", e.mismatches),
        ],
        Stage.LIVE: [
            _least("days quoted with one contract", e.one_lot.days, 14),
            _least("fills with one contract", e.one_lot.fills, 100),
            _earns("with one contract", e.one_lot.daily_usd),
            Requirement("simulated fills measured against real ones (kwm paper calibrate)",
                        "measured" if e.calibrated else "not yet", e.calibrated),
            _none("times the engine found itself wrong", e.one_lot.bugs),
            Requirement("halts in those days: at most 2", str(e.one_lot.halts), e.one_lot.halts <= 2),
        ],
    }  # fmt: skip


def next_stage(e: Evidence) -> tuple[Stage | None, list[Requirement]]:
    """(the first stage whose requirements are not all met, those that are missing); (None, []) when all are."""
    for stage, found in requirements(e).items():
        missing = [one for one in found if not one.met]
        if missing:
            return stage, missing
    return None, []
