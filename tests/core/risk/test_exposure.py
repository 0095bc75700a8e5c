"""The closed form of the worst case equals brute force over every outcome and every subset of fills."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from core.risk.exposure import Leg, loss_by_bracket, stress, worst_case
from core.units import ONE_DOLLAR, Count, Money

order = st.tuples(st.sampled_from([1, -1]), st.integers(100, 9_900), st.integers(1, 500))
market = st.tuples(st.integers(-500, 500), st.integers(-3_000_000, 3_000_000), st.lists(order, max_size=2))


def legs_of(markets: list[tuple[int, int, list[tuple[int, int, int]]]]) -> list[Leg]:
    return [
        Leg(
            Count(position),
            Money(cash),
            Money(sum(p * n for s, p, n in orders if s > 0)),
            Money(sum((ONE_DOLLAR - p) * n for s, p, n in orders if s < 0)),
        )
        for position, cash, orders in markets
    ]


def brute(markets: list[tuple[int, int, list[tuple[int, int, int]]]], outcomes: list[list[int]]) -> int:
    worst = None
    flat = [(i, o) for i, (_, _, orders) in enumerate(markets) for o in orders]
    for pays in outcomes:
        held = sum(cash + position * ONE_DOLLAR * pays[i] for i, (position, cash, _) in enumerate(markets))
        for chosen in product((0, 1), repeat=len(flat)):
            total = held + sum(
                side * count * (ONE_DOLLAR * pays[i] - price)
                for taken, (i, (side, price, count)) in zip(chosen, flat, strict=True)
                if taken
            )
            worst = total if worst is None else min(worst, total)
    assert worst is not None
    return -worst


@settings(max_examples=150, deadline=None)
@given(st.lists(market, min_size=1, max_size=4))
def test_the_worst_case_equals_brute_force_over_outcomes_and_fill_subsets(
    markets: list[tuple[int, int, list[tuple[int, int, int]]]],
) -> None:
    one_pays = [[int(i == k) for i in range(len(markets))] for k in range(len(markets))]
    assert worst_case(legs_of(markets)) == brute(markets, one_pays)
    nobody = [0] * len(markets)
    assert worst_case(legs_of(markets), exhaustive=False) == brute(markets, [*one_pays, nobody])


@settings(max_examples=100, deadline=None)
@given(st.lists(market, min_size=1, max_size=3))
def test_the_stress_equals_brute_force_over_independent_outcomes(
    markets: list[tuple[int, int, list[tuple[int, int, int]]]],
) -> None:
    assert stress(legs_of(markets)) == brute(markets, [list(x) for x in product((0, 1), repeat=len(markets))])


def test_twenty_yes_in_every_bracket_cannot_lose_more_than_they_cost_beyond_a_dollar() -> None:
    legs = [Leg(Count(2_000), Money(-2_000 * 1_667), Money(0), Money(0)) for _ in range(6)]
    assert worst_case(legs) == 6 * 2_000 * 1_667 - 2_000 * ONE_DOLLAR


def test_shorts_in_exclusive_brackets_pay_once() -> None:
    """Short 20 contracts at 80 cents in three brackets: one pays, -$4 each there, not three times."""
    legs = [Leg(Count(-2_000), Money(2_000 * 8_000 // 10), Money(0), Money(0)) for _ in range(3)]
    assert worst_case(legs) < stress(legs)


def test_no_position_and_no_order_lose_nothing() -> None:
    assert worst_case([]) == 0
    assert worst_case([Leg(Count(0), Money(0), Money(0), Money(0))] * 6) == 0


def test_the_ladder_shows_what_each_bracket_earns() -> None:
    legs = [Leg(Count(100), Money(-300_000), Money(0), Money(0)), Leg(Count(0), Money(0), Money(50_000), Money(0))]
    assert loss_by_bracket(legs) == [(700_000, 650_000), (-300_000, -300_000)]
