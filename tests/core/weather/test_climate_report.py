"""Bulletins as people write them: what is final, what is a number, and which of two settles."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from core.errors import Malformed
from core.fair.live import outcomes
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, SECOND, Duration, Instant, instant
from core.weather import climate_report
from core.weather.rows import ClimateRow
from core.weather.settlement import published

FIXTURES = Path(__file__).with_name("fixtures")
MIAMI = StationDay(BY_CODE["KMIA"], Variable.HIGH, date(2026, 8, 29))
NOW = instant("2026-08-30T14:00:00Z")


def bulletin(name: str) -> str:
    return (FIXTURES / f"{name}.txt").read_text()


@pytest.mark.parametrize(
    "line",
    ["VALID TODAY AS OF 4 PM LOCAL TIME.", "VALID TODAY AS OF 400PM LOCAL TIME.", "VALID AS OF 1600 LOCAL TIME.",
     "VALID TODAY AS OF NOON.", "VALID AS OF MIDNIGHT LOCAL TIME.", "Valid today as of 0400 PM local time.",
     "VALID TODAY\nAS OF 0400 PM LOCAL TIME.", "VALID TODAY AS\r\nOF 0400 PM LOCAL TIME."],
)  # fmt: skip
def test_as_of_is_read_however_it_is_written(line: str) -> None:
    """Issued the next morning, where only the line can tell."""
    text = bulletin("cli_high_final").replace("FOR AUGUST 29 2026...", f"FOR AUGUST 29 2026...\n{line}")
    row = climate_report.parse(text, "KMIA", NOW)[0]
    assert row.as_of and not row.final and row.issued_at > MIAMI.end


@pytest.mark.parametrize("line", ["", "VALID THROUGH 0400 PM LOCAL TIME.", "VALID TODAY OF 0400 PM LOCAL TIME."])
def test_a_report_of_a_day_that_is_not_over_is_final_for_nobody_whatever_it_says(line: str) -> None:
    text = bulletin("cli_high_preliminary_in_the_afternoon")
    changed = text.replace("VALID TODAY AS OF 0400 PM LOCAL TIME.", line)
    row = climate_report.parse(changed, "KMIA", NOW)[0]
    assert changed != text and not row.as_of and not row.final


@pytest.mark.parametrize(("offset", "final"), [(-SECOND, False), (Duration(0), True)])
def test_a_row_that_calls_itself_final_is_so_only_from_local_standard_midnight_on(
    offset: Duration, final: bool
) -> None:
    """Old rows of the lake, too: each is made a `ClimateRow` before anybody trusts it."""
    at = Instant(MIAMI.end + offset)
    row = ClimateRow(station="KMIA", product="CLIMIA", day=MIAMI.day, issued_at=at, received_at=at,
                                    final=True, as_of="", correction="", max_f=90, min_f=78)  # fmt: skip
    assert row.final is final and msgspec.structs.replace(row, final=True).final is final
    assert (climate_report.first_final([row], MIAMI.day) is not None) is final
    assert (published(MIAMI, [row], []).report_f is not None) is final
    assert [o.value for o in outcomes([row], Instant(at + HOUR))] == ([90.0, 78.0] if final else [])


@pytest.mark.parametrize(
    ("written", "value", "estimated"),
    [("90", 90, False), ("90R", 90, False), ("90(R)", 90, False), ("90*", 90, False), ("90 R", 90, False),
     ("90E", 90, True), ("90 E", 90, True), ("90(E)", 90, True), ("90R E", 90, True),
     ("MM", None, False), ("M", None, False), ("90 EDT", 90, False), ("9O", None, False)],
)  # fmt: skip
def test_a_value_is_read_with_whatever_marks_it(written: str, value: int | None, estimated: bool) -> None:
    text = bulletin("cli_high_final").replace("  MAXIMUM         90 ", f"  MAXIMUM         {written} ")
    (row,) = climate_report.parse(text, "KMIA", NOW)
    assert (row.max_f, row.max_estimated) == (value, estimated)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("MAXIMUM         90 ", "MAXIMUM        820 ", "MAXIMUM: not a temperature"),
     ("MAXIMUM         90 ", "MAXIMUM       9000R", "MAXIMUM: not a temperature"),
     ("MINIMUM         78 ", "MINIMUM       -178 ", "MINIMUM: not a temperature"),
     ("MAXIMUM         90 ", "MAXIMUM          9 ", "MINIMUM: above the maximum of 9")],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused_with_their_reason(old: str, new: str, why: str) -> None:
    text = bulletin("cli_high_final")
    assert old in text
    with pytest.raises(Malformed, match=why):
        climate_report.parse(text.replace(old, new), "KMIA", NOW)


def test_another_places_impossible_number_does_not_refuse_ours() -> None:
    text = bulletin("cli_two_places_in_one_bulletin")
    first = text.index("MAXIMUM")
    (hobby,) = climate_report.parse(text[:first] + text[first:].replace(" 80 ", " 800 ", 1), "KHOU", NOW)
    assert hobby.max_f == 79
