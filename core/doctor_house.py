"""The doctor's look at this machine: Python, data folder, disk, DuckDB, Prefect, weather. Reads; changes nothing."""

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb
import httpx

from core.clock import Clock
from core.config import Settings
from core.doctor_lines import Line, fail, ok, warn
from core.errors import SettingsError
from core.storage import migrate
from core.up.plan import prefect_api
from core.weather.fetch import base_url

_GIB = 2**30
_PINS = {"prefect": "3.8", "kalshi_python_async": "3.", "duckdb": "2."}


def python() -> Line:
    """The interpreter and the packages whose versions matter."""
    found = {}
    for package, wanted in _PINS.items():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            return fail("packages", f"{package} is not installed", "run `make setup`")
        if not found[package].startswith(wanted):
            return fail("packages", f"{package} {found[package]}, wanted {wanted}*", "run `make setup`")
    words = ", ".join(f"{k} {v}" for k, v in found.items())
    return ok("packages", f"Python {sys.version.split()[0]}, {words}")


def world_clock(clock: Clock) -> Line:
    """The clock that the processes share."""
    if clock.speed == 1.0:
        return ok("world clock", "the wall clock" if clock.wall_anchor == 0 else "shifted, at speed 1")
    return warn("world clock", f"runs {clock.speed:g} times as fast", "meant for the embedded world only")


def disk(data: Path) -> Line:
    """Room where the data lie."""
    here = next(p for p in (data.absolute(), *data.absolute().parents) if p.exists())
    free = shutil.disk_usage(here).free / _GIB
    words = f"{free:.1f} GiB free for {data}"
    if free < 1:
        return fail("disk", words, "make room: below 1 GiB the journal may lose its end")
    return ok("disk", words) if free >= 10 else warn("disk", words, "a day of 24 cities takes up to 1 GiB")


def version_of(data: Path) -> Line:
    """Whose version of the program wrote the data."""
    if not (data / "lake").exists():
        return ok("data", f"{data} holds none yet")
    try:
        if migrate.current(data):
            return ok("data", f"{data} is of this version")
        newer = migrate.newer(data)
    except SettingsError as error:
        return fail("data", str(error), "docs/upgrading.md")
    if newer:
        return fail("data", f"{data} was written by a newer version", "upgrade this checkout (docs/upgrading.md)")
    return warn("data", f"{data} was written by another version",
                "`kwm up` brings it up to this one by itself; with services: stop all, then `kwm migrate`")  # fmt: skip


def duck(data: Path) -> Line:
    """The views for people."""
    path = data / "kwm.duckdb"
    if not path.exists():
        return warn("duckdb", f"{path} does not exist yet", "the first `load` flow makes it (kwm up)")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall()
    except duckdb.Error as error:
        return fail("duckdb", f"{path}: {str(error)[:120]}", "remove the file; the next `load` flow makes it anew")
    return ok("duckdb", f"{duckdb.__version__}, {rows[0][0]} views in {path}")


async def prefect(settings: Settings) -> Line:
    """The Prefect server: of `kwm up`, or the one that `PREFECT_API_URL` names."""
    url = f"{prefect_api(settings, os.environ)}/health"
    try:
        async with httpx.AsyncClient(timeout=3.0, trust_env=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return warn(
            "prefect",
            f"{url}: {type(error).__name__}",
            "start it with `kwm up`, or name another with PREFECT_API_URL; without it nothing is published",
        )
    if answer.status_code != 200:
        return fail("prefect", f"{url}: {answer.status_code}", "see data/logs/prefect.log")
    return ok("prefect", f"{version('prefect')} answers at {url.removesuffix('/health')}")


async def weather(settings: Settings) -> Line:
    """Where forecasts come from."""
    station = settings.events.stations()[0]
    url = f"{base_url(settings)}/stations/{station.code}/observations/latest"
    remedy = (
        "start it with `kwm up` or `kwm weather serve`" if settings.weather.source == "embedded"
        else "look at the network; [weather] user_agent must say who you are"
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(
            timeout=settings.weather.timeout_s, headers={"User-Agent": settings.weather.user_agent},
            trust_env=settings.weather.source == "live",
        ) as client:  # fmt: skip
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return fail("weather", f"{url}: {type(error).__name__}", remedy)
    if answer.status_code != 200:
        return fail("weather", f"{url}: {answer.status_code}", remedy)
    if settings.weather.source == "live" and "your contact" in settings.weather.user_agent:
        return warn("weather", f"{settings.weather.source}: answers", "set [weather] user_agent to your contact")
    return ok("weather", f"{settings.weather.source}: {station.code} answers")
