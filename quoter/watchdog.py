"""`kwm watchdog`: a process of its own, with a key of its own if wanted, that takes our orders away when the quoter is
not well: its process, heartbeat, journal or PnL, or orders that it cannot explain.

Knows ours by their prefix and touches no other. Trips the order groups first, then cancels, then asks until a list is
free of ours. Looks twice a second; acts again only while something may rest, with a growing pause. What it does stands
in `data/live/watchdog.json`. Nothing it cannot read, write or explain ends it.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import config
from core import messages as m
from core.clock import this_process
from core.config import Settings
from core.errors import KwmError, SettingsError
from core.exchange.credentials import watchdog_key
from core.exchange.endpoints import endpoints
from core.exchange.reach import Desk
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.sweep import Swept, sweep
from core.units import Money
from quoter.shell import heartbeat
from quoter.watchdog_judge import Rules, reasons
from quoter.watchdog_sight import Eyes

_LOOK_S = 0.5
_SAY_S = 5.0
_LONGEST_PAUSE_S = 60.0
_PATIENCE_S = 30.0


class Watchdog:
    """See the module. `read_settings`: the settings as the file has them now; `now`: monotonic seconds."""

    def __init__(
        self, settings: Settings, read_settings: Callable[[], Settings] = config.load,
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.settings, self.read_settings, self.now = settings, read_settings, now
        self.data = settings.storage.data.resolve()
        own = settings.watchdog
        self.rules = Rules(own.heartbeat_s, own.journal_s, settings.risk.max_daily_loss)
        self.prefix = settings.engine.run_prefix + "-"
        sdk = Sdk(endpoints(settings).rest, watchdog_key(settings), settings.exchange.timeout_s)
        self.rest: Desk = Rest(
            sdk, this_process(settings.clock_file).now, settings.exchange.exchange_index, settings.exchange.subaccount
        )  # fmt: skip
        self.resting: int | None = None
        self.eyes = Eyes(self.data)
        self.next_list = self.next_word = self.next_act = 0.0
        self.pause = 1.0
        self.fired = ""
        self.did: dict[str, Any] = {}
        self.trouble = ""  # why the settings cannot be read

    async def run(self) -> None:
        """Until cancelled. A look that fails in a way nobody thought of is told, and the next one is taken: what it
        left undone may be what takes our orders away. Meanwhile nothing is written, so that others see it silent."""
        self.say("watching")
        while True:
            (failed,) = await asyncio.gather(self.look(), return_exceptions=True)
            if isinstance(failed, Exception):
                tell("this look failed, another is taken: " + "".join(traceback.format_exception(failed)).rstrip())
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """One look; acts when it must."""
        if self.now() >= self.next_list:
            self.next_list = self.now() + self.settings.watchdog.orders_s
            await self._list()  # which may take seconds
        now = self.now()
        if now >= self.next_word:
            self._reread()
        sight = self.eyes.look(time.time(), now, self.resting)
        found = reasons(sight, self.rules)
        if found and now >= self.next_act and (self.resting is None or self.resting > 0 or not self.fired):
            self._reread()  # a person may have changed the limit a second ago
            found = reasons(sight, self.rules)
            if found:
                pause, self.pause = self.pause, min(self.pause * 2, _LONGEST_PAUSE_S)
                self.next_act = now + pause  # also when acting fails
                await self.act("; ".join(found))
                self.next_act = self.now() + pause
        if not found:
            self.pause, self.next_act, self.fired = 1.0, 0.0, ""
        if now >= self.next_word:
            self.next_word = now + _SAY_S
            self.say("fired" if self.fired else "watching")

    def _reread(self) -> None:
        """The daily limit as a person has left it in the settings; the last good one while they cannot be read."""
        try:
            limit, trouble = self.read_settings().risk.max_daily_loss, ""
        except (SettingsError, OSError) as error:
            limit, trouble = Money(self.rules.max_daily_loss), str(error)
        if trouble and trouble != self.trouble:
            tell(f"the settings cannot be read, the limits stay as they were: {trouble}")
        if limit != self.rules.max_daily_loss:
            tell(f"the daily limit is {limit / 1e6:.2f} dollars now, it was {self.rules.max_daily_loss / 1e6:.2f}")
            self.rules = replace(self.rules, max_daily_loss=limit)
        self.trouble = trouble

    async def _list(self) -> None:
        began, self.resting = self.now(), None
        try:
            orders = (await self.rest.report_orders()).orders
        except KwmError as error:
            tell(f"orders could not be listed: {error}")
            return
        self.resting = sum(o.client_order_id.startswith(self.prefix) for o in orders)
        self.eyes.tally.listed(began, self.resting)

    async def act(self, why: str) -> Swept:
        """Trip the groups of our orders, cancel ours, prove that none rests, say what was done."""
        began = time.monotonic()
        groups = await self._trip()
        done = await sweep(self.rest, self.prefix, _PATIENCE_S)
        self.resting = 0 if done.verified else None
        self.eyes.tally.forget()
        took = time.monotonic() - began
        if done.cancelled or groups or not done.verified:
            proof = f"none left, verified in {took:.1f} s" if done.verified else f"NOT verified: {done.troubles[:2]}"
            self.fired = f"{why}: {done.cancelled} cancelled, {groups} groups tripped, {proof}"
            self.did = {
                "why": why, "at": time.time(), "cancelled": done.cancelled, "groups": groups, "left": len(done.left),
                "others": done.others, "verified": done.verified, "seconds": round(took, 3),
            }  # fmt: skip
            self.say("fired")
            tell(self.fired)
        else:
            self.fired = ""  # there was nothing to take away: nobody need be woken for it
        return done

    async def _trip(self) -> int:
        try:
            orders = (await self.rest.report_orders()).orders
        except KwmError as error:
            tell(f"orders could not be listed: {error}")
            return 0
        groups = sorted({o.group for o in orders if o.group and o.client_order_id.startswith(self.prefix)})
        answers = await asyncio.gather(*(self.rest.perform(m.TriggerGroup(group)) for group in groups))
        return sum(not said for said in answers)  # no answer needed to be told: it was accepted

    def say(self, state: str) -> None:
        """The one small file."""
        told = {"state": state, "at": time.time(), "pid": os.getpid(), "fired": self.fired, "last": self.did}
        path = heartbeat.watchdog_path(self.data)
        temporary = path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(told))
            temporary.replace(path)
        except OSError as error:  # a full disk: go on watching, it is the quoter's disk too
            tell(f"{path.name} cannot be written ({error.strerror}); watching all the same")


def tell(words: str) -> None:
    """To the log; where that cannot be written either, there is nobody to tell."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} watchdog: {words}\n")
        sys.stdout.flush()


def watchdog() -> None:
    """Watch the quoter; cancel all of ours and prove it when its heartbeat, journal, PnL or orders go wrong."""
    settings = config.load()
    if settings.paper.only:
        raise SettingsError("[paper] only = true: nothing here trades, so there is nothing to watch")
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
