"""Fair values: laws, hand-made cases, and what missing inputs do."""

from datetime import date

import numpy as np
import pytest

from core.contract import Bracket
from core.errors import Refused
from core.exchange.listing import ladder as listed
from core.fair import blend, brackets, coefficients, nowcast, scoring, stored
from core.fair.assemble import fair_events
from core.fair.distribution import DEGREES, moments, pmf
from core.fair.live import Known
from core.publication import check_event
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant, Money, Price
from core.weather.rows import ClimateRow, ForecastRow, ObservationRow

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 11, 24))
MARKETS = listed(DAY, 44, Instant(DAY.start - 10 * HOUR))
BEFORE = Instant(DAY.start - 6 * HOUR)
PRICER = stored.unfitted(coefficients.load())
LADDER = [m.bracket for m in MARKETS]


def forecast(value: float, issued: Instant, source: str = "nws_grid") -> ForecastRow:
    return ForecastRow(station="KNYC", variable=Variable.HIGH, day=DAY.day, source=source, issued_at=issued,
                       received_at=Instant(issued + MINUTE), value_f=value)  # fmt: skip


def fair(inputs: Known, now: Instant = BEFORE, prices: dict[str, tuple[Price | None, Price | None]] | None = None):  # type: ignore[no-untyped-def]  # EventFair | Refused
    event = {DAY.event_ticker: MARKETS}
    return fair_events(event, inputs, PRICER, now, Instant(now + HOUR), Money(60_000_000), prices)[DAY.event_ticker]


@pytest.mark.parametrize("df", [None, 8.0, 30.0])
def test_a_pmf_sums_to_one_and_keeps_its_moments(df: float | None) -> None:
    found = pmf(47.3, 2.5, df)
    mean, sd = moments(found)
    assert found.sum() == pytest.approx(1.0) and mean == pytest.approx(47.3, abs=0.01)
    assert sd == pytest.approx(2.5, abs=0.08)


def test_half_a_degree_on_each_side_belongs_to_a_whole_degree() -> None:
    found = pmf(50.0, 2.0, None)
    assert found[DEGREES == 50][0] == pytest.approx(0.1974, abs=1e-4)  # Phi(0.25) - Phi(-0.25)


def test_brackets_sum_to_one_and_are_never_certain() -> None:
    for mean in (20.0, 47.0, 90.0):
        found = brackets.ladder(pmf(mean, 1.0), LADDER)
        assert found.sum() == pytest.approx(1.0) and found.min() > 0 and found.max() < 1


def test_many_ladders_at_once_are_the_ladders_one_by_one() -> None:
    mean, sd = np.array([44.2, 47.0, 51.9]), np.array([0.8, 2.5, 4.0])
    together = brackets.ladders(mean, sd, LADDER)
    for k in range(3):
        assert np.allclose(together[k], brackets.ladder(pmf(mean[k], sd[k]), LADDER), atol=1e-6)


def test_a_warmer_forecast_moves_weight_up_and_the_slopes_sum_to_nothing() -> None:
    slopes = brackets.slopes(pmf(48.0, 2.5), LADDER)
    assert slopes[0] < 0 < slopes[-1] and slopes.sum() == pytest.approx(0.0, abs=1e-9)


def test_the_slope_of_a_two_degree_bracket_is_the_published_one() -> None:
    """At mean 70, sd 2.5 normal: 72-73 gains 7.3 cents a degree (over a whole degree up and down: 6.9)."""
    found = brackets.slopes(pmf(70.0, 2.5, None), [Bracket(None, 71), Bracket(72, 73), Bracket(74, None)])
    assert found[1] == pytest.approx(0.073, abs=0.005)


def test_max_and_min_of_independent_degrees_by_brute_force() -> None:
    a, b = pmf(50, 1.5), pmf(51, 2.5)
    kept = np.flatnonzero((a > 1e-9) | (b > 1e-9))
    for variable, pick in ((Variable.HIGH, max), (Variable.LOW, min)):
        brute = np.zeros(len(DEGREES))
        for i in kept:
            for k in kept:
                brute[pick(i, k)] += a[i] * b[k]
        assert np.allclose(nowcast.combine(a, b, variable), brute, atol=1e-7)


def test_no_forecast_no_fair_value() -> None:
    assert isinstance(fair(Known()), Refused)


def test_an_old_forecast_is_no_forecast() -> None:
    assert isinstance(fair(Known(forecasts=[forecast(48, Instant(BEFORE - 13 * HOUR))])), Refused)


def test_a_forecast_received_later_cannot_be_used_now() -> None:
    assert isinstance(fair(Known(forecasts=[forecast(48, Instant(BEFORE + HOUR))])), Refused)


def test_fair_values_are_a_valid_event_of_a_publication() -> None:
    found = fair(Known(forecasts=[forecast(48, Instant(BEFORE - HOUR))]))
    check_event(found)
    assert found.valid_until == BEFORE + HOUR and found.vintages["nws_grid"] == BEFORE - HOUR
    assert "no usable market" in " ".join(found.quality)


def test_a_second_rate_source_widens() -> None:
    first = fair(Known(forecasts=[forecast(48, Instant(BEFORE - HOUR))]))
    second = fair(Known(forecasts=[forecast(48, Instant(BEFORE - HOUR), "nws_forecast")]))
    assert second.sd_f > first.sd_f and any("no fresh nws_grid" in q for q in second.quality)


def observation(value: float, at: Instant) -> ObservationRow:
    return ObservationRow(station="KNYC", observed_at=at, received_at=Instant(at + MINUTE), kind="metar",
                          low_f=value - 0.09, high_f=value + 0.09)  # fmt: skip


def test_what_was_observed_is_a_floor_of_the_maximum() -> None:
    now = Instant(DAY.start + 15 * HOUR)
    seen = [observation(50.0 - hours, Instant(now - hours * HOUR)) for hours in range(1, 15)]
    inputs = Known(forecasts=[forecast(46, Instant(now - HOUR))], observations=seen)
    found = fair(inputs, now)
    assert found.observed_f == 49 and sum(p for degree, p in found.pmf if degree < 48) < 0.02


def test_the_final_report_leaves_only_settlement_noise() -> None:
    now = Instant(DAY.end + 3 * HOUR)
    report = ClimateRow(station="KNYC", product="CLINYC", day=DAY.day, issued_at=Instant(now - HOUR),
                        received_at=Instant(now - HOUR), final=True, as_of="", correction="",
                        max_f=47, min_f=30)  # fmt: skip
    found = fair(Known(climate=[report]), now)
    paid = next(x for x in found.markets if x.low == 46)
    assert paid.fair == pytest.approx(1 - brackets.SETTLEMENT_NOISE * 5 / 6, abs=1e-6)


def test_the_blend_lies_between_model_and_market_and_no_weight_is_the_market() -> None:
    model, market = brackets.ladder(pmf(46, 2.5), LADDER), brackets.ladder(pmf(50, 2.5), LADDER)
    assert np.allclose(blend.pool(model, market, 0.0), market, atol=1e-3)
    assert np.allclose(blend.pool(model, market, 1.0), model, atol=1e-9)
    half = blend.pool(model, market, 0.5)
    assert half.sum() == pytest.approx(1.0) and model[0] > half[0] > market[0]


def test_scores_of_a_perfect_and_a_hopeless_forecast() -> None:
    sure = nowcast.certain(47)
    assert scoring.crps(sure, 47) == 0.0 and scoring.crps(sure, 50) == 3.0
    assert scoring.brier(np.array([0.0, 1.0]), 1) == 0.0 and scoring.log_loss(np.array([0.5, 0.5]), 0) == pytest.approx(
        0.6931, abs=1e-4
    )


def test_a_ladder_with_a_bracket_missing_or_paying_twice_has_no_fair_value() -> None:
    """Five of six brackets would share what the sixth is worth; one that was settled early is not among the open."""
    now = Instant(DAY.start - 6 * HOUR)
    known = Known(forecasts=[forecast(46, Instant(now - HOUR))])
    for markets in (MARKETS[1:], MARKETS[:2] + MARKETS[3:], [*MARKETS, MARKETS[2]]):
        found = fair_events({DAY.event_ticker: markets}, known, PRICER, now, Instant(now + HOUR), Money(1_000_000))
        refused = found[DAY.event_ticker]
        assert isinstance(refused, Refused) and refused.reason == "ladder"


def test_a_certain_degree_leaves_every_bracket_its_share_of_the_settlement_noise() -> None:
    """Of 1,170 events two were not paid as the weather was: no bracket is worth nothing, none a dollar."""
    found = brackets.ladder(nowcast.certain(44), LADDER)
    assert found.min() == pytest.approx(0.004 / 6) and found.max() == pytest.approx(1 - 0.004 * 5 / 6)
