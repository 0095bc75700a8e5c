"""`kwm score` and `kwm blend` on real history, as a person calls them, measured by an independent yardstick."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from core.cli import app
from tests.shared import shared

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "name,since,crps,brier,log_loss",
    [("knyc_models", "2024-01-01", 1.36, 0.1172, 1.37), ("nyc_midday", "2025-02-01", 0.82, 0.100, 1.20)],
)
def test_the_walk_keeps_its_bounds(
    name: str, since: str, crps: float, brier: float, log_loss: float, tmp_path: Path
) -> None:
    folder, out, result = shared(f"bench/{name}"), tmp_path / "predictions.parquet", tmp_path / "result.json"
    called = CliRunner().invoke(app, ["score", str(folder), "--from", since, "--out", str(out)])
    assert called.exit_code == 0, called.output
    subprocess.run(
        [sys.executable, str(shared("bench/score.py")), str(folder), str(out), "--from", since, "--json", str(result)],
        check=True, capture_output=True,
    )  # fmt: skip
    found = json.loads(result.read_text())["predictions"]
    assert found["missing"] == 0
    assert found["crps"] <= crps and found["brier"] <= brier and found["logloss"] <= log_loss, found


CUT = "2025-03-01 18:30:00+00"
_SHIFTED = {
    "forecasts": "value_f + 10 * (issued_at::TIMESTAMPTZ > $cut)::INT AS value_f",
    "outcomes": "value_f + 10 * ((climate_day + INTERVAL 36 HOUR)::TIMESTAMPTZ > $cut)::INT AS value_f",
    "observations": "max_so_far_f + 10 * (observed_at::TIMESTAMPTZ > $cut)::INT AS max_so_far_f",
    "hourly_forecasts": "value_f + 10 * (issued_at > $cut)::INT AS value_f",
}


def test_a_dataset_s_future_ten_degrees_warmer_changes_no_prediction_before_it(tmp_path: Path) -> None:
    """Forecasts, outcomes, observations and hourly forecasts, from files to the predictions written."""
    source = shared("bench/nyc_midday")
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'")
    told = {}
    for name, shift in (("plain", False), ("shifted", True)):
        folder = tmp_path / name
        folder.mkdir()
        for table, change in _SHIFTED.items():
            rows = f"SELECT * FROM '{source / table}.parquet' WHERE climate_day BETWEEN '2024-01-01' AND '2025-03-10'"
            if table == "hourly_forecasts":  # there are none: ten hours after each report
                rows = f"""SELECT station, 'nws_grid_hourly' AS source, observed_at::TIMESTAMPTZ AS issued_at,
                    date_trunc('hour', observed_at::TIMESTAMPTZ) + to_hours(k) AS valid_at, temp_f + 2 - k AS value_f
                    FROM '{source}/observations.parquet', range(0, 11) r(k)
                    WHERE climate_day BETWEEN '2025-02-01' AND '2025-03-10'"""
            chosen = (
                f"SELECT * REPLACE ({change.replace('$cut', f"TIMESTAMPTZ '{CUT}'")}) FROM ({rows})" if shift else rows
            )
            db.execute(f"COPY ({chosen}) TO '{folder / table}.parquet' (FORMAT parquet)")
        out = tmp_path / f"{name}.parquet"
        called = CliRunner().invoke(app, ["score", str(folder), "--from", "2025-02-15", "--out", str(out)])
        assert called.exit_code == 0, called.output
        told[name] = db.execute(
            f"SELECT issued_at::TIMESTAMPTZ > '{CUT}', pmf FROM '{out}' ORDER BY issued_at"
        ).fetchall()
    before, after = ([row for row in told["plain"] if row[0] is late] for late in (False, True))
    assert len(before) > 10 and before == told["shifted"][: len(before)]
    assert all(a != b for a, b in zip(after[1:], told["shifted"][len(before) + 1 :], strict=True)), "the shift is seen"
