"""CLI bulletins (the NWS daily climate report), text to rows. Pure; raises only Malformed.

A bulletin is final when it has no "VALID ... AS OF" line. One product may hold several summaries; each is a row. `MM`,
an empty value or a missing line mean no value; `R` marks a record, `E` an estimate. Issuance: the WMO header's DDHHMM.
"""

import re
from datetime import UTC, date, datetime, timedelta

from core.errors import Malformed
from core.units import Instant, from_datetime
from core.weather.rows import ClimateRow

_HEADER = re.compile(
    r"^(?P<ttaaii>[A-Z]{4}\d{2}) (?P<office>[A-Z]{4}) (?P<time>\d{6})(?: (?P<bbb>[A-Z]{3}))?\s*$", re.M
)
_PRODUCT = re.compile(r"^(?P<product>CLI[A-Z0-9]{3})\s*$", re.M)
_SUMMARY = re.compile(r"\.\.\.\s*THE (?P<place>.+?) CLIMATE SUMMARY FOR\s+(?P<day>[A-Z]{3,9}\.? \d{1,2},? \d{4})", re.S)
_AS_OF = re.compile(r"VALID\s+(?:TODAY\s+|YESTERDAY\s+)?AS OF\s+(?P<time>[0-9:]{3,5} [AP]M)")
_VALUE = r"(?P<value>-?\d{1,3}|MM)(?P<mark>R|\(E\)| E\b|E)?(?=\s|$)"
_LINES = {name: re.compile(rf"^\s*{name}\s+{_VALUE}", re.M) for name in ("MAXIMUM", "MINIMUM")}
_BLOCK = re.compile(r"^[ \t]*TEMPERATURE(?: ?\(F\))?[ \t\r]*$.*?(?=^\s*PRECIPITATION|CLIMATE NORMALS|\Z)", re.M | re.S)
_LONGEST = 200_000
_MONTHS = {
    m: i for i, m in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1)
}


def parse(text: str, station: str, received_at: Instant, product_id: str = "") -> list[ClimateRow]:
    """One product's text -> a row per summary in it. `station`: the ICAO code it was asked for.

    Raises: Malformed when header, product or date are missing or make no sense.
    """
    if len(text) > _LONGEST:
        raise Malformed("climate_report", text, "longer than any bulletin")
    header, product = _HEADER.search(text), _PRODUCT.search(text)
    if header is None:
        raise Malformed("climate_report", text, "no WMO header")
    if product is None:
        raise Malformed("climate_report", text, "no CLI product line")
    found = list(_SUMMARY.finditer(text))
    if not found:
        raise Malformed("climate_report", text, 'no "CLIMATE SUMMARY FOR" line')
    rows = []
    for index, summary in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        body = text[summary.end() : end]
        day = _day(summary["day"])
        as_of = _AS_OF.search(body)
        high, low = _value(body, "MAXIMUM"), _value(body, "MINIMUM")
        rows.append(
            ClimateRow(
                station=station, product=product["product"], day=day, issued_at=_issued(header["time"], day),
                received_at=received_at, final=as_of is None, as_of=as_of["time"] if as_of else "",
                correction=header["bbb"] or "", max_f=high[0], min_f=low[0], max_estimated=high[1],
                min_estimated=low[1], product_id=product_id,
            )
        )  # fmt: skip
    return rows


def _day(text: str) -> date:
    month, day, year = text.replace(",", "").replace(".", "").split()
    number = _MONTHS.get(month[:3])
    try:
        return date(int(year), number or 0, int(day))
    except ValueError as error:
        raise Malformed("climate_report.day", text, "no such day") from error


def _issued(ddhhmm: str, day: date) -> Instant:
    """The first moment with this day of the month and time at or after the climate day's UTC start, within 40 days."""
    number, hour, minute = int(ddhhmm[:2]), int(ddhhmm[2:4]), int(ddhhmm[4:])
    if hour > 23 or minute > 59:
        raise Malformed("climate_report.header", ddhhmm, "no such time")
    for offset in range(40):
        try:
            moment = day + timedelta(days=offset)
        except OverflowError as error:
            raise Malformed("climate_report.header", ddhhmm, "no such day") from error
        if moment.day == number:
            return from_datetime(datetime(moment.year, moment.month, moment.day, hour, minute, tzinfo=UTC))
    raise Malformed("climate_report.header", ddhhmm, "no day with this number follows the climate day")


def _value(body: str, name: str) -> tuple[int | None, bool]:
    """(value or None, estimated) of MAXIMUM or MINIMUM in the summary's temperature block.

    "MAXIMUM TEMPERATURE (F)   75" further down is tomorrow's climate *normal*, not a value of this day.
    """
    block = _BLOCK.search(body)
    found = _LINES[name].search(block.group()) if block else None
    if found is None or found["value"] == "MM":
        return None, False
    return int(found["value"]), "E" in (found["mark"] or "")


def first_final(rows: list[ClimateRow], day: date) -> ClimateRow | None:
    """What settles: the earliest final issuance about `day`; later corrections are ignored (FACTS §1.4)."""
    finals = [row for row in rows if row.day == day and row.final]
    return min(finals, key=lambda row: row.issued_at) if finals else None
