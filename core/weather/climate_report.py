"""CLI bulletins (the NWS daily climate report), text to rows. Pure; raises only Malformed.

A bulletin is final when it says nowhere "VALID ... AS OF", however that is written, and the climate day was over when
it was issued (`ClimateRow` sees to that). One product may hold several summaries; each is a row. `MM`, an empty value
or a missing line mean no value; `R` or `*` marks a record, `E` an estimate. Issuance: the WMO header's DDHHMM.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from core.errors import Malformed
from core.units import Instant, from_datetime
from core.weather import wmo
from core.weather.rows import ClimateRow

_PRODUCT = re.compile(r"^(?P<product>CLI[A-Z0-9]{3})\s*$", re.M)
_SUMMARY = re.compile(
    r"\.\.\.\s*THE\s+(?P<place>(?:(?!\.\.\.|CLIMATE\s).){2,80}?)\s+CLIMATE SUMMARY FOR\s+"
    r"(?P<day>[A-Z]{3,9}\.? \d{1,2},? \d{4})", re.S
)  # fmt: skip
# written by hand now and then: NOON, 1600, 4 PM, a line broken in two. Whatever follows, the day was not over.
_AS_OF = re.compile(r"VALID\b.{0,40}?\bAS\s+OF\b(?P<time>[^\n.]{0,30})", re.S | re.I)
# `100R` `57 E` `57(E)` `82(R)` `82*` `82R E`: a letter that stands apart does so by one blank
_VALUE = r"(?P<value>-?\d{1,6}|MM)(?P<mark>(?: ?\([RE]\)| ?[RE*])*)(?=\s|$)"
_LINES = {name: re.compile(rf"^\s*{name}\s+{_VALUE}", re.M) for name in ("MAXIMUM", "MINIMUM")}
_BLOCK = re.compile(r"^[ \t]*TEMPERATURE(?: ?\(F\))?[ \t\r]*$.*?(?=^\s*PRECIPITATION|CLIMATE NORMALS|\Z)", re.M | re.S)


_COLDEST, _HOTTEST = -90, 140  # degrees F

# where a city's product may be about another of its stations, the words that must stand in ours
PLACES = {"KNYC": "CENTRAL PARK", "KMDW": "MIDWAY", "KAUS": "BERGSTROM", "KHOU": "HOBBY"}


def parse(
    text: str, station: str, received_at: Instant, product_id: str = "", near: Instant | None = None
) -> list[ClimateRow]:
    """The summary of this station (ICAO code) in one product's text; see `summaries`.

    Raises: Malformed also when the product is about another place, or about several of which none is surely ours:
    CLIHOU has held Intercontinental before Hobby, which differ by a degree or more on most days. Also when a number is
    no temperature, or the minimum above the maximum: then neither is known, and the correction will say.
    """
    rows = summaries(text, station, received_at, product_id, near)
    words = PLACES.get(station)
    mine = [row for row in rows if words in row.place] if words else rows
    if not mine or len({row.place for row in mine}) > 1:
        raise Malformed("climate_report.place", [row.place for row in rows], f"no summary that is surely of {station}")
    for row in mine:
        _plausible(row)
    return mine


def _plausible(row: ClimateRow) -> None:
    for name, value in (("MAXIMUM", row.max_f), ("MINIMUM", row.min_f)):
        if value is not None and not _COLDEST <= value <= _HOTTEST:
            raise Malformed(f"climate_report.{name}", value, "not a temperature of this planet")
    if row.max_f is not None and row.min_f is not None and row.min_f > row.max_f:
        raise Malformed("climate_report.MINIMUM", row.min_f, f"above the maximum of {row.max_f}")


def summaries(
    text: str, station: str, received_at: Instant, product_id: str = "", near: Instant | None = None
) -> list[ClimateRow]:
    """One product's text -> a row per summary in it, whatever its place.

    `near`: when a list says it was issued, which settles the month of the heading; without it, the morning after the
    climate day. Raises: Malformed when heading, product or date are missing or make no sense.
    """
    header, product = wmo.heading(text, "climate_report"), _PRODUCT.search(text)
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
        as_of = _as_of(text[: found[0].start()]) or _as_of(body)
        high, low = _value(body, "MAXIMUM"), _value(body, "MINIMUM")
        rows.append(
            ClimateRow(
                station=station, product=product["product"], day=day,
                issued_at=wmo.moment(header.ddhhmm, near or _morning_after(day)),
                received_at=received_at, final=not as_of, as_of=as_of,
                correction=header.correction, max_f=high[0], min_f=low[0], max_estimated=high[1],
                min_estimated=low[1], product_id=product_id,
                place=" ".join(summary["place"].upper().split()),
            )
        )  # fmt: skip
    return rows


def _day(text: str) -> date:
    month, day, year = text.replace(",", "").replace(".", "").split()
    try:
        return date(int(year), wmo.month(month, "climate_report.day"), int(day))
    except ValueError as error:
        raise Malformed("climate_report.day", text, "no such day") from error


def _as_of(text: str) -> str:
    """`0400 PM` of a preliminary, `?` where the moment cannot be read; nothing where the text does not say AS OF."""
    found = _AS_OF.search(text)
    return (found["time"].upper().partition("LOCAL")[0].strip() or "?") if found else ""


def _morning_after(day: date) -> Instant:
    try:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=30))
    except OverflowError as error:
        raise Malformed("climate_report.day", day, "no such day") from error


def _value(body: str, name: str) -> tuple[int | None, bool]:
    """(value or None, estimated) of MAXIMUM or MINIMUM in the summary's temperature block.

    "MAXIMUM TEMPERATURE (F)   75" further down is tomorrow's climate *normal*, not a value of this day.
    """
    block = _BLOCK.search(body)
    found = _LINES[name].search(block.group()) if block else None
    if found is None or found["value"] == "MM":
        return None, False
    return int(found["value"]), "E" in (found["mark"] or "")


def finals(rows: Iterable[ClimateRow], day: date) -> list[ClimateRow]:
    """The final issuances about `day`, first to last. A correction may keep its original's heading, but for the BBB."""
    mine = (row for row in rows if row.day == day and row.final)
    return sorted(mine, key=lambda row: (row.issued_at, row.correction != "", row.received_at, row.product_id))


def first_final(rows: Iterable[ClimateRow], day: date) -> ClimateRow | None:
    """What settles: the earliest final issuance about `day`; later corrections are ignored (FACTS §1.4)."""
    return next(iter(finals(rows, day)), None)
