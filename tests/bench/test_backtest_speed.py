"""What a backtest costs beside the engine itself: the same events through `step` alone, in the same run."""

import time

import pytest

from quoter.backtest.job import Arm
from quoter.backtest.run import Bench
from quoter.engine import events as e
from quoter.engine.state import new_state
from quoter.engine.step import step
from tests.quoter.backtest import day

pytestmark = pytest.mark.bench


class Recorder(Bench):
    """Keeps what the engine was told."""

    told: list[e.Event]

    def deliver(self, event: e.Event) -> None:
        """Remember, then deliver."""
        self.told.append(event)
        super().deliver(event)


def test_the_shell_of_a_backtest_costs_less_than_the_engine_it_feeds() -> None:
    made = day.bench(Arm("x"))
    recorder = Recorder(made.past, made.arm, made.config, made.publications)
    recorder.told = []
    recorder.run()
    begin = time.process_time()
    day.bench(Arm("x")).run()
    whole = time.process_time() - begin
    state = new_state(made.config, "b", recorder.told[0].at)
    begin = time.process_time()
    for event in recorder.told:
        step(state, event)
        state.rows.clear()
    engine = time.process_time() - begin
    n = len(recorder.told)
    print(f"\nbacktest of one day: {n:,} events, {n / whole:,.0f} a second; the engine alone {n / engine:,.0f}")  # noqa: T201 - a bench speaks
    assert whole < 2 * engine
