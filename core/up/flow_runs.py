"""How the flow runs went, asked of the Prefect server over its HTTP API (so that `kwm up` need not import Prefect)."""

from dataclasses import dataclass

import httpx

STATES = ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "CANCELLING", "PAUSED")
_DONE_OR_BUSY = tuple(s for s in STATES if s != "SCHEDULED")


async def by_state(api: str, since: str | None = None) -> dict[str, int]:
    """Flow runs by state, without those merely scheduled for later; with `since` (ISO) only runs that began after it,
    whenever they were due: after a pause of hours the first ones are late.

    Raises: httpx.HTTPError when the server does not answer.
    """
    counts: dict[str, int] = {}
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        for state in _DONE_OR_BUSY:
            wanted: dict[str, object] = {"state": {"type": {"any_": [state]}}}
            if since is not None:
                wanted["start_time"] = {"after_": since}
            answer = await client.post(f"{api}/flow_runs/count", json={"flow_runs": wanted})
            answer.raise_for_status()
            if number := int(answer.text):
                counts[state.lower()] = number
    return counts


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow, in the server's words."""

    id: str
    flow: str
    name: str
    state: str
    started_at: str | None
    seconds: float


async def latest(api: str, number: int = 80) -> list[Run]:
    """The newest runs that have begun, newest first.

    Raises: httpx.HTTPError when the server does not answer, KeyError or TypeError when it answers something else.
    """
    async with httpx.AsyncClient(timeout=3.0, trust_env=False) as client:
        wanted = {"state": {"type": {"any_": list(_DONE_OR_BUSY)}}}
        runs = await client.post(
            f"{api}/flow_runs/filter", json={"flow_runs": wanted, "sort": "START_TIME_DESC", "limit": number}
        )
        runs.raise_for_status()
        flows = await client.post(f"{api}/flows/filter", json={"limit": 100})
        flows.raise_for_status()
    names = {flow["id"]: flow["name"] for flow in flows.json()}
    return [
        Run(r["id"], names.get(r["flow_id"], "?"), r["name"], (r["state_type"] or "").lower(), r["start_time"],
            float(r["total_run_time"] or 0.0))
        for r in runs.json()
    ]  # fmt: skip
