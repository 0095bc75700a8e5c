"""The embedded world's time goes on from run to run and never back, whatever the speeds were."""

import json
import os
import time
from pathlib import Path

from core.clock import Clock
from core.errors import SettingsError


def _path(data: Path) -> Path:
    return data / "live" / "world_time.json"


def next_clock(data: Path, speed: float, *, embedded: bool) -> Clock:
    """The clock of this run. Outside the embedded world it is the wall's, at speed 1. Raises: SettingsError."""
    if not embedded:
        if speed != 1.0:
            raise SettingsError(
                "--speed: only the embedded exchange with the embedded weather can run faster than the world"
            )
        return Clock()
    wall = time.time_ns()
    last = 0
    path = _path(data)
    if path.exists():
        try:
            last = int(json.loads(path.read_text())["world"])
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{path} is damaged; remove it to start from the present time") from error
    return Clock(speed, wall, max(wall, last))


def remember(data: Path, clock: Clock) -> None:
    """Write down how far the world's time has come."""
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"world": clock.now()}))
    os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point
