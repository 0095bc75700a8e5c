"""What a station-day will settle at, as far as it is published, and where those who publish disagree. Pure.

The exchange's result is the truth. Before it: for climate days from 2026-08-14 on the exchange reads The Weather
Company, which relays the weather service's climate report; before that it read the report itself. Either way the first
final report counts and later corrections do not (Miami 2026-08-29: final 90, corrected to 85 within the hour, paid 90).
So the first final report is the prediction, the portal's first official value its witness, and a difference is news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.station_day import StationDay, Variable
from core.weather.climate_report import finals
from core.weather.rows import ClimateRow, PortalRow

PORTAL_SINCE = date(2026, 8, 14)


@dataclass(frozen=True, slots=True)
class Published:
    """What is published of one station-day; None where nothing is. Whole degrees F."""

    report_f: int | None  # the first final climate report
    portal_f: int | None  # the first official value of the portal
    corrected_f: int | None  # a later final report's other value: recorded, changes nothing

    @property
    def expected_f(self) -> int | None:
        """What it should settle at: the first final report, or what the portal alone has; None when they differ."""
        if self.report_f is not None and self.portal_f is not None and self.report_f != self.portal_f:
            return None
        return self.report_f if self.report_f is not None else self.portal_f


@dataclass(frozen=True, slots=True)
class Difference:
    """Who says what about a settled event, in words for a person; a row of `settlement_differences`."""

    event_ticker: str
    station: str
    variable: str
    day: date
    report_f: int | None
    portal_f: int | None
    paid_low_f: int | None
    paid_high_f: int | None
    words: str


def published(day: StationDay, reports: Sequence[ClimateRow], portal: Sequence[PortalRow]) -> Published:
    """From every issuance known of this station and day (others are ignored)."""
    mine = [r for r in reports if r.station == day.station.code and _value(r, day.variable) is not None]
    said = [_value(r, day.variable) for r in finals(mine, day.day)]
    report, later = (said[0], said[1:]) if said else (None, [])
    official = [
        r for r in portal
        if r.station == day.station.code and r.day == day.day and r.official and _value(r, day.variable) is not None
    ]  # fmt: skip
    witness = min(official, key=lambda r: (r.issued_at, r.received_at), default=None)
    return Published(
        report,
        _value(witness, day.variable) if witness is not None and day.day >= PORTAL_SINCE else None,
        next((v for v in reversed(later) if v != report), None),
    )


def difference(day: StationDay, known: Published, paid: tuple[int | None, int | None] | None) -> Difference | None:
    """What does not agree, or None when all who speak say the same.

    `paid`: the bracket that paid, as (lowest, highest) whole degree with None for an open end; None before the result.
    """
    words = []
    if known.report_f is not None and known.portal_f is not None and known.report_f != known.portal_f:
        words.append(f"the first final report says {known.report_f} F, the portal {known.portal_f} F")
    if paid is not None:
        low, high = paid
        for who, value in (("the first final report", known.report_f), ("the portal", known.portal_f)):
            if value is not None and not ((low is None or low <= value) and (high is None or value <= high)):
                words.append(f"the exchange paid {_bracket(low, high)}, {who} says {value} F")
    if not words:
        return None
    if known.corrected_f is not None:
        words.append(f"a later report says {known.corrected_f} F")
    low, high = paid or (None, None)
    return Difference(
        day.event_ticker, day.station.code, day.variable.value, day.day, known.report_f, known.portal_f, low, high,
        "; ".join(words),
    )  # fmt: skip


def _value(row: ClimateRow | PortalRow, variable: Variable) -> int | None:
    return row.max_f if variable is Variable.HIGH else row.min_f


def _bracket(low: int | None, high: int | None) -> str:
    if low is None:
        return f"{high} F or below"
    return f"{low} F or above" if high is None else f"{low} to {high} F"
