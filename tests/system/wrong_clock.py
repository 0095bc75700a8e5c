"""`kwm quote` by a wall clock that is 312 s ahead until the file named on the command line appears: as if NTP had come.

The machine's own clock is left alone.
"""

import asyncio
import sys
import time
from pathlib import Path

from core import config
from core.clock import Steady
from core.units import SECOND
from quoter.quote import only_one, run

AHEAD_S = 312


def main(right: Path) -> int:
    """The exit code of the run."""

    def read() -> tuple[int, int]:
        return time.time_ns() + (0 if right.exists() else AHEAD_S * SECOND), time.monotonic_ns()

    settings = config.load()
    data = settings.storage.data.resolve()
    with only_one(data):
        return asyncio.run(run(settings, data, Steady(read)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
