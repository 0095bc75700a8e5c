"""`kwm weather`: how the sources stand (`check`), and the embedded weather service by itself (`serve`)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import stamina
import typer
import uvicorn

from core import config
from core.clock import this_process
from core.config import Settings
from core.errors import Malformed, SettingsError
from core.exchange.books_file import read, world_of
from core.stations import Station
from core.units import Instant
from core.weather import check as checking
from core.weather import recorded, standing
from core.weather.fetch import Fetcher
from core.weather.harvest import gather
from core.weather.server import Recordings, application
from core.weather.sources import chosen

weather = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@weather.callback()
def _room() -> None:
    """The weather's sources: how each of them stands; and the embedded weather service, which answers like all of them.

    Sources are switched on and off by name, and their hosts set, in the settings' section weather;
    core/weather/README.md says what each is.
    """


@weather.command()
def check(
    station: Annotated[list[str] | None, typer.Argument(help="codes or city names; none: all chosen ones")] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="ask the sources now; nothing is written")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Newest vintage, age and verdict of each source. Exit code 1 when one that a fair value needs is not good.

    Without --fetch: as the last `ingest` found them.
    """
    settings = config.load()
    clock = this_process(settings.clock_file)
    stations = _stations(settings, station or [])
    path = standing.file_of(settings.storage.data, settings.weather.source)
    state = standing.decode(path.read_bytes()) if path.exists() else standing.State()
    if fetch:
        state = asyncio.run(_asked(settings, stations, clock.now))
    elif not path.exists():
        raise SettingsError(f"{path}: nothing was ingested yet; `kwm flows run ingest` does, --fetch asks only")
    found = checking.lines(state, stations, chosen(settings), clock.now())
    typer.echo(json.dumps(checking.documents(found), indent=1) if as_json else checking.shown(found))
    raise typer.Exit(0 if all(line.good for line in found if line.needed) else 1)


def _stations(settings: Settings, names: list[str]) -> tuple[Station, ...]:
    if not names:
        return settings.events.stations()
    found = [config.station_named(name) for name in names]
    unknown = [name for name, one in zip(names, found, strict=True) if one is None]
    if unknown:
        raise SettingsError(f"no station {', '.join(unknown)}; known are codes such as KNYC and city names")
    return tuple(one for one in found if one is not None)


async def _asked(settings: Settings, stations: tuple[Station, ...], now: Callable[[], Instant]) -> standing.State:
    stamina.instrumentation.set_on_retry_hooks([])  # the table says what failed, and why
    fetcher = Fetcher(settings, now)
    try:
        await gather(settings, fetcher, stations)
    finally:
        await fetcher.close()
    return fetcher.state


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
