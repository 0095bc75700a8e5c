"""Ratios are kept with the machine's name, so that a change is seen where it happened."""

import json
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[2] / "ci-artefacts" / "bench.jsonl"
Keep = Callable[..., None]


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Keep:
    """Write one result: a line of JSON with the machine, the test and what was measured."""

    def write(**measured: float) -> None:
        FILE.parent.mkdir(exist_ok=True)
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.node(),
                "processor": platform.machine(), "python": platform.python_version(),
                "test": request.node.name, **{k: round(v, 4) for k, v in measured.items()}}  # fmt: skip
        with FILE.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"\n{request.node.name}: " + ", ".join(f"{k} {v:.3g}" for k, v in measured.items()))  # noqa: T201 - a bench tells

    return write
