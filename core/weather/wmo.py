"""The heading of a text bulletin (WMO No. 386: TTAAii CCCC DDHHMM [BBB]) and the date its three numbers mean. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import Malformed
from core.units import DAY, Instant, from_datetime, to_datetime

_HEADING = re.compile(
    r"^\s*(?P<ttaaii>[A-Z]{4}\d{2}) (?P<office>[A-Z]{4}) (?P<time>\d{6})(?: (?P<bbb>[A-Z]{3}))?\s*$", re.M
)
_LONGEST = 200_000
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Heading:
    """`ddhhmm` is the day of some month; `correction` the BBB group (CCA, RRA) or empty."""

    office: str
    ddhhmm: str
    correction: str


def heading(text: str, field: str) -> Heading:
    """The first heading of a bulletin. Raises: Malformed."""
    if len(text) > _LONGEST:
        raise Malformed(field, len(text), "longer than any bulletin")
    found = _HEADING.search(text)
    if found is None:
        raise Malformed(field, text, "no WMO header")
    return Heading(found["office"], found["time"], found["bbb"] or "")


def month(text: str, field: str) -> int:
    """`JULY`, `Jul`, `7` -> 7. Raises: Malformed."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 12:
        return int(text)
    if text[:3].upper() not in _MONTHS:
        raise Malformed(field, text, "no such month")
    return _MONTHS.index(text[:3].upper()) + 1


def moment(ddhhmm: str, near: Instant) -> Instant:
    """The moment with this day, hour and minute that is nearest to `near`. Raises: Malformed."""
    day, hour, minute = int(ddhhmm[:2]), int(ddhhmm[2:4]), int(ddhhmm[4:])
    found: list[Instant] = []
    for offset in range(-20, 21):
        around = to_datetime(Instant(near + offset * DAY))
        if around.day == day and hour <= 23 and minute <= 59:
            found.append(from_datetime(datetime(around.year, around.month, day, hour, minute, tzinfo=UTC)))
    if not found:
        raise Malformed("WMO heading", ddhhmm, "no such day and time near its report")
    return min(found, key=lambda at: abs(at - near))
