"""Runs that a process which is gone left running: Prefect keeps their place, and refuses every later run of the flow.

For five minutes where its server knows the lease; for good where that died, too (it keeps leases in memory, places on
disk). So whoever begins to serve the flows, and is alone in that, says first that what still runs has crashed.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

from core.errors import SettingsError

_UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_GONE = "the process that ran it is gone"


async def said_to_have_crashed(client: PrefectClient, deployments: list[str]) -> list[str]:
    """Their names; the place of each is free again."""
    runs = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=deployments)),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))),
    )
    for run in runs:
        await client.set_flow_run_state(run.id, Crashed(message=_GONE), force=True)
    return [run.name for run in runs]


async def none_runs(deployments: list[str]) -> list[str]:
    """The same at the server of this process's Prefect settings."""
    async with get_client() as client:
        return await said_to_have_crashed(client, deployments)


@contextlib.contextmanager
def alone(data: Path) -> Iterator[None]:
    """Nobody else serves the flows of this data folder meanwhile. Raises: SettingsError."""
    (data / "live").mkdir(parents=True, exist_ok=True)
    with (data / "live" / "flows.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"the flows of {data} are served already (kwm up, or kwm flows serve)") from error
        yield
