"""The settings of the weather: which sources are on, and where each host is. `settings.toml` says what each means."""

from pathlib import Path
from typing import Literal

from core.config_kinds import Port, Seconds, Section

SourceName = Literal[
    "nws_grid", "nws_forecast", "observations", "climate_report", "cf6", "nbm", "nbm_short", "nbm_hourly", "gfs_mos",
    "gfs_mos_ext", "nam_mos", "dsm", "portal",
]  # fmt: skip


class WeatherSettings(Section):
    """Where the weather comes from."""

    source: Literal["embedded", "live"]
    sources: tuple[SourceName, ...]
    nws_url: str
    nbm_url: str
    mos_url: str
    afos_url: str
    portal_url: str
    user_agent: str
    timeout_s: Seconds
    port: Port
    max_age_s: Seconds
    payloads: str

    def payloads_folder(self) -> Path | None:
        """The recorded answers that the embedded weather gives, if any."""
        return Path(self.payloads) if self.payloads else None
