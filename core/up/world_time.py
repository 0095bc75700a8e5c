"""The embedded world's time goes on from run to run and never back, whatever the speeds were."""

import json
import os
import time
from pathlib import Path

from core.clock import Clock
from core.errors import SettingsError
from core.units import DAY, Instant


def _path(data: Path) -> Path:
    return data / "live" / "world_time.json"


def next_clock(data: Path, speed: float, *, embedded: bool, start: Instant | None = None) -> Clock:
    """The clock of this run. Outside the embedded world it is the wall's, at speed 1. Raises: SettingsError.

    `start`: when a world that does not exist yet begins. A world with a past of its own goes on from where it stopped;
    the others never fall behind the wall.
    """
    if not embedded:
        if speed != 1.0 or start is not None:
            raise SettingsError(
                "--speed and --world-from: only the embedded exchange with the embedded weather has a time of its own"
            )
        return Clock()
    wall = time.time_ns()
    path = _path(data)
    if path.exists():
        try:
            found = json.loads(path.read_text())
            last, own = int(found["world"]), bool(found.get("own"))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{path} is damaged; remove it to start from the present time") from error
        if start is not None:
            raise SettingsError(f"--world-from: the world in {data} exists already; use another [storage] data")
        return Clock(speed, wall, last if own else max(wall, last))
    return Clock(speed, wall, wall if start is None else start)


def remember(data: Path, clock: Clock) -> None:
    """Write down how far the world's time has come."""
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    now = clock.now()
    temporary.write_text(json.dumps({"world": now, "own": now < time.time_ns() - DAY}))
    os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point
