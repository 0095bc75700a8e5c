"""What time is it in the world we trade in: the wall clock, or the embedded world's, which may run faster.

Only shells, servers and flows hold a `Clock`; below them time is an argument. Every process of one `kwm up` gets
the same clock through the environment (`KWM_CLOCK`), and commands beside it find it in the data folder, so that the
exchange, the weather, the flows and the quoter agree to the millisecond. Who must not see the time go back goes by a
`Steady` wall clock (`Clock.by`).
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import SettingsError
from core.units import SECOND, Instant

VARIABLE = "KWM_CLOCK"
HELD = SECOND + SECOND // 10  # set back by no more is waited out: a leap second, and the jitter of two readings
_ONE_MOMENT = SECOND // 20  # two clocks read within this were read together
_READ_AGAIN = 20  # times
Readings = Callable[[], tuple[int, int]]


def readings() -> tuple[int, int]:
    """(wall, monotonic) ns of one moment: read again where the process was put aside between the two."""
    for _ in range(_READ_AGAIN):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        if after - before < _ONE_MOMENT:
            break
    return wall, after


def surely_ahead(ahead: int, clocks: int) -> int:
    """How far our clock is surely ahead of another one, of which the quickest message says `ahead` (ns, its time on the
    way included): nothing within `clocks`, by which two good ones may differ; beyond it never more than it must be, so
    a message that took less than that makes nothing look newer than it is. Pure."""
    return ahead - clocks if ahead > clocks else ahead if ahead < -clocks else 0


@dataclass(slots=True)
class Steady:
    """The wall clock as one process goes by it: it never goes back. `at` is pure; `now` reads the clocks.

    Wall and monotonic clock lie a fixed time apart until somebody sets the wall clock or the machine sleeps (NTP's
    slewing moves both). Set back by up to `HELD`, the time stands until the wall has caught up. Set back further, it
    goes on by the monotonic clock as if nothing had happened, and `set_back` says by how much: enough to leave in
    order, and no time to trade on.
    """

    read: Readings = readings
    latest: int = 0  # the wall time that was said last, ns
    apart: int | None = None  # wall - monotonic, as we go by it
    set_back: int = 0  # ns; 0 as long as all is well
    leapt: int = 0  # ns by which it was set ahead, or the machine slept; whoever has told of it sets it to 0

    def now(self) -> int:
        """The wall time to go by, ns UTC."""
        return self.at(*self.read())

    def at(self, wall: int, monotonic: int) -> int:
        """The same for these readings."""
        apart = wall - monotonic
        if self.apart is None:
            self.apart = apart
        if not self.set_back and self.apart - apart > HELD:
            self.set_back = self.apart - apart
        if self.set_back:
            wall = monotonic + self.apart
        elif wall >= self.latest:
            if apart - self.apart > HELD:
                self.leapt += apart - self.apart
            self.apart = apart
        self.latest = max(self.latest, wall)
        return self.latest


@dataclass(frozen=True, slots=True)
class Clock:
    """World time = `world_anchor` + (wall time - `wall_anchor`) x `speed`. `wall`: where the wall time comes from."""

    speed: float = 1.0
    wall_anchor: int = 0
    world_anchor: int = 0
    wall: Callable[[], int] = field(default=time.time_ns, compare=False, repr=False)

    def by(self, wall: Steady) -> "Clock":
        """The same world's time, by a wall clock that never goes back."""
        return replace(self, wall=wall.now)

    def now(self) -> Instant:
        """The world's time, ns UTC."""
        wall = self.wall()
        if self.speed == 1.0:
            return Instant(wall - self.wall_anchor + self.world_anchor)
        return Instant(self.world_anchor + int((wall - self.wall_anchor) * self.speed))

    def wall_seconds(self, world_ns: int) -> float:
        """How long to sleep, in wall seconds, until `world_ns` of the world's time have passed."""
        return max(0.0, world_ns / self.speed / 1e9)

    def to_text(self) -> str:
        """For `KWM_CLOCK`."""
        return json.dumps({"speed": self.speed, "wall": self.wall_anchor, "world": self.world_anchor})


def from_text(text: str) -> Clock:
    """The inverse of `Clock.to_text`. Raises: SettingsError."""
    try:
        raw = json.loads(text)
        clock = Clock(float(raw["speed"]), int(raw["wall"]), int(raw["world"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{VARIABLE}: not a clock ({text[:80]!r}); unset it, or let `kwm up` set it") from error
    if not 0.01 <= clock.speed <= 10_000:
        raise SettingsError(f"{VARIABLE}: speed {clock.speed} is outside 0.01 to 10,000")
    return clock


def this_process(shared: Path | None = None) -> Clock:
    """The clock `kwm up` handed to this process; for a command in another shell that of the world that runs in its data
    folder (`shared`: `Settings.clock_file`); else the wall clock. Raises: SettingsError."""
    text = os.environ.get(VARIABLE, "")
    if not text and shared is not None:
        with contextlib.suppress(FileNotFoundError):
            text = shared.read_text()
    return from_text(text) if text else Clock()
