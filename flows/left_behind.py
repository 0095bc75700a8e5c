"""What a process that served the flows has left behind at the Prefect server: runs that nobody runs, and late ones.

A run whose process is gone stays "running" there, and holds the one place that its flow has (`CANCEL_NEW`): every later
run is cancelled. The server would let go of it after five minutes, but knows of that only in its own memory: where both
ended together (a power cut, a stop that had to kill a long run) the place is held for ever.
"""

from collections.abc import Sequence
from typing import Any

_PAGE, _PAGES = 200, 100


async def clear(names: Sequence[str]) -> int:
    """For the deployments of these flows: what "runs" has crashed (how many is given back), and what the schedules had
    made so far is forgotten: what is due next reads the same world. They stay paused until they are served again, or
    resumed; to be called while nobody serves them.

    Raises: httpx.HTTPError when the server does not answer.
    """
    from prefect import get_client
    from prefect.client.schemas import filters as f
    from prefect.states import Crashed

    words = "the process that ran it is gone; what serves the flows has begun anew"
    under_way = f.FlowRunFilterStateType(any_=["RUNNING", "CANCELLING", "PENDING"])
    of_ours = _of(names)
    crashed = 0
    async with get_client() as client:
        for _ in range(_PAGES):
            runs = await client.read_flow_runs(
                deployment_filter=of_ours, limit=_PAGE,
                flow_run_filter=f.FlowRunFilter(state=f.FlowRunFilterState(type=under_way)),
            )  # fmt: skip
            for run in runs:
                await client.set_flow_run_state(run.id, Crashed(message=words), force=True)
            crashed += len(runs)
            if len(runs) < _PAGE:
                break
        for one in await client.read_deployments(deployment_filter=of_ours):
            # this route, unlike the client's own `pause_deployment`, deletes what the schedule has made, in one go;
            # marked late one by one, hundreds of runs keep SQLite locked for minutes
            await client.request("POST", "/deployments/{id}/pause_deployment", path_params={"id": one.id})
    return crashed


async def resume(names: Sequence[str]) -> int:
    """The deployments of these flows run on their schedules again; how many there are.

    Raises: httpx.HTTPError when the server does not answer.
    """
    from prefect import get_client

    async with get_client() as client:
        ours = await client.read_deployments(deployment_filter=_of(names))
        for one in ours:
            await client.resume_deployment(one.id)
        return len(ours)


def _of(names: Sequence[str]) -> Any:
    from prefect.client.schemas import filters as f

    return f.DeploymentFilter(name=f.DeploymentFilterName(any_=list(names)))
