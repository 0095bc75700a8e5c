"""The weight of the model in the blend is earned, event by event, and lost again."""

from datetime import date

import numpy as np
import pytest

from core.fair import blend, weights
from core.fair.weights import Said
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, Instant


def history(events: int, model_noise: float, market_noise: float, phase: str = "ahead") -> list[Said]:
    """Outcomes drawn from a hidden truth that model and market each see through noise on the log scale."""
    rng = np.random.default_rng(11)
    found = []
    for k in range(events):
        truth = rng.dirichlet(np.full(6, 1.5))
        paid = int(rng.choice(6, p=truth))

        def seen(noise: float, truth: np.ndarray = truth) -> tuple[float, ...]:
            p = truth * np.exp(noise * rng.normal(size=6))
            return tuple(map(float, p / p.sum()))

        found.append(Said("KNYC", "high", phase, f"event-{k}", float(k), seen(model_noise), seen(market_noise), paid))
    return found


def test_a_model_without_skill_is_voted_out() -> None:
    """Against a market that knows the odds; one that overstates them is rightly flattened by any other opinion."""
    nothing = tuple([1 / 6] * 6)
    past = [s._replace(model=nothing) for s in history(200, 0.0, 0.0)]
    noise = history(200, 2.0, 0.0)
    for said in (past, noise):
        learnt = weights.learn(said, 200.0)
        assert learnt.of["KNYC high ahead"] < 0.05


def test_a_model_that_knows_more_than_the_market_is_listened_to() -> None:
    learnt = weights.learn(history(150, 0.2, 0.8), 150.0)
    assert learnt.of["KNYC high ahead"] > 0.5


def test_a_result_that_is_not_known_yet_teaches_nothing() -> None:
    past = history(60, 0.2, 0.8)
    assert weights.learn(past, 30.0) == weights.learn(past[:31], 30.0)


def test_a_station_without_a_past_takes_what_its_phase_learnt_and_before_that_the_prior() -> None:
    day = StationDay(BY_CODE["KDEN"], Variable.HIGH, date(2026, 11, 24))
    before, today = Instant(day.start - 12 * HOUR), Instant(day.start + 14 * HOUR)
    learnt = weights.learn(history(80, 0.2, 0.8), 80.0)
    assert learnt.at(day, before) == learnt.phases["high ahead"]
    assert learnt.at(day, today) == weights.unlearnt("afternoon") < weights.unlearnt("ahead")


def test_the_likelihood_is_that_of_the_pool() -> None:
    said = history(1, 0.3, 0.3)[0]
    found = weights.likelihoods(said)
    for weight in (0.0, 0.4, 1.0):
        pooled = blend.pool(np.array(said.model), np.array(said.market), weight)
        at = int(np.argmin(np.abs(weights.GRID - weight)))
        assert found[at] == pytest.approx(np.log(pooled[said.paid]), abs=1e-3)
