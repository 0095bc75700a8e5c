"""What time is it in the world we trade in: the wall clock, or the embedded world's, which may run faster.

Only shells, servers and flows hold a `Clock`; below them time is an argument. Every process of one `kwm up` gets
the same clock through the environment (`KWM_CLOCK`), so that the exchange, the weather, the flows and the quoter
agree to the millisecond.
"""

import json
import os
import time
from dataclasses import dataclass

from core.errors import SettingsError
from core.units import Instant

VARIABLE = "KWM_CLOCK"


@dataclass(frozen=True, slots=True)
class Clock:
    """World time = `world_anchor` + (wall time - `wall_anchor`) x `speed`."""

    speed: float = 1.0
    wall_anchor: int = 0
    world_anchor: int = 0

    def now(self) -> Instant:
        """The world's time, ns UTC."""
        wall = time.time_ns()
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


def this_process() -> Clock:
    """The clock `kwm up` handed to this process, or the wall clock."""
    text = os.environ.get(VARIABLE)
    return from_text(text) if text else Clock()
