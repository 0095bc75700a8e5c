"""`kwm weather serve`: the embedded weather service by itself."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from core import config
from core.clock import this_process
from core.errors import Malformed, SettingsError
from core.exchange.books_file import read, world_of
from core.weather import recorded
from core.weather.server import Recordings, application

weather = typer.Typer(help="The embedded weather service.", no_args_is_help=True, pretty_exceptions_enable=False)


@weather.callback()
def _room() -> None:
    """The embedded weather service: answers like api.weather.gov, on loopback, from a seeded world."""


@weather.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port; 0 means the one in the settings")] = 0,
    seed: Annotated[int, typer.Option(help="which weather")] = 1,
    books: Annotated[Path | None, typer.Option(help="a weather in which these recorded books make sense")] = None,
    payloads: Annotated[
        Path | None, typer.Option(help="folder of recorded answers, STATION/gridpoint|forecast|hourly.json")
    ] = None,
) -> None:
    """Serve it until stopped."""
    settings = config.load()
    chosen, clock = port or settings.weather.port, this_process()
    books = books or settings.exchange.books_file()
    known = read(books, clock.now())[0] if books is not None else []
    folder = payloads or settings.weather.payloads_folder()
    app = application(world_of(known, seed), clock, f"http://127.0.0.1:{chosen}", recordings(folder) if folder else {})
    uvicorn.run(app, host="127.0.0.1", port=chosen, log_level="warning", access_log=False)


def recordings(folder: Path) -> Recordings:
    """Every payload in the folder. Raises: SettingsError naming the file that is none."""
    found: Recordings = {}
    for path in sorted(folder.glob("*/*.json")):
        name = f"{path.parent.name}/{path.name}"
        try:
            station, kind = recorded.station_and_kind(name)
            found[(station.code, kind)] = recorded.load(path.read_bytes(), name)
        except Malformed as error:
            raise SettingsError(f"[weather] payloads, {path}: {error}") from error
    if not found:
        raise SettingsError(f"[weather] payloads: no STATION/KIND.json in {folder}")
    return found
