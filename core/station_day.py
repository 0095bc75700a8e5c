"""The station-day: one high or low, at one station, on one climate day. Kalshi's event, in our words.

The climate day is midnight to midnight local *standard* time all year: in July, New York's runs from 01:00 to
01:00 on the clock on the wall (weather.gov climate products, "TIME (LST)").
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from core.stations import Station
from core.units import HOUR, Instant, from_datetime, to_datetime


class Variable(StrEnum):
    """Which extreme of the day."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class StationDay:
    """What an event is about. Sorts by day inside a station."""

    station: Station
    variable: Variable
    day: date

    @property
    def start(self) -> Instant:
        """Local standard midnight at which the climate day begins."""
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return from_datetime(midnight - timedelta(hours=self.station.standard_offset_hours))

    @property
    def end(self) -> Instant:
        """Local standard midnight at which it ends; trading closes here."""
        return Instant(self.start + 24 * HOUR)

    @property
    def series(self) -> str:
        """Kalshi's series ticker."""
        return self.station.series_high if self.variable is Variable.HIGH else self.station.series_low

    @property
    def key(self) -> str:
        """`KNYC high 2026-11-24`: for rows, logs and people."""
        return f"{self.station.code} {self.variable} {self.day.isoformat()}"

    @property
    def event_ticker(self) -> str:
        """`KXHIGHNY-26NOV24`, as Kalshi names the event of this day."""
        return f"{self.series}-{self.day.strftime('%y%b%d').upper()}"


def climate_day(station: Station, at: Instant) -> date:
    """The climate day that instant `at` belongs to at `station`."""
    return to_datetime(Instant(at + station.standard_offset_hours * HOUR)).date()
