"""A station's own words about its climate day: the Daily Summary Message (DSM) and the month's table (CF6). Pure.

Neither settles a market. A DSM of the afternoon (with a time before its date) tells the day so far, the one after
midnight the whole day; CF6 has every day of the month, corrections included. Times are local standard time.
"""

import re
from datetime import UTC, date, datetime

from core.errors import Malformed
from core.station_day import StationDay, Variable, climate_day
from core.stations import Station
from core.units import DAY, HOUR, MINUTE, Instant, to_datetime
from core.weather import wmo
from core.weather.rows import SummaryRow

_DSM = re.compile(
    r"^(?P<station>[A-Z][A-Z0-9]{3})\s+DS\s+(?:COR\s+)?(?:(?P<as_of>\d{4})\s+)?(?P<day>\d\d)/(?P<month>\d\d)\s*"
    r"(?:M|(?P<max>-?\d{1,3}?)(?P<max_at>\d{4}))\s*/\s*(?:M|(?P<min>-?\d{1,3}?)(?P<min_at>\d{4}))\s*//",
    re.M,
)
_CF6_PRODUCT = re.compile(r"^CF6(?P<site>[A-Z0-9]{3})\s*$", re.M)
_CF6_MONTH = re.compile(r"^\s*MONTH:\s+(?P<month>[A-Za-z]{3,9}|\d{1,2})\s*$", re.M)
_CF6_YEAR = re.compile(r"^\s*YEAR:\s+(?P<year>\d{4})\s*$", re.M)
_CF6_HEAD = re.compile(r"^DY MAX MIN .*$", re.M)
_CF6_DAY = re.compile(r"^\s*(?P<day>\d{1,2})\s+(?P<max>-?\d{1,3}|M)\s+(?P<min>-?\d{1,3}|M)\s+(?:-?\d|M)", re.M)
_COLDEST, _HOTTEST = -80, 140


def dsm(body: bytes, station: Station, received_at: Instant, near: Instant | None = None) -> list[SummaryRow]:
    """Every message about this station in a product. `near`: about when it was issued (else: when it was received).

    Raises: Malformed when there is no heading, none about this station, or a date that cannot be.
    """
    text = _text(body, "DSM")
    head = wmo.heading(text, "DSM")
    issued = wmo.moment(head.ddhhmm, near or received_at)
    rows = []
    for found in _DSM.finditer(text):
        if found["station"] != station.code:
            continue
        day = _nearest(int(found["day"]), int(found["month"]), issued, station)
        start = StationDay(station, Variable.HIGH, day).start
        rows.append(
            SummaryRow(station=station.code, day=day, source="dsm", issued_at=issued, received_at=received_at,
                       max_f=_degrees(found["max"]), min_f=_degrees(found["min"]),
                       max_at=_moment(found["max_at"], start), min_at=_moment(found["min_at"], start),
                       complete=found["as_of"] is None and issued >= start + DAY)
        )  # fmt: skip
    if not rows:
        raise Malformed("DSM", body[:60], f"no message of {station.code}")
    return rows


def cf6(body: bytes, station: Station, received_at: Instant, near: Instant | None = None) -> list[SummaryRow]:
    """The days of a month's table, oldest first. Raises: Malformed."""
    text = _text(body, "CF6")
    head = wmo.heading(text, "CF6")
    issued = wmo.moment(head.ddhhmm, near or received_at)
    product = _CF6_PRODUCT.search(text)
    if product is None or product["site"] != station.site:
        raise Malformed("CF6", product and product["site"], f"not the table of {station.site}")
    month, year = _CF6_MONTH.search(text), _CF6_YEAR.search(text)
    if month is None or year is None or month.start() > year.start():
        raise Malformed("CF6", text[:80], "no MONTH and YEAR")  # a month only on page 2 is not this page's
    number = wmo.month(month["month"], "CF6.month")
    head_line = _CF6_HEAD.search(text)
    if head_line is None:
        raise Malformed("CF6", text[:80], "no line DY MAX MIN")
    today = climate_day(station, issued)
    rows: list[SummaryRow] = []
    for found in _CF6_DAY.finditer(text, head_line.end()):
        try:
            day = date(int(year["year"]), number, int(found["day"]))
        except ValueError as error:
            raise Malformed("CF6.day", found.group().strip(), "no such day") from error
        high, low = _degrees(found["max"]), _degrees(found["min"])
        if day > today or (high is None and low is None):
            continue  # a day to come, which some offices fill in
        rows.append(
            SummaryRow(station=station.code, day=day, source="cf6", issued_at=issued, received_at=received_at,
                       max_f=high, min_f=low, max_at=None, min_at=None, complete=day < today)
        )  # fmt: skip
    return rows


def _text(body: bytes, field: str) -> str:
    try:
        return body.decode("ascii").replace("\r", "")
    except UnicodeDecodeError as error:
        raise Malformed(field, body[:40], "not text") from error


def _degrees(text: str | None) -> int | None:
    value = int(text) if text and text != "M" else None
    if value is not None and not _COLDEST <= value <= _HOTTEST:
        raise Malformed("summary", text, "not a temperature of this planet")
    return value


def _nearest(day: int, month: int, issued: Instant, station: Station) -> date:
    """The date whose year is not said: the one nearest to the issuance, which comes at most two days after it."""
    year = to_datetime(issued).year
    found = []
    for candidate in (year - 1, year, year + 1):
        try:
            found.append(datetime(candidate, month, day, tzinfo=UTC))
        except ValueError:
            continue  # 29 February of another year
    here = to_datetime(Instant(issued + station.standard_offset_hours * HOUR))
    nearest = min(found, key=lambda at: abs(at - here), default=None)
    if nearest is None or not -1 <= (here - nearest).days <= 10:
        raise Malformed("DSM.date", f"{day:02d}/{month:02d}", "not a day shortly before its issuance")
    return nearest.date()


def _moment(hhmm: str | None, start: Instant) -> Instant | None:
    if hhmm is None:
        return None
    hour, minute = int(hhmm[:2]), int(hhmm[2:])
    if hour > 24 or minute > 59:
        raise Malformed("DSM.time", hhmm, "no such time")
    return Instant(start + hour * HOUR + minute * MINUTE)
