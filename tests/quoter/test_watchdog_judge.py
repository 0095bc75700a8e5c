"""When the watchdog acts, and when it must not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from quoter.shell.heartbeat import watchdog_path, watchdog_words
from quoter.watchdog_judge import Rules, Sight, Tally, reasons

RULES = Rules(heartbeat_s=5.0, journal_s=15.0, max_daily_loss=200_000_000)
WELL = Sight({"state": "quoting", "pnl": 0, "working": 12}, 0.6, True, 0.8, 12, 0)


def test_a_quoter_that_is_well_is_left_alone() -> None:
    assert reasons(WELL, RULES) == []


@pytest.mark.parametrize(
    ("sight", "word"),
    [
        (replace(WELL, process_alive=False), "process is gone"),
        (replace(WELL, beat_age_s=5.1), "no heartbeat"),
        (replace(WELL, process_alive=None, beat_age_s=6.0), "no heartbeat"),
        (replace(WELL, journal_age_s=16.0), "journal"),
        (replace(WELL, beat=WELL.beat | {"pnl": -200_000_000}), "daily limit"),
        (
            replace(WELL, resting=20, unexplained=3),
            "20 orders of ours rest, the quoter knows of 12: does another run on this account?",
        ),
        (replace(WELL, beat_age_s=None, beat={}), "no quoter runs"),
        (replace(WELL, beat=WELL.beat | {"state": "stopped"}), "no quoter runs"),
    ],
)
def test_each_trouble_is_named(sight: Sight, word: str) -> None:
    assert any(word in reason for reason in reasons(sight, RULES))


def test_a_quoter_that_stopped_cleanly_is_no_trouble() -> None:
    assert reasons(Sight({"state": "stopped"}, 900.0, False, 900.0, 0, 0), RULES) == []


def test_a_halt_after_the_daily_loss_with_nothing_resting_is_no_trouble() -> None:
    halted = {"state": "halted", "pnl": -210_000_000, "working": 0}
    assert reasons(replace(WELL, beat=halted, resting=0), RULES) == []


def losing(pnl: int, **said: object) -> Sight:
    """Quoting, with this result of the day."""
    return replace(WELL, beat=WELL.beat | {"pnl": pnl} | said)


def test_a_loss_that_a_person_has_accepted_is_not_counted_again() -> None:
    assert reasons(losing(-210_000_000, accepted=205_000_000), RULES) == []
    assert "200.00 dollars lost" in reasons(losing(-405_000_000, accepted=205_000_000), RULES)[0]
    assert reasons(losing(-210_000_000, accepted=-1), RULES) != []


def test_the_tighter_of_the_settings_and_the_quoters_limit_is_in_force() -> None:
    assert "the daily limit is 50.00" in reasons(losing(-60_000_000, max_daily_loss=50_000_000), RULES)[0]
    loosened = reasons(losing(-210_000_000, max_daily_loss=90_000_000_000), RULES)
    assert "the daily limit is 200.00" in loosened[0], "the quoter's word alone loosens nothing"


def test_one_list_that_is_ahead_of_the_quoter_is_no_trouble() -> None:
    assert reasons(replace(WELL, resting=13, unexplained=2), RULES) == []


def told(orders: list[tuple[float, int]], lists: list[tuple[float, int]]) -> int:
    """A tally that heard these heartbeats and lists in order of time."""
    tally = Tally()
    for at, what, number in sorted([(a, 0, n) for a, n in orders] + [(a, 1, n) for a, n in lists]):
        if what:
            tally.listed(at, number)
        else:
            tally.beat(at, number)
    return tally.row


def test_quotes_that_go_up_or_come_down_quickly_are_explained() -> None:
    up = [(float(t), 6 * t) for t in range(60)]
    assert told(up, [(t + 0.9, 6 * t + 8) for t in range(5, 50, 5)]) == 0
    down = [(float(t), max(0, 300 - 30 * t)) for t in range(60)]
    assert told(down, [(t + 0.9, max(0, 310 - 30 * t)) for t in range(5, 50, 5)]) == 0


def test_orders_that_the_quoter_never_hears_of_are_counted_list_by_list() -> None:
    beats = [(float(t), 10) for t in range(40)]
    assert told(beats, [(5.5, 12), (12.5, 12), (20.5, 13)]) == 3
    assert told(beats, [(5.5, 12), (12.5, 12), (20.5, 10)]) == 0


def test_a_list_waits_for_the_heartbeats_after_it() -> None:
    assert told([(1.0, 0), (2.0, 0)], [(1.5, 9)]) == 0


def test_the_status_says_what_the_watchdog_does(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    assert watchdog_words(tmp_path, 1_000.0).startswith("not running")
    for said, now, words in (
        ({"state": "watching", "at": 999.0, "fired": ""}, 1_000.0, "watching"),
        ({"state": "fired", "at": 999.0, "fired": "no heartbeat"}, 1_000.0, "FIRED: no heartbeat"),
        ({"state": "watching", "at": 900.0, "fired": ""}, 1_000.0, "not running, last heard 100 s ago"),
        (
            {"state": "watching", "at": 1_312.0, "fired": ""},
            1_000.0,
            "not known to run: its last word is stamped 312 s ahead of our time. Was the clock set back? It"
            " speaks every 5 s: ask again",
        ),
    ):
        watchdog_path(tmp_path).write_text(json.dumps(said))
        assert watchdog_words(tmp_path, now) == words
