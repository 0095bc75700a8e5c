"""Real fills against simulated ones in the minutes in which both quoted: reads the two lakes, gives a `Calibration`."""

import math
import os
import subprocess
import sys
from pathlib import Path

from core.errors import KwmError
from core.storage import folders, lake
from quoter.paper.calibration import Calibration, Sample

# real fills are those of production: the embedded world's and demo's are as imagined as paper's
_MINUTES = (
    "WITH runs_of AS (SELECT environment, happened_at AS since, lead(happened_at, 1, TIMESTAMPTZ '9999-01-01')"
    " OVER (ORDER BY happened_at) AS until FROM runs)"
    " SELECT DISTINCT date_trunc('minute', p.happened_at) FROM pnl p JOIN runs_of r ON p.happened_at >= r.since"
    " AND p.happened_at < r.until WHERE p.state = 'quoting' AND r.environment = 'production'"
)
_FILLS = (
    "SELECT date_trunc('minute', filled_at), contracts::DOUBLE, markout_5m_usd FROM markouts"
    " WHERE markout_5m_usd IS NOT NULL"
)
_LOAD_S = 300.0
Fills = list[tuple[object, float, float]]


def load(folder: Path) -> None:
    """Bring a paper journal into its lake by the same flow as the real one. Raises: KwmError."""
    done = subprocess.run(
        [sys.executable, "-m", "core.cli", "flows", "run", "load"], capture_output=True, text=True, timeout=_LOAD_S,
        env={**os.environ, "KWM_STORAGE__DATA": str(folder)}, check=False,
    )  # fmt: skip
    if done.returncode:
        raise KwmError(f"the paper journal could not be loaded: {done.stderr.strip()[-300:]}")


def measure(live: Path, paper: Path) -> Calibration:
    """Compare. Raises: KwmError when either has no lake yet."""
    minutes: list[set[object]] = []
    fills: list[Fills] = []
    for data in (live, paper):
        if not (data / folders.LAKE).exists():
            raise KwmError(f"{data} holds no lake yet: let the flows run (kwm up) beside the session")
        with lake.connect(data) as db:
            minutes.append({row[0] for row in db.execute(_MINUTES).fetchall()})
            fills.append(db.execute(_FILLS).fetchall())
    both = minutes[0] & minutes[1]
    return Calibration(len(both) / 60, sample(fills[0], both), sample(fills[1], both))


def sample(fills: Fills, minutes: set[object]) -> Sample:
    """The fills of some minutes in four numbers; the markout is weighed by contracts."""
    mine = [(contracts, markout) for minute, contracts, markout in fills if minute in minutes]
    contracts = sum(c for c, _ in mine)
    if not contracts:
        return Sample(0, 0.0, 0.0, 0.0)
    mean = sum(c * x for c, x in mine) / contracts
    return Sample(len(mine), contracts, mean, math.sqrt(sum(c * (x - mean) ** 2 for c, x in mine) / contracts))
