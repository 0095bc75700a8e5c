"""`kwm fair EVENT`: the ladder of one event as it was last published, and what it stands on."""

import json
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from core import config
from core.errors import SettingsError
from core.publication import EventFair, encode
from core.storage import publications
from core.units import to_datetime


def fair(
    event: Annotated[
        str, typer.Argument(help="event ticker, for example KXHIGHNY-26NOV24; without it all are listed")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="as JSON: the event, or without one the whole publication")
    ] = False,
) -> None:
    """The fair-value ladder of an event, and why."""
    found = publications.read(config.load().storage.data)
    if found is None:
        raise SettingsError("nothing has been published yet: are the flows running (kwm up)?")
    console = Console()
    if not event:
        if as_json:
            typer.echo(json.dumps(json.loads(encode(found)), indent=1))
            return
        table = Table("event", "city", "mean °F", "sd", "observed", "model weight", "quality")
        for e in found.events:
            observed = "" if e.observed_f is None else f"{e.observed_f:.0f}"
            table.add_row(e.event_ticker, e.city, f"{e.mean_f:.1f}", f"{e.sd_f:.1f}", observed, f"{e.weight:.2f}",
                          "; ".join(e.quality))  # fmt: skip
        console.print(table)
        return
    one = next((e for e in found.events if e.event_ticker == event), None)
    if one is None:
        raise SettingsError(f"{event}: {found.withheld.get(event, 'no such event in the last publication')}")
    if as_json:
        typer.echo(json.dumps({"model": found.model, "published_at": found.published_at, **msgspec.to_builtins(one)}))
        return
    _ladder(console, one)
    console.print(f"model version: {found.model}; publication {found.id}")


_APART = 0.2  # dollars


def _ladder(console: Console, e: EventFair) -> None:
    table = Table("bracket", "fair", "model", "market", "± sd", "per °F", title=f"{e.city} {e.variable} {e.day}")
    for m in e.markets:
        low = f"≤ {m.high}" if m.low is None else f"≥ {m.low}" if m.high is None else f"{m.low}-{m.high}"
        market = "" if m.market is None else f"{m.market:.3f}"
        table.add_row(f"{low}°", f"{m.fair:.3f}", f"{m.model:.3f}", market, f"{m.sd:.3f}", f"{m.slope:+.3f}")
    console.print(table)
    console.print(f"model: mean {e.mean_f:.1f} °F, sd {e.sd_f:.1f}; weight of the model {e.weight:.2f}")
    if e.observed_f is not None:
        console.print(f"observed so far: {e.observed_f:.0f} °F")
    for m in e.markets:
        gap = 0.0 if m.market is None else abs(m.model - m.market)
        if gap >= _APART:
            console.print(f"but: model and market are {gap:.2f} apart on {m.ticker}; the market is usually right then")
    for source, at in e.vintages.items():
        console.print(f"stands on {source} of {to_datetime(at):%Y-%m-%d %H:%M} UTC")
    for words in e.quality:
        console.print(f"but: {words}")
