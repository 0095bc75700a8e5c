"""Seeded worlds full of faults: every invariant after every event, and both sides agree at the end."""

import os

import pytest

from quoter.shell.world import World
from quoter.shell.world_command import Tally, many, world_of

pytestmark = pytest.mark.slow
SEEDS, HARSH = 600, 150  # of those `make soak` runs a hundred thousand of


def test_worlds_full_of_faults_break_no_invariant() -> None:
    total = Tally()
    for tally in many(0, SEEDS, os.cpu_count() or 1):
        total.add(tally)
    assert total.broken == []
    assert total.fills > 10 * SEEDS, "worlds in which nothing trades prove nothing"
    assert total.runs > SEEDS * 3 // 2, "worlds in which nothing crashes prove nothing"
    assert total.replayed > SEEDS // 20, "some journals are run again at the end"


def test_worlds_with_more_faults_than_any_day_has_break_no_invariant() -> None:
    total = Tally()
    for tally in many(0, HARSH, os.cpu_count() or 1, harsh=True):
        total.add(tally)
    assert total.broken == []
    assert total.runs > 2 * HARSH


def test_one_seed_is_one_history() -> None:
    assert World(3, keeps_history=True).run().history == World(3, keeps_history=True).run().history


@pytest.mark.parametrize(
    "seed", [448, 1081, 1194, 3858, 4928, 7774, 203707, 24567, 31330, 95247, 312459, 313564, 321738]
)
def test_a_world_that_broke_once_stays_whole(seed: int) -> None:
    World(seed).run()


@pytest.mark.parametrize("seed", [201251])
def test_a_harsh_world_that_broke_once_stays_whole(seed: int) -> None:
    world_of(seed, harsh=True).run()
