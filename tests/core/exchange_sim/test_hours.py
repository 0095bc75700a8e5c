"""When the weekly pause is, over the year: three to five in the morning in New York, whatever that is in UTC."""

import pytest

from core.exchange.hours import next_pause, paused_by_schedule
from core.units import HOUR, Instant, instant, iso
from quoter.backtest.dates import pauses


@pytest.mark.parametrize(
    ("now", "begins", "ends"),
    [("2026-11-26T00:00:00Z", "2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z"),  # winter
     ("2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z"),  # the first moment of it
     ("2026-11-26T10:00:00Z", "2026-12-03T08:00:00Z", "2026-12-03T10:00:00Z"),  # the first moment after it
     ("2026-07-23T06:59:59Z", "2026-07-23T07:00:00Z", "2026-07-23T09:00:00Z"),  # summer
     ("2026-03-05T12:00:00Z", "2026-03-12T07:00:00Z", "2026-03-12T09:00:00Z"),  # the clocks go forward on the 8th
     ("2026-10-29T12:00:00Z", "2026-11-05T08:00:00Z", "2026-11-05T10:00:00Z"),  # and back on the 1st of November
     ("2026-12-31T09:00:00Z", "2026-12-31T08:00:00Z", "2026-12-31T10:00:00Z")],
)  # fmt: skip
def test_the_weekly_pause_is_thursday_morning_in_new_york(now: str, begins: str, ends: str) -> None:
    at = instant(now)
    assert next_pause(at) == (instant(begins), instant(ends))
    assert paused_by_schedule(at) == (instant(begins) <= at)


def test_a_year_of_hours_says_what_the_backtest_s_calendar_says() -> None:
    first = instant("2026-01-01T00:00:00Z")
    found = {next_pause(Instant(first + k * HOUR)) for k in range(365 * 24)}
    assert sorted(found)[:-1] == pauses(first, instant("2027-01-01T00:00:00Z")), [iso(a) for a, _ in sorted(found)[:2]]
