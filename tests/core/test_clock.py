"""The wall clock as the quoter goes by it: never back, however it is set. Readings are arguments; nobody waits."""

import time

from core.clock import HELD, Clock, Steady, readings
from core.units import SECOND

WALL, MONOTONIC = 1_795_000_000 * SECOND, 77 * SECOND


class Hands:
    """A wall clock and a monotonic one, in seconds since the test began; the wall one may be set."""

    def __init__(self) -> None:
        self.steady, self.passed, self.wrong = Steady(self.read), 0.0, 0.0

    def read(self) -> tuple[int, int]:
        ns = int(self.passed * SECOND)
        return WALL + ns + int(self.wrong * SECOND), MONOTONIC + ns

    def at(self, passed: float, wrong: float) -> float:
        """Seconds that the steady clock says have passed."""
        self.passed, self.wrong = passed, wrong
        return (self.steady.now() - WALL) / SECOND


def test_while_nobody_sets_it_it_is_the_wall_clock() -> None:
    hands = Hands()
    assert [hands.at(t, 0.0) for t in (0.0, 0.5, 40.0, 90_000.0)] == [0.0, 0.5, 40.0, 90_000.0]
    assert (hands.steady.set_back, hands.steady.leapt) == (0, 0)


def test_set_back_by_less_than_a_second_it_stands_until_the_wall_has_caught_up() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    assert [hands.at(10.0 + t, -0.5) for t in (0.0, 0.25, 0.5, 0.75)] == [10.0, 10.0, 10.0, 10.25]
    assert hands.steady.set_back == 0


def test_a_leap_second_is_waited_out() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    assert [hands.at(t, -1.0) for t in (10.5, 11.0, 12.0)] == [10.0, 10.0, 11.0]
    assert hands.steady.set_back == 0


def test_set_back_by_minutes_it_goes_on_and_says_by_how_much() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    assert [hands.at(t, -312.0) for t in (10.5, 11.0, 400.0)] == [10.5, 11.0, 400.0]
    assert hands.steady.set_back == 312 * SECOND


def test_a_step_back_is_seen_although_more_time_passed_between_two_looks() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    assert hands.at(20.0, -3.0) == 20.0, "the wall clock alone would say 17 and nobody would notice"
    assert hands.steady.set_back == 3 * SECOND


def test_small_steps_that_add_up_before_the_wall_has_caught_up_are_one_large_one() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    hands.at(10.1, -0.9)
    hands.at(10.2, -1.8)
    assert hands.steady.set_back == 1.8 * SECOND > HELD


def test_set_ahead_or_asleep_the_time_jumps_and_says_by_how_much() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    assert hands.at(11.0, 3_600.0) == 3_611.0
    assert (hands.steady.leapt, hands.steady.set_back) == (3_600 * SECOND, 0)
    hands.steady.leapt = 0
    assert hands.at(12.0, 3_600.0) == 3_612.0
    assert hands.steady.leapt == 0


def test_a_jump_ahead_that_is_taken_back_is_a_step_back() -> None:
    hands = Hands()
    hands.at(10.0, 0.0)
    hands.at(11.0, 3_600.0)
    assert hands.at(12.0, 0.0) == 3_612.0
    assert hands.steady.set_back == 3_600 * SECOND


def test_the_worlds_time_by_a_steady_clock_is_as_fast_as_ever() -> None:
    hands = Hands()
    clock = Clock(60.0, WALL, 5 * SECOND).by(hands.steady)
    hands.passed = 2.0
    assert clock.now() == 125 * SECOND
    hands.wrong = -312.0
    assert clock.now() == 125 * SECOND
    assert clock == Clock(60.0, WALL, 5 * SECOND), "it is the same world's"


def test_the_two_clocks_of_this_machine_are_read_in_one_moment() -> None:
    before = time.time_ns() - time.monotonic_ns()
    wall, monotonic = readings()
    assert abs(wall - monotonic - before) < SECOND
