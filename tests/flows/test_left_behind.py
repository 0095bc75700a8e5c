"""A run whose process died must not keep its flow from ever running again."""

from pathlib import Path
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, StateType
from prefect.states import Pending, Running, Scheduled

from core.errors import SettingsError
from flows.left_behind import alone, clear

pytestmark = pytest.mark.slow


async def deployed(client: PrefectClient, name: str) -> UUID:
    """A deployment that lets one run be under way, and cancels others meanwhile."""
    flow = await client.create_flow_from_name(name)
    alone = {"collision_strategy": ConcurrencyLimitStrategy.CANCEL_NEW}
    return await client.create_deployment(flow, name, concurrency_limit=1, concurrency_options=alone)


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
        assert await clear(["left-behind"]) == 1
        assert await tried(client, ours) == StateType.RUNNING
        assert await tried(client, another) == StateType.CANCELLED, "what is not ours is not touched"
        paused = [(await client.read_deployment(one)).paused for one in (ours, another)]
        assert paused == [True, False], "late runs of the time in which nothing ran are not made up for"


def test_only_one_process_serves_the_flows_of_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(SettingsError, match="served already"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
