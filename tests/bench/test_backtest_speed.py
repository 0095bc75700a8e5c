"""What a backtest costs: a busy day of one city, and beside the engine itself, fed the same events in the same run."""

import time

import pytest

from quoter.backtest.job import Arm, FillModel
from quoter.backtest.run import Bench
from quoter.engine import events as e
from quoter.engine.state import new_state
from quoter.engine.step import step
from tests.bench.conftest import Keep
from tests.quoter.backtest import day

pytestmark = [pytest.mark.bench, pytest.mark.slow]


def recorded() -> tuple[Bench, list[e.Event]]:
    """A day's bench, and what its engine was told."""
    made = day.bench(Arm("x"))
    made.told = []
    made.run()
    return made, made.told


def test_a_busy_day_of_one_city_is_backtested_within_a_second_whatever_the_fill_model(keep: Keep) -> None:
    """Six brackets, 3,000 trades: nine in ten days of KXHIGHNY in 2024 had fewer."""
    spent = {}
    for model in FillModel:
        one = day.bench(Arm("x", model), trades=day.prints(number=3_000))
        one.log = None
        begin = time.process_time()
        found = one.run()
        spent[model.value] = time.process_time() - begin
        assert found.fills and found.trades == 3_000
    keep(**spent)
    assert max(spent.values()) < 1.0


def rates(rounds: int) -> list[tuple[float, float]]:
    """Events a second and core of a backtested day: with everything around the engine, and of the engine alone."""
    made, told = recorded()
    found = []
    for _ in range(rounds):
        one = day.bench(Arm("x"))
        one.log = None
        begin = time.process_time()
        one.run()
        whole = time.process_time() - begin
        state = new_state(made.config, "b", told[0].at)
        begin = time.process_time()
        for event in told:
            step(state, event)
            state.rows.clear()
        found.append((len(told) / whole, len(told) / (time.process_time() - begin)))
    return found


def test_the_shell_of_a_backtest_costs_less_than_the_engine_it_feeds(keep: Keep) -> None:
    found = rates(5)
    ratio = min(engine / whole for whole, engine in found)
    keep(ratio=ratio, events_a_second=max(whole for whole, _ in found))
    assert ratio < 2.0
