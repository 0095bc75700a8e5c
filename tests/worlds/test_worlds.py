"""Seeded worlds full of faults: every invariant after every event, and both sides agree at the end."""

import pytest

from quoter.shell.world import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(24))
def test_a_world_full_of_faults_breaks_no_invariant(seed: int) -> None:
    world = World(seed).run()
    assert world.steps > 5_000
    assert len(world.exchange.fill_log) > 50, "a world in which nothing trades proves nothing"


def test_one_seed_is_one_history() -> None:
    assert World(3).run().history == World(3).run().history
