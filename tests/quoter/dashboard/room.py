"""A dashboard over a quoter that stands still: its engine is on a stage, nothing is sent anywhere."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec

from core import config
from core.clock import Clock
from core.exchange.credentials import make_embedded_key
from core.units import Instant
from quoter.dashboard.app import Dashboard
from quoter.dashboard.paper import PaperSession
from quoter.engine import events as e
from quoter.engine.step import step
from quoter.shell.live import Live
from tests.stories.stage import Stage

TOKEN = "the-token"
GOOD = {"Authorization": f"Bearer {TOKEN}"}


def settings(folder: Path) -> config.Settings:
    return config.load({"KWM_STORAGE__DATA": str(folder)})


def dashboard(folder: Path, paper: PaperSession | None = None) -> tuple[Dashboard, Stage]:
    """Quoting one event of three brackets."""
    stage = Stage()
    stage.begin().publish()
    make_embedded_key(folder)
    live = Live(settings(folder), Clock())
    live.state = stage.state
    return Dashboard(live, TOKEN, paper), stage


def obey(board: Dashboard) -> list[e.Event]:
    """Let the engine see what was put into its queue, as the consumer does; the events."""
    seen = []
    while not board.live.queue.empty():
        event = board.live.queue.get_nowait()
        now = Instant(board.live.state.now + 1)  # the stage keeps its own time
        step(board.live.state, msgspec.structs.replace(event, at=now))
        seen.append(event)
    return seen


class Caller:
    """Calls the application without a server."""

    def __init__(self, board: Dashboard) -> None:
        self.transport = httpx.ASGITransport(board.application())

    def _call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8410") as http:
                return await http.request(method, path, **kwargs)

        return asyncio.run(once())

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("POST", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._call("PATCH", path, **kwargs)
