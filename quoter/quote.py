"""`kwm quote`: the quoter with its dashboard, as a process of its own. One for one data folder; live, or on paper."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from core import config
from core.clock import Steady, this_process
from core.storage.locks import alone
from quoter.dashboard.app import Dashboard
from quoter.dashboard.guard import token_of
from quoter.dashboard.paper import PaperSession
from quoter.dashboard.serve import server
from quoter.paper.session import Session, folder_of, page_port
from quoter.paper.shown import PaperShown
from quoter.shell.live import Live


def quote() -> None:
    """Run the quoter until it is stopped (SIGTERM, Ctrl-C, kwm stop). Its orders are taken away before it ends.
    With [paper] only = true it is a paper session, whose orders are imagined."""
    settings = config.load()
    if settings.paper.only:
        sys.exit(on_paper(settings))
    data = settings.storage.data.resolve()
    with only_one(data):
        sys.exit(asyncio.run(run(settings, data)))


async def run(settings: config.Settings, data: Path, wall: Steady | None = None) -> int:
    """One run; its exit code. `wall`: another wall clock than the machine's."""
    live = Live(settings, this_process(settings.clock_file), wall=wall)
    return await _with_page(live, data, settings.dashboard.port, PaperShown(settings), live.run_until_stopped())


def on_paper(settings: config.Settings) -> int:
    """One paper session, until it is stopped; its exit code."""
    os.environ.pop("KWM_EXCHANGE__KEY_PEM", None)  # this process is not to hold it, whoever started it
    folder = folder_of(settings)

    async def work() -> int:
        session = Session(settings, this_process(settings.clock_file))
        return await _with_page(session.live, folder, page_port(settings), None, session.run())

    with only_one(folder):
        return asyncio.run(work())


async def _with_page(
    live: Live, data: Path, port: int, paper: PaperSession | None, work: Coroutine[Any, Any, int]
) -> int:
    """What `work` returns, and the page over `live` meanwhile."""
    own = live.settings.dashboard
    dashboard = Dashboard(live, token_of(data, own.token), paper)
    web = server(dashboard.application(), own.host, port)
    serving = asyncio.create_task(web.serve())
    framing = asyncio.create_task(dashboard.keep_framing())
    try:
        return await work
    finally:
        framing.cancel()
        web.should_exit = True
        await asyncio.gather(serving, framing, return_exceptions=True)


def only_one(data: Path) -> contextlib.AbstractContextManager[None]:
    """Two quoters on one folder would trade against each other's books. Raises: SettingsError."""
    return alone(data, "quoter", f"another quoter runs on {data}; stop it first (kwm stop)")
