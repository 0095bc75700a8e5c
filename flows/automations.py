"""What Prefect itself should raise: a flow failed, a flow is late, nothing was published. Made, or made anew, by name.

Each calls one webhook (any address that takes a JSON body), or, without one, is only shown in the UI. An alarm beside
`kwm alerts`, never a safety control: the quoter itself pulls its quotes when the publication expires.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.actions import CallWebhook, DoNothing
from prefect.events.schemas.automations import EventTrigger, Posture

BLOCK = "kwm-alarms"
PREFIX = "kwm: "
_TAGGED: Any = {"prefect.resource.id": "prefect.tag.kwm", "prefect.resource.role": "tag"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One automation: its name, what it is for, its trigger."""

    name: str
    words: str
    trigger: EventTrigger


def alarms(stale_s: float) -> list[Alarm]:
    """All of them. `stale_s`: how long a publication lives."""
    ours: Any = {"for_each": {"prefect.resource.id"}, "match": {"prefect.resource.id": "prefect.flow-run.*"},
                 "match_related": _TAGGED, "threshold": 1, "posture": Posture.Reactive}  # fmt: skip
    return [
        Alarm(
            f"{PREFIX}flow failed", "a flow run failed, crashed or timed out",
            EventTrigger(expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"},
                         within=timedelta(0), **ours),
        ),
        Alarm(
            f"{PREFIX}flow late", "a flow run did not begin when it was due: is `kwm flows serve` or a worker alive?",
            EventTrigger(expect={"prefect.flow-run.Late"}, within=timedelta(0), **ours),
        ),
        Alarm(
            f"{PREFIX}publication stale", "nothing was published for so long that quoting ends",
            EventTrigger(
                expect={"fair-values.published"}, match={"prefect.resource.id": "kwm.fair-values"},
                posture=Posture.Proactive, threshold=1, within=timedelta(seconds=max(10.0, stale_s)),
            ),
        ),
    ]  # fmt: skip


_PAYLOAD = """{
  "automation": "{{ automation.name }}",
  "message": "{{ automation.description }}",
  "run": "{{ flow_run.name if flow_run is defined and flow_run else '' }}",
  "flow": "{{ flow.name if flow is defined and flow else '' }}",
  "occurred": "{{ event.occurred if event is defined and event else '' }}"
}"""


async def create(webhook: str, stale_s: float) -> list[str]:
    """Make or renew all automations; their names. Raises: httpx.HTTPError when the server does not answer."""
    async with get_client() as client:
        action: CallWebhook | DoNothing = DoNothing()
        if webhook:
            block = Webhook(method="POST", url=webhook)  # type: ignore[arg-type]  # pydantic makes it secret
            action = CallWebhook(block_document_id=await block.save(BLOCK, overwrite=True), payload=_PAYLOAD)
        return [await _renew(client, alarm, action) for alarm in alarms(stale_s)]


async def _renew(client: PrefectClient, alarm: Alarm, action: CallWebhook | DoNothing) -> str:
    for old in await client.read_automations_by_name(alarm.name):
        await client.delete_automation(old.id)
    wanted = AutomationCore(
        name=alarm.name, description=alarm.words, enabled=True, trigger=alarm.trigger, actions=[action]
    )
    await client.create_automation(wanted)
    return alarm.name


async def remove() -> int:
    """Take ours away; how many."""
    async with get_client() as client:
        ours = [a for a in await client.read_automations() if a.name.startswith(PREFIX)]
        for one in ours:
            await client.delete_automation(one.id)
        return len(ours)
