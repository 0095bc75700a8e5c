"""A run whose process died does not keep the next ones from running."""

import asyncio
from pathlib import Path

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, State
from prefect.states import Pending, Running

from core.errors import SettingsError
from flows import left
from flows.compact import compact

_NAME = "once"


async def _begin(client: PrefectClient, deployment: object) -> tuple[object, State]:
    """A new run of it, asked to begin: (its id, the state it is in then)."""
    run = await client.create_flow_run_from_deployment(deployment)  # type: ignore[arg-type]
    said = await client.set_flow_run_state(run.id, Pending())
    if said.state is not None and said.state.is_pending():  # it has the place
        await client.set_flow_run_state(run.id, Running())
    found = await client.read_flow_run(run.id)
    assert found.state is not None
    return run.id, found.state


async def _story() -> list[str]:
    async with get_client() as client:
        flow = await client.create_flow(compact)
        once = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
        made = await client.create_deployment(flow, _NAME, concurrency_limit=1, concurrency_options=once)
        dead, first = await _begin(client, made)
        _, second = await _begin(client, made)
        gone = await left.said_to_have_crashed(client, [_NAME])
        _, third = await _begin(client, made)
        state = (await client.read_flow_run(dead)).state  # type: ignore[arg-type]
        assert state is not None and len(gone) == 1
        return [s.type.value for s in (first, second, state, third)]


def test_what_a_dead_process_left_running_gives_its_place_back(prefect_harness: None) -> None:
    assert asyncio.run(_story()) == ["RUNNING", "CANCELLED", "CRASHED", "RUNNING"]


def test_only_one_process_serves_the_flows_of_a_folder(tmp_path: Path) -> None:
    with left.alone(tmp_path), pytest.raises(SettingsError, match="served already"), left.alone(tmp_path):
        pass
    with left.alone(tmp_path):
        pass
