"""Starts processes, watches them, starts them again when they die, and ends them in order.

Knows nothing of what they do. Each process leads its own group and dies with its supervisor (Linux), so that nothing
is left behind to hold a port or, worse, an order.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from core.up.plan import Process

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_LONGEST_BACKOFF_S = 30.0
_LONG_ENOUGH_S = 60.0  # a process that ran this long starts its backoff anew


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's `&` leaves SIGINT ignored in children
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@dataclass(slots=True)
class Running:
    """What the supervisor knows of one process."""

    process: Process
    handle: asyncio.subprocess.Process | None = None
    started_at: float = 0.0
    restarts: int = 0
    ready: bool = False
    ended: bool = False  # a once-process that ended well
    peak_rss: int = 0
    cpu_s: float = 0.0  # of ended incarnations
    live_cpu_s: float = 0.0  # of the present one, children included

    @property
    def alive(self) -> bool:
        """Is there a process now?"""
        return self.handle is not None and self.handle.returncode is None


class Supervisor:
    """Runs processes until `stop`."""

    def __init__(self, logs: Path, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self.logs, self.environment, self.say = logs, environment, say
        self.running: dict[str, Running] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        logs.mkdir(parents=True, exist_ok=True)

    async def start(self, process: Process) -> bool:
        """Start one process and wait until it is ready. False when it was not ready in time (it keeps being tried)."""
        running = self.running[process.name] = Running(process)
        await self._spawn(running)
        self._watchers[process.name] = asyncio.create_task(self._watch(running), name=f"watch {process.name}")
        return await self._wait_ready(running)

    async def _spawn(self, running: Running) -> None:
        process = running.process
        log = (self.logs / f"{process.name}.log").open("ab")
        try:
            running.handle = await asyncio.create_subprocess_exec(
                *process.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self.environment, **process.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        finally:
            log.close()
        running.started_at = time.monotonic()

    async def _wait_ready(self, running: Running) -> bool:
        url = running.process.ready_url
        if not url:
            running.ready = True
            return True
        deadline = running.started_at + running.process.ready_within_s
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while time.monotonic() < deadline and not self._stopping:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(url)).is_success:
                        running.ready = True
                        return True
                await asyncio.sleep(0.2)
        return False

    async def _watch(self, running: Running) -> None:
        """Start it again whenever it ends, with a growing pause."""
        backoff = 1.0
        while not self._stopping:
            assert running.handle is not None, "watched before it was started"
            code = await running.handle.wait()
            _kill_group(running.handle.pid)
            running.cpu_s, running.live_cpu_s = running.cpu_s + running.live_cpu_s, 0.0
            if self._stopping:
                return
            if running.process.once and code == 0:
                running.ended = True
                return
            if time.monotonic() - running.started_at > _LONG_ENOUGH_S:
                backoff = 1.0
            log = self.logs / f"{running.process.name}.log"
            self.say(
                f"{running.process.name} ended ({_meaning(code)}); starting it again in {backoff:.0f} s. Its log: {log}"
            )
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, _LONGEST_BACKOFF_S)
            running.restarts += 1
            await self._spawn(running)

    def measure(self) -> None:
        """Read memory and CPU of every process and its children; called now and then."""
        for running in self.running.values():
            if not running.alive or running.handle is None:
                continue
            with contextlib.suppress(psutil.Error):
                parent = psutil.Process(running.handle.pid)
                family = [parent, *parent.children(recursive=True)]
                rss, cpu = 0, 0.0
                for member in family:
                    with contextlib.suppress(psutil.Error):
                        rss += member.memory_info().rss
                        times = member.cpu_times()
                        cpu += times.user + times.system + (times.children_user + times.children_system)
                running.peak_rss = max(running.peak_rss, rss)
                running.live_cpu_s = max(running.live_cpu_s, cpu)

    async def stop(self) -> None:
        """End all, the last started first; a process that does not end in its time is killed."""
        self.measure()
        self._stopping = True
        for name in reversed(list(self.running)):
            running = self.running[name]
            if running.alive and running.handle is not None:
                with contextlib.suppress(ProcessLookupError):
                    running.handle.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(running.handle.wait(), running.process.stop_within_s)
                except TimeoutError:
                    self.say(f"{name} did not end within {running.process.stop_within_s:.0f} s: killed")
            if running.handle is not None:
                _kill_group(running.handle.pid)
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)


def _kill_group(pid: int) -> None:
    """Nothing of the group of a process that ended may live on."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _meaning(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
