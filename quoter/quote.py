"""`kwm quote`: the live quoter with its dashboard, as a process of its own. One for one data folder."""

import asyncio
import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

from core import config
from core.clock import Steady, this_process
from core.errors import SettingsError
from quoter.dashboard.app import Dashboard
from quoter.dashboard.guard import token_of
from quoter.dashboard.serve import server
from quoter.paper.command import serve
from quoter.paper.shown import PaperShown
from quoter.shell.live import Live


def quote() -> None:
    """Run the quoter until it is stopped (SIGTERM, Ctrl-C, kwm stop). Its orders are taken away before it ends.
    With [paper] only = true it is a paper session, whose orders are imagined."""
    settings = config.load()
    if settings.paper.only:
        serve(settings)
    data = settings.storage.data.resolve()
    (data / "live").mkdir(parents=True, exist_ok=True)
    with only_one(data):
        sys.exit(asyncio.run(run(settings, data)))


async def run(settings: config.Settings, data: Path, wall: Steady | None = None) -> int:
    """One run; its exit code. `wall`: another wall clock than the machine's."""
    live = Live(settings, this_process(), wall=wall)
    dashboard = Dashboard(live, token_of(data, settings.dashboard.token), PaperShown(settings))
    web = server(dashboard.application(), settings.dashboard.host, settings.dashboard.port)
    serving = asyncio.create_task(web.serve())
    framing = asyncio.create_task(dashboard.keep_framing())
    try:
        return await live.run_until_stopped()
    finally:
        framing.cancel()
        web.should_exit = True
        await asyncio.gather(serving, framing, return_exceptions=True)


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two quoters on one folder would trade against each other's books. Raises: SettingsError."""
    with (data / "live" / "quoter.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"another quoter runs on {data}; stop it first (kwm stop)") from error
        yield
