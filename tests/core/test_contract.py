"""What pays, where it may be quoted, and what the rules say."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import (
    LINEAR_CENT,
    Bracket,
    PriceGrid,
    bracket,
    exhaustive,
    read_rules,
    station_day_of,
)
from core.errors import Malformed
from core.fees import MAKER_QUARTER, TAKER, fee, fees_of
from core.station_day import Variable, climate_day
from core.stations import BY_SERIES, STATIONS
from core.units import Count, Price, instant, iso, money
from tests.shared import shared


def test_less_and_greater_are_strict_and_between_is_inclusive() -> None:
    assert bracket("less", None, 82).pays(81) and not bracket("less", None, 82).pays(82)
    assert bracket("greater", 89, None).pays(90) and not bracket("greater", 89, None).pays(89)
    assert bracket("between", 88, 89).pays(88) and bracket("between", 88, 89).pays(89)


@pytest.mark.parametrize(
    ("kind", "floor", "cap"),
    [("less", 82, None), ("between", 88.5, 89), ("between", 90, 89), ("custom", 1, 2), ("greater", float("nan"), None),
     ("greater", True, None), ("less", None, 10**9)],
)  # fmt: skip
def test_a_strike_that_is_missing_fractional_or_strange_is_refused(
    kind: str, floor: float | None, cap: float | None
) -> None:
    with pytest.raises(Malformed):
        bracket(kind, floor, cap)


def test_six_brackets_of_a_ladder_cover_every_temperature_once() -> None:
    ladder = [bracket("between", low, low + 1) for low in (64, 66, 68, 70)]
    ladder += [bracket("less", None, 64), bracket("greater", 71, None)]
    assert exhaustive(ladder)
    assert all(sum(b.pays(value) for b in ladder) == 1 for value in range(30, 110))
    assert not exhaustive(ladder[:-1])
    assert not exhaustive([*ladder, Bracket(66, 67)])


TAPERED = PriceGrid(
    (
        (Price(0), Price(1000), Price(10)),
        (Price(1000), Price(9000), Price(100)),
        (Price(9000), Price(10_000), Price(10)),
    )
)


@given(st.floats(0, 1), st.sampled_from([LINEAR_CENT, TAPERED]))
def test_the_doors_never_move_a_belief_to_the_wrong_side(belief: float, grid: PriceGrid) -> None:
    bid, ask = grid.floor(belief), grid.ceil(belief)
    if bid is not None:
        assert grid.holds(bid) and bid <= belief * 10_000 + 1e-4
    if ask is not None:
        assert grid.holds(ask) and ask >= belief * 10_000 - 1e-4
    if bid is not None and ask is not None:
        assert bid <= ask


def test_a_belief_on_the_grid_stays_there() -> None:
    for cents in range(1, 100):
        assert LINEAR_CENT.floor(cents / 100) == LINEAR_CENT.ceil(cents / 100) == cents * 100


def test_zero_and_one_are_never_quotable() -> None:
    assert LINEAR_CENT.floor(0.004) is None and LINEAR_CENT.ceil(0.996) is None
    assert LINEAR_CENT.floor(1.0) == 9900 and LINEAR_CENT.ceil(0.0) == 100
    assert (LINEAR_CENT.lowest, LINEAR_CENT.highest) == (100, 9900)


def test_up_and_down_walk_the_grid() -> None:
    for grid in (LINEAR_CENT, TAPERED):
        at: Price | None = grid.lowest
        walked = []
        while at is not None:
            walked.append(at)
            at = grid.up(at)
        assert walked[-1] == grid.highest
        assert all(grid.down(b) == a for a, b in pairwise(walked))


@pytest.mark.parametrize("ranges", [(), ((0, 10_000, 300),), ((0, 5000, 100), (6000, 10_000, 100)), ((0, 10_000, 0),)])
def test_a_grid_with_a_hole_or_a_step_that_does_not_divide_is_refused(ranges: tuple[tuple[int, int, int], ...]) -> None:
    with pytest.raises(Malformed):
        PriceGrid(tuple((Price(a), Price(b), Price(c)) for a, b, c in ranges))


def test_the_traps_of_the_series_names() -> None:
    assert len(STATIONS) == 24 and len(BY_SERIES) == 48
    assert BY_SERIES["KXHIGHNY"] is BY_SERIES["KXLOWTNYC"]
    assert BY_SERIES["KXHIGHCHI"].code == "KMDW" and BY_SERIES["KXHIGHTHOU"].code == "KHOU"
    assert BY_SERIES["KXHIGHAUS"].climate_product == "CLIAUS" and BY_SERIES["KXHIGHLAX"].code == "KLAX"
    assert "KXLOWNY" not in BY_SERIES and "KXHIGHHOU" not in BY_SERIES


def test_the_climate_day_is_standard_time_all_year() -> None:
    july = station_day_of("KXHIGHNY-26JUL10")
    assert (iso(july.start), iso(july.end)) == ("2026-07-10T05:00:00Z", "2026-07-11T05:00:00Z")
    assert climate_day(july.station, instant("2026-07-10T04:30:00Z")).day == 9  # 00:30 daylight time, still yesterday
    assert july.event_ticker == "KXHIGHNY-26JUL10"
    assert iso(station_day_of("KXLOWTPHX-26JUL10").end) == "2026-07-11T07:00:00Z"


@pytest.mark.parametrize(
    "ticker", ["KXRAIN-26NOV24", "KXHIGHNY-26FOO24", "KXHIGHNY-26NOV31", "KXHIGHNY", "", "KXHIGHNY-26NOV24-T50"]
)
def test_an_event_we_do_not_know_is_refused(ticker: str) -> None:
    with pytest.raises(Malformed):
        station_day_of(ticker)


def test_the_rules_of_today_name_product_variable_day_and_source() -> None:
    said = read_rules(
        "If the minimum temperature recorded at Chicago Midway (CLIMDW) for Nov 4, 2026, is less than 33° fahrenheit"
        " according to The Weather Company, then the market resolves to Yes."
    )
    assert (said.climate_product, said.variable, str(said.day), said.source) == (
        "CLIMDW",
        Variable.LOW,
        "2026-11-04",
        "twc",
    )


def test_the_rules_of_july_named_the_weather_service() -> None:
    said = read_rules(
        "If the highest temperature recorded in Austin Bergstrom for July 24, 2026 as reported by the National Weather"
        " Service's Climatological Report (Daily), is less than 93°, then the market resolves to Yes."
    )
    assert (said.climate_product, said.variable, str(said.day), said.source) == (
        None,
        Variable.HIGH,
        "2026-07-24",
        "nws",
    )


def test_every_rule_text_recorded_in_july_speaks_of_its_own_series_variable_and_day() -> None:
    path = shared("kalshi/samples/weather_series_meta_2026-07/dt=2026-07-24.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    daily = [r for r in rows if r["series"] in BY_SERIES]
    assert len(daily) >= 40
    for row in daily:
        said, meant = read_rules(row["rules_primary"]), station_day_of("-".join(row["sample_ticker"].split("-")[:2]))
        assert (said.variable, said.day) == (meant.variable, meant.day), row["series"]


def test_the_taker_fee_of_the_published_table() -> None:
    coefficients = fees_of("quadratic", 1)
    assert fee(coefficients.taker, Price(5000), Count(100)) == money("0.0175")
    assert fee(coefficients.taker, Price(1000), Count(100)) == money("0.0063")
    assert coefficients.maker == 0
    assert fee(MAKER_QUARTER, Price(5000), Count(100)) == money("0.004375")


def test_the_maker_fee_of_each_type_is_reckoned_with() -> None:
    assert [fees_of(f"quadratic{more}", 2).maker for more in ("", "_with_maker_fees", "_with_combo_maker_fees")] == [
        0, 2 * MAKER_QUARTER, 4 * MAKER_QUARTER,
    ]  # fmt: skip


def test_a_fee_is_rounded_up_never_down() -> None:
    assert fee(TAKER, Price(100), Count(1)) == 7  # 0.07 x 0.01 x 0.01 x 0.99 = $0.00000693


def test_a_fee_we_cannot_compute_stops_the_market() -> None:
    with pytest.raises(Malformed):
        fees_of("flat", 1)
