"""When a flow run is late: from when it was due, or from when the system was there to begin it."""

import httpx

from core.ops.alert_facts import _late
from core.units import SECOND, instant

DUE = "2026-11-28T13:00:00Z"


def prefect(request: httpx.Request) -> httpx.Response:
    """One late run of one flow, as Prefect's API tells it."""
    if request.url.path.endswith("/filter"):
        return httpx.Response(200, json=[{"flow_id": "f1", "expected_start_time": DUE, "state": {"name": "Late"}}])
    return httpx.Response(200, json={"name": "publish"})


def lateness(began_s: float, now_s: float) -> list[tuple[str, float]]:
    """With the watch begun and the time now, in seconds after the run was due."""
    due = instant(DUE, "due") / SECOND
    with httpx.Client(base_url="http://prefect", transport=httpx.MockTransport(prefect)) as client:
        return [(one.flow, round(one.late_s)) for one in _late(client, due + began_s, due + now_s, {})]


def test_a_run_is_late_from_when_it_was_due() -> None:
    assert lateness(began_s=-600, now_s=200) == [("publish", 200)]


def test_what_was_due_while_everything_was_off_is_late_from_the_start_on() -> None:
    assert lateness(began_s=900, now_s=930) == [("publish", 30)]
