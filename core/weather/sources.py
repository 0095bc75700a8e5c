"""The sources by name: whose host, how old a vintage may be, how often it is worth asking. Pure.

A switch in the settings ([weather] sources) is one of these names. Lateness: the NBM is out about 65 minutes after its
cycle, GFS MOS about 4 hours, NAM MOS about 3.
"""

from dataclasses import dataclass, replace

from core.config import Settings
from core.units import DAY, HOUR, MINUTE, SECOND, Duration, Instant

LIVE_HOSTS = ("nws", "nbm", "mos", "afos", "portal")


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `cycles`: UTC hours at which it is made; `late`: how long after its cycle it is out."""

    name: str
    host: str
    max_age: Duration
    every: Duration = Duration(0)  # at least this long between two asks about a station
    cycles: tuple[int, ...] = ()
    late: Duration = Duration(0)
    product: str = ""  # of guidance: the bulletin's name
    path: str = ""  # of guidance that comes for all stations at once


def _d(value: int) -> Duration:
    return Duration(value)


_HOURLY = tuple(range(24))
_NBM, _GFS, _NAM = (1, 7, 13, 19), (0, 6, 12, 18), (0, 12)
SOURCES: dict[str, Source] = {
    s.name: s
    for s in (
        Source("nws_grid", "nws", _d(12 * HOUR)),
        Source("nws_forecast", "nws", _d(12 * HOUR)),
        Source("observations", "nws", _d(2 * HOUR)),
        Source("climate_report", "nws", _d(36 * HOUR)),
        Source("cf6", "nws", _d(60 * HOUR), every=_d(6 * HOUR)),
        Source("nbm", "nbm", _d(14 * HOUR), cycles=_NBM, late=_d(65 * MINUTE), product="NBP",
               path="/blend.{date}/{hour}/text/blend_nbptx.t{hour}z"),
        Source("nbm_short", "afos", _d(14 * HOUR), cycles=_NBM, late=_d(75 * MINUTE), product="NBS"),
        Source("nbm_hourly", "afos", _d(5 * HOUR), cycles=_HOURLY, late=_d(70 * MINUTE), product="NBH"),
        Source("gfs_mos", "mos", _d(16 * HOUR), cycles=_GFS, late=_d(4 * HOUR), product="MAV",
               path="/gfs_mos/prod/gfs_mos.{date}/mdl_gfsmav.t{hour}z"),
        Source("gfs_mos_ext", "mos", _d(30 * HOUR), cycles=_NAM, late=_d(5 * HOUR), product="MEX",
               path="/gfs_mos/prod/gfs_mos.{date}/mdl_gfsmex.t{hour}z"),
        Source("nam_mos", "mos", _d(30 * HOUR), cycles=_NAM, late=_d(3 * HOUR), product="MET",
               path="/nam_mos/prod/nam_mos.{date}/mdl_nammet.t{hour}z"),
        Source("dsm", "afos", _d(30 * HOUR), every=_d(15 * MINUTE), product="DSM"),
        Source("portal", "portal", _d(48 * HOUR), every=_d(15 * MINUTE)),
    )
}  # fmt: skip
FIRST = ("nws_grid", "nws_forecast", "observations", "climate_report")  # what a fair value needs; the rest may be slow


def chosen(settings: Settings) -> tuple[Source, ...]:
    """The sources that are switched on; the age of the weather service's own forecasts is a setting."""
    limit = Duration(int(settings.weather.max_age_s * SECOND))
    found = (SOURCES[name] for name in settings.weather.sources)
    return tuple(replace(s, max_age=limit) if s.name in ("nws_grid", "nws_forecast") else s for s in found)


def hosts(settings: Settings) -> dict[str, str]:
    """Where each host's answers come from: the settings' addresses, or the embedded service's, which tells them all."""
    w = settings.weather
    if w.source == "live":
        return {
            "nws": w.nws_url, "nbm": w.nbm_url, "mos": w.mos_url, "afos": w.afos_url, "portal": w.portal_url,
        }  # fmt: skip
    base = f"http://127.0.0.1:{w.port}"
    return {"nws": base} | {name: f"{base}/{name}" for name in LIVE_HOSTS[1:]}


def newest_cycles(source: Source, now: Instant, back: int = 2) -> list[Instant]:
    """The last `back` cycles that should be out by now, newest first."""
    found: list[Instant] = []
    at = Instant(now // HOUR * HOUR)
    while len(found) < back and now - at < 3 * DAY:
        if (at // HOUR) % 24 in source.cycles and at + source.late <= now:
            found.append(at)
        at = Instant(at - HOUR)
    return found
