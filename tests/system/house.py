"""The whole system as a test runs it: `kwm up` as a process, on free ports, with its own data folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


def free_ports(number: int) -> list[int]:
    """TCP ports nobody listens on."""
    holders = [socket.socket() for _ in range(number)]
    for holder in holders:
        holder.bind(("127.0.0.1", 0))
    ports = [int(holder.getsockname()[1]) for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def run_kwm(environment: dict[str, str], *arguments: str, within_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run one `kwm` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "core.cli", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=within_s, check=False,
    )  # fmt: skip


class House:
    """A running `kwm up`. `stop` ends it as Ctrl-C does and gives its report."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.report, self.log = folder, folder / "report.json", folder / "up.log"
        names = ("EXCHANGE", "WEATHER", "PREFECT", "DASHBOARD")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.data = folder / "data"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("KWM_", "PREFECT_")) or k == "KWM_SHARED"},
            **{f"KWM_{name}__PORT": str(port) for name, port in self.ports.items()},
            "KWM_STORAGE__DATA": str(self.data), "KWM_EXCHANGE__WEEKLY_PAUSE": "false", **(environment or {}),
        }  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core.cli", "up", "--report", str(self.report), *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.dashboard = f"http://127.0.0.1:{self.ports['DASHBOARD']}"

    def kwm(self, *arguments: str, within_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one `kwm` command beside it, as a person would."""
        return run_kwm(self.environment, *arguments, within_s=within_s)

    def api(self, path: str) -> Any:
        """One GET of the dashboard's API."""
        answer = httpx.get(self.dashboard + path, timeout=10.0)
        answer.raise_for_status()
        return answer.json()

    def until(self, what: str, check: Callable[[], Any], within_s: float) -> Any:
        """What `check` gives once it is true. Fails with the log's end when the system died or it takes too long."""
        ends = time.monotonic() + within_s
        last: object = None
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"kwm up ended with {self.process.returncode} while waiting for {what}\n{self.tail()}"
                )
            try:
                last = check()
            except (httpx.HTTPError, FileNotFoundError) as error:
                last = error
            if last and not isinstance(last, Exception):
                return last
            time.sleep(0.5)
        raise AssertionError(f"{what}: not within {within_s:.0f} s; last seen {str(last)[:400]}\n{self.tail()}")

    def tail(self, lines: int = 25) -> str:
        """The end of every log, for a failure's message."""
        found = [self.log, *sorted((self.data / "logs").glob("*.log"))]
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) for path in found
        )

    def stop(self, within_s: float = 60.0) -> dict[str, Any]:
        """End it with SIGINT; its report. Fails when it does not end by itself in time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(within_s)
            except subprocess.TimeoutExpired as error:
                self.kill()
                raise AssertionError(f"kwm up did not stop within {within_s:.0f} s\n{self.tail()}") from error
        document: dict[str, Any] = json.loads(self.report.read_text())
        return document

    def kill(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
