"""`kwm score` and `kwm blend` on real history, as a person calls them, measured by an independent yardstick."""

import json
import subprocess
import sys
from pathlib import Path

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
