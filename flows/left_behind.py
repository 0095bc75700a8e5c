"""What a process that served the flows has left behind at the Prefect server: runs that nobody runs, and late ones.

A run whose process is gone stays "running" there, and holds the one place that its flow has (`CANCEL_NEW`): every later
run is cancelled. The server would let go of it after five minutes, but knows of that only in its own memory: where both
ended together (a power cut, a stop that had to kill a long run) the place is held for ever.
"""

import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import SettingsError

_PAGE, _PAGES = 200, 100


async def clear(names: Sequence[str]) -> tuple[int, int]:
    """For the deployments of these flows: what "runs" has crashed, what was due before now is forgotten, for what is
    due next reads the same world. (crashed, forgotten). To be called while nobody serves them.

    Raises: httpx.HTTPError when the server does not answer.
    """
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilterExpectedStartTime as Due
    from prefect.states import Crashed

    crashed = forgotten = 0
    async with get_client() as client:
        async for run in _runs(client, names, ("RUNNING", "CANCELLING", "PENDING")):
            words = "the process that ran it is gone; kwm flows serve has begun anew"
            await client.set_flow_run_state(run.id, Crashed(message=words), force=True)
            crashed += 1
        async for run in _runs(client, names, ("SCHEDULED",), expected_start_time=Due(before_=datetime.now(UTC))):
            await client.delete_flow_run(run.id)
            forgotten += 1
    return crashed, forgotten


async def _runs(client: Any, names: Sequence[str], states: Sequence[str], **more: Any) -> AsyncIterator[Any]:
    """Every run of these deployments that is in one of these states when it is asked for; each is to leave them."""
    from prefect.client.schemas import filters as f

    of_ours = f.DeploymentFilter(name=f.DeploymentFilterName(any_=list(names)))
    wanted = f.FlowRunFilter(state=f.FlowRunFilterState(type=f.FlowRunFilterStateType(any_=list(states))), **more)
    for _ in range(_PAGES):
        page = await client.read_flow_runs(deployment_filter=of_ours, flow_run_filter=wanted, limit=_PAGE)
        for run in page:
            yield run
        if len(page) < _PAGE:
            return


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
