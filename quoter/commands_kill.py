"""`kwm kill`: the way out without the quoter. By itself, because only it needs the exchange's SDK, slow to import."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.clock import this_process
from core.config import Settings
from core.errors import KwmError, SettingsError
from core.exchange.credentials import Credentials, every_key
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.sweep import Swept, sweep
from quoter import tables as t
from quoter.client import Client
from quoter.commands import Json
from quoter.commands_tell import NotProved
from quoter.shell import heartbeat

_HALT_WITHIN_S = 2.0  # a quoter that hangs must not keep its orders on the exchange for longer


def kill(within: Annotated[float, typer.Option(help="seconds to go on trying")] = 30.0, as_json: Json = False) -> None:
    """Halt, and cancel over REST without the quoter's help; verify that nothing of ours rests."""
    try:
        client = Client(_HALT_WITHIN_S, to_trade=False)
    except SettingsError as error:
        raise NotProved(f"nothing was cancelled: {error}") from error
    exchange = client.settings.exchange
    desk = f"{exchange.environment} exchange"
    try:
        client.post("/api/risk/halt")
    except KwmError as error:
        ran = heartbeat.path_of(client.data).exists()
        heartbeat.hold(client.data, "killed by a person (kwm kill)")
        if not as_json:
            typer.echo(f"the quoter does not take the halt ({error})")
            typer.echo(
                _next_run(client.data) if ran else f"no quoter has run on {client.data}: no run of it is stopped"
            )
            typer.echo(f"cancelling over REST at the {desk} all the same")
    if client.settings.paper.only and not exchange.key_id and exchange.environment != "embedded":
        raise NotProved(
            f"nothing was asked of the {desk}: all is on paper, and [exchange] names no key that could cancel"
        )
    try:
        done = asyncio.run(_sweep(client, within))
    except KeyboardInterrupt as error:
        raise NotProved(f"interrupted: orders of ours may still rest at the {desk}; again: kwm kill") from error
    except KwmError as error:
        raise NotProved(f"nothing was cancelled at the {desk}: {error}") from error
    if as_json:
        t.say_json(asdict(done) | {"environment": exchange.environment})
    if not done.verified or done.left:
        raise NotProved(f"{desk}: {unproved(done)}")
    if not as_json:
        typer.echo(
            f"{desk}: {done.cancelled} orders cancelled, none left, verified in {done.seconds:.1f} s;"
            f" {done.others} not ours"
        )


def _next_run(data: Path) -> str:
    return f"its next run on {data} begins halted: kwm resume quotes again"


def unproved(done: Swept) -> str:
    """What may still rest; a number only where the exchange listed them."""
    said = f"{len(done.left)} orders may still rest" if done.left else "could not be checked: orders may still rest"
    return f"{said}: {'; '.join(done.troubles[:3])}"


async def _sweep(client: Client, within: float) -> Swept:
    settings = client.settings
    return await with_each(every_key(settings), lambda key: _swept(settings, key, within))


async def with_each(keys: list[Credentials], swept: Callable[[Credentials], Awaitable[Swept]]) -> Swept:
    """By the first key with which it is proved: where the quoter's is locked out, by the watchdog's own."""
    done = await swept(keys[0])
    for key in keys[1:]:
        if done.verified:
            break
        again = await swept(key)
        again.cancelled += done.cancelled
        again.troubles = [*done.troubles, *again.troubles]
        done = again
    return done


async def _swept(settings: Settings, key: Credentials, within: float) -> Swept:
    sdk = Sdk(endpoints(settings).rest, key, settings.exchange.timeout_s)
    rest = Rest(
        sdk, this_process(settings.clock_file).now, settings.exchange.exchange_index, settings.exchange.subaccount
    )
    try:
        return await sweep(rest, settings.engine.run_prefix + "-", within)
    finally:
        await rest.close()
