"""`kwm doctor`: is everything in place to quote? A line for each finding, with its remedy; reads, changes nothing."""

import asyncio
import json
import os
import time
from dataclasses import asdict
from typing import Annotated

import typer

from core import config
from core.clock import this_process
from core.config import Settings
from core.doctor_exchange import exchange, key
from core.doctor_house import disk, duck, prefect, python, version_of, weather, world_clock
from core.doctor_lines import Line, exit_code, fail, shown
from core.doctor_schema import drift
from core.doctor_settings import contradictions, key_files, read_as, weather_of
from core.doctor_stream import stream
from core.errors import SettingsError
from core.exchange.catalog import Catalog
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.units import Instant


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a finding, for programs")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="compare the exchange's answers with what we read")] = False,
) -> None:
    """Check settings, keys, clock, exchange, weather, disk; say what to do. Exit code 1 when something fails."""
    try:
        settings = config.load()
    except SettingsError as error:
        lines = [fail("settings", str(error), "core/settings.toml explains every key")]
    else:
        lines = asyncio.run(examine(settings, schema=schema))
    typer.echo(json.dumps([asdict(line) for line in lines], indent=1) if as_json else shown(lines))
    raise typer.Exit(exit_code(lines))


async def examine(settings: Settings, *, schema: bool = False) -> list[Line]:
    """Every finding; with `schema` only the comparison of answers."""
    data, clock = settings.storage.data, this_process(settings.clock_file)
    lines = [read_as(settings, os.environ), *weather_of(settings), *contradictions(settings), python()]
    found, pair = key(settings)
    lines += [world_clock(clock), found, *key_files(settings)]
    if pair is not None:
        try:
            url = endpoints(settings).rest
        except SettingsError as error:
            return [*lines, fail("addresses", str(error), "unset them")]
        sdk = Sdk(url, pair, settings.exchange.timeout_s)
        shard, whose = settings.exchange.exchange_index, settings.exchange.subaccount
        catalog, rest = Catalog(sdk, shard, whose), Rest(sdk, clock.now, shard, whose)
        try:
            if schema:
                return [found, *await drift(sdk, settings)]
            seen = await exchange(settings, rest, catalog, pair.key_id, lambda: Instant(time.time_ns()))
            lines += seen
            if seen[0].verdict != "fail":
                lines.append(await stream(settings, catalog, pair, clock))
        finally:
            await sdk.close()
    lines += [disk(data), version_of(data), duck(data), await prefect(settings), await weather(settings)]
    return lines
