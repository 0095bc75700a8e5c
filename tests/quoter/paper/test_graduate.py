"""Graduation: what is missing is said in words, and luck of a few days is not enough."""

import json
from pathlib import Path

import pytest

from core.errors import KwmError
from core.storage import lake, views
from core.units import DAY, SECOND, Instant, iso
from quoter.paper.command import brought_in
from quoter.paper.evidence import gather, trial
from quoter.paper.graduate import Evidence, Stage, Trial, lower_bound, next_stage, requirements
from quoter.paper.measure import measure

pytestmark = pytest.mark.slow

_AT = Instant(1_795_500_000 * SECOND)


def test_with_nothing_tried_demo_comes_next_and_says_what_it_needs() -> None:
    stage, missing = next_stage(Evidence())
    assert stage is Stage.DEMO
    assert [r.words for r in missing] == ["days quoted on paper: at least 3", "simulated fills: at least 50"]


def test_the_lower_bound_is_students() -> None:
    assert lower_bound([1.0, 2.0, 3.0]) == pytest.approx(2.0 - 2.92 * 1.0 / 3**0.5)
    assert lower_bound([5.0]) == float("-inf")


def test_a_few_lucky_days_do_not_pass_and_a_haircut_bites() -> None:
    demo, good = Trial(days=5, fills=40), Trial(20, 500, tuple([3.0, 2.0, 4.0] * 6))
    lucky = Evidence(Trial(20, 500, (9.0, -8.0, 10.0)), good, demo, haircut_factor=0.5)
    steady = Evidence(good, good, demo, haircut_factor=0.5)
    assert any("confidence" in r.words for r in next_stage(lucky)[1])
    assert next_stage(steady)[0] is Stage.LIVE
    worthless = Evidence(good, good, demo, haircut_factor=0.0)
    assert next_stage(worthless)[0] is Stage.ONE_LOT


def test_when_nothing_is_missing_nothing_is_next() -> None:
    good = Trial(20, 500, tuple([3.0, 2.0, 4.0] * 6))
    assert next_stage(Evidence(good, good, good, good, 0.5, True, 0)) == (None, [])
    assert all(r.met for rs in requirements(Evidence(good, good, good, good, 0.5, True, 0)).values() for r in rs)


def test_the_evidence_is_read_by_environment_and_size(tmp_path: Path) -> None:
    def run(name: str, at: Instant, environment: str, most: int) -> dict[str, object]:
        return {"quoter_run": name, "happened_at": iso(at), "version": "1", "environment": environment,
                "settings": json.dumps({"limits": {"max_order": most}})}  # fmt: skip

    def quoted(at: Instant) -> dict[str, object]:
        return {"happened_at": iso(at), "state": "quoting"}

    days = [Instant(_AT + k * DAY) for k in range(4)]
    lake.commit(tmp_path, "r1", _AT, {
        "runs": [run("a", days[0], "demo", 5000), run("b", days[1], "production", 100),
                 run("c", days[3], "production", 5000)],
        "pnl": [quoted(Instant(day + 3600 * SECOND)) for day in days],
        "notes": [{"happened_at": iso(Instant(days[1] + SECOND)), "kind": "bug", "words": "x"}],
    })  # fmt: skip
    views.build(tmp_path)
    with lake.connect(tmp_path) as db:
        assert trial(db, ("demo",)).days == 1
        small = trial(db, ("production",), 100)
    assert (small.days, small.bugs) == (2, 1)
    found = gather(tmp_path, tmp_path / "paper", 2.4)
    assert (found.demo.days, found.one_lot.days, found.paper.days) == (1, 2, 0)


def test_a_fill_heard_again_and_a_halt_said_again_count_once(tmp_path: Path) -> None:
    def later(seconds: int) -> str:
        return iso(Instant(_AT + seconds * SECOND))

    def heard(trade: str, at: int) -> dict[str, object]:
        return {"trade_id": trade, "order_id": "o", "client_order_id": "c", "ticker": "T", "side": "bid",
                "filled_at": later(10), "heard_at": later(at)}  # fmt: skip

    def note(at: int, kind: str, words: str) -> dict[str, object]:
        return {"happened_at": later(at), "kind": kind, "words": words}

    lake.commit(tmp_path, "r1", _AT, {
        "runs": [{"quoter_run": "a", "happened_at": later(0), "version": "1", "environment": "demo", "settings": "{}"}],
        "fills": [heard("t1", 10), heard("t1", 70), heard("t1", 130), heard("t2", 11)],
        "notes": [note(20, "halt", "halted by a person"), note(21, "halt", "halted by a person"),
                  note(30, "resume", "not resumed (a person): x"), note(31, "halt", "again"),
                  note(40, "resume", "resumed by a person"), note(50, "halt", "a second time"),
                  note(60, "resume", "resumed by a person"), note(70, "daily_loss", "x"), note(71, "halt", "y")],
    })  # fmt: skip
    views.build(tmp_path)
    with lake.connect(tmp_path) as db:
        found = trial(db, ("demo",))
    assert (found.fills, found.halts) == (2, 2)


def test_graduate_brings_the_paper_journal_in_before_it_counts(tmp_path: Path) -> None:
    loaded: list[Path] = []
    assert (brought_in(tmp_path / "paper", lambda folder: loaded.append(folder)), loaded) == ("", [])
    assert (brought_in(tmp_path, lambda folder: loaded.append(folder)), loaded) == ("", [tmp_path])

    def fails(_: Path) -> None:
        raise KwmError("no disk")

    assert brought_in(tmp_path, fails) == "no disk", "what was loaded before is shown all the same"


def test_a_run_whose_size_was_raised_while_it_lasted_is_no_trial_of_one_contract(tmp_path: Path) -> None:
    def note(words: str) -> dict[str, object]:
        return {"happened_at": iso(Instant(_AT + 60 * SECOND)), "kind": "config", "words": words}

    def small_days(folder: Path, words: str) -> int:
        lake.commit(folder, "r1", _AT, {
            "runs": [{"quoter_run": "a", "happened_at": iso(_AT), "version": "1", "environment": "production",
                      "settings": json.dumps({"limits": {"max_order": 100}})}],
            "pnl": [{"happened_at": iso(Instant(_AT + SECOND)), "state": "quoting"}], "notes": [note(words)],
        })  # fmt: skip
        views.build(folder)
        return gather(folder, folder / "paper", 2.4).one_lot.days

    assert small_days(tmp_path / "a", "quoting.edge = 0.03 (by a person)") == 1
    assert small_days(tmp_path / "b", "quoting.edge = 0.03, risk.max_order = 50 (by a person)") == 0


def test_days_on_paper_in_the_embedded_world_rehearse_and_prove_nothing_for_real_money(tmp_path: Path) -> None:
    """They pass sixty times as fast there, and the others are ours too."""
    paper = tmp_path / "paper"
    for number, environment in enumerate(("embedded", "demo")):
        at = Instant(_AT + number * DAY)
        lake.commit(paper, f"r{number}", at, {
            "runs": [{"quoter_run": environment, "happened_at": iso(at), "version": "1", "environment": environment,
                      "settings": "{}"}],
            "pnl": [{"happened_at": iso(Instant(at + SECOND)), "state": "quoting"}],
        })  # fmt: skip
    views.build(paper)
    found = gather(tmp_path, paper, 2.4)
    assert (found.rehearsed.days, found.paper.days) == (2, 1)


def test_fills_of_the_embedded_world_are_not_the_real_ones_that_paper_is_measured_by(tmp_path: Path) -> None:
    for folder, environment in (("embedded", "embedded"), ("production", "production"), ("paper", "production")):
        lake.commit(tmp_path / folder, "r1", _AT, {
            "runs": [{"quoter_run": "a", "happened_at": iso(_AT), "version": "1", "environment": environment,
                      "settings": "{}"}],
            "pnl": [{"happened_at": iso(Instant(_AT + SECOND)), "state": "quoting"}],
        })  # fmt: skip
        views.build(tmp_path / folder)
    assert measure(tmp_path / "production", tmp_path / "paper").hours > 0
    assert measure(tmp_path / "embedded", tmp_path / "paper").hours == 0
