"""`kwm exchange serve`: the embedded exchange by itself."""

import random
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from starlette.types import ASGIApp

from core import config
from core import messages as m
from core.clock import Steady, this_process
from core.exchange.auth import Keyring
from core.exchange.books_file import RecordedBook, read, world_of
from core.exchange.credentials import make_embedded_key
from core.exchange.faults import read as read_faults
from core.exchange.faulty import Faulty
from core.exchange.history import History
from core.exchange.server import application
from core.exchange.venue import USER, Venue

exchange = typer.Typer(help="The embedded exchange.", no_args_is_help=True, pretty_exceptions_enable=False)


@exchange.callback(invoke_without_command=True)
def _room(
    context: typer.Context,
    faults: Annotated[Path | None, typer.Option(help="serve, and let go wrong what this file says")] = None,
) -> None:
    """The embedded exchange: Kalshi's REST and WebSocket protocol on loopback, with other traders."""
    if context.invoked_subcommand is None:
        serve(faults=faults)


@exchange.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port; 0 means the one in the settings")] = 0,
    books: Annotated[Path | None, typer.Option(help="start the books from this recorded capture (JSON lines)")] = None,
    seed: Annotated[int, typer.Option(help="which crowd and which weather")] = 1,
    faults: Annotated[Path | None, typer.Option(help="let go wrong what this file says (TOML; see the README)")] = None,
) -> None:
    """Serve it until stopped. Orders, fills and positions survive a restart (data/exchange/)."""
    settings = config.load()
    faults = faults or (Path(settings.exchange.faults) if settings.exchange.faults else None)
    plan = read_faults(faults) if faults is not None else None
    data = settings.storage.data
    clock = this_process().by(Steady())  # the exchange's time does not go back
    public = make_embedded_key(data).key().public_key()
    books = books or settings.exchange.books_file()
    recorded, refused = read(books, clock.now()) if books is not None else ([], {})
    world = world_of(recorded, seed)
    for ticker, reason in refused.items():
        typer.echo(f"not listed: {ticker}: {reason}")
    venue = Venue(
        clock, world, random.Random(seed), data / "exchange" / "said.jsonl",
        [book.market for book in recorded] if books is not None else None,
        weekly_pause=settings.exchange.weekly_pause,
    )  # fmt: skip
    if books is not None:
        open_recorded(venue, recorded)
    else:
        venue.open_books()
    app: ASGIApp = application(venue, Keyring({"embedded": (USER, public)}), History(world))
    if plan is not None:
        app = Faulty(app, venue, plan)
    uvicorn.run(
        app, host="127.0.0.1", port=port or settings.exchange.port, log_level="warning", access_log=False,
        ws="websockets-sansio", ws_ping_interval=10.0, ws_ping_timeout=30.0, timeout_graceful_shutdown=1,
    )  # fmt: skip


def open_recorded(venue: Venue, recorded: list[RecordedBook]) -> None:
    """Rest every recorded level as an order of the house, and keep it there."""
    for book in recorded:
        levels = [(m.Side.BID, *level) for level in book.bids] + [(m.Side.ASK, *level) for level in book.asks]
        venue.crowd.recorded[book.market.ticker] = levels
    venue.open_books()
