"""What `kwm up` would start, and the refusals before anything starts."""

import socket
from pathlib import Path

import pytest

from core import config
from core.clock import Clock, from_text
from core.errors import Malformed, SettingsError
from core.up import ports, report, world_time
from core.up.command import duration
from core.up.plan import environment, plan, prefect_api, prefect_ui
from core.up.status_line import status_line
from core.up.supervisor import Running


def settings(**env: str) -> config.Settings:
    return config.load(env, None)


def names(s: config.Settings, *, first: bool = False) -> list[list[str]]:
    return [[p.name for p in stage] for stage in plan(s, Path("data"), first_start=first).stages]


def test_without_settings_exchange_and_weather_are_embedded() -> None:
    assert names(settings()) == [["exchange", "weather", "prefect"], ["flows", "watchdog", "quoter"], ["alerts"]]


def test_the_first_start_also_lays_the_history() -> None:
    assert names(settings(), first=True)[-1] == ["seed"]
    assert ["seed"] not in names(settings(KWM_WEATHER__SOURCE="live"), first=True)


def test_live_weather_starts_no_weather_server() -> None:
    assert names(settings(KWM_WEATHER__SOURCE="live"))[0] == ["exchange", "prefect"]


def test_on_paper_there_is_nothing_for_a_watchdog_to_take_away() -> None:
    assert names(settings(KWM_PAPER__ONLY="true"))[1] == ["flows", "quoter"]


def test_two_settings_with_one_port_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"\[weather\] port.*\[exchange\] port"):
        plan(settings(KWM_WEATHER__PORT="8411"), Path("data"), first_start=False)


def test_a_taken_port_names_itself_its_setting_and_the_remedy() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} .*\[exchange\] port.*KWM_EXCHANGE__PORT"):
            ports.check({port: "[exchange] port"})


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("5", 5), ("1.5m", 90)])
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5s", "0s", "10 minutes", "1d"])
def test_a_duration_we_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="90s, 10m or 2h"):
        duration(text)


def test_the_worlds_time_never_goes_back(tmp_path: Path) -> None:
    fast = world_time.next_clock(tmp_path, 5000.0, embedded=True)
    world_time.remember(tmp_path, fast)
    again = world_time.next_clock(tmp_path, 1.0, embedded=True)
    assert again.world_anchor >= fast.world_anchor
    assert again.speed == 1.0


def test_the_real_world_cannot_be_hurried(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--speed"):
        world_time.next_clock(tmp_path, 60.0, embedded=False)


def test_a_damaged_world_time_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "world_time.json").write_text("{")
    with pytest.raises(SettingsError, match="remove it"):
        world_time.next_clock(tmp_path, 1.0, embedded=True)


def test_every_process_gets_the_same_clock() -> None:
    clock = Clock(60.0, 10, 20)
    assert from_text(environment(settings(), clock, Path("data"))["KWM_CLOCK"]) == clock


def test_counters_survive_a_restart_of_the_quoter() -> None:
    seen = report.Observations()
    seen.see({"pid": 1, "fills": 3, "worst": 5})
    seen.see({"pid": 1, "fills": 4, "worst": 9})
    seen.see({"pid": 2, "fills": 2, "worst": 1})
    assert seen.totals()["fills"] == 6 and seen.worst_seen == 9


def test_a_heartbeat_that_is_no_heartbeat_is_malformed(tmp_path: Path) -> None:
    assert report.heartbeat(tmp_path) is None
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "quoter.json").write_text("[1]")
    with pytest.raises(Malformed):
        report.heartbeat(tmp_path)


def test_the_status_line_says_what_failed() -> None:
    process = plan(settings(), Path("data"), first_start=False).processes[0]
    line = status_line(
        {"state": "quoting", "fills": 2, "pnl": -1_250_000},
        {"completed": 4, "failed": 1},
        {"exchange": Running(process, restarts=2)},
    )
    assert "quoter quoting, 2 fills, PnL -$1.25" in line
    assert "1 FAILED" in line and "exchange 2x" in line


def test_a_prefect_server_on_another_machine_is_the_one_that_the_environment_names() -> None:
    ours = settings(KWM_PREFECT__PORT="4321")
    assert prefect_api(ours, {}) == "http://127.0.0.1:4321/api"
    assert prefect_ui(ours, {}) == "http://127.0.0.1:4321"
    elsewhere = {"PREFECT_API_URL": "http://prefect:4200/api"}
    assert prefect_api(ours, elsewhere) == "http://prefect:4200/api"
    assert prefect_ui(ours, elsewhere) == "http://prefect:4200"
    assert prefect_ui(ours, {**elsewhere, "PREFECT_UI_URL": "http://127.0.0.1:4200"}) == "http://127.0.0.1:4200"
