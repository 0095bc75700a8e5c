"""The draws of a world are those of the standard library: histories do not depend on how they are drawn."""

import random

import pytest

from quoter.shell.world_dice import Dice


@pytest.mark.parametrize("seed", range(20))
def test_the_same_numbers_as_the_standard_library_in_any_order(seed: int) -> None:
    ours, theirs, which = Dice(seed), random.Random(seed), random.Random(-seed - 1)
    for _ in range(2_000):
        match which.randrange(6):
            case 0:
                assert ours.random() == theirs.random()
            case 1:
                assert ours.randint(3, 14) == theirs.randint(3, 14)
            case 2:
                assert ours.choice("abcdefg") == theirs.choice("abcdefg")
            case 3:
                assert ours.uniform(0.03, 0.08) == theirs.uniform(0.03, 0.08)
            case 4:
                assert ours.expovariate(1 / 15e6) == theirs.expovariate(1 / 15e6)
            case _:
                assert ours.gauss(0, 0.04) == theirs.gauss(0, 0.04)
