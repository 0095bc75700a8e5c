"""systemd user units made from the plan of `kwm up`: one a process, restarted for ever, the quoter stopped first. Pure.

Each waits for those before it in the plan; systemd stops units in the opposite order of their `After=`, so the quoter
ends, proves that nothing rests, the watchdog sees it, and only then do the others go.
"""

import shlex
from pathlib import Path

from core.up.plan import Plan, Process

TARGET = "kwm.target"
_ENVIRONMENT_FILE = "%h/.config/kwm/environment"


def unit_name(process: Process) -> str:
    """`kwm-quoter.service`."""
    return f"kwm-{process.name}.service"


def units(plan: Plan, checkout: Path, environment: dict[str, str]) -> dict[str, str]:
    """File name -> text, the target first. Processes that run once are left out."""
    stages = [[p for p in stage if not p.once] for stage in plan.stages]
    names = [unit_name(p) for stage in stages for p in stage]
    found = {TARGET: _target(names)}
    before: list[str] = []
    for stage in stages:
        for process in stage:
            found[unit_name(process)] = _service(process, before, checkout, environment | process.environment)
            before.append(unit_name(process))
    return found


def _target(names: list[str]) -> str:
    return "\n".join([
        "[Unit]",
        "Description=Market maker for daily temperature brackets",
        f"Wants={' '.join(names)}",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ])  # fmt: skip


def _service(process: Process, before: list[str], checkout: Path, environment: dict[str, str]) -> str:
    lines = [
        "[Unit]",
        f"Description=kwm {process.name}",
        f"PartOf={TARGET}",
        *([f"After={' '.join(before)}"] if before else []),
        "StartLimitIntervalSec=0",  # a market maker that stays down has orders that nobody watches
        "",
        "[Service]",
        f"WorkingDirectory={checkout}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(environment.items())),
        f"EnvironmentFile=-{_ENVIRONMENT_FILE}",
        f"ExecStart={shlex.join(process.argv).replace('%', '%%')}",
        "Restart=always",
        "RestartSec=3",
        "KillMode=mixed",
        f"TimeoutStopSec={round(process.stop_within_s + 15)}",
        "NoNewPrivileges=true",
        "UMask=0077",
        "",
        "[Install]",
        f"WantedBy={TARGET}",
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
