"""The yardsticks of every day: hand-made ladders, and an alarm that rings when it should and only then."""

import numpy as np
import pytest

from core.contract import Bracket
from core.fair import verify
from core.fair.verify import Told

LADDER = (0.1, 0.2, 0.4, 0.2, 0.05, 0.05)


def told(day: int, model: tuple[float, ...], market: tuple[float, ...], paid: int) -> Told:
    return Told("KNYC", "high", "ahead", f"event-{day}", day, {"model": model, "market": market}, paid)


def test_scores_of_one_ladder_by_hand() -> None:
    brier, log_loss, crps, pit = verify.of(np.array(LADDER), 2)
    assert brier == pytest.approx((0.01 + 0.04 + 0.36 + 0.04 + 0.0025 + 0.0025) / 6)
    assert log_loss == pytest.approx(-np.log(0.4))
    assert crps == pytest.approx(2 * (0.1**2 + 0.3**2 + 0.3**2 + 0.1**2 + 0.05**2))
    assert pit == pytest.approx(0.5)


def test_draws_from_the_ladder_itself_are_reliable_and_their_pit_has_no_bias() -> None:
    rng = np.random.default_rng(4)
    some = [told(d, LADDER, LADDER, int(rng.choice(6, p=LADDER))) for d in range(4000)]
    for p, hit, number in verify.reliability(some, "model"):
        assert hit == pytest.approx(p, abs=4 * (p * (1 - p) / number) ** 0.5)
    assert verify.pits(some, "model").mean() == pytest.approx(0.5, abs=0.02)
    assert {(s.who, s.station) for s in verify.scores(some)} == {
        (who, station) for who in ("model", "market") for station in ("KNYC", "all")
    }


def test_a_model_that_loses_its_way_rings_and_one_that_keeps_it_does_not() -> None:
    rng = np.random.default_rng(5)
    wrong = LADDER[::-1]
    steady, lost = [], []
    for day in range(60):
        for _ in range(20):
            paid = int(rng.choice(6, p=LADDER))
            steady.append(told(day, LADDER, (*LADDER[:2], 0.35, 0.25, *LADDER[4:]), paid))
            lost.append(told(day, wrong if day >= 53 else LADDER, (*LADDER[:2], 0.35, 0.25, *LADDER[4:]), paid))
    assert not verify.drift(steady, 60).drifted
    assert verify.drift(lost, 60).drifted
    assert not verify.drift(lost[:100], 60).drifted, "too few days to tell"


def test_climatology_needs_a_past() -> None:
    shapes = [Bracket(None, 50), Bracket(51, 52), Bracket(53, None)]
    assert verify.climatology([50.0] * 9, shapes) is None
    found = verify.climatology([50.0, 52.0] * 10, shapes)
    assert found is not None and sum(found) == pytest.approx(1.0)
