"""The same frames through our books and through nautilus_trader's, where it is installed in an interpreter of its own.

`KWM_NAUTILUS_PYTHON=/path/to/python make bench`; that interpreter needs nautilus_trader and msgspec.
"""

import json
import os
import statistics
import subprocess
from pathlib import Path

import pytest

from tests.bench.conftest import Keep
from tests.bench.test_feed_speed import CENTS, TICKERS, by_books, frames, snapshots

pytestmark = [pytest.mark.bench, pytest.mark.slow]
PYTHON = os.environ.get("KWM_NAUTILUS_PYTHON", "")
_PEER = Path(__file__).with_name("nautilus_peer.py")


@pytest.mark.skipif(not PYTHON, reason="KWM_NAUTILUS_PYTHON names no interpreter with nautilus_trader")
def test_books_cost_less_than_half_of_what_nautilus_takes(keep: Keep, tmp_path: Path) -> None:
    deltas = frames(100_000)
    file = tmp_path / "frames.jsonl"
    file.write_bytes(b"\n".join([*snapshots(), *deltas]))
    ratios = []
    for _ in range(5):
        told = subprocess.run([PYTHON, str(_PEER), str(file)], check=True, capture_output=True, text=True).stdout
        theirs, number, checksum = json.loads(told)
        spent, ours = by_books(deltas)
        assert number == len(deltas) + len(TICKERS)
        assert checksum == ours + len(TICKERS) * (CENTS["yes"][-1] + CENTS["no"][0]) * 100, "the same touch, always"
        ratios.append(theirs / 1e9 / spent)
    keep(times_faster=statistics.median(ratios), least=min(ratios))
    assert statistics.median(ratios) > 2.3
