"""Guidance in columns (GFS and NAM MOS: MAV, MET, MEX; the NBM's NBS, NBE, NBX, NBP), text to blocks and rows. Pure.

A block is one station's: a header, a line of hours, and rows of values three characters wide, each ending under its
hour. Maxima stand under 00 UTC and minima under 12 UTC, for the 18 hours from 12 to 06 and from 00 to 18 UTC around
them (NBM text card v5.0; MAV, MET and MEX cards): of other windows than the climate day, which is the model's affair.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.errors import Malformed
from core.station_day import Variable, climate_day
from core.stations import Station
from core.units import HOUR, Instant, from_datetime, to_datetime
from core.weather.rows import ForecastRow, HourlyRow

_HEADER = re.compile(
    r"^[\s\x00-\x1f]*(?P<station>[A-Z0-9_]{3,10})\s+(?:(?P<mos>GFSX?|NAM|ETA) MOS|NBM V\d+\.\d+ (?P<nbm>NB[HSEXP]))"
    r" GUIDANCE\s+(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})\s+(?P<hour>\d\d)(?P<minute>\d\d) UTC"
)
_LABEL = re.compile(r"\s*(?P<label>[A-Z][A-Z0-9/]{1,5})(?=\s|-|$)")
_PRODUCTS = {"GFS": "MAV", "GFSX": "MEX", "NAM": "MET", "ETA": "MET"}
_EXTREMES = ("TXN", "N/X", "X/N")
_COLDEST, _HOTTEST = -80, 140  # degrees F; the missing codes (-99, 999, 888) lie beyond
_LONGEST, _MOST_LINES = 100_000, 200  # of one station's text
_SOURCES = {"MAV": "gfs_mos", "MEX": "gfs_mos_ext", "MET": "nam_mos", "NBS": "nbm_short", "NBH": "nbm_hourly"}


@dataclass(frozen=True, slots=True)
class Block:
    """One station's bulletin: the instants of its columns, and by label a value or None for each."""

    station: str
    product: str  # MAV, MET, MEX, NBH, NBS, NBE, NBX, NBP
    issued_at: Instant
    valid_at: tuple[Instant, ...]
    rows: Mapping[str, tuple[int | None, ...]]


def header_of(line: str) -> str | None:
    """The station whose block this line opens, or None."""
    found = _HEADER.match(line)
    return found["station"] if found else None


class Cutter:
    """Takes a file of thousands of stations line by line; keeps the blocks of the wanted ones."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.kept: dict[str, list[str]] = {}
        self.station = ""

    def line(self, line: str) -> None:
        """The next line."""
        opens = header_of(line) if "GUIDANCE" in line else None
        if opens is not None:
            self.station = opens
            if opens in self.wanted:
                self.kept[opens] = []
        if self.station in self.wanted and len(self.kept[self.station]) < _MOST_LINES:
            self.kept[self.station].append(line.rstrip("\r\n"))

    def done(self) -> dict[str, str]:
        """Each wanted station's block as text."""
        return {station: "\n".join(lines).rstrip() + "\n" for station, lines in self.kept.items()}


def block(body: bytes, station: Station, products: frozenset[str]) -> Block:
    """The first block of this station and one of these products. Raises: Malformed."""
    if len(body) > _LONGEST:
        raise Malformed("guidance", len(body), "longer than any station's bulletin")
    try:
        lines = body.decode("ascii").replace("\r", "").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("guidance", body[:40], "not text") from error
    opened = [(i, found) for i, line in enumerate(lines) if (found := _HEADER.match(line))]
    for position, (index, found) in enumerate(opened):
        product = found["nbm"] or _PRODUCTS[found["mos"]]
        if found["station"] != station.code or product not in products:
            continue
        end = opened[position + 1][0] if position + 1 < len(opened) else len(lines)
        return _read(lines[index + 1 : min(end, index + 1 + _MOST_LINES)], station.code, product, _issued(found))
    raise Malformed("guidance", body[:60], f"no {'/'.join(sorted(products))} block of {station.code}")


def _issued(found: re.Match[str]) -> Instant:
    year, month, day, hour, minute = (int(found[name]) for name in ("year", "month", "day", "hour", "minute"))
    try:
        return from_datetime(datetime(year, month, day, hour, minute, tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Malformed("guidance.issued", found.group().strip(), "no such time") from error


def _read(lines: list[str], station: str, product: str, issued: Instant) -> Block:
    labelled: dict[str, str] = {}
    starts: dict[str, int] = {}
    for line in lines:
        found = _LABEL.match(line)
        if found and found["label"] not in labelled:
            labelled[found["label"]], starts[found["label"]] = line, found.start("label")
    scale = next((name for name in ("FHR", "UTC", "HR") if name in labelled), None)
    if scale is None:
        raise Malformed("guidance", station, "no line of hours")
    hours = [(int(t.group()), t.end()) for t in re.finditer(r"\d{1,3}", labelled[scale][starts[scale] + len(scale) :])]
    if not hours or len(hours) > 60:
        raise Malformed("guidance.hours", labelled[scale], "expected a line of hours")
    ends = [starts[scale] + len(scale) + end for _, end in hours]
    valid = _valid([h for h, _ in hours], issued, counted=scale == "FHR")
    clock = [int(t) for t in re.findall(r"\d{1,2}", labelled.get("UTC", ""))]
    if scale == "FHR" and len(clock) == len(valid) and clock != [to_datetime(v).hour for v in valid]:
        raise Malformed("guidance.hours", labelled["UTC"], "its UTC hours are not those its forecast hours give")
    rows = {
        label: tuple(_field(line, end, starts[label] + len(label)) for end in ends)
        for label, line in labelled.items()
        if starts[label] == starts[scale]  # one that stands elsewhere would be read under wrong hours
    }
    return Block(station, product, issued, valid, rows)


def _valid(hours: list[int], issued: Instant, *, counted: bool) -> tuple[Instant, ...]:
    """Instants of the columns: from forecast hours, or walking forward from the issue through hours of the day."""
    if counted:
        if hours != sorted(set(hours)) or hours[-1] > 500:
            raise Malformed("guidance.hours", hours, "forecast hours must ascend")
        return tuple(Instant(issued + h * HOUR) for h in hours)
    found: list[Instant] = []
    at = Instant(issued // HOUR * HOUR)
    for h in hours:
        if h > 23:
            raise Malformed("guidance.hours", h, "no hour of a day")
        at = Instant(at + ((h - to_datetime(at).hour) % 24 or 24) * HOUR)
        found.append(at)
    return tuple(found)


def _field(line: str, end: int, label_end: int) -> int | None:
    text = line[max(end - 3, label_end) : end].strip(" |")
    return int(text) if re.fullmatch(r"-?\d{1,3}", text) else None


def degrees(value: int | None) -> float | None:
    """A temperature, or None for what is missing or cannot be one."""
    return float(value) if value is not None and _COLDEST <= value <= _HOTTEST else None


def station_day_of(valid: Instant, station: Station) -> tuple[Variable, date] | None:
    """(variable, climate day) of an extreme that stands under this instant; None where no extreme can stand."""
    hour = to_datetime(valid).hour
    if hour == 0:
        return Variable.HIGH, climate_day(station, Instant(valid - 6 * HOUR))
    return (Variable.LOW, climate_day(station, valid)) if hour == 12 else None


def extremes(body: bytes, station: Station, received_at: Instant, product: str) -> list[ForecastRow]:
    """Maxima and minima of MAV, MET, MEX or NBS: one row a station-day. Raises: Malformed when it has none."""
    found = block(body, station, frozenset({product}))
    label = next((name for name in _EXTREMES if name in found.rows), None)
    if label is None:
        raise Malformed("guidance", found.product, "no line of maxima and minima")
    rows = []
    for valid, value in zip(found.valid_at, found.rows[label], strict=True):
        number, about = degrees(value), station_day_of(valid, station)
        if number is not None and about is not None:
            rows.append(
                ForecastRow(station=station.code, variable=about[0], day=about[1], source=_SOURCES[product],
                            issued_at=found.issued_at, received_at=received_at, value_f=number)
            )  # fmt: skip
    if not rows:
        raise Malformed(f"guidance.{label}", found.product, "no maximum and no minimum in it")
    return rows


def temperatures(body: bytes, station: Station, received_at: Instant, product: str) -> list[HourlyRow]:
    """The TMP line: the temperature at each column's instant."""
    found = block(body, station, frozenset({product}))
    return [
        HourlyRow(station=station.code, source=_SOURCES[product], issued_at=found.issued_at, received_at=received_at,
                  valid_at=valid, value_f=number)
        for valid, value in zip(found.valid_at, found.rows.get("TMP", ()), strict="TMP" in found.rows)
        if (number := degrees(value)) is not None
    ]  # fmt: skip
