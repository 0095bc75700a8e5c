"""What official voices have said of a station-day: a final report settles it, one of the day so far is a floor. Pure.

The climate report, its relay by the exchange's portal, and the station's own summary of its day (DSM). Each counts from
the moment it was received. The values of corrections replace those before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.fair import nowcast
from core.fair.distribution import Array
from core.fair.live import Known
from core.station_day import StationDay, Variable
from core.units import Instant
from core.weather.rows import ClimateRow, PortalRow, SummaryRow
from core.weather.settlement import published


@dataclass(frozen=True, slots=True)
class Said:
    """The official value so far as a pmf (`DEGREES`), in degrees F, who said it last and when; `final`: it settles."""

    pmf: Array
    value: float
    issued_at: Instant
    by: dict[str, Instant]
    words: tuple[str, ...] = ()
    final: bool = False


class Voices:
    """The rows received by `now`, by station and day."""

    def __init__(self, known: Known, now: Instant) -> None:
        self._reports: dict[tuple[str, str], list[ClimateRow]] = {}
        self._portal: dict[tuple[str, str], list[PortalRow]] = {}
        self._summaries: dict[tuple[str, str], list[SummaryRow]] = {}
        for report in known.climate:
            if report.received_at <= now:
                self._reports.setdefault((report.station, report.day.isoformat()), []).append(report)
        for relayed in known.portal:
            if relayed.received_at <= now:
                self._portal.setdefault((relayed.station, relayed.day.isoformat()), []).append(relayed)
        for summary in known.summaries:
            if summary.received_at <= now and summary.source == "dsm":
                self._summaries.setdefault((summary.station, summary.day.isoformat()), []).append(summary)

    def of(self, day: StationDay) -> Said | None:
        """What they say of one station-day; None: nothing yet."""
        key = (day.station.code, day.day.isoformat())
        reports, portal = self._reports.get(key, []), self._portal.get(key, [])
        return _settled(day, reports, portal) or _so_far(day, reports, portal, self._summaries.get(key, []))


def _settled(day: StationDay, reports: Sequence[ClimateRow], portal: Sequence[PortalRow]) -> Said | None:
    """The first final report settles, whatever is corrected later; where the portal says otherwise, either may."""
    known = published(day, reports, portal)
    by: dict[str, Instant] = {}
    final = [r.issued_at for r in reports if r.final and _value(day, r) is not None]
    official = [r.issued_at for r in portal if r.official and _value(day, r) is not None]
    if known.report_f is not None:
        by["climate"] = min(final)
    if known.portal_f is not None:
        by["portal"] = min(official)
    if not by:
        return None
    at = Instant(max(by.values()))
    if known.expected_f is not None:
        return Said(nowcast.certain(known.expected_f), float(known.expected_f), at, by, ("final report is out",), True)
    assert known.report_f is not None and known.portal_f is not None, "nothing is expected only where two differ"
    pmf = (nowcast.certain(known.report_f) + nowcast.certain(known.portal_f)) / 2
    words = f"the final report says {known.report_f} °F, the portal {known.portal_f} °F: either may settle"
    return Said(np.asarray(pmf), float(known.report_f), at, by, (words,), True)


def _so_far(
    day: StationDay, reports: Sequence[ClimateRow], portal: Sequence[PortalRow], summaries: Sequence[SummaryRow]
) -> Said | None:
    """The newest preliminary report, or its relay, and the station's newest summary, whichever is beyond.

    One that calls itself final while its day is not over contradicts itself: it may be yesterday's under today's date,
    and says nothing of today.
    """
    relayed: list[ClimateRow | PortalRow] = [
        *(r for r in reports if not r.final and r.as_of),
        *(r for r in portal if r.status == "preliminary"),
    ]
    newest = _newest(day, relayed)
    message = _newest(day, summaries)
    found: list[tuple[str, Instant, int, Array]] = []
    if newest is not None and (value := _value(day, newest)) is not None:
        who = "climate" if isinstance(newest, ClimateRow) else "portal"
        found.append((who, newest.issued_at, value, nowcast.certain(value)))
    if message is not None and (value := _value(day, message)) is not None:
        said = nowcast.told_by_station(day.station.code, value, day.variable)
        found.append(("station summary", message.issued_at, value, said))
    if not found:
        return None
    pick = max if day.variable is Variable.HIGH else min
    pmf = found[0][3] if len(found) == 1 else nowcast.combine(found[0][3], found[1][3], day.variable)
    at = Instant(max(issued for _, issued, _, _ in found))
    return Said(pmf, float(pick(v for _, _, v, _ in found)), at, {who: issued for who, issued, _, _ in found})


def _newest[Row: (ClimateRow | PortalRow, SummaryRow)](day: StationDay, rows: Sequence[Row]) -> Row | None:
    mine = [r for r in rows if _value(day, r) is not None and r.issued_at >= day.start]
    return max(mine, key=lambda r: (r.issued_at, r.received_at), default=None)


def _value(day: StationDay, row: ClimateRow | PortalRow | SummaryRow) -> int | None:
    return row.max_f if day.variable is Variable.HIGH else row.min_f
