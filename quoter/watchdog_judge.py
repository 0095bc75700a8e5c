"""Is the quoter well? What the watchdog sees in, reasons to act out. Pure; ages are seconds by its own count.

A quoter that is down, halted or stopped is no reason to act while nothing of ours rests: there is nothing to take away.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, TypeGuard

SETTLE_S = 2.0  # a heartbeat is a second old and an order's answer may take as long


@dataclass(frozen=True, slots=True)
class Rules:
    """When it is not well. `max_daily_loss` in millionths of a dollar, as the settings file has it now."""

    heartbeat_s: float
    journal_s: float
    max_daily_loss: int
    unexplained_looks: int = 3  # so many lists in a row with more of our orders than the quoter knows of


@dataclass(frozen=True, slots=True)
class Sight:
    """One look. `resting`: our orders as the exchange lists them, None when it was not asked or did not answer."""

    beat: dict[str, Any]
    beat_age_s: float | None  # None: there never was a heartbeat
    process_alive: bool | None  # None: it runs on another machine, nobody can tell
    journal_age_s: float | None
    resting: int | None
    unexplained: int  # lists in a row in which more rested than the quoter knows of


def reasons(sight: Sight, rules: Rules) -> list[str]:
    """Why our orders must go now; empty when all is well. Words for people."""
    found: list[str] = []
    beat, stopped = sight.beat, sight.beat.get("state") == "stopped"
    if sight.beat_age_s is None or stopped:
        if sight.resting:
            found.append(f"{sight.resting} orders rest and no quoter runs")
        return found
    if sight.process_alive is False:
        found.append("the quoter's process is gone")
    elif sight.beat_age_s > rules.heartbeat_s:
        found.append(f"no heartbeat for {sight.beat_age_s:.1f} s")
    elif sight.journal_age_s is not None and sight.journal_age_s > rules.journal_s:
        found.append(f"the journal has not grown for {sight.journal_age_s:.0f} s")
    lost, limit, working = lost_today(beat), limit_in_force(beat, rules), beat.get("working")
    if lost is not None and lost >= limit and (working or sight.resting):
        found.append(f"{lost / 1e6:.2f} dollars lost, the daily limit is {limit / 1e6:.2f}, and orders still rest")
    if sight.unexplained >= rules.unexplained_looks:
        found.append(
            f"{sight.resting} orders of ours rest, the quoter knows of {working}: does another run on this account?"
        )
    return found


def lost_today(beat: dict[str, Any]) -> int | None:
    """The day's loss as the quoter's own limit counts it: without what a person has accepted. None: it does not say."""
    pnl, accepted = beat.get("pnl"), beat.get("accepted")
    if not _whole(pnl):
        return None
    return max(0, -pnl - max(0, accepted)) if _whole(accepted) else max(0, -pnl)


def limit_in_force(beat: dict[str, Any], rules: Rules) -> int:
    """The tighter of the settings file's and the one the quoter says it goes by: its word alone loosens nothing."""
    told = beat.get("max_daily_loss")
    return min(rules.max_daily_loss, told) if _whole(told) else rules.max_daily_loss


def _whole(value: Any) -> TypeGuard[int]:
    return type(value) is int


@dataclass(slots=True)
class Tally:
    """Orders that rest against orders that the quoter knows of, told apart from orders that are just being placed.

    A list is held against every heartbeat from `SETTLE_S` before it to `SETTLE_S` after it: while quotes go up, the
    later ones know more; while they come down, the earlier ones did. `row`: lists in a row with more than any of them.
    All times are the watchdog's own monotonic seconds.
    """

    beats: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=60))
    waiting: tuple[float, int] | None = None
    row: int = 0

    def beat(self, written_at: float, working: int) -> None:
        """A heartbeat, and when it was written."""
        if not self.beats or self.beats[-1][0] != written_at:
            self.beats.append((written_at, working))
        if self.waiting is None or written_at < self.waiting[0] + SETTLE_S:
            return
        listed_at, resting = self.waiting
        known = max(number for at, number in self.beats if at >= listed_at - SETTLE_S)
        self.row = self.row + 1 if resting > known else 0
        self.waiting = None

    def listed(self, at: float, resting: int) -> None:
        """How many of ours rested; judged once the heartbeats after it are here."""
        if self.waiting is None:
            self.waiting = (at, resting)

    def forget(self) -> None:
        """Our orders were taken away: what was counted before says nothing now."""
        self.waiting, self.row = None, 0
