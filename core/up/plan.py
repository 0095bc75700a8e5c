"""Which processes `kwm up` runs, in which order, and how each is known to be ready. Pure: settings in, plan out."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import VARIABLE, Clock
from core.config import Settings
from core.errors import SettingsError

QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}  # Prefect tells nobody of us


@dataclass(frozen=True, slots=True)
class Process:
    """One process: what to run, when it counts as ready, how long it may take to end."""

    name: str
    argv: tuple[str, ...]
    ready_url: str = ""  # answers 2xx when ready; "" = ready once started
    ready_within_s: float = 60.0
    stop_within_s: float = 6.0
    once: bool = False  # ends by itself; not started again when it ends well
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages are started one after the other, the processes of a stage together; stopped in the opposite order."""

    stages: tuple[tuple[Process, ...], ...]
    ports: dict[int, str]  # port -> the setting that names it

    @property
    def processes(self) -> tuple[Process, ...]:
        """All of them, in starting order."""
        return tuple(p for stage in self.stages for p in stage)


def prefect_url(settings: Settings) -> str:
    """Where people and flows find the Prefect server."""
    return f"http://127.0.0.1:{settings.prefect.port}"


def prefect_api(settings: Settings, environ: Mapping[str, str]) -> str:
    """The API of the Prefect server: `PREFECT_API_URL` where the environment names one (another machine's), or ours."""
    return environ.get("PREFECT_API_URL", "").rstrip("/") or f"{prefect_url(settings)}/api"


def prefect_ui(settings: Settings, environ: Mapping[str, str]) -> str:
    """Where a browser finds that server: `PREFECT_UI_URL`, which may differ from what programs use, or its own."""
    return environ.get("PREFECT_UI_URL", "").rstrip("/") or prefect_api(settings, environ).removesuffix("/api")


def dashboard_url(settings: Settings) -> str:
    """Where people find the dashboard."""
    host = settings.dashboard.host
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{settings.dashboard.port}"


def environment(settings: Settings, clock: Clock, data: Path) -> dict[str, str]:
    """What every process gets besides its own: the shared clock, and Prefect kept local and quiet."""
    return {
        VARIABLE: clock.to_text(),
        "PREFECT_HOME": str(data / "prefect"),
        "PREFECT_API_URL": f"{prefect_url(settings)}/api",
        "PREFECT_UI_URL": prefect_url(settings),
        **QUIET,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # a month of runs is kept: about 1 GB
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86_400),
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }


def plan(settings: Settings, data: Path, *, first_start: bool) -> Plan:
    """The processes for these settings. Raises: SettingsError when two of them want one port."""
    kwm = (sys.executable, "-m", "core.cli")
    embedded = settings.exchange.environment == "embedded"
    ports: dict[int, str] = {}
    worlds: list[Process] = []
    if embedded:
        port = settings.exchange.port
        _take(ports, port, "[exchange] port")
        worlds.append(
            Process("exchange", (*kwm, "exchange", "serve", "--port", str(port)),
                    f"http://127.0.0.1:{port}/trade-api/v2/exchange/status")
        )  # fmt: skip
    if settings.weather.source == "embedded":
        port = settings.weather.port
        _take(ports, port, "[weather] port")
        worlds.append(
            Process("weather", (*kwm, "weather", "serve", "--port", str(port)), f"http://127.0.0.1:{port}/health")
        )
    _take(ports, settings.prefect.port, "[prefect] port")
    _take(ports, settings.dashboard.port, "[dashboard] port")
    server = Process(
        "prefect",
        (
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(settings.prefect.port),
        ),
        f"{prefect_url(settings)}/api/health",
        ready_within_s=120.0,
    )
    flows = Process("flows", (*kwm, "flows", "serve"), stop_within_s=15.0)
    quoter = Process("quoter", (*kwm, "quote"), f"{dashboard_url(settings)}/api/health", stop_within_s=15.0)
    # stopped after the quoter: it sees its end
    watchdog = () if settings.paper.only else (Process("watchdog", (*kwm, "watchdog")),)
    alerts = Process("alerts", (*kwm, "alerts"))
    stages: list[tuple[Process, ...]] = [(*worlds, server), (flows, *watchdog, quoter), (alerts,)]
    if settings.tape.record == "always" or (settings.tape.record == "real" and not embedded):
        stages.append((Process("record", (*kwm, "record")),))
    if first_start and embedded and settings.weather.source == "embedded":
        stages.append((Process("seed", (*kwm, "flows", "run", "seed"), once=True),))
    return Plan(tuple(stages), ports)


def _take(ports: dict[int, str], port: int, setting: str) -> None:
    if port in ports:
        raise SettingsError(f"{setting} and {ports[port]} are both {port}: give one of them another port")
    ports[port] = setting
