"""How the flow runs went, asked of the Prefect server over its HTTP API (so that `kwm up` need not import Prefect)."""

import httpx

STATES = ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "CANCELLING", "PAUSED")
_DONE_OR_BUSY = tuple(s for s in STATES if s != "SCHEDULED")


async def by_state(api: str, since: str | None = None) -> dict[str, int]:
    """Flow runs by state, without those merely scheduled for later; with `since` (ISO) only runs due after it.

    Raises: httpx.HTTPError when the server does not answer.
    """
    counts: dict[str, int] = {}
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        for state in _DONE_OR_BUSY:
            wanted: dict[str, object] = {"state": {"type": {"any_": [state]}}}
            if since is not None:
                wanted["expected_start_time"] = {"after_": since}
            answer = await client.post(f"{api}/flow_runs/count", json={"flow_runs": wanted})
            answer.raise_for_status()
            if number := int(answer.text):
                counts[state.lower()] = number
    return counts
