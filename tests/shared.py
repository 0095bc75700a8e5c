"""Where the team's shared reference data lies, if it is here: CI has it, a user's machine does not."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("KWM_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared(relative: str) -> Path:
    """The path of `relative` below the shared data; skips the test where it is absent."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"shared data {relative} is not on this machine")
    return path
