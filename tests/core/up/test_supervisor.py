"""The supervisor over real processes: it starts, watches, starts again, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.up.plan import Process
from core.up.supervisor import Supervisor

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web(name: str, port: int) -> Process:
    return Process(
        name,
        (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"),
        f"http://127.0.0.1:{port}/",
        ready_within_s=20,
    )


def script(name: str, text: str, **options: object) -> Process:
    return Process(name, (sys.executable, "-c", text), **options)  # type: ignore[arg-type]  # the fields of Process


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Supervisor:
    return Supervisor(tmp_path / "logs", {}, said.append)


async def until(condition: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # a callable
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_a_process_killed_with_kill_9_is_started_again(supervisor: Supervisor, said: list[str]) -> None:
    assert await supervisor.start(web("web", free_port()))
    running = supervisor.running["web"]
    assert running.handle is not None
    first = running.handle.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: running.restarts == 1 and running.alive and running.handle and running.handle.pid != first)
    assert "SIGKILL" in said[0] and "web.log" in said[0]
    await supervisor.stop()
    assert not running.alive


async def test_what_a_process_started_ends_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    text = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    await supervisor.start(script("parent", text))
    await until(lambda: pid_file.exists() and pid_file.read_text())
    child = int(pid_file.read_text())
    await supervisor.stop()
    await until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


async def test_a_process_deaf_to_sigterm_is_killed_after_its_time(supervisor: Supervisor, said: list[str]) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    await supervisor.start(script("deaf", deaf, stop_within_s=0.5))
    await until(lambda: "deaf" in (supervisor.logs / "deaf.log").read_text())
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < 5
    assert any("killed" in line for line in said)


async def test_a_process_that_runs_once_is_not_started_again(supervisor: Supervisor) -> None:
    await supervisor.start(script("once", "print('done')", once=True))
    await until(lambda: supervisor.running["once"].ended)
    assert supervisor.running["once"].restarts == 0
    await supervisor.stop()


async def test_the_last_started_is_ended_first(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name in ("first", "second"):
        text = (
            "import signal, sys, time\n"
            f"def end(*_):\n    open({str(order)!r}, 'a').write('{name} '); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(60)\n"
        )
        await supervisor.start(script(name, text))
        await until(lambda n=name: "up" in (supervisor.logs / f"{n}.log").read_text())
    await supervisor.stop()
    assert order.read_text().split() == ["second", "first"]


async def test_a_process_that_is_not_ready_in_time_is_reported(supervisor: Supervisor) -> None:
    silent = Process(
        "silent", (sys.executable, "-c", "import time; time.sleep(60)"), f"http://127.0.0.1:{free_port()}/", 0.8
    )
    assert not await supervisor.start(silent)
    await supervisor.stop()


async def test_memory_and_cpu_are_measured_with_children(supervisor: Supervisor) -> None:
    await supervisor.start(
        script("busy", "import time\nx = bytearray(40_000_000)\nt=time.time()\nwhile time.time()-t<60: pass")
    )
    await asyncio.sleep(1.0)
    supervisor.measure()
    running = supervisor.running["busy"]
    assert running.peak_rss > 40_000_000 and running.live_cpu_s > 0.1
    await supervisor.stop()
