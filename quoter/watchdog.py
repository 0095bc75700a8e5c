"""`kwm watchdog`: a process of its own, with a key of its own if wanted, that takes our orders away when the quoter is
not well: its process, heartbeat, journal or PnL, or orders that it cannot explain.

Knows ours by their prefix and touches no other. Trips the order groups first, then cancels, then asks until a list is
free of ours. Looks twice a second; acts again only while something may rest, with a growing pause. What it does stands
in `data/live/watchdog.json`.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from core import config
from core import messages as m
from core.clock import this_process
from core.config import Settings
from core.errors import KwmError, SettingsError
from core.exchange.credentials import Credentials, credentials
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.sweep import Swept, sweep
from core.storage import journal
from quoter.shell import heartbeat
from quoter.watchdog_judge import Rules, Sight, Tally, reasons

_LOOK_S = 0.5
_SAY_S = 5.0
_LONGEST_PAUSE_S = 60.0
_PATIENCE_S = 30.0


def own_key(settings: Settings) -> Credentials:
    """The watchdog's own key, or the quoter's where none is set. Raises: SettingsError."""
    own = settings.watchdog
    if not own.key_id:
        return credentials(settings)
    try:
        return Credentials(own.key_id, Path(own.key_file).expanduser().read_text())
    except OSError as error:
        raise SettingsError(f"[watchdog] key_file: {own.key_file} cannot be read ({error.strerror})") from error


class Watchdog:
    """See the module."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.data = settings, settings.storage.data.resolve()
        own = settings.watchdog
        self.rules = Rules(own.heartbeat_s, own.journal_s, settings.risk.max_daily_loss)
        self.prefix = settings.engine.run_prefix + "-"
        sdk = Sdk(endpoints(settings).rest, own_key(settings), settings.exchange.timeout_s)
        self.rest = Rest(sdk, this_process().now, settings.exchange.exchange_index, settings.exchange.subaccount)
        self.resting: int | None = None
        self.tally = Tally()
        self.next_list = self.next_word = self.next_act = 0.0
        self.pause = 1.0
        self.fired = ""
        self.did: dict[str, Any] = {}

    async def run(self) -> None:
        """Until cancelled."""
        self.say("watching")
        while True:
            await self.look(time.monotonic())
            await asyncio.sleep(_LOOK_S)

    async def look(self, now: float) -> None:
        """One look; acts when it must."""
        beat = heartbeat.last(self.data)
        if now >= self.next_list:
            self.next_list = now + self.settings.watchdog.orders_s
            await self._list()
        found = reasons(self._sight(beat), self.rules)
        if not found:
            self.pause, self.next_act, self.fired = 1.0, 0.0, ""
        elif now >= self.next_act and (self.resting is None or self.resting > 0 or not self.fired):
            await self.act("; ".join(found))
            self.next_act, self.pause = time.monotonic() + self.pause, min(self.pause * 2, _LONGEST_PAUSE_S)
        if now >= self.next_word:
            self.next_word = now + _SAY_S
            self.say("fired" if self.fired else "watching")

    def _sight(self, beat: dict[str, Any]) -> Sight:
        written, age = _written(heartbeat.path_of(self.data))
        if written is not None and isinstance(beat.get("working"), int):
            self.tally.beat(written, beat["working"])
        alive = None
        if beat.get("host") == os.uname().nodename and isinstance(beat.get("pid"), int):
            alive = psutil.pid_exists(beat["pid"]) and psutil.Process(beat["pid"]).status() != psutil.STATUS_ZOMBIE
        grown = max((p.stat().st_mtime for p in journal.files(self.data, run=str(beat.get("run")))), default=None)
        journal_age = None if grown is None else time.time() - grown
        return Sight(beat, age, alive, journal_age, self.resting, self.tally.row)

    async def _list(self) -> None:
        began = time.time()
        try:
            orders = (await self.rest.report_orders()).orders
        except KwmError as error:
            self.resting = None
            sys.stdout.write(f"orders could not be listed: {error}\n")
            return
        self.resting = sum(o.client_order_id.startswith(self.prefix) for o in orders)
        self.tally.listed(began, self.resting)

    async def act(self, why: str) -> Swept:
        """Trip the groups of our orders, cancel ours, prove that none rests, say what was done."""
        began = time.monotonic()
        groups = await self._trip()
        done = await sweep(self.rest, self.prefix, _PATIENCE_S)
        self.resting = 0 if done.verified else None
        self.tally.forget()
        took = time.monotonic() - began
        if done.cancelled or groups or not done.verified:
            proof = f"none left, verified in {took:.1f} s" if done.verified else f"NOT verified: {done.troubles[:2]}"
            self.fired = f"{why}: {done.cancelled} cancelled, {groups} groups tripped, {proof}"
            self.did = {
                "why": why, "at": time.time(), "cancelled": done.cancelled, "groups": groups, "left": len(done.left),
                "others": done.others, "verified": done.verified, "seconds": round(took, 3),
            }  # fmt: skip
            self.say("fired")
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} watchdog: {self.fired}\n")
            sys.stdout.flush()
        else:
            self.fired = ""  # there was nothing to take away: nobody need be woken for it
        return done

    async def _trip(self) -> int:
        try:
            orders = (await self.rest.report_orders()).orders
        except KwmError as error:
            sys.stdout.write(f"orders could not be listed: {error}\n")
            return 0
        groups = sorted({o.group for o in orders if o.group and o.client_order_id.startswith(self.prefix)})
        answers = await asyncio.gather(*(self.rest.perform(m.TriggerGroup(group)) for group in groups))
        return sum(not said for said in answers)  # no answer needed to be told: it was accepted

    def say(self, state: str) -> None:
        """The one small file."""
        told = {"state": state, "at": time.time(), "pid": os.getpid(), "fired": self.fired, "last": self.did}
        path = heartbeat.watchdog_path(self.data)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(told))
        temporary.replace(path)


def _written(path: Path) -> tuple[float | None, float | None]:
    """(when, how long ago) in wall seconds; None for a file that is not there."""
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return None, None
    return written, time.time() - written


def watchdog() -> None:
    """Watch the quoter; cancel all of ours and prove it when its heartbeat, journal, PnL or orders go wrong."""
    settings = config.load()
    (settings.storage.data.resolve() / "live").mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    dog = Watchdog(settings)
    task = asyncio.create_task(dog.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    dog.say("stopped")
    await dog.rest.close()
