"""What would have been published on past days: the market is heard before its last bracket has traded."""

from datetime import date

import numpy as np

from core.contract import Bracket
from core.fair import brackets
from core.fair.distribution import pmf
from core.fair.weights import Weights, phase_of
from core.history.ladder import Listed, PastEvent, Prints
from core.history.touch import Fitted
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant
from flows.backtest.fairs import Predicted, remembered, rows_of

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2024, 9, 2))
OPEN = Instant(DAY.start - 14 * HOUR)
SHAPES = [Bracket(None, 69), Bracket(70, 71), Bracket(72, 73), Bracket(74, 75), Bracket(76, 77), Bracket(78, None)]
EVENT = PastEvent(DAY.event_ticker, DAY, tuple(
    Listed(f"m{i}", shape, OPEN, DAY.end, i == 3) for i, shape in enumerate(SHAPES)
))  # fmt: skip
PAID = (300, 1_200, 3_000, 4_100, 2_200, 500)  # by buyers, one bracket after the other, a minute apart
TRADED = Prints(
    np.array([OPEN + HOUR + i * MINUTE for i in range(6)]), np.arange(6), np.array(PAID), np.full(6, 100),
    np.full(6, True),
)  # fmt: skip


def test_the_market_is_blended_in_before_every_bracket_has_traded_and_learnt_from_after() -> None:
    model = pmf(77.0, 2.5)
    known = [Predicted(OPEN, OPEN, model)]
    found = rows_of(EVENT, TRADED, None, known, Fitted(), Weights())
    ladder = brackets.ladder(model, SHAPES)
    fair, market = found["fair"].reshape(-1, 6), found["market"].reshape(-1, 6)
    at, weight = found["published_at"].reshape(-1, 6)[:, 0], found["weight"].reshape(-1, 6)[:, 0]
    before, after = np.flatnonzero(at < OPEN + HOUR), np.flatnonzero(at > OPEN + HOUR + 6 * MINUTE)[:1]
    five = np.flatnonzero(at == OPEN + HOUR + 4 * MINUTE)
    assert np.allclose(fair[before], ladder) and (weight[before] == 1.0).all()
    assert np.isnan(market[five]).all() and not np.isnan(market[after]).any()
    assert weight[after] < weight[five] < 1.0
    assert np.abs(fair[five] - fair[after]).max() < np.abs(ladder - fair[after]).max() / 5
    (said,) = remembered(EVENT, {name: rows[: (after[0] + 1) * 6] for name, rows in found.items()})
    assert np.array_equal(said.market, market[after[0]]), "nothing is learnt of a market that is partly our own"


def test_what_is_learnt_from_is_the_last_of_every_three_hours_as_in_production() -> None:
    """The first moment of a phase alone taught the backtest another weight than the flows would have learnt."""
    found = rows_of(EVENT, TRADED, None, [Predicted(OPEN, OPEN, pmf(77.0, 2.5))], Fitted(), Weights())
    at = found["published_at"][::6]
    whole = at[~np.isnan(found["market"].reshape(-1, 6)).any(axis=1) & ~np.isnan(found["model"][::6])]
    learnt = remembered(EVENT, found)
    assert len(learnt) == len(np.unique(whole // (3 * HOUR))) > 3
    assert {one.phase for one in learnt} == {phase_of(DAY, Instant(int(t))) for t in whole}
