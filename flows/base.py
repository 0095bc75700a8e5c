"""What every flow run starts with: settings, the world's clock, the data folder, and this run's id."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from prefect.runtime import flow_run
from prefect.utilities.annotations import quote

from core import config
from core.clock import Clock, this_process
from core.config import Settings
from core.errors import OutcomeUnknown, Throttled, Unavailable, Unsent
from core.exchange.catalog import Catalog
from core.exchange.credentials import credentials
from core.exchange.endpoints import endpoints
from core.exchange.sdk import Sdk
from core.units import Instant, to_datetime


@dataclass(frozen=True, slots=True)
class Context:
    """One flow run's surroundings."""

    settings: Settings
    clock: Clock
    data: Path
    run: str

    @property
    def now(self) -> Instant:
        """The world's time."""
        return self.clock.now()


def context() -> Context:
    """Read once, at the top of a flow."""
    settings = config.load()
    clock = this_process(settings.clock_file)
    data = settings.storage.data.resolve()
    enough_room(data, settings.alerts.min_free_mb / 4)
    run_id = flow_run.get_id() or "by-hand"
    return Context(settings, clock, data, f"{clock.now():020d}-{str(run_id)[:8]}")


def enough_room(data: Path, least_mb: float) -> None:
    """The last room on the disk belongs to the quoter's journal. Raises: Unavailable, saying what to do."""
    here = next(p for p in (data, *data.parents) if p.exists())
    free_mb = shutil.disk_usage(here).free / 1e6
    if free_mb < least_mb:
        raise Unavailable(
            f"only {free_mb:,.0f} MB are left for {data}: no flow runs below {least_mb:,.0f} MB, and quoting ends when"
            " the publication expires. Make room ([storage] keep_raw_days, kwm backup), or lower [alerts] min_free_mb"
        )


def run_name() -> str:
    """What a run is called in the UI: its flow and the world's time, `publish 24 Nov 16:07:28`."""
    return f"{flow_run.get_flow_name()} {to_datetime(this_process(config.load().clock_file).now()):%d %b %H:%M:%S}"


def catalog(c: Context) -> Catalog:
    """Reads of the exchange, signed; close its SDK when done."""
    sdk = Sdk(endpoints(c.settings).rest, credentials(c.settings), c.settings.exchange.timeout_s)
    return Catalog(sdk, c.settings.exchange.exchange_index, c.settings.exchange.subaccount)


def whole[T](value: T) -> T:
    """A task's argument, handed over as it is. Without this Prefect looks through all of it for the results of other
    tasks, row by row, and makes it anew where compiled code gives it new integers."""
    return cast("T", quote(value))


def passing(task: object, task_run: object, state: object) -> bool:
    """The retry condition of tasks that talk to the outside: only failures that may pass are tried again."""
    error = state.result(raise_on_failure=False)  # type: ignore[attr-defined]  # Prefect's State
    return isinstance(error, Unavailable | Unsent | OutcomeUnknown | Throttled | OSError)
