"""What compiling the same source gains (`make native`): a request, a replay, a world, beside the source in one run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quoter.shell.world_command import some
from tests.bench.conftest import Keep
from tests.bench.test_backtest_speed import rates
from tests.bench.test_engine_speed import frame_to_request

pytestmark = [pytest.mark.bench, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "build" / "native"
SEEDS = 24


def worlds() -> float:
    """Steps a second and core of seeded worlds, simulator and auditor included."""
    tallies = [some(0, SEEDS) for _ in range(4)]
    return max(tally.steps / tally.cpu_s for tally in tallies)


def figures() -> str:
    p50, p99 = min(frame_to_request() for _ in range(2))
    backtested, replayed = (max(rate) for rate in zip(*rates(12), strict=True))
    return json.dumps({"p50_us": p50, "p99_us": p99, "events_a_second": replayed, "backtested_a_second": backtested,
                       "steps_a_second": worlds()})  # fmt: skip


def measured(*folders: Path) -> dict[str, float]:
    path = os.pathsep.join(str(folder) for folder in folders)
    told = subprocess.run(
        [sys.executable, "-c", "from tests.bench.test_native_speed import figures; print(figures())"],
        env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": path}, capture_output=True, text=True, check=True,
        timeout=300,
    )  # fmt: skip
    found: dict[str, float] = json.loads(told.stdout)
    return found


@pytest.mark.skipif(not (NATIVE / "kwm").exists(), reason="no compiled copy here: make native")
def test_the_compiled_copy_takes_less_than_half_the_time_of_its_source(keep: Keep) -> None:
    compiled, plain = measured(NATIVE, ROOT), measured(ROOT)
    ratios = {f"{name}_of_plain": compiled[name] / plain[name] for name in plain}
    keep(**compiled, **ratios)
    assert compiled["p50_us"] < 20 and compiled["p99_us"] < 150
    assert compiled["p50_us"] < 0.75 * plain["p50_us"]  # the frame is decoded by the same code in both
    assert compiled["events_a_second"] > 2 * plain["events_a_second"]
    assert compiled["backtested_a_second"] > 2 * plain["backtested_a_second"]
    assert compiled["steps_a_second"] > 2 * plain["steps_a_second"]
