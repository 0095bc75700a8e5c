"""How sure a result is, by hand and by simulation; and the words that may be said of it."""

import importlib.util
import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.errors import SettingsError
from flows.backtest import report, summary
from flows.backtest.answer import plain
from flows.backtest.arms import full, named
from flows.backtest.statistics import band, deflated, drawdown, expected_best, ratio, resampled, sharpe
from flows.backtest.summary import HORIZONS, ArmLine


def line(name: str, daily: np.ndarray, fills: int = 100) -> ArmLine:
    marks = dict.fromkeys(HORIZONS, 0.5)
    return ArmLine(name, band(daily), (1.0, 0.5, 1.5), 1000.0, fills, 1.5, marks, 0.0, daily, sharpe(daily),
                   drawdown(daily), float(daily.min()), 0.5, 0.4, 0.1, 0.2, 10, 5.0, 3.0, 10, 9, 0)  # fmt: skip


def test_a_band_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    hits = [(b := band(rng.normal(1.0, 5.0, 150))).low <= 150.0 <= b.high for _ in range(120)]
    assert 0.85 <= np.mean(hits) <= 1.0


def test_days_that_hang_together_have_a_wider_band_in_blocks() -> None:
    rng = np.random.default_rng(3)
    walk = np.repeat(rng.normal(0, 1, 40), 5)
    assert resampled(walk, 5).std() > 1.5 * resampled(walk, 1).std()


def test_a_ratio_resamples_both_sides_of_the_same_days() -> None:
    contracts = np.array([10.0, 20.0, 30.0, 40.0] * 5)
    assert ratio(contracts * 0.02, contracts) == pytest.approx((0.02, 0.02, 0.02))
    assert np.isnan(ratio(np.zeros(3), np.zeros(3))[0])


def test_drawdown_and_sharpe_by_hand() -> None:
    assert drawdown([5, -3, -4, 10, -1]) == 7
    assert sharpe([1.0, 3.0]) == pytest.approx(2 / 2**0.5)
    assert sharpe([2.0, 2.0]) == 0.0


def test_the_best_of_many_worthless_strategies_is_deflated_to_nothing_special() -> None:
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 1, (50, 160))
    ratios = [sharpe(x) for x in noise]
    best = noise[int(np.argmax(ratios))]
    assert deflated(best, ratios) < 0.9 < deflated(best, [sharpe(best)]), "alone it would have looked convincing"
    assert expected_best(ratios) == pytest.approx(max(ratios), rel=0.4)
    assert deflated(rng.normal(0.5, 1, 160), ratios) > 0.95, "a true one survives"


@pytest.mark.parametrize(("mean", "word"), [(2.0, "Yes:"), (-2.0, "No:"), (0.0, "Not to be told")])
def test_the_answer_says_what_the_intervals_allow(mean: float, word: str) -> None:
    daily = np.random.default_rng(5).normal(0, 1, 100)
    daily += mean - daily.mean() + 0.01
    arms = {name: line(name, daily) for name in ("pessimistic", "base", "optimistic")}
    assert plain(arms, [], [], "somewhere").startswith(word)


def test_few_days_say_nothing() -> None:
    arms = {name: line(name, np.full(3, 5.0)) for name in ("pessimistic", "base", "optimistic")}
    told = plain(arms, [], [], "somewhere")
    assert "too few to say more" in told
    assert "+15 $ (too few days)" in told and "to +" not in told, "an interval of three days is none"
    assert report.short(arms["base"])["low"] is None


def test_a_loss_whose_interval_holds_zero_is_as_unsure_as_a_gain() -> None:
    daily = np.random.default_rng(5).normal(0, 1, 100)
    daily += -0.01 - daily.mean()
    arms = {name: line(name, daily) for name in ("pessimistic", "base", "optimistic")}
    assert plain(arms, [], [], "somewhere").startswith("Not to be told")


def test_arms_by_name() -> None:
    assert [a["name"] for a in named("core,fee")] == ["pessimistic", "base", "optimistic", "fee"]
    assert named("full") == full()
    with pytest.raises(SettingsError, match="wishful"):
        named("wishful")


def test_a_cluster_without_its_extra_says_how_to_get_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("prefect_dask") is not None:
        pytest.skip("the extra is installed here")
    from flows.backtest.cluster import spread  # Prefect is slow to import

    with pytest.raises(SettingsError, match=r"the extra `cluster`"):
        spread({"cells": [], "workers": 1}, tmp_path)


def test_worst_cases_of_events_at_the_same_time_are_added_up_against_the_limits_across_them() -> None:
    db = duckdb.connect()
    db.execute("CREATE TABLE cells (arm VARCHAR, city VARCHAR, event_ticker VARCHAR, exposure VARCHAR)")
    told = [("A", "A-1", [[0, 5_000], [10, 8_000], [20, 0]]), ("A", "A-2", [[15, 9_000], [30, 0]]),
            ("B", "B-1", [[5, 6_000], [25, 0]]), ("C", "C-1", [])]  # fmt: skip
    for city, ticker, steps in told:
        db.execute("INSERT INTO cells VALUES ('base', ?, ?, ?)", [city, ticker, json.dumps(steps)])
    found = {one.name: one for one in summary.across(db, "base", city=150.0, total=1_000.0)}
    assert list(found) == ["A", "B", "all cities"], "a city with nothing at risk is left out"
    assert (found["A"].highest, found["A"].over, found["A"].days_over) == (170.0, 5 / 30, 1)
    assert (found["B"].highest, found["B"].over) == (60.0, 0.0)
    assert (found["all cities"].highest, found["all cities"].over) == (230.0, 0.0)
    assert "A above 150 $ in 16.7% of the time" in report.bound(list(found.values()))[0]
