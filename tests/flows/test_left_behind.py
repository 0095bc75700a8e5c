"""A run whose process died must not keep its flow from ever running again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, StateType
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Pending, Running, Scheduled

from core.errors import SettingsError
from flows.commands import begin
from flows.left_behind import clear, resume

pytestmark = pytest.mark.slow


async def deployed(client: PrefectClient, name: str) -> UUID:
    """A deployment that lets one run be under way, cancels others meanwhile, and has runs on its schedule."""
    flow = await client.create_flow_from_name(name)
    alone = {"collision_strategy": ConcurrencyLimitStrategy.CANCEL_NEW}
    each_minute = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=timedelta(minutes=1)))
    made = await client.create_deployment(
        flow, name, concurrency_limit=1, concurrency_options=alone, schedules=[each_minute]
    )
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    window = {"start_time": hour_ago.isoformat(), "end_time": datetime.now(UTC).isoformat()}
    await client.request("POST", "/deployments/{id}/schedule", path_params={"id": made}, json=window)
    return made


async def due(client: PrefectClient, deployment: UUID) -> int:
    """Runs that its schedule has made, late ones too, and nobody has taken."""
    only = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
    )
    return len(await client.read_flow_runs(flow_run_filter=only, limit=200))


async def tried(client: PrefectClient, deployment: UUID) -> StateType:
    """A run that is due now, as a runner takes it."""
    run = await client.create_flow_run_from_deployment(deployment, state=Scheduled())
    answer = await client.set_flow_run_state(run.id, Pending())
    if answer.state is not None and answer.state.is_pending():
        await client.set_flow_run_state(run.id, Running())
    return (await client.read_flow_run(run.id)).state_type or StateType.SCHEDULED


@pytest.mark.usefixtures("prefect_harness")
async def test_a_run_that_nobody_runs_any_more_makes_room_for_the_next() -> None:
    async with get_client() as client:
        ours, another = await deployed(client, "left-behind"), await deployed(client, "somebody-else")
        assert [await tried(client, one) for one in (ours, another)] == [StateType.RUNNING] * 2
        assert await tried(client, ours) == StateType.CANCELLED, "while the first runs; here it was killed"
        assert await due(client, ours) >= 50
        assert await clear(["left-behind"]) == 1
        assert await tried(client, ours) == StateType.RUNNING
        assert await tried(client, another) == StateType.CANCELLED, "what is not ours is not touched"
        assert await due(client, another) >= 50
        assert await due(client, ours) == 0, "late runs of the time in which nothing ran are not made up for"
        assert [(await client.read_deployment(one)).paused for one in (ours, another)] == [True, False]
        assert await resume(["left-behind"]) == 1
        assert not (await client.read_deployment(ours)).paused, "a worker makes no deployment: what it takes must go on"


@pytest.mark.usefixtures("prefect_harness")
def test_before_anything_was_deployed_a_worker_is_told_to_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    with pytest.raises(SettingsError, match="deploy --all"):
        begin()
