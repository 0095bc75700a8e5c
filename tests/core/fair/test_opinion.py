"""A person's opinion in a fair value: how much it counts, what stands above it, and when it is over."""

import numpy as np
import pytest

from core.errors import Malformed
from core.fair import opinion
from core.fair.assemble import fair_events
from core.fair.distribution import DEGREES, moments, normal_cdf, pmf
from core.fair.live import Known
from core.fair.opinion import Opinion
from core.publication import EventFair, check_event
from core.station_day import StationDay, Variable
from core.units import HOUR, MINUTE, Instant, Money, Price
from core.weather.rows import ClimateRow
from tests.core.fair.test_fair import BEFORE, DAY, MARKETS, PRICER, forecast

LOW = StationDay(DAY.station, Variable.LOW, DAY.day)
MORNING = Instant(DAY.start + 8 * HOUR)


def given(mean: float, sd: float = 2.0, weight: float = 0.5, at: Instant = BEFORE, hours: int = 24) -> Opinion:
    return Opinion(DAY.event_ticker, mean, sd, weight, at, Instant(at + hours * HOUR), "the sea breeze")


def fair(one: Opinion | None, known: Known, now: Instant = BEFORE, prices=None) -> EventFair:  # type: ignore[no-untyped-def]  # Prices
    told = {} if one is None else {one.event_ticker: one}
    until = Instant(now + HOUR)
    found = fair_events({DAY.event_ticker: MARKETS}, known, PRICER, now, until, Money(1), prices, told)[
        DAY.event_ticker
    ]
    assert isinstance(found, EventFair), found
    check_event(found)
    return found


KNOWN = Known([forecast(46.0, Instant(BEFORE - HOUR))])


def mean_of(e: EventFair) -> float:
    """The ladder's own mean: each bracket's middle, the open ones a degree beyond."""
    middles = [(m.high - 1 if m.low is None else m.low + 1 if m.high is None else (m.low + m.high) / 2)
               for m in e.markets if m.high is not None or m.low is not None]  # fmt: skip
    return sum(m.fair * middle for m, middle in zip(e.markets, middles, strict=True))


def books(e: EventFair) -> dict[str, tuple[Price | None, Price | None]]:
    """A market that believes what the model does, a cent a side."""
    return {
        m.ticker: (Price(max(int(m.model * 10_000) - 100, 10)), Price(int(m.model * 10_000) + 100)) for m in e.markets
    }


def test_it_moves_the_fair_towards_itself_the_more_it_counts_and_alone_it_is_the_fair() -> None:
    alone = fair(None, KNOWN)
    assert alone.opinion == ""
    means = [mean_of(fair(given(50.0, weight=w), KNOWN, prices=books(alone))) for w in (0.1, 0.3, 0.6, 0.9)]
    assert mean_of(alone) < means[0] < means[1] < means[2] < means[3]
    mine = fair(given(50.0, weight=1.0), KNOWN, prices=books(alone))
    edges = [m.high + 0.5 for m in mine.markets[:-1] if m.high is not None]
    expected = np.diff(normal_cdf((np.array(edges) - 50.0) / 2.0), prepend=0.0, append=1.0)
    assert [m.fair for m in mine.markets] == pytest.approx(expected.tolist(), abs=0.005)
    assert mine.weight == pytest.approx(1.0) and mine.opinion.startswith(
        "50 ± 2 °F, counts 100%, until 24 Nov 23:00 UTC"
    )


def test_model_and_market_are_published_as_they_were_and_so_are_what_is_learnt_of_them() -> None:
    alone = fair(None, KNOWN)
    without, with_it = fair(None, KNOWN, prices=books(alone)), fair(given(50.0), KNOWN, prices=books(alone))
    assert [(m.model, m.market, m.slope) for m in without.markets] == [
        (m.model, m.market, m.slope) for m in with_it.markets
    ]
    assert (without.mean_f, without.sd_f, without.pmf) == (with_it.mean_f, with_it.sd_f, with_it.pmf)
    assert without.quality == with_it.quality, "an opinion is nothing that is missing: the event's limit stays"
    # half of the fair is the person's; of the other half the model has its learnt share
    assert with_it.weight == pytest.approx(0.5 + 0.5 * without.weight)


def test_voices_that_agree_change_nothing_but_the_spread() -> None:
    alone = fair(None, KNOWN)
    agreed = opinion.joined(pmf(46.0, 2.0, None), given(46.0, 2.0), 0.4, DAY, None)
    assert agreed == pytest.approx(pmf(46.0, 2.0, None), abs=1e-12)
    assert abs(mean_of(fair(given(alone.mean_f, alone.sd_f), KNOWN)) - mean_of(alone)) < 0.15


def test_two_normals_pool_to_the_normal_of_weighted_precisions() -> None:
    # Genest & Zidek (1986): the pool of N(a, s) and N(b, t) has precision w/t^2 + (1-w)/s^2
    mean, sd = moments(opinion.joined(pmf(44.0, 3.0, None), given(50.0, 2.0), 0.25, DAY, None))
    precision = 0.25 / 4 + 0.75 / 9
    assert mean == pytest.approx((0.25 / 4 * 50 + 0.75 / 9 * 44) / precision, abs=0.03)  # whole degrees
    assert sd == pytest.approx(precision**-0.5, abs=0.02)


@pytest.mark.parametrize(("day", "mean", "beyond"), [(DAY, 40.0, DEGREES < 45), (LOW, 52.0, DEGREES > 47)])
def test_what_was_observed_stands_above_it(day: StationDay, mean: float, beyond: np.ndarray) -> None:  # type: ignore[type-arg]  # of bool
    observed = 46.0
    model = pmf(46.0, 1.5, None)
    found = opinion.joined(model, given(mean, 1.0, 0.9), 0.95, day, observed)
    assert found.sum() == pytest.approx(1.0) and found[beyond].sum() < 0.001
    assert DEGREES[found.argmax()] == 46


def test_it_fades_as_the_day_decides_itself_and_is_over_with_it() -> None:
    one = given(50.0, weight=0.5, at=MORNING, hours=40)
    weights = [opinion.counts(one, DAY, Instant(DAY.start + hour * HOUR)) for hour in range(8, 25)]
    assert weights[0] == 0.5 and weights == sorted(weights, reverse=True)
    assert weights[9] < 0.2 and weights[16] == 0.0
    late = given(50.0, weight=0.5, at=Instant(DAY.start + 16 * HOUR))
    assert opinion.counts(late, DAY, late.given_at) == 0.5, "who speaks late knows what was seen until then"
    assert "counts 50%, 15% now" in opinion.words(one, 0.15)


def test_an_official_value_ends_it() -> None:
    after = Instant(DAY.end + 6 * HOUR)
    report = ClimateRow(station="KNYC", product="CLINYC", day=DAY.day, issued_at=Instant(after - HOUR),
                        received_at=Instant(after - HOUR), final=True, as_of="", correction="",
                        max_f=46, min_f=38)  # fmt: skip
    known = Known([forecast(46.0, Instant(BEFORE - HOUR))], climate=[report])
    one = given(60.0, weight=1.0, at=Instant(after - 2 * HOUR))
    assert fair(one, known, after).markets == fair(None, known, after).markets
    assert fair(one, known, after).opinion == ""


def test_the_last_word_on_an_event_counts_until_it_is_over_or_taken_back() -> None:
    first, second = given(44.0, hours=10), given(48.0, at=Instant(BEFORE + MINUTE), hours=2)
    assert opinion.in_force([second, first], Instant(BEFORE + 2 * MINUTE)) == {DAY.event_ticker: second}
    assert opinion.in_force([first, second], BEFORE) == {DAY.event_ticker: first}, "nothing is known before it is said"
    assert opinion.in_force([first, second], Instant(BEFORE + 3 * HOUR)) == {}, "an older one does not come back"
    back = opinion.withdrawal(DAY.event_ticker, Instant(BEFORE + HOUR), "rain")
    assert opinion.in_force([first, second, back], Instant(BEFORE + HOUR)) == {}


@pytest.mark.parametrize(("wrong", "field"), [
    (given(150.0), "mean"), (given(float("nan")), "mean"), (given(46.0, 0.1), "sd"), (given(46.0, float("inf")), "sd"),
    (given(46.0, weight=0.0), "weight"), (given(46.0, weight=1.01), "weight"), (given(46.0, hours=0), "hours"),
    (given(46.0, hours=49), "hours"),
])  # fmt: skip
def test_what_cannot_be_is_refused_by_name(wrong: Opinion, field: str) -> None:
    with pytest.raises(Malformed, match=f"^{field}"):
        opinion.checked(wrong)


def test_a_slip_of_the_keyboard_is_noticed_and_an_opinion_is_not() -> None:
    assert "standard deviations from the model's 46.0 ± 2.5" in opinion.far(given(64.0), 46.0, 2.5)
    assert opinion.far(given(52.0), 46.0, 2.5) == ""


def test_thousands_of_random_opinions_leave_a_ladder_that_is_one() -> None:
    dice = np.random.default_rng(7)
    for _ in range(2_000):
        day = DAY if dice.random() < 0.5 else LOW
        model = pmf(float(dice.uniform(-20, 110)), float(dice.uniform(0.3, 8)))
        one = given(float(dice.uniform(-59, 139)), float(dice.uniform(0.5, 15)), float(dice.uniform(0.01, 1)))
        seen = None if dice.random() < 0.5 else float(dice.uniform(-40, 120))
        found = opinion.joined(model, one, float(dice.uniform(0.01, 1)), day, seen)
        assert found.sum() == pytest.approx(1.0) and found.min() >= 0 and np.isfinite(found).all()
