"""The model: laws it must keep whatever it learns, and that it never sees the future."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from core.fair import emos, nowcast, stored
from core.fair.assemble import Pricer
from core.fair.cases import GROUP, REPORTS, Cases, Extreme, Issued, Moment, Outcome, Promise, Spread, gather
from core.fair.coefficients import NEUTRAL
from core.fair.distribution import DEGREES, pmf
from core.fair.past import collect, errors_of, rolling
from core.fair.refit import newest_errors, refit
from core.fair.walk import walk
from core.fair.weights import Weights
from core.station_day import Variable

STATIONS = ("KNYC", "KLAS")
FIRST = 20_000


def made(days: int = 150, seed: int = 5, shift_after: float = np.inf) -> Cases:
    """Two stations, highs and lows, leads 0 to 6, a forecast that is 1.5 degrees too cold; from `shift_after` on
    (days) everything that becomes known is ten degrees warmer."""
    rng = np.random.default_rng(seed)
    issued, outcomes, spreads, extremes, moments, promises = [], [], [], [], [], []
    for station in STATIONS:
        for variable, level in (("high", 60.0), ("low", 40.0)):
            for d in range(FIRST, FIRST + days):
                truth = level + 15 * np.sin(d / 58.0) + 5 * rng.normal()
                known = d + 1.5
                outcomes.append(Outcome(station, variable, d, round(truth) + 10.0 * (known > shift_after), known))
                for lead in range(7):
                    at = d - lead + 0.35
                    value = truth - 1.5 + (1.5 + 0.5 * lead) * rng.normal() + 10.0 * (at > shift_after)
                    issued.append(Issued(station, variable, d, "nws_grid", at, lead, value))
                    other = truth + (2.0 + 0.5 * lead) * rng.normal() + 10.0 * (at > shift_after)
                    issued.append(Issued(station, variable, d, "nbm", at - 0.05, -1, other))
                    spreads.append(Spread(station, variable, d, at - 0.05, other, 2.0 + 0.5 * lead))
                at = d + 0.75
                far = 2.0 if variable == "high" else -2.0
                extreme = round(truth - far) + 10.0 * (at > shift_after)
                extremes.append(Extreme(station, variable, d, at, 13.0, extreme, extreme))
                at = d + 0.76
                moments.append(Moment(station, variable, d, at, 0))
                ahead = truth + rng.normal() + 10.0 * (at > shift_after)
                promises.append(Promise(station, variable, d, at, ahead, 4.0, at - 0.05))
    return gather(issued, outcomes, spreads, extremes, moments, promises=promises)


@pytest.fixture(scope="module")
def cases() -> Cases:
    return made()


@pytest.fixture(scope="module")
def fitted(cases: Cases) -> emos.Model:
    return emos.fit(cases, emos.past_of(cases), FIRST + 120.0)


def test_what_the_hours_left_promise_is_learnt_to_matter(cases: Cases, fitted: emos.Model) -> None:
    """In this world the promise errs by one degree and the forecast by one and a half."""
    late = np.flatnonzero((cases.day >= FIRST + 122) & ~np.isnan(cases.promise))
    its, past = emos.take(cases, late), emos.take_past(emos.past_of(cases), late)
    found = emos.predict(fitted, its, past)
    assert set(its.variable) == {"high", "low"} and fitted.context.promised == ("high", "low")
    blind = replace(its, promise=np.full(len(its), np.nan), promise_hours=np.full(len(its), np.nan))
    without = emos.predict(fitted, blind, past)
    miss = [np.abs(p @ DEGREES - its.outcome).mean() for p in (found, without)]
    assert miss[0] < miss[1]


def test_every_case_of_either_extreme_and_any_lead_sums_to_one(cases: Cases, fitted: emos.Model) -> None:
    found = emos.predict(fitted, cases, emos.past_of(cases))
    assert set(cases.lead) == set(range(7)) and set(cases.variable) == {"high", "low"}
    assert np.allclose(found.sum(axis=1), 1.0) and found.min() >= 0.0


def test_it_learns_that_the_forecast_is_too_cold_and_how_far_it_misses(cases: Cases, fitted: emos.Model) -> None:
    later = np.flatnonzero((cases.day >= FIRST + 122) & ~cases.observed)
    found = emos.predict(fitted, emos.take(cases, later), emos.take_past(emos.past_of(cases), later))
    mean = found @ DEGREES
    sd = np.sqrt(np.maximum(found @ DEGREES**2 - mean**2, 0))
    z = (cases.outcome[later] - mean) / sd
    assert abs(z.mean()) < 0.25 and 0.8 < z.std() < 1.2
    by_lead = [sd[cases.lead[later] == lead].mean() for lead in (0, 3, 6)]
    assert by_lead[0] < by_lead[1] < by_lead[2], "farther ahead is less certain"


@pytest.mark.slow
def test_nothing_after_a_row_s_moment_changes_its_prediction() -> None:
    """Everything that becomes known after day 100 is ten degrees warmer; what was predicted by then is the same."""
    now = FIRST + 100.0
    plain, shifted = made(), made(shift_after=now)
    a, b = walk(plain, FIRST + 85), walk(shifted, FIRST + 85)
    before, after = (np.flatnonzero((c.at <= now) & (c.day >= FIRST + 85)) for c in (plain, shifted))
    assert len(before) == len(after) > 100
    assert np.array_equal(a[before], b[after])
    later = np.flatnonzero(plain.at > now + 3)
    assert not np.allclose(a[later], b[later]), "the shift is one that would be seen"


def test_more_width_is_wider_and_a_warmer_forecast_warmer(cases: Cases, fitted: emos.Model) -> None:
    some = np.flatnonzero(~cases.observed)[-40:]
    its, past = emos.take(cases, some), emos.take_past(emos.past_of(cases), some)
    plain, wide = emos.predict(fitted, its, past), emos.predict(fitted, its, past, 1.3)
    variance = [p @ DEGREES**2 - (p @ DEGREES) ** 2 for p in (plain, wide)]
    assert (variance[1] > variance[0]).all()
    warmer = replace(its, ref=its.ref + 2.0, sources=its.sources + 2.0)
    assert (emos.predict(fitted, warmer, past) @ DEGREES > plain @ DEGREES).all()


def test_what_was_stored_predicts_exactly_what_was_fitted(cases: Cases, fitted: emos.Model) -> None:
    errors = newest_errors(errors_of(cases), FIRST + 150.0)
    past = collect(errors)
    read = stored.decode(stored.encode(Pricer(fitted, past, Weights({"a": 0.3}, {"b": 0.1})), errors))
    assert read.weights == Weights({"a": 0.3}, {"b": 0.1})
    a = emos.predict(fitted, cases, rolling(cases, past))
    assert np.array_equal(a, emos.predict(read.model, cases, rolling(cases, read.past)))


@pytest.mark.slow
def test_a_refit_on_spoilt_data_is_refused_and_the_old_model_keeps_the_newest_errors(cases: Cases) -> None:
    now = FIRST + 140.0
    first = refit(cases, [], stored.unfitted(NEUTRAL), NEUTRAL, now)
    assert first.accepted and first.new < first.old
    spoilt = replace(cases, outcome=cases.outcome.copy())
    early = np.flatnonzero(spoilt.day < now - 61)
    spoilt.outcome[early] += np.random.default_rng(1).normal(0, 40, len(early)).round()
    second = refit(spoilt, [], first.pricer, NEUTRAL, now + 1)
    assert not second.accepted and second.words.startswith("refused")
    assert second.pricer.model is first.pricer.model
    assert len(second.errors) >= len(first.errors)


@pytest.mark.parametrize("mean,sd", [(71.3, 2.4), (50.0, 0.8), (-3.6, 6.0)])
def test_three_roads_to_the_probability_of_a_degree(mean: float, sd: float) -> None:
    """Closed form, quadrature of the density, and counting draws."""
    found = pmf(mean, sd, 8.0)
    scale = sd * (6 / 8) ** 0.5
    draws = np.round(stats.t.rvs(8, mean, scale, size=400_000, random_state=3))
    for k in range(round(mean) - 3, round(mean) + 4):
        one = found[k == DEGREES][0]
        by_quadrature = integrate.quad(lambda x: stats.t.pdf(x, 8, mean, scale), k - 0.5, k + 0.5)[0]
        assert one == pytest.approx(by_quadrature, abs=1e-6)
        assert one == pytest.approx((draws == k).mean(), abs=0.004)


@pytest.mark.parametrize("promise,by", [(np.nan, REPORTS), (78.0, REPORTS), (84.0, REPORTS), (78.0, GROUP)])
@pytest.mark.parametrize("variable", list(Variable))
def test_three_roads_to_the_mean_of_the_day_s_extreme(variable: Variable, promise: float, by: int) -> None:
    """Clark's formula, counting draws and quadrature, for what was seen and what is left of the day."""
    ref, sd, extreme, hour = 81.0, 2.4, 79.0, 11.0
    mean, spread = nowcast.expected(variable, *(np.array([x]) for x in (ref, sd, extreme, hour, by, promise, 4.0)))
    steps, chances = zip(*nowcast._OFFSETS[variable][by], strict=True)
    offset = float(np.dot(steps, chances))
    seen_sd = float(np.sqrt(np.dot(chances, (np.array(steps) - offset) ** 2)))
    left = nowcast.share_left_at(variable, hour)
    m, r, r_sd = extreme + offset, left * ref + (1 - left) * extreme, sd * left
    if variable is Variable.HIGH:  # the forecast says that more is to come
        r_sd = float(np.sqrt(r_sd**2 + 0.5 * left * (1 - left) * (ref - extreme) ** 2))
    if not np.isnan(promise):  # four hours ahead it errs by 0.85 of the day's sd
        forecast, hourly = left / sd**2, 1 / (0.85 * sd) ** 2
        whole_hours = float(np.dot(*zip(*nowcast._OFFSETS[variable][REPORTS], strict=True)))
        r, r_sd = (forecast * ref + hourly * (promise + whole_hours)) / (forecast + hourly), 0.85 * sd
    rng = np.random.default_rng(2)
    pick = np.maximum if variable is Variable.HIGH else np.minimum
    draws = pick(rng.normal(m, seen_sd, 500_000), rng.normal(r, r_sd, 500_000))
    assert mean[0] == pytest.approx(draws.mean(), abs=0.02) and spread[0] == pytest.approx(draws.std(), abs=0.02)
    sign = 1 if variable is Variable.HIGH else -1
    cdf = lambda x: stats.norm.cdf(x, sign * m, seen_sd) * stats.norm.cdf(x, sign * r, r_sd)  # noqa: E731 - one line
    low = sign * m - 40
    by_quadrature = sign * (low + integrate.quad(lambda x: 1 - cdf(x), low, low + 80, limit=200)[0])
    assert mean[0] == pytest.approx(by_quadrature, abs=1e-3)
