"""What the hourly forecasts promise is one number, whether read from a dataset, from the lake's past or from now."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.fair.live import Known, state
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.storage import lake
from core.units import HOUR, MINUTE, Instant, iso
from flows import dataset, history, inputs

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 9, 1))
NOW = Instant(DAY.start + 12 * HOUR + 12 * MINUTE)  # one of the moments the past is looked at
ISSUED = Instant(NOW - 50 * MINUTE)
PEAK, PEAK_HOUR = 91.0, 15


def hourly() -> list[dict[str, object]]:
    """Two vintages of each hour of the day; of the newest the maximum is `PEAK` at `PEAK_HOUR`."""
    return [
        {"station": "KNYC", "source": source, "issued_at": iso(Instant(ISSUED - back * HOUR)),
         "received_at": iso(Instant(ISSUED - back * HOUR)), "valid_at": iso(Instant(DAY.start + hour * HOUR)),
         "value_f": PEAK + 5 * back - abs(hour - PEAK_HOUR)}
        for back in (0, 2) for hour in range(24) for source in ("nws_grid_hourly", "nbm_hourly")
    ]  # fmt: skip


def forecast(at: Instant) -> dict[str, object]:
    return {"station": "KNYC", "variable": "high", "day": "2026-09-01", "source": "nws_grid", "issued_at": iso(at),
            "received_at": iso(at), "value_f": 88.0}  # fmt: skip


def observation(hour: int) -> dict[str, object]:
    at = iso(Instant(DAY.start + hour * HOUR + 51 * MINUTE))
    return {"station": "KNYC", "observed_at": at, "received_at": at, "kind": "metar", "low_f": 72.91 + hour,
            "high_f": 73.09 + hour, "raw": ""}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    lake.commit(tmp_path, "made", NOW, {
        "forecasts": [forecast(Instant(NOW - HOUR))], "observations": [observation(h) for h in range(12)],
        "hourly_forecasts": hourly(),
    })  # fmt: skip
    return tmp_path


def test_now_and_the_past_of_the_lake_promise_the_same(data: Path) -> None:
    with lake.connect(data) as db:
        known: Known = inputs.inputs(db, NOW)
        past = history.cases(db, Instant(NOW + 5 * MINUTE))
    now = state([DAY], known, NOW).cases
    assert len(known.hourly) == 2 * 11, "of each source the newest vintage's hours that are left"
    assert now.promise.tolist() == [PEAK] and now.promise_hours[0] == pytest.approx(2.8)
    same = np.flatnonzero(np.abs(past.at - NOW / (24 * HOUR)) < 1e-6)
    assert past.promise[same].tolist() == [PEAK] and past.promise_hours[same][0] == pytest.approx(2.8)


def test_a_dataset_with_hourly_forecasts_promises_and_one_without_does_not(tmp_path: Path) -> None:
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'")

    def table(name: str, rows: str) -> None:
        db.execute(f"COPY ({rows}) TO '{tmp_path / name}.parquet' (FORMAT parquet)")

    table(
        "forecasts",
        f"""SELECT 'KNYC' AS station, 'high' AS variable, DATE '2026-09-01' AS climate_day, 'nws' AS source,
        TIMESTAMPTZ '{iso(NOW)}' AS issued_at, 0 AS lead_days, 88.0 AS value_f""",
    )
    table(
        "observations",
        f"""SELECT 'KNYC' AS station, DATE '2026-09-01' AS climate_day,
        TIMESTAMPTZ '{iso(NOW)}' AS observed_at, 12.2 AS hour_local, 84.0 AS temp_f, 84.0 AS max_so_far_f""",
    )
    without = dataset.read(dataset.open_dataset(tmp_path))
    assert np.isnan(without.promise).all()
    table("hourly_forecasts", " UNION ALL ".join(
        f"""SELECT 'KNYC' AS station, '{r["source"]}' AS source, TIMESTAMPTZ '{r["issued_at"]}' AS issued_at,
        TIMESTAMPTZ '{r["valid_at"]}' AS valid_at, {r["value_f"]} AS value_f""" for r in hourly()))  # fmt: skip
    found = dataset.read(dataset.open_dataset(tmp_path))
    assert found.promise.tolist() == [PEAK] and found.promise_hours[0] == pytest.approx(2.8)
