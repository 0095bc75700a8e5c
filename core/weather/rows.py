"""What weather services say, as rows: parsed, in degrees Fahrenheit, with the instant each thing was issued.

A row states what a source said, never what we make of it. `issued_at` is the source's own vintage (`updateTime`, WMO
header); `received_at` is when this side first had it: nothing may be used for a moment before that.
"""

from datetime import date

import msgspec

from core.station_day import Variable, climate_day
from core.stations import BY_CODE
from core.units import Instant


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows."""


class ForecastRow(Row, frozen=True, kw_only=True):
    """One source's number for one station-day; the README of this room lists the names of `source`."""

    station: str
    variable: Variable
    day: date
    source: str
    issued_at: Instant
    received_at: Instant
    value_f: float


class HourlyRow(Row, frozen=True, kw_only=True):
    """The forecast temperature at one hour."""

    station: str
    source: str
    issued_at: Instant
    received_at: Instant
    valid_at: Instant
    value_f: float


class QuantileRow(Row, frozen=True, kw_only=True):
    """A probabilistic forecast of one station-day (NBM NBP): mean, sd and percentiles, whole F as sent."""

    station: str
    variable: Variable
    day: date
    source: str
    issued_at: Instant
    received_at: Instant
    forecast_hour: int
    mean_f: float
    sd_f: float
    p10_f: float
    p25_f: float
    p50_f: float
    p75_f: float
    p90_f: float


class ObservationRow(Row, frozen=True, kw_only=True):
    """One report. The temperature is an interval: a T-group pins it to +-0.09 F, a whole-C row only to about +-0.9 F.

    `max_6h_f`/`min_6h_f` are METAR 1xxxx/2xxxx groups, `max_24h_f`/`min_24h_f` the 4-group: whole F, over the hours
    before `observed_at`.
    """

    station: str
    observed_at: Instant
    received_at: Instant
    kind: str  # metar | speci | five_minute
    low_f: float | None
    high_f: float | None
    max_6h_f: int | None = None
    min_6h_f: int | None = None
    max_24h_f: int | None = None
    min_24h_f: int | None = None
    raw: str = ""


class ClimateRow(Row, frozen=True, kw_only=True):
    """One issuance of a climate report (CLI) about one climate day.

    Final = the bulletin has no "VALID ... AS OF" and was issued when the climate day had ended. The first final wins at
    settlement; later ones are kept, not used.
    """

    station: str
    product: str  # CLINYC
    day: date
    issued_at: Instant
    received_at: Instant
    final: bool
    as_of: str  # "" for a final
    correction: str  # BBB group (CCA, RRA) or ""
    max_f: int | None
    min_f: int | None
    max_estimated: bool = False
    min_estimated: bool = False
    product_id: str = ""
    place: str = ""  # as the bulletin names it: one product may hold summaries of several

    def __post_init__(self) -> None:
        """A report of a day that is not over is never final, whatever its wording, or its row in the lake, says."""
        station = BY_CODE.get(self.station)
        if self.final and station is not None and climate_day(station, self.issued_at) <= self.day:
            msgspec.structs.force_setattr(self, "final", False)


class SummaryRow(Row, frozen=True, kw_only=True):
    """Extremes of one climate day as a station's own message (DSM) or a month's table (CF6) has them; never a label.

    A DSM of the afternoon tells the day so far; `complete` = issued after the climate day ended.
    """

    station: str
    day: date
    source: str  # dsm | cf6
    issued_at: Instant
    received_at: Instant
    max_f: int | None
    min_f: int | None
    max_at: Instant | None
    min_at: Instant | None
    complete: bool


class PortalRow(Row, frozen=True, kw_only=True):
    """What The Weather Company's portal says of one climate day: since 2026-08-14 the exchange reads it there.

    Official only when the climate day was over: before that it is another day's number under this one's date.
    """

    station: str
    day: date
    status: str  # preliminary | official | revised
    official: bool
    max_f: int | None
    min_f: int | None
    issued_at: Instant
    received_at: Instant

    def __post_init__(self) -> None:
        """As `ClimateRow` does."""
        station = BY_CODE.get(self.station)
        if self.official and station is not None and climate_day(station, self.issued_at) <= self.day:
            msgspec.structs.force_setattr(self, "official", False)
