"""Numbers that cannot be are left out, and weather that is only sudden is not."""

from datetime import date

import pytest

from core.errors import Refused
from core.fair import coefficients, stored
from core.fair.assemble import Belief, believe
from core.fair.cases import QUANTILES
from core.fair.live import MAX_FORECAST_AGE, Known
from core.fair.screen import believable, strays
from core.fair.seen import Reading
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, Instant
from core.weather.rows import ForecastRow

PRICER = stored.unfitted(coefficients.load())
HIGH = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 7, 9))
NOW = Instant(HIGH.start - 6 * HOUR)


def forecast(source: str, value: float, at: Instant = Instant(NOW - HOUR)) -> ForecastRow:
    return ForecastRow(station="KNYC", variable=Variable.HIGH, day=HIGH.day, source=source, issued_at=at,
                       received_at=at, value_f=value)  # fmt: skip


def priced(**values: float) -> Belief:
    found = believe([HIGH], Known([forecast(s, v) for s, v in values.items()]), PRICER, NOW)[HIGH]
    assert isinstance(found, Belief)
    return found


@pytest.mark.parametrize("source", ["nws_grid", "nbm", "gfs_mos"])
@pytest.mark.parametrize("wild", [29.4, 120.0])
def test_one_wild_source_is_not_believed_and_said(source: str, wild: float) -> None:
    """29.4: a forecast of 85 °F in degrees Celsius by mistake."""
    sane = {"nws_grid": 85.0, "nbm": 84.0, "gfs_mos": 86.0, "hrrr": 85.0}
    without = priced(**{s: v for s, v in sane.items() if s != source})
    found = priced(**(sane | {source: wild}))
    assert float(found.pmf @ range(-60, 141)) == pytest.approx(float(without.pmf @ range(-60, 141)), abs=0.3)
    assert any(source in words and "not believed" in words for words in found.quality)
    assert found.pmf.max() < without.pmf.max(), "and what is missing widens"


def test_two_that_disagree_are_both_heard_and_a_longer_lead_may_differ_more() -> None:
    assert strays({"nws_grid": 85.0, "nbm": 29.4}, 0) == {}
    assert strays({"nws_grid": 85.0, "nbm": 84.0, QUANTILES: 30.0, "gfs_mos": 86.0, "hrrr": 85.0}, 0) == {
        QUANTILES: 85.0
    }
    apart = {"nws_grid": 70.0, "nbm": 71.0, "gfs_mos": 55.0}
    assert strays(apart, 0) == {"gfs_mos": 70.0} and strays(apart, 6) == {}


def readings(*values: float, step_h: float = 1.0) -> list[Reading]:
    return [Reading(k * step_h / 24.0, v) for k, v in enumerate(values)]


@pytest.mark.parametrize(
    "told,kept",
    [
        ((114, 72, 73, 72), (72, 73, 72)),  # the first of all
        ((72, 114, 73, 72), (72, 73, 72)),
        ((72, 114, 114, 73), (72, 73)),  # the same error twice
        ((72, 71, 114), (72, 71)),
        ((85, 84, 60, 59, 58), (85, 84, 60, 59, 58)),  # a front: the third report says that it is one
        ((85, 84, 60, 114, 59, 58), (85, 84)),  # never three that agree in a row: not yet
        ((40, 39), (40, 39)),
    ],
)
def test_a_typing_error_is_not_weather_and_a_front_is(told: tuple[float, ...], kept: tuple[float, ...]) -> None:
    assert tuple(r.value for r in believable(readings(*told))) == kept


def test_after_a_gap_nothing_is_compared_with_what_was_long_ago() -> None:
    assert len(believable([Reading(0.0, 85.0), Reading(0.5, 55.0)])) == 2


@pytest.mark.parametrize("age", [MAX_FORECAST_AGE, -1])
def test_a_forecast_of_exactly_twelve_hours_or_of_later_is_none(age: int) -> None:
    found = believe([HIGH], Known([forecast("nws_grid", 85.0, Instant(NOW - age))]), PRICER, NOW)[HIGH]
    assert isinstance(found, Refused) and found.reason == "no_forecast"
