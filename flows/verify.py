"""Yesterday's journal once more through the engine: it must give the same actions, byte for byte.

Flows do not know the quoter, so the replay is a process of its own: `kwm replay --verify DAY`.
"""

import subprocess
import sys

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from core.storage import journal
from core.units import DAY, Instant, to_datetime
from flows.base import Context, context

_TIMEOUT_S = 3_000.0
_DAYS = 3  # a run is replayed from its beginning: one of many days would take the night


class Differs(Exception):
    """The replay did something else than the journal says, or could not read it; the words are its own."""


@task(name="replay the journal", timeout_seconds=3_300)
def replayed(c: Context, day: str) -> str:
    """What `kwm replay --verify` said. Raises: Differs."""
    command = [sys.executable, "-m", "core.cli", "replay", day, "--verify", "--days", str(_DAYS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise Differs(f"{day}: {done.stdout[-3_000:]}{done.stderr[-1_000:]}")
    return done.stdout


@flow(name="verify", timeout_seconds=3_600, description="Yesterday's journal through the engine again: same actions?")
def verify() -> str:
    """What was compared, or that there was no journal."""
    c = context()
    day = to_datetime(Instant(c.now - DAY)).date().isoformat()
    if not journal.files(c.data, day):
        return f"no journal of {day}"
    said = replayed(c, day)
    create_markdown_artifact(f"```\n{said}\n```", key="replay", description=f"The journal of {day}, replayed")
    return said
