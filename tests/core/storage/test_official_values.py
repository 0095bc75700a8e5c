"""The view of what settles: the first final report of a day that was over, whatever the order of the files."""

from datetime import date
from pathlib import Path

import pytest

from core.station_day import StationDay, Variable
from core.stations import BY_CODE, STATIONS
from core.storage import lake
from core.units import HOUR, SECOND, Duration, Instant, iso

DAY = date(2026, 8, 29)


def report(day: StationDay, after: Duration, high: int, **changed: object) -> dict[str, object]:
    """A final report issued so long after the climate day's end."""
    at = iso(Instant(day.end + after))
    return {
        "station": day.station.code, "product": day.station.climate_product, "day": DAY.isoformat(), "issued_at": at,
        "received_at": at, "final": True, "as_of": "", "correction": "", "max_f": high, "min_f": 50, "product_id": at,
    } | changed  # fmt: skip


def official(data: Path, *reports: dict[str, object]) -> list[tuple[object, ...]]:
    lake.commit(
        data, "r1", Instant(StationDay(STATIONS[0], Variable.HIGH, DAY).end + 24 * HOUR), {"climate_reports": reports}
    )
    with lake.connect(data) as db:
        return db.execute("SELECT station, high_f, low_f FROM official_values ORDER BY station").fetchall()


def test_of_each_station_nothing_settles_that_was_issued_before_its_own_standard_midnight(tmp_path: Path) -> None:
    days = [StationDay(station, Variable.HIGH, DAY) for station in STATIONS]
    early = [report(day, Duration(-SECOND), 70) for day in days]
    on_time = [report(day, Duration(0), 80) for day in days]
    found = official(tmp_path, *early, *on_time)
    assert found == [(code, 80, 50) for code in sorted(s.code for s in STATIONS)]


@pytest.mark.parametrize("order", [1, -1])
def test_of_an_original_and_a_correction_with_its_heading_the_original_settles(tmp_path: Path, order: int) -> None:
    day = StationDay(BY_CODE["KNYC"], Variable.HIGH, DAY)
    later = iso(Instant(day.end + 9 * HOUR))
    reports = [
        report(day, Duration(HOUR), 90, received_at=later), report(day, Duration(HOUR), 85, correction="CCA"),
        report(day, Duration(HOUR), 91, received_at=iso(Instant(day.end + 10 * HOUR))),
    ]  # fmt: skip
    assert official(tmp_path, *reports[::order]) == [("KNYC", 90, 50)]


def test_a_first_final_without_a_number_leaves_it_to_the_next_and_keeps_the_number_it_has(tmp_path: Path) -> None:
    day = StationDay(BY_CODE["KNYC"], Variable.HIGH, DAY)
    missing = report(day, Duration(HOUR), 0, max_f=None, min_f=49)
    assert official(tmp_path, missing, report(day, Duration(2 * HOUR), 90)) == [("KNYC", 90, 49)]
