"""prefect.yaml and the flows there are say the same; a flow runs when its settings say."""

from datetime import timedelta
from importlib import import_module

from core import config
from flows.commands import NAMES, flow_named, schedule, schedules


def test_daily_flows_run_at_their_hour_and_in_a_fast_world_once_a_day_of_it() -> None:
    flows = config.load({}, None).flows
    assert schedule("brief", flows, 1.0).cron == "0 11 * * *"
    assert schedule("eod", flows, 1.0).cron == "30 16 * * *"
    assert schedule("eod", flows, 60.0).interval == timedelta(seconds=1_440)
    assert schedule("publish", flows, 60.0).interval == timedelta(seconds=15)


def test_every_deployment_names_a_flow_its_interval_and_its_limit() -> None:
    found = schedules()
    assert set(found) == set(NAMES) - {"seed"}
    for name, deployment in found.items():
        path, _, function = deployment["entrypoint"].partition(":")
        assert getattr(import_module(path.removesuffix(".py").replace("/", ".")), function) is flow_named(name)
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
        schedule = deployment["schedules"][0]
        assert schedule.get("interval", 0) >= 15 or schedule["cron"].count("*") == 3
