"""`kwm up`: the whole system in one command. Ctrl-C stops all of it, the quoter first, so that no order is left."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from core import config
from core.clock import Clock
from core.errors import KwmError, Malformed, SettingsError
from core.storage import views
from core.storage.files import write_whole
from core.storage.locks import alone
from core.storage.migrate import current, migrate
from core.units import Instant, instant
from core.up import flow_runs, logs, ports, report, world_time
from core.up.plan import Plan, dashboard_url, environment, plan, prefect_url
from core.up.status_line import status_line
from core.up.supervisor import Supervisor

_STATUS_EVERY_S = 15.0
_MEASURE_EVERY_S = 5.0


def up(
    weather: Annotated[str, typer.Option(help="embedded, or live: the real api.weather.gov")] = "",
    speed: Annotated[
        float, typer.Option(help="run the embedded world's clock and the schedules this much faster")
    ] = 1.0,
    for_: Annotated[str, typer.Option("--for", help="stop by itself after this long, for example 90s, 10m, 2h")] = "",
    report_file: Annotated[Path | None, typer.Option("--report", help="write what happened to this JSON file")] = None,
    world_from: Annotated[
        str, typer.Option(help="begin a new embedded world at this time, for example 2026-07-23T01:05:00Z")
    ] = "",
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="your settings file (default kwm.toml)")
    ] = None,
) -> None:
    """Start everything: exchange, weather, Prefect, flows, quoter, dashboard. Ctrl-C stops all of it cleanly.

    Without settings it needs no keys and no network: exchange and weather are embedded. What runs is printed; each
    process writes its log to data/logs/. Starting it again continues with the data it finds.
    """
    if not 0.01 <= speed <= 10_000:  # as core/clock.py, before anything starts
        raise SettingsError(f"--speed {speed:g} is outside 0.01 to 10,000")
    if weather:
        os.environ["KWM_WEATHER__SOURCE"] = weather
    if settings_file is not None:
        os.environ["KWM_SETTINGS"] = str(settings_file.resolve())
    settings = config.load()
    seconds = duration(for_) if for_ else None
    sys.exit(asyncio.run(_run(settings, speed, seconds, report_file, _instant(world_from))))


def _instant(text: str) -> Instant | None:
    if not text:
        return None
    try:
        return instant(text, "--world-from")
    except Malformed as error:
        raise SettingsError(str(error)) from error


def duration(text: str) -> float:
    """`90s`, `10m`, `2h` -> seconds. Raises: SettingsError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if found is None or float(found[1]) <= 0:
        raise SettingsError(f"--for {text!r}: expected a duration such as 90s, 10m or 2h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def _say(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S}  {text}\n")
    sys.stdout.flush()


async def _run(
    settings: config.Settings, speed: float, seconds: float | None, report_file: Path | None, start: Instant | None
) -> int:
    data = settings.storage.data.resolve()
    taken = f"another `kwm up` runs on {data}; stop it, or use another folder with KWM_STORAGE__DATA=..."
    with alone(data, "up", taken):
        embedded = settings.exchange.environment == "embedded"
        clock = world_time.next_clock(data, speed, embedded=settings.clock_file is not None, start=start)
        if embedded:
            world_time.remember(data, clock)
        if settings.clock_file is not None:
            write_whole(settings.clock_file, clock.to_text().encode())  # for commands in another shell
        if (data / "lake").exists() and not current(data) and (changed := migrate(data)):
            _say("data of an earlier version brought up to this one: " + ", ".join(changed))
        if (data / "lake").exists():
            views.build(data)  # what an archive of an earlier version speaks of is read here, not in a flow's time
        what = plan(settings, data, first_start=not (data / "lake" / "seeded").exists())
        ports.check(what.ports)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        supervisor = Supervisor(data / "logs", environment(settings, clock, data), _say)
        seen = report.Observations()
        began, began_at = time.monotonic(), datetime.now(UTC)
        failed = ""
        try:
            failed = await _start(supervisor, what, stop)
            if not failed:
                _welcome(settings, data, clock)
                await _watch(settings, supervisor, seen, clock, stop, seconds, data, began_at)
        finally:
            flows = await _flow_runs(settings, began_at)
            _say("stopping: the quoter first, so that no order is left")
            await supervisor.stop()
            _observe(data, seen)
            if embedded:
                world_time.remember(data, clock)
            if settings.clock_file is not None:
                settings.clock_file.unlink(missing_ok=True)
        if report_file is not None:
            document = report.document(seen, supervisor.running, flows, time.monotonic() - began, speed)
            report_file.write_text(json.dumps(document, indent=2) + "\n")
            _say(f"report written to {report_file}")
        _say(failed or "stopped")
        return 1 if failed else 0


async def _start(supervisor: Supervisor, what: Plan, stop: asyncio.Event) -> str:
    """Start stage after stage; "" when all are ready, else why not."""
    for stage in what.stages:
        _say("starting " + ", ".join(p.name for p in stage))
        starting = [asyncio.create_task(supervisor.start(p)) for p in stage]
        stopping = asyncio.create_task(stop.wait())
        everything = asyncio.create_task(asyncio.wait(starting))
        await asyncio.wait({stopping, everything}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            for task in (everything, *starting):
                task.cancel()
            await asyncio.gather(everything, *starting, return_exceptions=True)
            return ""
        late = [p for p, task in zip(stage, starting, strict=True) if not task.result()]
        if late:
            process = late[0]
            return (
                f"{process.name} was not ready within {process.ready_within_s:.0f} s;"
                f" its log says why: {supervisor.logs / (process.name + '.log')}"
            )
    return ""


def _welcome(settings: config.Settings, data: Path, clock: Clock) -> None:
    shown = data.relative_to(Path.cwd()) if data.is_relative_to(Path.cwd()) else data
    lines = [
        "",
        f"  dashboard    {dashboard_url(settings)}",
        f"  Prefect UI   {prefect_url(settings)}",
        f"  DuckDB       duckdb -readonly {shown}/kwm.duckdb   (or: kwm sql)",
        f"  logs         {shown}/logs/",
        f"  environment  {config.place(settings)}, weather {settings.weather.source}"
        + (f", {clock.speed:g}x as fast as the world" if clock.speed != 1 else ""),
        "  Ctrl-C stops everything. kwm status, kwm watch and kwm --help work from another terminal.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


async def _watch(
    settings: config.Settings,
    supervisor: Supervisor,
    seen: report.Observations,
    clock: Clock,
    stop: asyncio.Event,
    seconds: float | None,
    data: Path,
    began_at: datetime,
) -> None:
    ends = None if seconds is None else time.monotonic() + seconds
    next_status = time.monotonic() + _MEASURE_EVERY_S
    while not stop.is_set() and (ends is None or time.monotonic() < ends):
        pause = _MEASURE_EVERY_S if ends is None else max(0.05, min(_MEASURE_EVERY_S, ends - time.monotonic()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        supervisor.measure()
        _observe(data, seen)
        if settings.exchange.environment == "embedded":
            world_time.remember(data, clock)
        if time.monotonic() >= next_status and not stop.is_set():
            next_status = time.monotonic() + _STATUS_EVERY_S
            for log in logs.rotate(data / "logs"):
                _say(f"{log.name} was big: compressed and begun anew")
            beat = next(reversed(seen.lives.values()), None) if seen.lives else None
            _say(status_line(beat, await _flow_runs(settings, began_at), supervisor.running))


def _observe(data: Path, seen: report.Observations) -> None:
    try:
        beat = report.heartbeat(data)
    except KwmError as error:
        _say(f"the quoter's heartbeat cannot be read: {error}")
        return
    if beat is not None:
        seen.see(beat)


async def _flow_runs(settings: config.Settings, since: datetime) -> dict[str, int] | str:
    try:
        return await flow_runs.by_state(f"{prefect_url(settings)}/api", since.isoformat())
    except (httpx.HTTPError, ValueError) as error:
        return f"the Prefect server did not say: {type(error).__name__}"
