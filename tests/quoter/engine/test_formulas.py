"""The formulas of quoting: worked examples, and three roads to one number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.engine.reservation import ask_for, bid_for, coherent, exponential, linear, moved
from quoter.engine.spread import chance_of_fill, logit_down_up, longshot

P = (0.05, 0.20, 0.35, 0.25, 0.10, 0.05)
Q = (0.0, 40.0, -20.0, 10.0, 0.0, -15.0)
inventories = st.lists(st.floats(-200, 200), min_size=6, max_size=6)


def utility(q: list[float], gamma: float) -> float:
    """Certainty equivalent of holding q, CARA."""
    return -math.log(sum(p * math.exp(-gamma * x) for p, x in zip(P, q, strict=True))) / gamma


def test_inventory_in_one_bracket_moves_the_price_of_every_bracket() -> None:
    r = coherent(P, Q, 0.01)
    assert r == pytest.approx([0.050, 0.135, 0.429, 0.227, 0.100, 0.058], abs=6e-4)
    assert sum(r) == pytest.approx(1.0)


@given(inventories, st.floats(0.0005, 0.02), st.integers(0, 5), st.floats(1, 50))
def test_a_finite_size_costs_what_leaves_utility_as_it_was(q: list[float], gamma: float, i: int, n: float) -> None:
    r = coherent(P, q, gamma)[i]
    bought = [x + n * (k == i) for k, x in enumerate(q)]
    sold = [x - n * (k == i) for k, x in enumerate(q)]
    assert bid_for(r, gamma, n) * n == pytest.approx(utility(bought, gamma) - utility(q, gamma), abs=1e-6)
    assert ask_for(r, gamma, n) * n == pytest.approx(utility(q, gamma) - utility(sold, gamma), abs=1e-6)
    assert bid_for(r, gamma, n) <= r <= ask_for(r, gamma, n)
    assert moved(r, gamma, n) == pytest.approx(coherent(P, bought, gamma)[i])


def test_without_inventory_nothing_moves() -> None:
    assert coherent(P, [7.0] * 6, 0.01) == pytest.approx(P)
    assert linear(0.0, 0.03) == exponential(0.0, 0.03) == 0.0
    assert linear(1.0, 0.03) == exponential(1.0, 0.03) == pytest.approx(-0.03)
    assert abs(exponential(0.3, 0.03)) < abs(linear(0.3, 0.03))


def test_the_logit_spread_is_wide_in_the_middle_and_narrow_at_the_ends() -> None:
    for price, half in ((0.50, 0.025), (0.10, 0.0094), (0.03, 0.0031)):
        down, up = logit_down_up(price, 0.05)
        assert (down + up) / 2 == pytest.approx(half, abs=6e-4)
        assert 0 < price - down < price + up < 1


@given(st.floats(0.01, 0.99), st.floats(0, 0.9))
def test_a_logit_spread_is_the_same_seen_from_the_other_side(price: float, informed: float) -> None:
    down, up = logit_down_up(price, informed)
    other_down, other_up = logit_down_up(1 - price, informed)
    assert (down, up) == (pytest.approx(other_up), pytest.approx(other_down))


def test_what_is_cheap_is_sold_dearer_on_either_leg() -> None:
    assert longshot(0.05, 0.02) == (0.0, pytest.approx(0.01))
    assert longshot(0.95, 0.02) == (pytest.approx(0.01), 0.0)
    assert longshot(0.5, 0.02) == (0.0, 0.0)


def test_the_chance_of_a_fill_is_a_poisson_tail() -> None:
    """40 contracts an hour for 30 minutes."""
    assert chance_of_fill(10, 20.0) == pytest.approx(0.989, abs=1e-3)
    assert chance_of_fill(50, 20.0) < 1e-6
    assert chance_of_fill(0, 0.0) == 0.0
    assert chance_of_fill(399, 399.0) == pytest.approx(chance_of_fill(401, 401.0), abs=0.01), "the normal joins the sum"
