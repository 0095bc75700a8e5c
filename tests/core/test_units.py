"""Integers that do not mix, and their doors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.units import (
    ONE_CONTRACT,
    ONE_DOLLAR,
    Count,
    Price,
    complement,
    count,
    count_text,
    instant,
    iso,
    money,
    notional,
    payout,
    price,
    price_text,
)


def test_a_price_is_read_exactly_and_written_as_the_exchange_writes_it() -> None:
    assert price("0.5600") == 5600
    assert price("0.56") == price("0.560000") == 5600
    assert price_text(Price(100)) == "0.0100"


@pytest.mark.parametrize(
    "text", ["0.56001", "1e-2", "", "0.5.6", "٠.٥", " 0.5", "0,5", "--1", "-", ".", "NaN", "9" * 30]
)
def test_a_price_that_would_have_to_be_rounded_or_guessed_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        price(text)


def test_a_number_is_not_a_price() -> None:
    with pytest.raises(Malformed):
        price(0.56)  # type: ignore[arg-type]  # what a careless caller would do


def test_price_times_count_is_exactly_money() -> None:
    assert notional(price("0.3100"), count("10.00")) == money("3.10")
    assert notional(price("0.0001"), count("0.01")) == money("0.000001")
    assert payout(ONE_CONTRACT) == money("1.00")


@given(st.integers(-(10**9), 10**9))
def test_what_is_written_is_read_back(value: int) -> None:
    assert count(count_text(Count(value))) == value


@given(st.text(max_size=30))
def test_any_text_is_a_price_or_malformed(text: str) -> None:
    try:
        assert price_text(price(text))
    except Malformed as error:
        assert "price" in str(error)


def test_the_other_side_of_a_no_bid() -> None:
    assert complement(price("0.45")) == price("0.55")
    assert complement(Price(0)) == ONE_DOLLAR


def test_an_instant_keeps_its_place_on_the_line() -> None:
    assert instant("2026-11-24T05:00:00Z") == instant("2026-11-24T00:00:00-05:00")
    assert iso(instant("2026-11-24T05:00:00.123456Z")) == "2026-11-24T05:00:00.123456Z"


def test_a_time_without_an_offset_has_no_place() -> None:
    with pytest.raises(Malformed):
        instant("2026-11-24T05:00:00")
