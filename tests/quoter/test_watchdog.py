"""What the watchdog sees and survives: stamps of another time, files that vanish, a full disk, words it cannot read."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import config
from core import messages as m
from core.clock import Clock
from core.config import Settings
from core.errors import SettingsError
from core.exchange.credentials import make_embedded_key
from core.exchange.rest import Rest
from core.units import Count, Price, money
from quoter.shell import heartbeat
from quoter.watchdog import Watchdog
from quoter.watchdog_judge import Rules, reasons
from quoter.watchdog_sight import Eyes, alive

pytestmark = pytest.mark.slow

RULES = Rules(heartbeat_s=5.0, journal_s=15.0, max_daily_loss=200_000_000)
WALL = 1_795_000_000.0


def beat(folder: Path, stamp: float, **said: object) -> None:
    """A heartbeat written at this wall time."""
    (folder / "live").mkdir(exist_ok=True)
    path = heartbeat.path_of(folder)
    path.write_text(json.dumps({"state": "quoting", "pnl": 0, "working": 3, "run": "r1", "host": "elsewhere"} | said))
    os.utime(path, (stamp, stamp))


def journal_file(folder: Path, stamp: float, text: str = "x\n") -> None:
    """The run's journal, last written at this wall time."""
    path = folder / "journal" / "date=2026-11-24" / "r1-12.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    os.utime(path, (stamp, stamp))


def test_a_quoter_that_dies_as_the_clock_is_set_back_is_missed_within_seconds(tmp_path: Path) -> None:
    eyes = Eyes(tmp_path)
    for second in range(3):
        beat(tmp_path, WALL + second)
        eyes.look(WALL + second, 100.0 + second, 3)
    found = [reasons(eyes.look(WALL - 312 + t, 102.0 + t, 3), RULES) for t in (1.0, 4.0, 6.0)]
    assert found == [[], [], ["no heartbeat for 6.0 s"]]


def test_a_watchdog_that_begins_on_a_stamp_of_the_future_counts_by_itself(tmp_path: Path) -> None:
    beat(tmp_path, WALL + 312)
    eyes = Eyes(tmp_path)
    ages = [eyes.look(WALL + t, 100.0 + t, 3).beat_age_s for t in (0.0, 3.0, 6.0)]
    assert ages == [0.0, 3.0, 6.0]


def test_one_that_begins_on_an_old_stamp_acts_at_once(tmp_path: Path) -> None:
    beat(tmp_path, WALL - 60)
    assert reasons(Eyes(tmp_path).look(WALL, 100.0, 3), RULES) == ["no heartbeat for 60.0 s"]


def test_a_quoter_that_is_well_is_well_whatever_the_wall_clock_does(tmp_path: Path) -> None:
    eyes = Eyes(tmp_path)
    for t, wrong in enumerate((0, 0, -312, -312, 3_600, 3_600, 0)):
        beat(tmp_path, WALL + t + wrong)
        journal_file(tmp_path, WALL + t + wrong)
        assert reasons(eyes.look(WALL + t + wrong, 100.0 + t, 3), RULES) == []


def test_a_journal_that_stands_still_is_noticed_after_a_step_back(tmp_path: Path) -> None:
    journal_file(tmp_path, WALL)
    eyes, found = Eyes(tmp_path), list[list[str]]()
    for t in range(0, 20, 4):
        beat(tmp_path, WALL - 312 + t)
        found.append(reasons(eyes.look(WALL - 312 + t, 100.0 + t, 3), RULES))
    assert found == [[], [], [], [], ["the journal has not grown for 16 s"]]


def test_a_journal_file_that_vanishes_after_it_was_listed_is_passed_over(tmp_path: Path) -> None:
    journal_file(tmp_path, WALL)
    (tmp_path / "journal" / "date=2026-11-24" / "r1-11.jsonl").symlink_to(tmp_path / "gone")
    beat(tmp_path, WALL)
    assert Eyes(tmp_path).look(WALL + 2.0, 100.0, 3).journal_age_s == 2.0


@pytest.mark.parametrize("body", [b"", b'{"pid": 7, "sta', b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_heartbeat_that_cannot_be_read_is_none_however_often_it_is_written(tmp_path: Path, body: bytes) -> None:
    beat(tmp_path, WALL)
    eyes = Eyes(tmp_path)
    assert reasons(eyes.look(WALL, 100.0, 3), RULES) == []
    found = []
    for t in range(1, 8):
        heartbeat.path_of(tmp_path).write_bytes(body)
        os.utime(heartbeat.path_of(tmp_path), (WALL + t, WALL + t))
        found += reasons(eyes.look(WALL + t, 100.0 + t, 3), RULES)
    assert found == ["no heartbeat for 6.0 s"]


@pytest.mark.parametrize(
    "said", [{"pid": 10**30, "host": os.uname().nodename}, {"pid": True, "host": os.uname().nodename},
             {"run": "**/../"}, {"run": "\0"}, {"run": 7}, {"working": "many"}, {"pnl": "low", "accepted": "much"},
             {"max_daily_loss": "none"}],
)  # fmt: skip
def test_nonsense_in_a_heartbeat_is_no_reason_to_fall(tmp_path: Path, said: dict[str, object]) -> None:
    beat(tmp_path, WALL, **said)
    assert reasons(Eyes(tmp_path).look(WALL, 100.0, 3), RULES) == []


def test_a_process_that_ends_between_two_questions_is_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()

    def gone(pid: int) -> psutil.Process:
        raise psutil.NoSuchProcess(pid)

    def hidden(pid: int) -> psutil.Process:
        raise psutil.AccessDenied(pid)

    assert (alive(os.getpid()), alive(ended.pid), alive(4, gone), alive(4, hidden)) == (True, False, False, None)


# --- the process itself ----------------------------------------------------------------------------------------------


class Desk(Rest):
    """Lists two orders of ours, or fails as it is told."""

    def __init__(self, dog: Watchdog) -> None:
        super().__init__(dog.rest.sdk, Clock().now)  # type: ignore[attr-defined]  # the watchdog's is a Rest
        self.listed, self.cancelled, self.fails = 0, 0, list[Exception]()

    async def report_orders(self) -> m.OrdersReported:
        self.listed += 1
        if self.fails:
            raise self.fails.pop()
        now = self.now()
        view = m.OrderView("x1", "kwm-r1-1", "T", m.Side.BID, Price(4_000), "resting", Count(0), Count(100))
        return m.OrdersReported(now, now, [] if self.cancelled else [view])

    async def as_of(self) -> Any:
        return self.now() + 10**10

    async def perform(self, request: m.Request) -> list[m.Said]:
        assert isinstance(request, m.CancelOrder)
        self.cancelled += 1
        return [m.Gone(self.now(), request.client_order_id, "T", request.order_id)]


class Dog(Watchdog):
    """A watchdog on this folder, before an exchange of two answers; its own time stands until it is moved."""

    def __init__(self, folder: Path, read: Callable[[], Settings] | None = None) -> None:
        make_embedded_key(folder)
        (folder / "live").mkdir(exist_ok=True)
        settings = config.load({"KWM_STORAGE__DATA": str(folder)})
        self.time = 1_000.0
        super().__init__(settings, read or (lambda: settings), lambda: self.time)
        self.rest = self.desk = Desk(self)

    async def after(self, seconds: float) -> None:
        """Some time passes, and it looks."""
        self.time += seconds
        await self.look()


async def test_on_a_full_disk_it_goes_on_and_acts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dog = Dog(tmp_path)
    heartbeat.watchdog_path(tmp_path).with_suffix(".tmp").mkdir()  # nothing can be written
    beat(tmp_path, 0.0)
    await dog.look()
    assert dog.desk.cancelled == 1
    assert "watchdog.json cannot be written" in capsys.readouterr().out


def test_a_log_that_cannot_be_written_does_not_end_it(tmp_path: Path) -> None:
    said = "from quoter.watchdog import tell; tell('x'); tell('y'); import sys; sys.stderr.write('still here')"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([sys.executable, "-c", said], stdout=full, stderr=subprocess.PIPE, check=False)
    assert b"still here" in ended.stderr
    assert b"tell" not in ended.stderr


async def test_a_failure_that_nobody_thought_of_is_told_and_the_next_look_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dog = Dog(tmp_path)
    dog.desk.fails = [RuntimeError("Session is closed"), ValueError("a shape nobody knows")]
    beat(tmp_path, 0.0)
    running = asyncio.create_task(dog.run())
    for _ in range(60):
        await asyncio.sleep(0.1)
        dog.time += 1.0
        if dog.desk.cancelled:
            break
    assert not running.done() and dog.desk.cancelled == 1
    said = capsys.readouterr().out
    assert "this look failed" in said and "a shape nobody knows" in said and "Traceback" in said
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_limit_that_a_person_changes_lasting_is_the_watchdogs_too(tmp_path: Path) -> None:
    said = {"KWM_STORAGE__DATA": str(tmp_path)}
    dog = Dog(tmp_path, lambda: config.load(said))
    assert dog.rules.max_daily_loss == money("200.00")
    said["KWM_RISK__MAX_DAILY_LOSS"] = "500.00"
    beat(tmp_path, time.time(), pnl=-300_000_000, max_daily_loss=500_000_000)
    await dog.look()
    assert dog.desk.cancelled == 0, "a healthy quoter is left alone"
    said["KWM_RISK__MAX_DAILY_LOSS"] = "250.00"
    await dog.after(1.0)
    assert dog.desk.cancelled == 0, "it reads them every five seconds"
    beat(tmp_path, time.time(), pnl=-300_000_000, max_daily_loss=500_000_000)
    await dog.after(4.0)
    assert dog.desk.cancelled == 1 and "the daily limit is 250.00" in dog.fired


async def test_settings_that_cannot_be_read_leave_the_limit_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> Settings:
        raise SettingsError("kwm.toml: line 3")

    dog = Dog(tmp_path, damaged)
    for _ in range(3):
        await dog.after(10.0)
    assert dog.rules.max_daily_loss == money("200.00")
    assert capsys.readouterr().out.count("kwm.toml: line 3") == 1, "told once"
