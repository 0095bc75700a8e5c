"""What a person may tell the quoter: each method puts one event into its queue, or refuses by name.

Nothing here changes the engine's state: the journal must hold every command, and a replay must see it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.responses import Response

from core import live_settings
from core.config import Settings
from core.errors import KwmError, SettingsError
from core.exchange.sweep import sweep
from core.storage.files import write_whole
from quoter.dashboard import models as v
from quoter.dashboard.asked import Ask, Refusal
from quoter.dashboard.paper import PaperSession
from quoter.engine import events as e
from quoter.engine.config import engine_config
from quoter.engine.state import DAILY_LOSS
from quoter.shell import tightened
from quoter.shell.live import Live

_SWEEP_S = 10.0


class Changes:
    """Commands over one live quoter."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def resume(self, ask: Ask) -> v.Done:
        """Quote again; a halt by the daily loss is ended by `accept_loss` alone."""
        halted = self.live.state.halted
        if halted.startswith(DAILY_LOSS):
            raise Refusal(
                409, f"{halted}: accept the loss (kwm resume --accept-loss), or resume tomorrow", "daily_loss"
            )
        self.live.put(e.Resumed(self.live.clock.now(), ask.by))
        return v.Done(words="quoting again")

    def accept_loss(self, ask: Ask) -> v.Done:
        """Quote again although the daily loss limit was reached; the day's loss is counted from here."""
        self.live.put(e.Resumed(self.live.clock.now(), ask.by, accept_loss=True))
        return v.Done(words="the loss is accepted, and quoting goes on")

    def reduce_only(self, ask: Ask) -> v.Done:
        """Only orders that reduce a position."""
        self.live.put(e.ReduceOnly(self.live.clock.now(), ask.by, True))
        return v.Done(words="only orders that reduce a position are let through; resume lets all through again")

    def pause(self, ask: Ask) -> v.Done:
        """Quotes away, keep watching."""
        self.live.put(e.Paused(self.live.clock.now(), ask.by))
        return v.Done(words="quotes are being taken away")

    def stop(self, _: Ask) -> v.Done:
        """End the quoter; its orders are taken away first."""
        self.live.stopping.set()
        return v.Done(words="the quoter ends; its orders are taken away first")

    def halt(self, ask: Ask) -> v.Done:
        """Cancel everything of ours and stay stopped."""
        self.live.put(e.Halted(self.live.clock.now(), ask.by))
        return v.Done(words="halted until a person resumes")

    def cancel_all(self, ask: Ask) -> v.Done:
        """Cancel once; quoting goes on."""
        self.live.put(e.CancelEverything(self.live.clock.now(), ask.by))
        return v.Done(words="cancelling our working orders once")

    async def kill_switch(self, ask: Ask) -> v.Swept:
        """Halt, and cancel over REST whatever the engine does; ask until nothing of ours rests."""
        self.live.put(e.Halted(self.live.clock.now(), ask.by, f"kill switch by {ask.by}"))
        done = await sweep(self.live.rest, self.live.state.config.prefix + "-", _SWEEP_S)
        return v.Swept(
            cancelled=done.cancelled, left=len(done.left), others=done.others, verified=done.verified,
            seconds=round(done.seconds, 3), troubles=[str(t) for t in done.troubles[:5]],
        )  # fmt: skip

    def toggle(self, ask: Ask) -> v.Done:
        """Switch one market or event."""
        ticker = ask.path["ticker"]
        if ticker not in self.live.state.markets and ticker not in self.live.state.events:
            raise Refusal(404, "no such market or event", "unknown_ticker")
        self.live.put(e.Toggled(self.live.clock.now(), ask.by, ticker, ask.body.enabled))
        return v.Done(words=f"{ticker} is switched {'on' if ask.body.enabled else 'off'}")

    def configure(self, ask: Ask) -> v.Changed:
        """Change settings now: validated as the file is, written into the file first when they are to last."""
        wanted: v.Changes = ask.body
        try:
            settings = live_settings.changed(self.live.settings, wanted.changes)
            written = _write(wanted.changes) if wanted.lasting else ""
        except (SettingsError, OSError) as error:
            raise Refusal(400, str(error), "settings") from error
        if written:
            self.live.own_settings = live_settings.changed(self.live.own_settings, wanted.changes)
        before, self.live.settings = self.live.settings.risk.max_daily_loss, settings
        said = live_settings.as_file(settings)
        now = {name: said[name.partition(".")[0]][name.partition(".")[2]] for name in wanted.changes}
        words = ", ".join(f"{name} = {value}" for name, value in now.items())
        told = engine_config(settings, self.live.clock.speed)
        self.live.put(e.Configured(self.live.clock.now(), ask.by, words, told))
        kept = self._kept(now, settings)
        until = f"written into {written}" if written else kept
        if not written and settings.risk.max_daily_loss > before:
            until += "; the watchdog goes by the settings file, so it allows a larger daily loss only once that says so"
        return v.Changed(changed=now, written=written, words=f"{words} ({until})")

    def _kept(self, now: dict[str, object], settings: Settings) -> str:
        """What is tighter than the file is kept over a restart, which nobody may have asked for; the rest is not."""
        live = self.live
        live.tightened = tightened.after(live.tightened, now, settings, live.own_settings)
        try:
            tightened.write(live.data, live.tightened)
        except OSError as error:
            return f"until the quoter ends: it cannot be kept ({error})"
        kept = [name for name in now if name in live.tightened]
        if len(kept) == len(now):
            return "over restarts too, until it is changed again; lasting: true writes it into the settings file"
        until = "until the quoter ends; lasting: true keeps it"
        return f"{until}; {', '.join(kept)}: over restarts too, being tighter" if kept else until


def _write(changes: dict[str, object]) -> str:
    """Into the person's settings file; its name. Raises: SettingsError where the environment would win over it."""
    for name in changes:
        variable = "KWM_" + name.replace(".", "__").upper()
        if variable in os.environ:
            raise SettingsError(f"[{name}] {variable} is set and wins over the file: change it there")
    path = Path(os.environ.get("KWM_SETTINGS") or "kwm.toml")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600  # it may hold addresses that are secrets
    write_whole(path, live_settings.written_into(text, changes).encode(), mode=mode)
    return str(path)


class Sim:
    """The paper session, where there is one."""

    def __init__(self, session: PaperSession | None) -> None:
        self.session = session

    def _there(self) -> PaperSession:
        if self.session is None:
            raise Refusal(409, "this quoter runs without a paper session", "no_paper_session")
        return self.session

    async def status(self, _: Ask) -> v.PaperStatus:
        """How it goes. Read in a thread: a session may keep its account in files."""
        return await asyncio.to_thread(self._there().status)

    async def _do(self, what: Callable[[], Awaitable[None]]) -> v.PaperStatus:
        try:
            await what()
        except KwmError as error:
            raise Refusal(409, str(error), "paper_session") from error
        return await asyncio.to_thread(self._there().status)

    async def start(self, _: Ask) -> v.PaperStatus:
        """Begin."""
        return await self._do(self._there().start)

    async def stop(self, _: Ask) -> v.PaperStatus:
        """Stop quoting on paper."""
        return await self._do(self._there().stop)

    async def reset(self, _: Ask) -> v.PaperStatus:
        """Begin with nothing."""
        return await self._do(self._there().reset)

    async def timeseries(self, _: Ask) -> list[v.PaperPoint]:
        """A point a minute."""
        return await asyncio.to_thread(self._there().timeseries)

    async def fills(self, _: Ask) -> list[v.FillShown]:
        """Newest first."""
        return await asyncio.to_thread(self._there().fills)

    async def export(self, _: Ask) -> Response:
        """All of it."""
        body = await asyncio.to_thread(self._there().export)
        return Response(body, media_type="application/json")
