"""How long ago a file changed, whatever its stamps say."""

from core.pulse import Pulse


def test_at_the_first_look_its_stamp_is_believed_and_then_our_own_count() -> None:
    pulse = Pulse()
    assert pulse.age("a", 40.0, 100.0) == 40.0
    assert pulse.age("a", -272.0, 101.0) == 41.0, "the clock was set back; it is as old as before"
    assert pulse.age("a", 3_641.0, 102.0) == 42.0, "or ahead"


def test_what_does_not_change_ages_although_its_stamp_lies_in_the_future() -> None:
    pulse = Pulse()
    assert [pulse.age("a", -312.0 + t, 100.0 + t) for t in (0.0, 1.0, 6.0)] == [0.0, 1.0, 6.0]


def test_what_changed_is_no_older_than_the_last_look() -> None:
    pulse = Pulse()
    pulse.age("a", 0.0, 100.0)
    assert pulse.age("b", 0.25, 101.0) == 0.25
    assert pulse.age("c", -312.0, 102.0) == 0.0
    assert pulse.age("d", 312.0, 103.0) == 1.0
