"""`kwm fair EVENT`: the ladder of one event as it was last published, and what it stands on."""

import json
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from core import config
from core.clock import this_process
from core.console import console
from core.errors import SettingsError
from core.event_words import one_event
from core.publication import EventFair, Publication, encode
from core.storage import publications
from core.units import HOUR, MINUTE, Instant, to_datetime


def fair(
    event: Annotated[str, typer.Argument(help='ticker, or words: "new york high"; without it all are listed')] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="as JSON: the event, or without one the whole publication")
    ] = False,
) -> None:
    """The fair-value ladder of an event, and why."""
    settings = config.load()
    found, now = publications.read(settings.storage.data), this_process(settings.clock_file).now()
    if found is None:
        raise SettingsError("nothing has been published yet: are the flows running (kwm up)?")
    out = console()
    if not event:
        if as_json:
            typer.echo(json.dumps(json.loads(encode(found)), indent=1))
        else:
            _all(out, found, now)
        return
    if event.upper() not in found.withheld:
        said = {e.event_ticker: f"{e.city} {e.station} {e.variable} {e.day}" for e in found.events}
        event = one_event(event, said, "kwm fair")
    one = next((e for e in found.events if e.event_ticker == event), None)
    if one is None:
        event = event.upper()
        raise SettingsError(f"{event}: {found.withheld.get(event, 'no such event in the last publication')}")
    if as_json:
        typer.echo(json.dumps({"model": found.model, "published_at": found.published_at, **msgspec.to_builtins(one)}))
        return
    _ladder(out, one, found.published_at)
    out.print(_published(found, one.valid_until, now))
    out.print(f"model version: {found.model}; publication {found.id}")


_APART = 0.2  # dollars
_WINDOWS = 4


def _all(out: Console, found: Publication, now: Instant) -> None:
    table = Table(Column("event", no_wrap=True), "city", "mean °F", "sd", "seen", "weight", "but")
    for e in found.events:
        observed = "" if e.observed_f is None else f"{e.observed_f:.0f}"
        table.add_row(e.event_ticker, e.city, f"{e.mean_f:.1f}", f"{e.sd_f:.1f}", observed, f"{e.weight:.0%}",
                      "; ".join([f"your opinion: {escape(e.opinion)}"] * bool(e.opinion) + e.quality))  # fmt: skip
    out.print(table)
    for ticker, why in sorted(found.withheld.items()):
        out.print(f"{ticker} has no fair value: {why}")
    if found.events:
        out.print(_published(found, min(e.valid_until for e in found.events), now))


def _ladder(out: Console, e: EventFair, at: Instant) -> None:
    table = Table("bracket", "fair", "model", "market", "±", "per °F", title=f"{e.city} {e.variable} {e.day}")
    for m in e.markets:
        low = f"≤ {m.high}" if m.low is None else f"≥ {m.low}" if m.high is None else f"{m.low}-{m.high}"
        market = "" if m.market is None else f"{m.market:.3f}"
        table.add_row(f"{low}°", f"{m.fair:.3f}", f"{m.model:.3f}", market, f"{m.sd:.3f}", f"{m.slope:+.3f}")
    out.print(table)
    out.print("dollars a contract; ±: how far fair itself may be off; per °F: what a degree warmer adds to it")
    counts = f"counts {e.weight:.0%}, the market the rest" if e.weight < 0.995 else "stands alone"
    if e.opinion:
        counts = f"and your opinion together count {e.weight:.0%}, the market the rest"
    out.print(f"model: {e.mean_f:.1f} °F, give or take {e.sd_f:.1f}; it {counts}")
    if e.observed_f is not None:
        out.print(f"observed so far: {e.observed_f:.0f} °F")
    if apart := [m for m in e.markets if m.market is not None and abs(m.model - m.market) >= _APART]:
        gap, ticker = max((abs(m.model - m.market), m.ticker) for m in apart if m.market is not None)
        out.print(f"but: model and market are up to {gap:.2f} apart ({ticker}); the market is usually right then")
    if e.opinion:
        out.print(f"your opinion: {escape(e.opinion)}")
    for words in e.quality:
        out.print(f"but: {words}")
    newest = sorted(e.vintages.items(), key=lambda one: -one[1])
    out.print(
        "stands on " + ", ".join(f"{source} of {_clock(when)} UTC ({_ago(at - when)})" for source, when in newest)
    )
    for w in [w for w in e.windows if w.end > at][:_WINDOWS]:
        how = "no quotes" if w.widen == 0 else f"{w.widen:.1f} times as wide"
        out.print(f"{_clock(w.start)} to {_clock(w.end)} UTC {how}: {w.reason}")


def _clock(at: Instant) -> str:
    return f"{to_datetime(at):%H:%M}"


def _ago(age: int) -> str:
    return f"{age // MINUTE} min old" if age < 2 * HOUR else f"{age / HOUR:.0f} h old"


def _published(found: Publication, ends: Instant, now: Instant) -> str:
    return f"published {to_datetime(found.published_at):%Y-%m-%d %H:%M:%S} UTC, {_until(ends, now)}"


def _until(ends: Instant, now: Instant) -> str:
    """How long it is good for; a world whose clock runs ahead of ours is taken at its word."""
    if now > ends:
        return f"EXPIRED {_ago(now - ends).removesuffix(' old')} ago: nothing is quoted by it; are the flows running?"
    return f"valid until {to_datetime(ends):%H:%M:%S}"
