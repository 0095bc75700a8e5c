"""The worlds are hard enough: every build that is broken on purpose is caught, within a few dozen seeds."""

import pytest

from quoter.shell.broken import Broken
from tests.worlds.mutants import MUTANTS

pytestmark = pytest.mark.slow
ENOUGH = 60  # seeds within which each has to be caught
# the rarest begin where they were first caught, to be quick
FIRST = {
    "keep quoting on a silent feed": 57,
    "leave what rests when a limit falls": 269,
    "switch on at a restart": 67,
    "keep quoting on stale publications": 30,
    "resend on timeout": 13,
    "a list over a newer word": 107,
    "begin with any list": 26,
    "send after a halt what waited": 5,
}


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
