"""A loss reads as a loss: the sign stands before the dollar."""

import pytest

from core.money_words import dollars
from core.up.status_line import status_line


@pytest.mark.parametrize(("value", "shown"), [
    (1234.5, "$1,234.50"), (-0.34, "-$0.34"), (-0.004, "$0.00"), (0.0, "$0.00"), (-1500.0, "-$1,500.00"),
])  # fmt: skip
def test_dollars_as_people_read_them(value: float, shown: str) -> None:
    assert dollars(value) == shown


def test_a_loss_on_the_line_of_kwm_up_reads_as_one() -> None:
    assert "PnL -$3.00" in status_line({"state": "quoting", "pnl": -3_000_000}, {}, {})
