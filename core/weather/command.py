"""`kwm weather serve`: the embedded weather service by itself."""

from typing import Annotated

import typer
import uvicorn

from core import config
from core.clock import this_process
from core.weather.server import application
from core.weather.world import World

weather = typer.Typer(help="The embedded weather service.", no_args_is_help=True, pretty_exceptions_enable=False)


@weather.callback()
def _room() -> None:
    """The embedded weather service: answers like api.weather.gov, on loopback, from a seeded world."""


@weather.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port; 0 means the one in the settings")] = 0,
    seed: Annotated[int, typer.Option(help="which weather")] = 1,
) -> None:
    """Serve it until stopped."""
    settings = config.load()
    chosen = port or settings.weather.port
    app = application(World(seed), this_process(), f"http://127.0.0.1:{chosen}")
    uvicorn.run(app, host="127.0.0.1", port=chosen, log_level="warning", access_log=False)
