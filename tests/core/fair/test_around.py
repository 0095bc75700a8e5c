"""What is forecast elsewhere: known at the moment, never later; and a model learns from it what a city cannot know."""

import numpy as np

from core.fair import emos, stored
from core.fair.assemble import Pricer
from core.fair.cases import Cases, Issued, Outcome, gather
from core.fair.distribution import DEGREES
from core.fair.features import departures
from core.fair.past import collect, errors_of
from core.fair.walk import walk
from core.fair.weights import Weights

PLACES = ("KAAA", "KBBB", "KCCC", "KDDD")
FIRST = 20_000


def issued(station: str, at: float, value: float, day: int = FIRST) -> Issued:
    return Issued(station, "high", day, "nws", at, 0, value)


def test_elsewhere_is_the_newest_that_was_known_and_fresh() -> None:
    cases = gather([
        issued("KAAA", FIRST - 2.0, 50.0), issued("KAAA", FIRST + 0.1, 60.0), issued("KBBB", FIRST + 0.2, 70.0),
        issued("KBBB", FIRST + 0.3, 71.0), issued("KAAA", FIRST + 0.4, 61.0),
        issued("KAAA", FIRST + 0.4, 40.0, FIRST + 1),
    ], [])  # fmt: skip
    assert cases.places == ("KAAA", "KBBB")
    of = {(s, int(d), round(t - FIRST, 1)): row for s, d, t, row in
          zip(cases.station, cases.day, cases.at, cases.around.tolist(), strict=True)}  # fmt: skip
    assert of["KAAA", FIRST, 0.1][0] == 60.0 and np.isnan(of["KAAA", FIRST, 0.1][1]), "its neighbour's came later"
    assert of["KBBB", FIRST, 0.2] == [60.0, 70.0], "two days older is no word any more"
    assert of["KBBB", FIRST, 0.3] == [60.0, 71.0]
    assert of["KAAA", FIRST, 0.4] == [61.0, 71.0]
    assert of["KAAA", FIRST + 1, 0.4][0] == 40.0 and np.isnan(of["KAAA", FIRST + 1, 0.4][1]), "of another day"


def windy(share: float, days: int = 420) -> Cases:
    """Four cities; where it is to be warm in the second, the first becomes warmer than its own forecast by `share`."""
    rng = np.random.default_rng(11)
    rows, outcomes = [], []
    for d in range(FIRST, FIRST + days):
        normal = 60 + 15 * np.sin(2 * np.pi * d / 365.2425)
        apart = 7 * rng.normal(size=4)
        for k, station in enumerate(PLACES):
            rows.append(issued(station, d + 0.5, round(normal + apart[k]), d))
            truth = normal + apart[k] + (share * apart[1] if k == 0 else 0.0) + 1.5 * rng.normal()
            outcomes.append(Outcome(station, "high", d, round(truth), d + 1.5))
    return gather(rows, outcomes)


def misses(cases: Cases) -> float:
    """Mean absolute error of the first city's mean over the last hundred days."""
    found = walk(cases, FIRST + 320)
    rows = (cases.station == PLACES[0]) & (cases.day >= FIRST + 320)
    return float(np.abs(found[rows] @ DEGREES - cases.outcome[rows]).mean())


def test_the_model_learns_what_the_weather_elsewhere_says_of_a_city() -> None:
    blown, still = misses(windy(0.4)), misses(windy(0.0))
    assert still < 1.6
    assert blown < still + 0.35, "blind to the other city it would miss by 2.5 degrees"


def test_departures_are_nought_where_nothing_is_known_and_patterns_are_kept_in_the_file() -> None:
    cases = windy(0.2)
    past = emos.past_of(cases)
    model = emos.fit(cases, past, float(FIRST + 400))
    assert np.array(model.context.patterns).shape == (4, 4)
    alone = gather([issued("KAAA", FIRST + 401.5, 60.0, FIRST + 401)], [])
    apart = departures(alone, model.context)
    assert apart[0, 0] != 0.0 and (apart[0, 1:] == 0.0).all()
    errors = errors_of(cases)
    again = stored.decode(stored.encode(Pricer(model, collect(errors), Weights()), errors))
    assert again.model.context.patterns == model.context.patterns
