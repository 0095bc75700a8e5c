"""systemd is given one unit a process, in the plan's order; the compose file and the image name what exists."""

import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from core.cli import COMMANDS, app
from core.ops.service_command import made
from core.ops.settings_file import AMOUNTS

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["service", *arguments])


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kwm.toml"
    file.write_text(
        '[exchange]\nenvironment = "demo"\nkey_id = "k"\nkey_file = "100% mine.pem"\n'
        '[weather]\nsource = "live"\n[risk]\n'
        + "".join(f'{name} = "5"\n' for name in AMOUNTS)
        + "collar = 0.1\nmax_fills_per_minute = 9\nmax_errors_per_minute = 9\n"
    )
    monkeypatch.setenv("KWM_SETTINGS", str(file))
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path / "da ta"))
    return file


def field(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_each_process_is_a_unit_that_is_restarted_for_ever(demo: Path) -> None:
    units = made()
    assert {
        "kwm.target",
        "kwm-prefect.service",
        "kwm-flows.service",
        "kwm-quoter.service",
        "kwm-alerts.service",
    } <= set(units)
    assert "kwm-exchange.service" not in units, "demo has a real exchange"
    for name, text in units.items():
        if name.endswith(".service"):
            assert field(text, "Restart") == ["always"] and field(text, "StartLimitIntervalSec") == ["0"]
            assert field(text, "WorkingDirectory") and f'Environment="KWM_SETTINGS={demo}"' in text
            assert "KWM_CLOCK" not in text and "KWM_EXCHANGE__KEY" not in text


def test_the_quoter_starts_after_prefect_so_that_it_is_stopped_before_it(demo: Path) -> None:
    units = made()
    assert field(units["kwm-quoter.service"], "After") == ["kwm-prefect.service kwm-flows.service kwm-watchdog.service"]
    assert "kwm-quoter.service" in field(units["kwm-alerts.service"], "After")[0]
    assert int(field(units["kwm-quoter.service"], "TimeoutStopSec")[0]) >= 30


def test_a_dry_run_prints_and_writes_nothing_and_an_installation_replaces_only_ours(demo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    assert "ExecStart=" in run("install", "--dry-run", "--folder", str(folder)).output
    assert not folder.exists()
    shown = run("install", "--folder", str(folder))
    assert shown.exit_code == 0 and "enable --now kwm.target" in shown.output
    assert run("install", "--folder", str(folder)).exit_code == 0, "the same again is no change"
    (folder / "kwm-quoter.service").write_text("mine")
    (folder / "other.service").write_text("theirs")
    assert "--force" in str(run("install", "--folder", str(folder)).exception)
    assert run("install", "--folder", str(folder), "--force").exit_code == 0
    assert run("remove", "--folder", str(folder)).exit_code == 0
    assert [p.name for p in folder.iterdir()] == ["other.service"]


@pytest.mark.slow
def test_systemd_understands_the_units(demo: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    folder = tmp_path / "units"
    run("install", "--folder", str(folder))
    files = sorted(str(p) for p in folder.iterdir())
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--recursive-errors=no", *files], capture_output=True, text=True,
        timeout=60, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    ours = [line for line in checked.stderr.splitlines() if "kwm" in line]
    assert ours == [], checked.stderr


def test_the_compose_file_runs_commands_that_exist_and_waits_for_services_it_names() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    services = compose["services"]
    assert {"postgres", "prefect", "worker", "quoter", "watchdog", "alerts", "deploy"} == set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        command = service.get("command", [])
        for said in re.findall(r"\bkwm ([\w-]+)", " ".join(command)):
            assert said in COMMANDS, name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or source.startswith("../"), name
    assert "postgresql+asyncpg" in services["prefect"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert services["worker"]["command"][-1].startswith("kwm flows begin && exec prefect worker start"), (
        "see left_behind"
    )
    ours = services["prefect"]["environment"]
    assert {ours["PREFECT_UI_URL"] + "/api", ours["PREFECT_SERVER_UI_API_URL"]} == {"http://127.0.0.1:4200/api"}, (
        "a browser's"
    )
    stored = services["prefect"]["environment"]["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
    assert import_module(stored).ConcurrencyLeaseStorage, "a name that Prefect has, and not the one in memory"
    assert not stored.endswith(".memory")
    assert all(port.startswith("127.0.0.1:") for s in services.values() for port in s.get("ports", []))


def test_the_image_copies_what_is_there() -> None:
    lines = [line.split() for line in (ROOT / "deploy/Dockerfile").read_text().splitlines()]
    assert next(words for words in lines if words and not words[0].startswith("#"))[0] == "FROM"
    for words in lines:
        if words and words[0] == "COPY":
            for source in [w for w in words[1:-1] if not w.startswith("--")]:
                assert (ROOT / source).exists(), source


def test_units_of_paper_stay_on_paper_whatever_the_file_says_later(demo: Path, tmp_path: Path) -> None:
    demo.write_text(demo.read_text() + '[paper]\nonly = true\nkey_id = "r"\nkey_file = "read.pem"\n')
    units = made()
    assert "kwm-watchdog.service" not in units
    quoter = units["kwm-quoter.service"]
    assert 'Environment="KWM_PAPER__ONLY=true"' in quoter
    assert f'Environment="KWM_STORAGE__DATA={tmp_path / "da ta"}"' in quoter  # it adds its own folder to that
