"""uvicorn in the quoter's own loop; signals stay the quoter's."""

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette


class Server(uvicorn.Server):
    """SIGTERM belongs to the cancel path, not to a web server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def server(app: Starlette, host: str, port: int) -> Server:
    """Not yet started: run `serve()` as a task, set `should_exit` to end it."""
    return Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="off",
                                 timeout_graceful_shutdown=1))  # fmt: skip
