"""Prefect's own alarms are made once however often the command runs, and say when nothing was published."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from typer.testing import CliRunner

from core.cli import app
from flows.automations import BLOCK

pytestmark = pytest.mark.slow


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["flows", "automations", *arguments])


async def there() -> dict[str, Any]:
    async with get_client() as client:
        return {a.name: a for a in await client.read_automations()}


def test_they_are_made_once_and_renewed_and_removed(prefect_harness: None) -> None:
    for _ in range(2):
        assert run("--webhook", "http://127.0.0.1:9/alarms").exit_code == 0
    found = asyncio.run(there())
    assert set(found) == {"kwm: flow failed", "kwm: flow late", "kwm: publication stale"}
    stale = found["kwm: publication stale"]
    assert stale.trigger.expect == {"fair-values.published"} and stale.trigger.within == timedelta(seconds=240)
    assert all(a.enabled and a.actions[0].type == "call-webhook" for a in found.values())
    assert Webhook.load(BLOCK, _sync=True).url.get_secret_value() == "http://127.0.0.1:9/alarms"
    assert "removed 3" in run("--remove").output
    assert asyncio.run(there()) == {}


def test_without_a_webhook_they_are_only_shown(prefect_harness: None) -> None:
    assert run().exit_code == 0
    assert {a.actions[0].type for a in asyncio.run(there()).values()} == {"do-nothing"}
    assert run("--remove").exit_code == 0
