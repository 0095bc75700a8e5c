"""A paper session as others see and steer it: its files, and its process. Used by the dashboard and `kwm paper`."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core import messages as m
from core.config import Settings
from core.errors import KwmError
from core.money_words import dollars
from quoter.paper.calibration import Haircut, haircut_of
from quoter.paper.session import Point, folder_of, read_account, read_lines
from quoter.shell import heartbeat

_STOP_S = 15.0
_NO_KEY = {"KWM_EXCHANGE__KEY_FILE": os.devnull}  # over the settings file's: paper's process cannot even find it


def without_key(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of paper's process: no trading key in it, and none to be found by it. Its id stays: it is no
    secret, and a paper key of the same id is refused. Pure."""
    return {name: value for name, value in environ.items() if name != "KWM_EXCHANGE__KEY_PEM"} | _NO_KEY


class PaperControl:
    """Starts, stops and reads the paper session of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.folder = settings, folder_of(settings)
        self.process: subprocess.Popen[bytes] | None = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def pid(self) -> int | None:
        """The process that runs it, ours or another's; None when none does."""
        beat = heartbeat.last(self.folder)
        pid = int(beat.get("pid") or 0)
        if not pid or beat.get("state") == "stopped":
            return None
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if b"paper" in words else None

    def beat(self) -> dict[str, Any]:
        """Its heartbeat, {} before the first."""
        return heartbeat.last(self.folder)

    def haircut(self) -> Haircut:
        """What a paper dollar is taken to be worth."""
        return haircut_of(self.folder, self.settings.paper.haircut)

    def points(self) -> list[Point]:
        """Oldest first, one a minute."""
        return read_lines(self.folder / "points.jsonl", Point)

    def fills_list(self, most: int = 500) -> list[m.Fill]:
        """Newest first."""
        return read_lines(self.folder / "fills.jsonl", m.Fill)[: -most - 1 : -1]

    def began_at(self) -> int | None:
        """When its account was opened."""
        account = read_account(self.folder)
        return None if account is None else account.began_at

    def earned_usd(self) -> float:
        """PnL since the account was opened: closed days at their last word, today as it stands."""
        days: dict[str, int] = {}
        for point in self.points():
            days[f"{datetime.fromtimestamp(point.at / 1e9, UTC):%Y-%m-%d}"] = point.pnl
        beat = self.beat()
        if beat.get("day"):
            days[str(beat["day"])] = int(beat.get("pnl") or 0)
        return sum(days.values()) / 1e6

    def words(self) -> str:
        """How it goes, in one sentence."""
        haircut, earned = self.haircut(), self.earned_usd()
        worth = f"{dollars(earned)} on paper, {dollars(haircut.of(earned))} after the haircut ({haircut.words})"
        return f"{'running' if self.pid() else 'not running'}: {worth}"

    def export(self) -> bytes:
        """Account, points and every fill as one JSON document."""
        account = read_account(self.folder)
        return msgspec.json.encode({
            "account": account, "haircut": self.haircut(), "points": self.points(),
            "fills": list(reversed(self.fills_list(10**9))), "heartbeat": self.beat(),
        })  # fmt: skip

    # --- steering ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin, or go on after a stop, in a process of its own that is given no trading key.

        Raises: KwmError when it runs already or does not come up.
        """
        if self.pid() is not None:
            raise KwmError("the paper session runs already")
        (self.folder / "live").mkdir(parents=True, exist_ok=True)
        environment = without_key(os.environ)
        with (self.folder / "paper.log").open("ab") as log:
            self.process = subprocess.Popen(  # asyncio's own would end it with the loop that started it
                [sys.executable, "-m", "core.cli", "paper", "run"], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        for _ in range(300):
            await asyncio.sleep(0.1)
            if self.process.poll() is not None:
                raise KwmError(f"the paper session ended at once; {self.folder / 'paper.log'} says why")
            if self.pid() == self.process.pid:
                return
        raise KwmError(f"the paper session did not come up; {self.folder / 'paper.log'} says why")

    async def stop(self) -> None:
        """End it; what happened stays readable. Raises: KwmError when it does not end."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        ends = asyncio.get_running_loop().time() + _STOP_S
        while self.pid() == pid:
            if asyncio.get_running_loop().time() > ends:
                raise KwmError(f"the paper session (process {pid}) did not end within {_STOP_S:.0f} s")
            await asyncio.sleep(0.1)
        if self.process is not None and self.process.pid == pid:
            self.process.wait(_STOP_S)
            self.process = None

    async def reset(self) -> None:
        """Put everything aside and begin with an empty account; starts again if it ran."""
        ran = self.pid() is not None
        if ran and self.settings.paper.only:
            raise KwmError("all that runs is on paper: stop `kwm up` first, then `kwm paper reset`, then `kwm up`")
        await self.stop()
        if self.folder.exists():
            aside = self.folder.with_name(f"{self.folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            self.folder.rename(aside)
        if ran:
            await self.start()

    def status(self) -> dict[str, Any]:
        """For `kwm paper status` and programs."""
        haircut, earned, running = self.haircut(), self.earned_usd(), self.pid() is not None
        beat = self.beat() if running else {}  # what a stopped session last quoted is no longer so
        return {
            "running": running, "began_at": self.began_at(), "pnl_usd": earned,
            "pnl_after_haircut_usd": haircut.of(earned), "haircut": json.loads(msgspec.json.encode(haircut)),
            "today_usd": int(beat.get("pnl") or 0) / 1e6, "worst_usd": int(beat.get("worst") or 0) / 1e6,
            "orders": int(beat.get("working") or 0), "quoting": int(beat.get("quoting") or 0),
            "fills": self._fills(), "words": self.words(),
        }  # fmt: skip

    def _fills(self) -> int:
        account = read_account(self.folder)
        return 0 if account is None else account.fills
