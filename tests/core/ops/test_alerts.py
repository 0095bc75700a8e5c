"""What is wrong reaches a person: once, with its remedy, at a bearable pace, and silence is an alarm of its own."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from core import config
from core.errors import SettingsError
from core.ops.alert_facts import Watcher, used
from core.ops.alert_memory import Memory, Pace, learn, message, not_told, told
from core.ops.alerts import Alert, Facts, FlowTrouble, Kind, Note, Thresholds, Used, alerts
from core.ops.alerts_command import Teller
from core.ops.deliver import Messenger
from core.storage import lake
from core.storage.journal import Journal
from core.storage.journal_rows import NoteRow
from core.units import HOUR, Instant, iso, money
from tests.core.ops import small_lake
from tests.core.ops.receiver import Receiver

pytestmark = pytest.mark.slow

WANTED = Thresholds(15.0, 0.8, 60, 180.0, 2_000.0)
PACE = Pace(60.0, 3_600.0, 20)
FINE = {"beat_age_s": 1.0, "state": "quoting", "publication_left_s": 100.0, "free_mb": 50_000.0}

TROUBLES: list[tuple[str, dict[str, Any], Kind]] = [
    ("the quoter hangs", {"beat_age_s": 40.0}, Kind.SILENCE),
    ("it never came", {"beat_age_s": None}, Kind.SILENCE),
    ("it was stopped", {"state": "stopped"}, Kind.SILENCE),
    ("it was stopped without proof", {"state": "stopped", "may_rest": 3}, Kind.SILENCE),
    ("it halted", {"halted": "daily loss limit reached"}, Kind.HALT),
    ("the stream is down", {"connected": False}, Kind.DISCONNECT),
    ("the exchange takes no orders", {"shut": "exchange_paused"}, Kind.DISCONNECT),
    ("fills come fast", {"fills_last_minute": 60}, Kind.FILLS),
    ("a limit is near", {"used": (Used("loss today", money("85"), money("100")),)}, Kind.LIMIT),
    ("the publication expired", {"publication_left_s": -1.0}, Kind.STALE),
    ("a source is old", {"old_sources": ("forecast of KNYC 9.0 h old",)}, Kind.STALE),
    ("a settlement differs", {"mismatches": ("KX: 1 and 2",)}, Kind.SETTLEMENT),
    ("a flow failed", {"flows": (FlowTrouble("publish", 0.0, "no forecast"),)}, Kind.FLOW),
    ("a flow is late", {"flows": (FlowTrouble("publish", 200.0, ""),)}, Kind.FLOW),
    ("Prefect is away", {"prefect_trouble": "ConnectError"}, Kind.FLOW),
    ("the disk is full", {"free_mb": 100.0}, Kind.DISK),
    ("the watchdog fired", {"watchdog": "silent for 20 s"}, Kind.WATCHDOG),
    ("the watchdog is gone", {"watchdog_age_s": 60.0}, Kind.SILENCE),
    ("the day's loss lets only reducing orders through", {"notes": (Note("reduce_only", "lost"),)}, Kind.LIMIT),
    ("positions drift", {"notes": (Note("position", "KX: 1 and 2"),)}, Kind.DRIFT),
    ("an event costs something else", {"notes": (Note("fees", "KX: 0.035 x P(1-P)"),)}, Kind.DRIFT),
    ("a market pays for other degrees", {"notes": (Note("strikes", "KX: moved"),)}, Kind.DRIFT),
    ("an order group triggered", {"notes": (Note("group", "triggered"),)}, Kind.FILLS),
    ("the engine found itself wrong", {"notes": (Note("bug", "limit broken"),)}, Kind.BUG),
    ("the clock was set back", {"notes": (Note("clock", "set back by 312 s"),)}, Kind.CLOCK),
    ("orders may rest after the end", {"notes": (Note("stopped", "NOT verified"),)}, Kind.HALT),
]


@pytest.mark.parametrize(("changed", "kind"), [t[1:] for t in TROUBLES], ids=[t[0] for t in TROUBLES])
def test_each_trouble_is_one_alert_with_a_remedy(changed: dict[str, Any], kind: Kind) -> None:
    found = alerts(Facts(**FINE | changed), WANTED)
    assert [alert.kind for alert in found] == [kind]
    assert found[0].words and found[0].remedy


def test_in_the_exchange_s_weekly_pause_nobody_is_woken_for_it() -> None:
    for trouble in ({"shut": "exchange_paused"}, {"shut": "exchange_down", "connected": False}):
        assert alerts(Facts(**FINE | trouble | {"weekly_pause": True}), WANTED) == []
        assert all(alert.after_s >= 30 for alert in alerts(Facts(**FINE | trouble), WANTED))


def test_of_a_quoter_that_ended_without_proof_nobody_is_told_that_nothing_rests(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    file = tmp_path / "live" / "quoter.json"
    watcher = Watcher(config.load({"KWM_STORAGE__DATA": str(tmp_path)}), tmp_path, "http://127.0.0.1:9/api")
    for beat, may_rest in (({"proved": False, "working": 0}, 1), ({"proved": True}, 0), ({"proved": False}, 1)):
        file.write_text(json.dumps({"state": "stopped"} | beat))
        assert watcher._may_rest({"state": "stopped"} | beat, time.time()) == may_rest
    (one,) = alerts(Facts(beat_age_s=1.0, state="stopped", may_rest=3, watchdog_age_s=1.0), WANTED)
    assert one.urgent and "up to 3" in one.words and "kwm kill" in one.remedy


def test_every_kind_can_happen() -> None:
    assert {kind for _, _, kind in TROUBLES} == set(Kind)


def test_when_all_is_well_nobody_is_told_anything() -> None:
    calm = Facts(
        **FINE, fills_last_minute=59, used=(Used("x", money("79"), money("100")),),
        flows=(FlowTrouble("publish", 20.0, ""),), notes=(Note("resume", "by you"), Note("stopped", "0 orders, none")),
    )  # fmt: skip
    assert alerts(calm, WANTED) == []


def halt(words: str = "halted: by hand") -> Alert:
    return Alert(Kind.HALT, "halt", words, "kwm resume", urgent=True)


def warning(key: str, **more: Any) -> Alert:
    return Alert(Kind.LIMIT, key, f"{key} is near", "look", **more)


def said(memory: Memory, found: list[Alert], now: float, pace: Pace = PACE) -> str:
    learn(memory, found, now, pace)
    text = message(memory, now, pace)
    if text:
        told(memory, now)
    return text


def test_the_same_trouble_is_told_once_then_reminded_of_and_its_end_is_told() -> None:
    memory = Memory()
    assert said(memory, [halt()], 0.0).startswith("HALT: halted: by hand\n  → kwm resume")
    assert [said(memory, [halt()], float(t)) for t in range(1, 3_600, 60)] == [""] * 60
    assert said(memory, [halt()], 3_600.0).startswith("still: HALT")
    assert said(memory, [], 3_700.0) == "over: halted: by hand"
    assert said(memory, [halt()], 3_800.0).startswith("HALT"), "a new one is told at once"


def test_what_passes_quickly_is_not_told() -> None:
    memory = Memory()
    brief = warning("stream", after_s=30.0)
    assert [said(memory, [brief], float(t)) for t in range(0, 30, 5)] == [""] * 6
    assert said(memory, [], 30.0) == ""
    assert said(memory, [brief], 31.0) == "" and said(memory, [brief], 61.0) != ""


def test_warnings_gather_between_two_messages_and_urgent_ones_do_not_wait() -> None:
    memory = Memory()
    assert said(memory, [warning("a")], 0.0)
    assert said(memory, [warning("a"), warning("b")], 10.0) == ""
    assert said(memory, [warning("a"), warning("b"), warning("c")], 30.0) == ""
    assert said(memory, [warning("a"), warning("b"), warning("c"), halt()], 40.0).count("→") == 3
    assert memory.waiting == {}


def test_there_are_never_more_messages_than_agreed_and_none_is_lost() -> None:
    memory, pace = Memory(), Pace(1.0, 3_600.0, 5)
    found = [warning(str(n), once=True) for n in range(40)]
    texts = [said(memory, [found[n]], n * 10.0, pace) for n in range(40)]
    assert sum(bool(text) for text in texts) == 5
    rest = said(memory, [], 3_700.0, pace)
    assert rest.count("→") == 35, "what was held back comes when there is room"


def test_what_could_not_be_delivered_is_tried_again_later_and_later() -> None:
    memory = Memory()
    learn(memory, [halt()], 0.0, PACE)
    assert message(memory, 0.0, PACE)
    not_told(memory, 0.0)
    assert message(memory, 9.0, PACE) == "" and message(memory, 10.0, PACE) != ""
    not_told(memory, 10.0)
    assert message(memory, 29.0, PACE) == "" and "HALT" in message(memory, 30.0, PACE)


def test_after_the_clock_was_set_back_nobody_waits_until_it_has_caught_up() -> None:
    memory = Memory()
    assert said(memory, [warning("a")], 90_000.0)
    not_told(memory, 90_001.0)
    learn(memory, [warning("a"), warning("b")], 50_000.0, PACE)
    assert memory.failed_until <= 50_000.0 + 600.0
    assert "b is near" in said(memory, [warning("a"), warning("b")], 50_601.0)
    assert "still: LIMIT NEAR: a is near" in said(memory, [warning("a"), warning("b")], 53_700.0)


def test_a_dead_quoter_is_missed_although_its_last_stamp_lies_in_the_future(teller: Teller, tmp_path: Path) -> None:
    beat(tmp_path, age_s=-312.0)
    first = teller.watcher.look(Instant(time.time_ns())).beat_age_s
    time.sleep(0.3)
    second = teller.watcher.look(Instant(time.time_ns())).beat_age_s
    assert first is not None and second is not None
    assert first == 0.0 and second >= 0.3


def test_the_limit_in_force_and_a_loss_that_was_accepted_count() -> None:
    settings = config.load({}, None)
    lost = {"pnl": -300_000_000, "accepted": 260_000_000, "max_daily_loss": 100_000_000}
    found = next(one for one in used(lost, settings) if one.name == "loss today")
    assert (found.used, found.limit) == (40_000_000, 100_000_000)


@pytest.fixture
def teller(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Teller:
    monkeypatch.setenv("ALERT_PATH", "secret-path")
    settings = config.load({
        "KWM_ALERTS__URLS": f'["json://127.0.0.1:{receiver.port}/${{ALERT_PATH}}"]',
        "KWM_ALERTS__PING_URL": f"http://127.0.0.1:{receiver.port}/ping", "KWM_ALERTS__PING_S": "0.001",
        "KWM_ALERTS__MIN_FREE_MB": "0", "KWM_STORAGE__DATA": str(tmp_path),
    }, None)  # fmt: skip
    (tmp_path / "live").mkdir()
    return Teller(settings, tmp_path, Watcher(settings, tmp_path, "http://127.0.0.1:9/api"))


def beat(data: Path, age_s: float = 0.0, **changed: object) -> None:
    path = data / "live/quoter.json"
    shown = {"run": "r1", "state": "quoting", "connected": True, "halted": "", "fills": 0, "worst": 0, "pnl": 0}
    path.write_text(json.dumps(shown | changed))
    at = time.time() - age_s
    os.utime(path, (at, at))


def test_a_halt_and_a_fill_burst_reach_the_receiver_and_silence_stops_the_ping(
    teller: Teller, tmp_path: Path, receiver: Receiver
) -> None:
    beat(tmp_path)
    teller.look()
    assert receiver.pings == 1 and receiver.bodies == []
    beat(tmp_path, halted="halted by a person", fills=70, worst=money("1400"), worst_event=["KX-1", money("1")])
    teller.look()
    assert receiver.pings == 2
    text = receiver.bodies[0]["message"]
    assert "HALT: halted: halted by a person" in text and "70 fills in the last minute" in text
    assert "$1,400.00 of $1,500.00" in text and receiver.bodies[0]["type"] == "failure"
    teller.look()
    assert len(receiver.bodies) == 1, "told once"
    beat(tmp_path, age_s=60.0)
    teller.watcher = Watcher(teller.settings, tmp_path, "http://127.0.0.1:9/api")  # its first look believes the stamp
    teller.look()
    assert receiver.pings == 3, "silent: nobody says that all is well"
    assert "silent for 60 s" in receiver.bodies[1]["message"] and "kwm kill" in receiver.bodies[1]["message"]


def test_a_restart_repeats_nothing_and_a_deaf_receiver_is_told_later(
    teller: Teller, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = 500
    beat(tmp_path, halted="by hand")
    teller.look()
    assert teller.memory.failures == 1 and "halt" in teller.memory.waiting
    again = Teller(teller.settings, tmp_path, teller.watcher)
    assert again.memory.waiting == teller.memory.waiting, "what was not delivered outlives the process"
    receiver.answer, again.memory.failed_until = 200, 0.0
    beat(tmp_path, halted="by hand")
    again.look()
    last = Teller(teller.settings, tmp_path, teller.watcher)
    beat(tmp_path, halted="by hand")
    last.look()
    assert len(receiver.bodies) == 2, "the failed one and the one that was heard"


def test_what_the_watchdog_did_is_told_once(teller: Teller, tmp_path: Path) -> None:
    path = tmp_path / "live/watchdog.json"
    path.write_text(json.dumps({"state": "watching", "fired": "", "last": {}}))
    assert teller.watcher.look(Instant(time.time_ns())).watchdog == ""
    path.write_text(json.dumps({"state": "fired", "fired": "silent: 3 cancelled", "last": {"at": time.time()}}))
    assert teller.watcher.look(Instant(time.time_ns())).watchdog == "silent: 3 cancelled"
    assert teller.watcher.look(Instant(time.time_ns())).watchdog == ""
    again = {"state": "fired", "fired": "silent: 1 cancelled", "last": {"at": time.time() - 312.0}}
    path.write_text(json.dumps(again))
    assert teller.watcher.look(Instant(time.time_ns())).watchdog == "silent: 1 cancelled", "the clock was set back"


def test_notes_of_the_journal_are_told_once_and_damaged_lines_hide_none(teller: Teller, tmp_path: Path) -> None:
    book = Journal(tmp_path, "r1")
    now = Instant(time.time_ns())
    book.append(NoteRow(now, "position", "KX: the exchange holds 3, we 4: taken over"), now)
    book.flush()
    assert [n.kind for n in teller.watcher.notes.new()] == ["position"]
    assert teller.watcher.notes.new() == []
    assert book.file is not None
    book.file.write(b'{"row":"note","at"\n')
    book.append(NoteRow(now, "group", "triggered"), now)
    book.close()
    assert [n.kind for n in teller.watcher.notes.new()] == ["group"]


def test_the_lake_tells_of_old_sources_and_of_settlements_that_differ(teller: Teller, tmp_path: Path) -> None:
    small_lake.make(tmp_path)
    event = small_lake.event_of("KNYC", small_lake.TODAY)
    later = Instant(small_lake.NOW + 12 * HOUR)
    lake.commit(tmp_path, "differing", small_lake.NOW, {
        "settlement_differences": [{"event_ticker": event, "words": "the report says 48, the exchange 50",
                                    "seen_at": iso(small_lake.NOW)}],
        "settlements": [{"ticker": small_lake.ticker_of("KDEN", small_lake.TODAY, 0), "yes_contracts": "3",
                         "no_contracts": "0", "settled_at": iso(small_lake.NOW)}],
    })  # fmt: skip
    facts = teller.watcher.look(later)
    assert len(facts.old_sources) == 4, "two stations: forecast and observation of each"
    assert any("the report says 48" in line for line in facts.mismatches)
    assert any("settled 3.00 contracts, our fills say 0" in line for line in facts.mismatches)
    found = {alert.kind for alert in alerts(facts, WANTED)}
    assert {Kind.STALE, Kind.SETTLEMENT} <= found


def test_an_address_is_refused_by_number_without_telling_its_secret() -> None:
    with pytest.raises(SettingsError, match=r"number 2 \(nonsense") as refused:
        Messenger(["json://127.0.0.1:1/a", "nonsense://my-token@x"], {})
    assert "my-token" not in str(refused.value)
    with pytest.raises(SettingsError, match="TELEGRAM"):
        Messenger(["tgram://${TELEGRAM}/1"], {})
