"""`kwm kill`: the way out without the quoter. By itself, because only it needs the exchange's SDK, slow to import."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from core.clock import this_process
from core.errors import KwmError
from core.exchange.credentials import credentials
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.sweep import Swept, sweep
from quoter import tables as t
from quoter.client import Client
from quoter.commands import Json
from quoter.commands_tell import NotProved
from quoter.shell import heartbeat


def kill(within: Annotated[float, typer.Option(help="seconds to go on trying")] = 30.0, as_json: Json = False) -> None:
    """Halt, and cancel over REST without the quoter's help; verify that nothing of ours rests."""
    client = Client()
    try:
        client.post("/api/risk/halt")
    except KwmError as error:
        heartbeat.hold(client.settings.storage.data.resolve(), "killed by a person (kwm kill)")
        if not as_json:
            typer.echo(f"the quoter does not take the halt ({error}); cancelling over REST all the same")
            typer.echo("its next run begins halted: kwm resume quotes again")
    done = asyncio.run(_sweep(client, within))
    if as_json:
        t.say_json(asdict(done))
    if not done.verified or done.left:
        raise NotProved(unproved(done))
    if not as_json:
        typer.echo(
            f"{done.cancelled} orders cancelled, none left, verified in {done.seconds:.1f} s; {done.others} not ours"
        )


def unproved(done: Swept) -> str:
    """What may still rest; a number only where the exchange listed them."""
    said = f"{len(done.left)} orders may still rest" if done.left else "could not be checked: orders may still rest"
    return f"{said}: {'; '.join(done.troubles[:3])}"


async def _sweep(client: Client, within: float) -> Swept:
    settings = client.settings
    sdk = Sdk(endpoints(settings).rest, credentials(settings), settings.exchange.timeout_s)
    rest = Rest(sdk, this_process().now, settings.exchange.exchange_index, settings.exchange.subaccount)
    try:
        return await sweep(rest, settings.engine.run_prefix + "-", within)
    finally:
        await rest.close()
