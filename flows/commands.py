"""`kwm flows`: run a flow now, list them, serve them on their schedules."""

import asyncio
import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table

from core import config
from core.clock import this_process
from core.config import FlowSettings
from core.console import console
from core.errors import SettingsError
from core.storage.locks import alone
from core.up.plan import QUIET, prefect_api
from flows.fair_command import fair as fair
from flows.opinion_command import opinion as opinion

NAMES = (
    "discover",
    "ingest",
    "publish",
    "load",
    "settle",
    "report",
    "compact",
    "fit",
    "score",
    "brief",
    "eod",
    "verify",
    "seed",
)
DAILY = ("fit", "score", "brief", "eod", "verify")
YAML = Path(__file__).parents[1] / "prefect.yaml"
# a run is a process of its own: a fast world gets publications often and everything else as often as two cores bear
_LEAST_S = {
    "publish": 15.0, "ingest": 30.0, "load": 30.0, "settle": 45.0, "discover": 60.0, "report": 120.0, "compact": 300.0,
    "brief": 300.0, "eod": 300.0, "fit": 3600.0, "score": 600.0, "verify": 3600.0,
}  # fmt: skip
_AT_ONCE = 3
_ANSWERS_S = 3.0
flows = typer.Typer(help="The Prefect flows.", no_args_is_help=True, pretty_exceptions_enable=False)


@flows.callback()
def _room() -> None:
    """The Prefect flows: run one now, list them, or serve all on their schedules."""
    atexit.register(_quiet_end)  # before Prefect registers its own: so it comes after them
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def _quiet_end() -> None:
    """Prefect keeps what a flow's module holds to the very end, and DuckDB's binding then tells of it as leaks, in
    twenty lines that look like a failure. By now everything is written and said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def flow_named(name: str) -> Any:
    """The flow object. Raises: SettingsError naming those there are."""
    if name not in NAMES:
        raise SettingsError(f"no flow {name!r}; there are {', '.join(NAMES)}")
    return getattr(import_module(f"flows.{name}"), name)


@flows.command("list")
def list_flows() -> None:
    """What there is and what it does."""
    table = Table("flow", "what it does")
    for name in NAMES:
        table.add_row(name, flow_named(name).description)
    console().print(table)


@flows.command()
def run(
    name: Annotated[str, typer.Argument(help="one of: " + ", ".join(NAMES))],
) -> None:
    """Run one flow now, in this process; it shows in the Prefect UI when the server answers."""
    settings = config.load()
    with pointed_at(settings) if answers(settings) else contextlib.nullcontext():
        console().print(flow_named(name)())


def answers(settings: config.Settings) -> bool:
    """Is the server there, ours or PREFECT_API_URL's? Without it Prefect starts one of its own, for one run."""
    import httpx

    try:
        return httpx.get(f"{prefect_api(settings, os.environ)}/health", timeout=_ANSWERS_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def schedules() -> dict[str, dict[str, Any]]:
    """The deployments of prefect.yaml, by flow."""
    raw = yaml.safe_load(YAML.read_text())
    return {d["entrypoint"].rpartition(":")[2]: d for d in raw["deployments"]}


@flows.command()
def serve() -> None:
    """Run the deployments of prefect.yaml on their schedules until stopped; the first round at once.

    Intervals come from the settings' [flows], divided by the speed of the embedded world down to 15 s to 2 min. Only
    one process may serve the flows of a data folder; what an earlier one left running is said to have crashed.
    """
    settings = config.load()
    data = settings.storage.data.resolve()
    with alone(data, "flows", f"the flows of {data} are served already (kwm up, or kwm flows serve)"):
        _serve(settings)


@flows.command()
def begin() -> None:
    """Before the first worker of a server starts: end what an earlier one left running, resume, and run a first round.

    `kwm flows serve` does the same by itself. While other workers are at it, leave it out: their runs would be said to
    have crashed.
    """
    import httpx

    settings = config.load()
    data = settings.storage.data.resolve()
    with alone(data, "flows", f"the flows of {data} are served already (kwm up, or kwm flows serve)"):
        try:
            with pointed_at(settings):
                crashed, resumed = asyncio.run(
                    _cleared_and_resumed([wanted["name"] for wanted in schedules().values()])
                )
                if not resumed:
                    raise SettingsError(
                        "no deployment of ours is there: prefect --no-prompt deploy --all, in the checkout"
                    )
                _said(crashed)
                _first_round()
        except (httpx.HTTPError, RuntimeError) as error:
            raise SettingsError(
                f"the Prefect server does not answer ({error}); PREFECT_API_URL names another"
            ) from error


async def _cleared_and_resumed(names: list[str]) -> tuple[int, int]:
    from flows.left_behind import clear, resume

    return await clear(names), await resume(names)


def _serve(settings: config.Settings) -> None:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import EntrypointType

    from flows import warm

    speed = this_process(settings.clock_file).speed
    _clear([wanted["name"] for wanted in schedules().values()])
    _first_round()
    once = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    served = [
        (flow_named(name), {
            "name": wanted["name"], "schedules": [schedule(name, settings.flows, speed)], "tags": wanted["tags"],
            "description": wanted["description"], "concurrency_limit": once, "paused": False,
            "entrypoint_type": EntrypointType.MODULE_PATH,
        }) for name, wanted in schedules().items()
    ]  # fmt: skip
    warm.serve(served, _AT_ONCE)


@flows.command()
def automations(
    webhook: Annotated[str, typer.Option(help="an address that takes a JSON body; none = shown in the UI only")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="take ours away")] = False,
) -> None:
    """Make (or renew) Prefect's own alarms: a flow failed, a flow is late, nothing was published."""
    import httpx

    from flows import automations as ours

    settings = config.load()
    try:
        with pointed_at(settings):
            if remove:
                typer.echo(f"removed {asyncio.run(ours.remove())} automations")
                return
            for name in asyncio.run(ours.create(webhook, settings.flows.valid_s)):
                typer.echo(f"made: {name}")
    except (httpx.HTTPError, RuntimeError) as error:
        raise SettingsError(
            f"the Prefect server does not answer ({error}): is `kwm up` running? PREFECT_API_URL names another"
        ) from error


@contextlib.contextmanager
def pointed_at(settings: config.Settings) -> Iterator[None]:
    """Prefect's client speaks to the server of the settings, unless the environment names another."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    url = os.environ.get("PREFECT_API_URL") or PREFECT_API_URL.value() or prefect_api(settings, {})
    with temporary_settings({PREFECT_API_URL: url}):
        yield


def schedule(name: str, flows: FlowSettings, speed: float) -> Any:
    """When a flow runs: every so often, or, the daily ones, at their time of day (UTC); in a fast world, once a day
    of that world."""
    from prefect.schedules import Cron, Interval

    if name in DAILY:
        at = getattr(flows, f"{name}_at")
        if speed == 1.0:
            return Cron(f"{int(at[3:])} {int(at[:2])} * * *", timezone="UTC")
        return Interval(max(_LEAST_S[name], 86_400 / speed))
    return Interval(max(_LEAST_S[name], getattr(flows, f"{name}_s") / speed))


def _clear(names: list[str]) -> None:
    """Of what served before nothing runs any more; whoever cannot be told so now has the flows run all the same."""
    import httpx

    from flows.left_behind import clear

    try:
        crashed = asyncio.run(clear(names))
    except (httpx.HTTPError, RuntimeError) as error:
        sys.stdout.write(f"runs that were left behind could not be looked for: {error}\n")
    else:
        _said(crashed)


def _said(crashed: int) -> None:
    sys.stdout.write(f"left behind by what served before: {crashed} runs that nobody runs\n")


def _first_round() -> None:
    """It must not wait for a schedule; that one failed is in the UI, and the schedule tries again."""
    for name in ("discover", "ingest", "publish"):
        state = flow_named(name)(return_state=True)
        sys.stdout.write(f"first {name}: {state.name}\n")


__all__ = ["fair", "flows"]
