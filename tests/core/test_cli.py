"""The one door: it answers at once, completes, and its exit codes tell a script what happened."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from core.cli import COMMANDS

pytestmark = pytest.mark.slow
_KWM = [str(Path(sys.executable).with_name("kwm"))]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("KWM_")} | environment
    return subprocess.run([*_KWM, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


def completed(line: str) -> set[str]:
    words = line.split(" ")
    asked = {"_KWM_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    found = run(**asked)
    return set(found.stdout.split())


def test_the_shell_completes_commands_and_options() -> None:
    assert {"status", "start", "stop"} <= completed("kwm st")
    assert {"--within", "--json"} <= completed("kwm halt --")


def test_help_names_every_command() -> None:
    shown = run("--help", COLUMNS="200").stdout
    assert [name for name in COMMANDS if f" {name} " not in shown] == []


def test_exit_codes_tell_not_running_from_wrong_usage(tmp_path: Path) -> None:
    nowhere = {"KWM_STORAGE__DATA": str(tmp_path), "KWM_DASHBOARD__PORT": "9"}
    assert run("orders", **nowhere).returncode == 3
    assert run("orders", "--nonsense", **nowhere).returncode == 2
    assert run("settings", "--json", **nowhere).returncode == 0


def test_it_says_which_version_it_is() -> None:
    found = run("--version")
    assert (found.returncode, found.stdout.split()[:2]) == (0, ["kwm", version("kalshi-weather-maker")])


def test_a_misspelt_command_names_its_neighbours() -> None:
    found = run("stauts", COLUMNS="200")
    assert found.returncode == 2 and "Did you mean status" in found.stderr


@pytest.mark.parametrize("group", ["paper", "tape", "service", "weather", "flows", "exchange"])
def test_a_group_without_a_command_says_what_it_has(group: str) -> None:
    assert "Commands:" in run(group).stdout
