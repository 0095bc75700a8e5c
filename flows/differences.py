"""Do the climate report, the portal and the exchange say the same of what was settled? What differs is written down.

The exchange's result stands whatever this finds (`core/weather/settlement.py` says who reads whom); a difference is for
a person: the station may have moved, the source changed, or a contract's rules with them.
"""

from collections import defaultdict
from typing import Any

from prefect import get_run_logger, task

from core.contract import station_day_of
from core.storage import lake
from core.units import DAY, Instant, iso
from core.weather.rows import ClimateRow, PortalRow
from core.weather.settlement import Difference, difference, published
from flows.base import Context
from flows.inputs import climate, portal, rows_of

_CLOSED = """
SELECT event_ticker, count(*) FILTER (WHERE result = 'yes') AS paid,
       any_value(low_f) FILTER (WHERE result = 'yes') AS low_f,
       any_value(high_f) FILTER (WHERE result = 'yes') AS high_f
FROM latest_markets WHERE close_at BETWEEN $since::TIMESTAMPTZ AND $now::TIMESTAMPTZ GROUP BY event_ticker
"""
_REPORTS = "SELECT * FROM climate_reports WHERE day >= $since::TIMESTAMPTZ::DATE - 2"
_PORTAL = "SELECT * FROM portal_reports WHERE day >= $since::TIMESTAMPTZ::DATE - 2"
_KNOWN = "SELECT event_ticker, words FROM settlement_differences WHERE seen_at > $since::TIMESTAMPTZ"


@task(name="compare with the reports")
def differences(c: Context) -> list[str]:
    """Differences of the last three days that were not written before: written, logged, and given as words."""
    now, since = c.now, Instant(c.now - 3 * DAY)
    with lake.connect(c.data) as db:
        closed = rows_of(db, _CLOSED, {"since": iso(since), "now": iso(now)})
        reports = [climate(row) for row in rows_of(db, _REPORTS, {"since": iso(since)})]
        relayed = [portal(row) for row in rows_of(db, _PORTAL, {"since": iso(since)})]
        known = {(row["event_ticker"], row["words"]) for row in rows_of(db, _KNOWN, {"since": iso(since)})}
    found = [d for d in compared(closed, reports, relayed) if (d.event_ticker, d.words) not in known]
    if found:
        lake.commit(c.data, f"differences-{c.run}", now, {"settlement_differences": [_row(d, now) for d in found]})
    lines = [f"{d.event_ticker}: {d.words}" for d in found]
    for line in lines:
        get_run_logger().warning(line)
    return lines


def compared(closed: list[dict[str, Any]], reports: list[ClimateRow], portal: list[PortalRow]) -> list[Difference]:
    """Of each closed event what does not agree. Pure."""
    by_station: dict[str, list[ClimateRow]] = defaultdict(list)
    for report in reports:
        by_station[report.station].append(report)
    found = []
    for event in closed:
        day = station_day_of(event["event_ticker"])
        known = published(day, by_station[day.station.code], portal)
        paid = (event["low_f"], event["high_f"]) if event["paid"] == 1 else None
        one = difference(day, known, paid)
        if one is not None:
            found.append(one)
    return found


def _row(one: Difference, now: Instant) -> dict[str, Any]:
    return {
        "event_ticker": one.event_ticker, "station": one.station, "variable": one.variable, "day": one.day.isoformat(),
        "report_f": one.report_f, "portal_f": one.portal_f, "paid_low_f": one.paid_low_f,
        "paid_high_f": one.paid_high_f, "words": one.words, "seen_at": iso(now),
    }  # fmt: skip
