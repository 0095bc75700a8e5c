"""What report, portal and exchange say of a settled event is compared; what differs is written once."""

from datetime import date

import pytest
from prefect import flow

from core.station_day import StationDay, Variable, climate_day
from core.stations import BY_CODE
from core.storage import lake
from core.units import HOUR, Instant, instant, iso
from core.weather.rows import ClimateRow
from flows.base import context
from flows.differences import compared, differences
from tests.flows.conftest import Surroundings

AT = instant("2026-11-24T06:20:00Z")
REPORT = ClimateRow(station="KNYC", product="CLINYC", day=date(2026, 11, 23), issued_at=AT, received_at=AT, final=True,
                    as_of="", correction="", max_f=52, min_f=39)  # fmt: skip


def closed(low: int | None, high: int | None, paid: int = 1) -> dict[str, object]:
    return {"event_ticker": "KXHIGHNY-26NOV23", "paid": paid, "low_f": low, "high_f": high}


def test_a_bracket_that_holds_the_report_is_no_difference_and_another_is() -> None:
    assert compared([closed(51, 52)], [REPORT], []) == []
    (found,) = compared([closed(53, None)], [REPORT], [])
    assert found.words == "the exchange paid 53 F or above, the first final report says 52 F"


def test_before_the_result_and_after_a_void_there_is_nothing_to_compare_the_report_with() -> None:
    assert compared([closed(None, None, paid=0)], [REPORT], []) == []


@pytest.mark.slow
def test_a_difference_is_written_once(around: Surroundings) -> None:
    now = around.venue.clock.now()
    day = StationDay(BY_CODE["KNYC"], Variable.HIGH, climate_day(BY_CODE["KNYC"], Instant(now - 30 * HOUR)))
    issued = iso(Instant(day.end + HOUR))
    lake.commit(around.data, "made", now, {
        "markets": [{"ticker": "m", "event_ticker": day.event_ticker, "result": "yes", "low_f": 150,
                     "close_at": iso(day.end), "seen_at": iso(now)}],
        "climate_reports": [{"station": "KNYC", "product": "CLINYC", "day": day.day.isoformat(), "issued_at": issued,
                             "received_at": issued, "final": True, "as_of": "", "correction": "", "max_f": 52,
                             "min_f": 39, "product_id": "made"}],
    })  # fmt: skip
    found = [flow(lambda: differences(context()), name="compare")() for _ in range(2)]
    assert found == [[f"{day.event_ticker}: the exchange paid 150 F or above, the first final report says 52 F"], []]
    with lake.connect(around.data) as db:
        assert db.execute("SELECT report_f, paid_low_f FROM settlement_differences").fetchall() == [(52, 150)]
