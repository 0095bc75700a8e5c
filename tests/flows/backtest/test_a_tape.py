"""`kwm backtest TAPE`: from frames to the report, with the queue of the recorded books."""

from pathlib import Path

import duckdb
import pytest

from core.tape.check import check
from core.tape.reader import files, records
from tests.core.tape import made
from tests.flows.backtest.test_command import kwm

pytestmark = pytest.mark.slow


def test_a_tape_is_backtested_as_it_lies(tmp_path: Path) -> None:
    tape, out = made.tape(tmp_path / "data", minutes=600), tmp_path / "out"
    assert check(records(files(tape))).fault_count == 0
    asked = ("backtest", str(tape), "--out", str(out), "--arms", "market_only", "--workers", "1")
    said = kwm(*asked)
    assert "converted to" in said
    db = duckdb.connect(str(out / "results.duckdb"), read_only=True)
    events, contracts, settled, trades = db.execute(
        "SELECT count(*), sum(contracts), bool_and(settled), sum(trades) FROM cells WHERE arm = 'market_only'"
    ).fetchall()[0]
    assert (events, settled, trades) == (1, True, 599)
    assert "Books as recorded" in (out / "report.html").read_text()
    assert contracts > 30
    db.close()
