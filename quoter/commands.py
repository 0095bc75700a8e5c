"""The operator's command line: tables for people, `--json` for scripts. Each command is one question or one order.

Exit codes: 0 fine, 1 failed or not running, 2 wrong usage, 3 running but not quoting.
"""

import asyncio
import json
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.live import Live as Screen
from rich.table import Table

from core import config
from core.clock import this_process
from core.errors import KwmError
from core.exchange.credentials import credentials
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.sweep import Swept, sweep
from core.units import instant, money_text
from quoter.client import Client, NotRunning, leave
from quoter.shell.why_then import told, why_then

Json = Annotated[bool, typer.Option("--json", help="for scripts: JSON instead of a table")]


def _show(rows: Any, as_json: bool, *columns: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console().print(table)
    if not rows:
        Console().print("nothing")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def status(as_json: Json = False) -> None:
    """Is it alive, what does it hold, what can it lose, why is it not quoting."""
    client = Client()
    try:
        found = client.get("/api/status")
    except NotRunning as error:
        last = client.last_heartbeat()
        if as_json:
            typer.echo(json.dumps({"running": False, "last": last}, indent=1))
        else:
            Console().print(str(error))
            if last:
                Console().print(f"its last word: {last.get('state')}, PnL today ${(last.get('pnl') or 0) / 1e6:,.2f}")
        leave(1)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        Console().print(status_table(found))
    leave(0 if found["state"] == "quoting" else 3)


def status_table(s: dict[str, Any]) -> Table:
    """The header of everything, as a table."""
    table = Table(show_header=False, title=f"{s['state'].upper()}  ·  {s['environment']}")
    limits = s["limits"]
    table.add_row(
        "PnL today", f"${s['pnl_usd']:,.2f}  (limit -${limits['daily_usd']:,.2f}; fees ${s['fees_usd']:,.4f})"
    )
    table.add_row("worst case", f"${s['worst_usd']:,.2f} of ${limits['total_usd']:,.2f}")
    table.add_row("quotes", f"{s['markets_quoted']} of {s['markets']} markets, {s['working']} working orders")
    table.add_row("fills", str(s["counters"]["fills"]))
    age = s["publication_age_s"]
    table.add_row(
        "publication", "none yet" if age is None else f"{age:.0f} s old, good for {s['publication_left_s']:.0f} s"
    )
    table.add_row("feed", "connected" if s["connected"] else "NOT connected")
    for reason in s["reasons"]:
        table.add_row("not quoting", f"[bold red]{reason}[/]")
    return table


def positions(as_json: Json = False) -> None:
    """What we hold, by event and bracket."""
    _show(Client().get("/api/account/positions"), as_json, "ticker", "contracts", "mark_c", "cash_usd", "value_usd")


def orders(as_json: Json = False) -> None:
    """Our working orders."""
    found = Client().get("/api/account/orders")
    _show(found, as_json, "ticker", "side", "price_c", "contracts", "filled", "life", "expires_in_s", "id")


def fills(as_json: Json = False) -> None:
    """Our latest fills, newest first."""
    _show(Client().get("/api/account/fills"), as_json, "at", "ticker", "side", "price_c", "contracts", "fee_usd", "id")


def balance(as_json: Json = False) -> None:
    """Free cash at the exchange."""
    found = Client().get("/api/account/balance")
    typer.echo(json.dumps(found) if as_json else f"${found['balance_usd'] or 0:,.2f}")


def markets(
    event: Annotated[str, typer.Argument(help="only this event")] = "",
    as_json: Json = False,
) -> None:
    """Book, fair value and our quote of every market."""
    found = [m for m in Client().get("/api/markets") if not event or m["event"] == event]
    if not as_json:
        for m in found:
            m["ours"] = " / ".join(
                "-" if not side else f"{side[0]['price_c']:.0f}" for side in (m["our_bids"], m["our_asks"])
            )
    _show(found, as_json, "ticker", "bracket", "bid_c", "ask_c", "fair_c", "ours", "position", "bid_reasons")


def risk(as_json: Json = False) -> None:
    """Limits and how much of each is used."""
    found = Client().get("/api/risk/status")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    _show(found["used"], False, "limit", "used_usd", "limit_usd")
    if found["halted"]:
        Console().print(f"[bold red]halted: {found['halted']}[/]")


def pnl(as_json: Json = False) -> None:
    """Profit and loss today: realised, marked, fees."""
    s = Client().get("/api/status")
    keys = ("pnl_usd", "realised_usd", "fees_usd", "worst_usd", "worst_seen_usd", "balance_usd")
    if as_json:
        typer.echo(json.dumps({key: s[key] for key in keys}))
        return
    for key in keys:
        typer.echo(f"{key.removesuffix('_usd').replace('_', ' '):>12}  ${s[key] or 0:,.2f}")


def why(
    ticker: Annotated[str, typer.Argument(help="market ticker, for example KXHIGHNY-26NOV24-B48.5")],
    at: Annotated[str, typer.Option(help="then, from the journal: for example 2026-11-24T15:00:00Z")] = "",
    as_json: Json = False,
) -> None:
    """Why a market is quoted as it is, or is not; now, or (`--at`) at an instant of the past."""
    if at:
        when = instant(at, "--at")
        then = why_then(config.load().storage.data.resolve(), ticker, when)
        typer.echo(msgspec.json.encode(then).decode() if as_json else "\n".join(told(ticker, when, then)))
        return
    found = Client().get(f"/api/why/{ticker}")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    fair = found["fair_usd"]
    typer.echo(f"{ticker}: fair {'unknown' if fair is None else f'{fair * 100:.1f} cents'}")
    for side in ("bid", "ask"):
        quote = found[side]["quote"]
        if quote is not None:
            typer.echo(f"  {side}: {quote['contracts']:.0f} at {quote['price_c']:.0f} cents")
        for reason in found[side]["reasons"]:
            typer.echo(f"  no {side}: {reason['words']}")


# --- orders to the quoter --------------------------------------------------------------------------------------------


def pause() -> None:
    """Take quotes away until resume; keep watching."""
    Client().post("/api/strategy/pause")
    typer.echo("paused: quotes are being taken away; kwm resume quotes again")


def resume() -> None:
    """Quote again after pause or halt."""
    Client().post("/api/strategy/resume")
    typer.echo("resumed")


def start() -> None:
    """Quote (the same as resume)."""
    resume()


def stop() -> None:
    """Take quotes away and end the quoter cleanly (`kwm up` starts it again; to end everything stop `kwm up`)."""
    Client().post("/api/strategy/stop")
    typer.echo("stopping: its orders are taken away first")


def cancel_all() -> None:
    """Cancel our working orders once; quoting goes on."""
    Client().post("/api/risk/cancel-all")
    typer.echo("cancelling our working orders once")


def halt(within: Annotated[float, typer.Option(help="seconds to wait for the proof")] = 10.0) -> None:
    """Stop now: cancel everything of ours, verify that nothing rests, stay stopped until `kwm resume`."""
    client = Client()
    client.post("/api/risk/halt")
    began = time.monotonic()
    while time.monotonic() - began < within:
        left = client.get("/api/status")["working"]
        if left == 0:
            typer.echo(
                f"halted: no order of ours is working ({time.monotonic() - began:.1f} s); kwm resume quotes again"
            )
            return
        time.sleep(0.2)
    raise KwmError(f"halted, but {left} orders are not proved gone after {within:.0f} s: try kwm kill")


def kill(within: Annotated[float, typer.Option(help="seconds to go on trying")] = 30.0) -> None:
    """Halt, and cancel over REST without the quoter's help; verify that nothing of ours rests."""
    client = Client()
    try:
        client.post("/api/risk/halt")
    except KwmError as error:
        typer.echo(f"the quoter does not take the halt ({error}); cancelling over REST all the same")
    done = asyncio.run(_sweep(client, within))
    if not done.verified or done.left:
        raise KwmError(f"{len(done.left)} orders may still rest: {'; '.join(done.troubles[:3])}")
    typer.echo(
        f"{done.cancelled} orders cancelled, none left, verified in {done.seconds:.1f} s; {done.others} not ours"
    )


async def _sweep(client: Client, within: float) -> Swept:
    settings = client.settings
    sdk = Sdk(endpoints(settings).rest, credentials(settings), settings.exchange.timeout_s)
    rest = Rest(sdk, this_process().now, settings.exchange.exchange_index, settings.exchange.subaccount)
    try:
        return await sweep(rest, settings.engine.run_prefix + "-", within)
    finally:
        await rest.close()


def watch() -> None:
    """A live view in the terminal; Ctrl-C ends it."""
    client = Client()
    with Screen(refresh_per_second=2) as screen:
        while True:
            try:
                screen.update(status_table(client.get("/api/status")))
            except NotRunning as error:
                screen.update(str(error))
            time.sleep(1.0)


def settings(as_json: Json = False) -> None:
    """Every setting in force; core/settings.toml explains each, kwm.toml and KWM_... change them."""
    found = Client().settings
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), indent=1))
        return
    for name, section in found:
        table = Table("key", "value", title=f"[{name}]", title_justify="left")
        for key, value in section:
            hidden = key in ("token", "key_id", "urls", "ping_url") and value
            amount = name == "risk" and key.startswith(
                ("max_loss", "max_daily", "max_draw", "max_stress", "min_", "max_order_n")
            )
            table.add_row(key, "(set)" if hidden else f"${money_text(value)}" if amount else str(value))
        Console().print(table)
