"""What compiling the same source gains (`make native`): a request, a replay, a world, beside the source in one run."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quoter.backtest.job import Arm
from quoter.engine.state import new_state
from quoter.engine.step import step
from quoter.shell.world_command import some
from tests.bench.conftest import Keep
from tests.bench.test_backtest_speed import recorded
from tests.bench.test_engine_speed import frame_to_request
from tests.quoter.backtest import day

pytestmark = [pytest.mark.bench, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "build" / "native"
SEEDS = 24


def replayed() -> float:
    """Events a second and core of a backtested day, through the full engine."""
    made, told = recorded()
    best = 0.0
    for _ in range(15):
        state = new_state(made.config, "b", told[0].at)
        began = time.process_time()
        for event in told:
            step(state, event)
            state.rows.clear()
        best = max(best, len(told) / (time.process_time() - began))
    return best


def backtested() -> float:
    """The same with everything around the engine: the past, the wires, the venue."""
    best = 0.0
    for _ in range(8):
        one = day.bench(Arm("x"))
        one.log = None
        began = time.process_time()
        events = one.run().events
        best = max(best, events / (time.process_time() - began))
    return best


def worlds() -> float:
    """Steps a second and core of seeded worlds, simulator and auditor included."""
    tallies = [some(0, SEEDS) for _ in range(4)]
    return max(tally.steps / tally.cpu_s for tally in tallies)


def figures() -> str:
    p50, p99 = min(frame_to_request() for _ in range(2))
    rates = {"events_a_second": replayed(), "backtested_a_second": backtested(), "steps_a_second": worlds()}
    return json.dumps({"p50_us": p50, "p99_us": p99, **rates})


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
