"""What the watchdog sees of the quoter: its heartbeat, its journal and its process.

Reads files that may vanish, be damaged or carry stamps of another time, and raises for none of it: a watchdog that
dies of what it sees watches nobody. Ages are counted by its own monotonic clock (`core/pulse.py`).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from core.pulse import Pulse
from core.storage import journal
from quoter.shell import heartbeat
from quoter.watchdog_judge import Sight, Tally

_MOST_PID = 2**31


class Eyes:
    """On one data folder. Times are seconds: `wall_s` since the epoch, `now_s` of the monotonic clock."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.heart, self.growth, self.run = Pulse(), Pulse(), ""
        self.tally = Tally()
        self.journal = journal.Listing(data)

    def look(self, wall_s: float, now_s: float, resting: int | None) -> Sight:
        """One look. `resting`: our orders as last listed, if they were."""
        beat = heartbeat.last(self.data)
        age = self._beat_age(bool(beat), wall_s, now_s)
        working = beat.get("working")
        if age is not None and isinstance(working, int):
            self.tally.beat(self.heart.changed_at, working)
        here = beat.get("host") == os.uname().nodename
        return Sight(
            beat, age, alive(beat.get("pid")) if here else None, self._journal_age(beat, wall_s, now_s), resting,
            self.tally.row,
        )  # fmt: skip

    def _beat_age(self, readable: bool, wall_s: float, now_s: float) -> float | None:
        """A heartbeat that cannot be read is none: it ages, however often it is written."""
        try:
            found = heartbeat.path_of(self.data).stat()
        except FileNotFoundError:
            return None
        except OSError:
            return self.heart.age("out of sight", 0.0, now_s)
        if not readable:
            return self.heart.age("unreadable", wall_s - found.st_mtime, now_s)
        return self.heart.age((found.st_mtime_ns, found.st_ino), wall_s - found.st_mtime, now_s)

    def _journal_age(self, beat: dict[str, Any], wall_s: float, now_s: float) -> float | None:
        run = beat.get("run")
        if not isinstance(run, str) or not run.isalnum():
            return None
        if run != self.run:
            self.growth, self.run = Pulse(), run
        size, newest = 0, 0.0
        for path in self.journal.files(run) or journal.files(self.data, run=run):  # or it is compressed already
            try:
                found = path.stat()
            except OSError:  # compressed, or let go, since it was listed
                continue
            size, newest = size + found.st_size, max(newest, found.st_mtime)
        return self.growth.age((size, newest), wall_s - newest, now_s) if newest else None


def alive(pid: object, process: Callable[[int], psutil.Process] = psutil.Process) -> bool | None:
    """Does it run on this machine? None for what is no process id, or cannot be told."""
    if type(pid) is not int or not 0 < pid < _MOST_PID:
        return None
    try:
        return bool(process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it may end between two questions
        return False
    except (psutil.Error, OSError):
        return None
