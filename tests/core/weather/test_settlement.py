"""The first final report predicts, the portal witnesses, the exchange decides; what does not agree is recorded."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import MINUTE, Instant, instant
from core.weather.rows import ClimateRow, PortalRow
from core.weather.settlement import Published, difference, published

MIAMI = StationDay(BY_CODE["KMIA"], Variable.HIGH, date(2026, 8, 29))
FIRST = instant("2026-08-30T08:24:00Z")


def report(high: int | None, minutes: int = 0, *, final: bool = True, day: date = MIAMI.day) -> ClimateRow:
    at = Instant(FIRST + minutes * MINUTE)
    return ClimateRow(station="KMIA", product="CLIMIA", day=day, issued_at=at, received_at=at, final=final,
                      as_of="" if final else "0400 PM", correction="", max_f=high, min_f=78)  # fmt: skip


def portal(high: int, minutes: int = 4, status: str = "official") -> PortalRow:
    at = Instant(FIRST + minutes * MINUTE)
    return PortalRow(station="KMIA", day=MIAMI.day, status=status, official=status != "preliminary", max_f=high,
                     min_f=78, issued_at=at, received_at=at)  # fmt: skip


def test_a_correction_is_recorded_and_changes_nothing() -> None:
    known = published(MIAMI, [report(85, 46), report(90), report(89, -700, final=False)], [portal(90)])
    assert known == Published(report_f=90, portal_f=90, corrected_f=85) and known.expected_f == 90
    assert difference(MIAMI, known, (90, 91)) is None, "it paid 90, as the first final report said"


@pytest.mark.parametrize("order", [1, -1])
def test_a_correction_under_its_originals_heading_is_recorded_and_changes_nothing(order: int) -> None:
    """Corrected bulletins often keep the DDHHMM; read after a gap, both are received at once or in either order."""
    first = msgspec.structs.replace(report(90), received_at=Instant(FIRST + 60 * MINUTE))
    fixed = msgspec.structs.replace(report(85), correction="CCA")
    assert published(MIAMI, [first, fixed][::order], []) == Published(90, None, corrected_f=85)
    again = msgspec.structs.replace(report(91), received_at=Instant(FIRST + MINUTE))
    assert published(MIAMI, [report(90), again][::order], []) == Published(90, None, 91)


def test_the_last_other_value_is_the_corrected_one_whatever_the_order() -> None:
    rows = [report(88, 90), report(90), report(85, 46)]
    assert published(MIAMI, rows, []) == published(MIAMI, rows[::-1], []) == Published(90, None, 88)


def test_the_portals_first_official_value_counts_not_its_revision_nor_its_preliminary() -> None:
    known = published(MIAMI, [report(90)], [portal(85, 50, "revised"), portal(89, -700, "preliminary"), portal(90)])
    assert known.portal_f == 90


def test_report_and_portal_that_differ_expect_nothing_and_are_a_difference_before_any_result() -> None:
    known = published(MIAMI, [report(90)], [portal(91)])
    assert known.expected_f is None
    found = difference(MIAMI, known, None)
    assert found is not None and "says 90 F, the portal 91 F" in found.words
    assert found.event_ticker == "KXHIGHMIA-26AUG29"


def test_a_payout_that_is_not_what_the_report_said_is_a_difference() -> None:
    known = published(MIAMI, [report(90), report(85, 46)], [])
    found = difference(MIAMI, known, (None, 85))
    assert found is not None
    assert found.words == "the exchange paid 85 F or below, the first final report says 90 F; a later report says 85 F"
    assert (found.paid_low_f, found.paid_high_f, found.report_f) == (None, 85, 90)
    assert difference(MIAMI, known, (90, None)) is None


def test_before_the_portal_settled_it_is_no_witness() -> None:
    early = replace(MIAMI, day=date(2026, 8, 13))
    row = msgspec.structs.replace(portal(99), day=early.day)
    assert published(early, [report(90, day=early.day)], [row]) == Published(90, None, None)


def test_a_final_report_without_the_number_says_nothing_and_the_next_one_does() -> None:
    assert published(MIAMI, [report(None), report(90, 30)], []).report_f == 90
    assert published(MIAMI, [], []).expected_f is None
    assert difference(MIAMI, published(MIAMI, [], []), (90, 91)) is None
