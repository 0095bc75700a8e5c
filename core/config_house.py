"""Settings of the house around trading: who watches, where files lie, who looks, who is told."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.config_kinds import Port, Seconds, Section


class WatchdogSettings(Section):
    """When the watchdog takes our orders away, and as whom."""

    key_id: str
    key_file: str
    heartbeat_s: Seconds
    journal_s: Seconds
    orders_s: Seconds


class StorageSettings(Section):
    """Where files live."""

    data: Path
    keep_raw_days: Annotated[int, Field(ge=0)]
    keep_journal_days: Annotated[int, Field(ge=0)]


class DashboardSettings(Section):
    """The operator's page."""

    host: str
    port: Port
    token: str


class AlertSettings(Section):
    """Who is told what is wrong, and how often."""

    urls: tuple[str, ...]
    ping_url: str
    ping_s: Seconds
    silent_s: Seconds
    limit_share: Annotated[float, Field(gt=0, le=1)]
    fills_per_minute: Annotated[int, Field(ge=1)]
    late_s: Seconds
    min_free_mb: Annotated[float, Field(ge=0)]
    gap_s: Seconds
    remind_s: Seconds
    per_hour: Annotated[int, Field(ge=1)]
    reports: bool


class PrefectSettings(Section):
    """The Prefect server of `kwm up`."""

    port: Port
