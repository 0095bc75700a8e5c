"""One odd element of an answer is left out and named; the others count. Nothing but odd ones is Malformed."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from core.errors import Malformed
from core.station_day import StationDay, Variable
from core.units import HOUR, Instant
from core.weather import metar, nws, world_answers
from core.weather.rows import HourlyRow
from tests.core.weather.host import KNYC, NOON, WORLD, grid

Element = dict[str, Any]


def seen(change: Callable[[Element], object], which: slice) -> bytes:
    """The last thirty hours' reports, some of them changed."""
    found = world_answers.observations(WORLD, KNYC, Instant(NOON - 30 * HOUR), NOON, 500, "http://x")
    for feature in found["features"][which]:
        change(feature)
    return msgspec.json.encode(found)


def reads(unit: str, value: float) -> Callable[[Element], object]:
    quantity = {"unitCode": unit, "value": value, "qualityControl": "V"}
    return lambda feature: feature["properties"].update(temperature=quantity, rawMessage="")


ODD: list[tuple[Callable[[Element], object], str]] = [
    (reads("wmoUnit:degC", 99.9), "not a temperature of this planet"),
    (reads("wmoUnit:K", 280.0), "not a temperature"),
    (lambda f: f["properties"].update(timestamp="2026-11-24T10:00:00"), "timestamp"),
    (lambda f: f.update(properties=None), "feature"),
    (lambda f: f["properties"].update(rawMessage="KNYC 241051Z 18/12 A3001 RMK AO2 T02830122"), "T-group"),
]


@pytest.mark.parametrize(("change", "why"), ODD)
def test_one_odd_report_is_left_out_and_named_and_spoils_no_other(
    change: Callable[[Element], object], why: str
) -> None:
    whole = nws.observations(seen(lambda f: None, slice(0)), KNYC, NOON)
    rows = nws.observations(seen(change, slice(5, 6)), KNYC, NOON)
    assert len(rows) == len(whole) - 1 > 20 and whole.odd == []
    assert len(rows.odd) == 1 and why in rows.odd[0]


@pytest.mark.parametrize(("change", "why"), ODD)
def test_reports_that_are_all_odd_are_no_answer(change: Callable[[Element], object], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        nws.observations(seen(change, slice(None)), KNYC, NOON)


def changed(layer: str, value: object) -> bytes:
    """The grid with another second value in one layer."""
    found = msgspec.json.decode(grid(NOON))
    found["properties"][layer]["values"][1]["value"] = value
    return msgspec.json.encode(found)


@pytest.mark.parametrize("value", [99.0, "warm", True, 10**18, "1e999"])
def test_an_impossible_value_of_a_grid_costs_its_own_day_only(value: object) -> None:
    whole = nws.grid_extremes(grid(NOON), KNYC, NOON)
    rows = nws.grid_extremes(changed("maxTemperature", value), KNYC, NOON)
    assert len(rows) == len(whole) - 1 and len(rows.odd) == 1
    hours = nws.grid_hourly(changed("temperature", value), KNYC, NOON)
    assert len(hours) > 60 and len(hours.odd) == 1


@pytest.mark.parametrize(
    ("gone", "left"), [("maxTemperature", {Variable.LOW}), ("minTemperature", {Variable.HIGH})]
)  # fmt: skip
def test_a_grid_without_one_layer_keeps_the_other(gone: str, left: set[Variable]) -> None:
    rows = nws.grid_extremes(grid(NOON, **{gone: None}), KNYC, NOON)
    assert {row.variable for row in rows} == left and gone in rows.odd[0]
    with pytest.raises(Malformed, match="maxTemperature"):
        nws.grid_extremes(grid(NOON, maxTemperature=None, minTemperature=None), KNYC, NOON)


def test_an_odd_period_of_a_forecast_leaves_the_others() -> None:
    for parse, document in ((nws.forecast, world_answers.forecast), (nws.hourly, world_answers.hourly)):
        found = document(WORLD, KNYC, NOON)
        whole = parse(msgspec.json.encode(found), KNYC, NOON)
        found["properties"]["periods"][2]["temperature"] = 400
        found["properties"]["periods"][3] = None
        rows = parse(msgspec.json.encode(found), KNYC, NOON)
        assert len(rows) == len(whole) - 2 and len(rows.odd) == 2


def test_a_number_too_long_for_a_float_is_odd_and_no_crash() -> None:
    body = changed("temperature", 4242424242).replace(b"4242424242", b"1" + b"0" * 400)
    assert len(nws.grid_hourly(body, KNYC, NOON).odd) == 1


def test_an_odd_product_of_a_list_hides_no_other() -> None:
    listed = {"@graph": [{"id": 7}, {"id": "a", "issuanceTime": "2026-11-24T06:20:00+00:00"}, "b"]}
    rows = nws.product_list(msgspec.json.encode(listed))
    assert [name for name, _ in rows] == ["a"] and len(rows.odd) == 2


@pytest.mark.parametrize(("flag", "there"), [("V", True), ("C", True), ("Z", True), ("X", False), ("Q", False)])
def test_a_temperature_that_failed_its_quality_control_is_none(flag: str, there: bool) -> None:
    quantity = {"unitCode": "wmoUnit:degC", "value": 41.0, "qualityControl": flag}
    rows = nws.observations(
        seen(lambda f: f["properties"].update(temperature=quantity, rawMessage=""), slice(5, 6)), KNYC, NOON
    )
    assert any(row.low_f is not None and row.low_f > 100 for row in rows) is there


def hour(at: Instant, value: float) -> HourlyRow:
    return HourlyRow(station="KNYC", source="nws_hourly", issued_at=NOON, received_at=NOON, valid_at=at, value_f=value)


def test_a_gap_in_the_hourly_forecast_may_hide_the_extreme_so_there_is_none() -> None:
    day = StationDay(KNYC, Variable.HIGH, date(2026, 11, 25))
    hours = [hour(Instant(day.start + k * HOUR), 60.0 - abs(k - 14)) for k in range(24)]
    assert nws.hourly_extremes(hours, day) == (60.0, 46.0)
    assert nws.hourly_extremes(hours[3:], day) == (60.0, 49.0), "the hours before it was issued are no gap"
    assert nws.hourly_extremes([h for h in hours if h.value_f < 59], day) is None
    assert nws.hourly_extremes([*hours[:12], *hours[:12]], day) is None, "an hour told twice is one"


def test_equal_days_that_come_merged_are_each_of_them() -> None:
    """The day's window of 13 hours is one day's; one of 37 hours holds two afternoons, and of lows two mornings."""
    value = {"validTime": "2026-07-10T12:00:00+00:00/P1DT13H", "value": 30.0}
    layer = {"uom": "wmoUnit:degC", "values": [value]}
    body = grid(NOON, maxTemperature=layer, minTemperature=layer | {"values": [value | {
        "validTime": "2026-07-11T00:00:00+00:00/P1DT14H"}]})  # fmt: skip
    found = {(row.variable, row.day.day) for row in nws.grid_extremes(body, KNYC, NOON) if row.value_f == 86.0}
    assert found == {(v, d) for v, days in ((Variable.HIGH, (10, 11)), (Variable.LOW, (11, 12))) for d in days}


def test_a_period_that_is_already_under_way_is_its_own_day_s() -> None:
    """The first window is cut off where it was issued: at nine in the evening it is still today's maximum."""
    cut = {"validTime": "2026-07-11T00:00:00+00:00/PT1H", "value": 30.0}
    body = grid(NOON, maxTemperature={"uom": "wmoUnit:degC", "values": [cut]}, minTemperature=None)
    assert [row.day for row in nws.grid_extremes(body, KNYC, NOON)] == [date(2026, 7, 10)]


def test_a_report_below_zero_fahrenheit_keeps_its_sign_in_every_group() -> None:
    raw = "KMSP 151153Z 31015KT 10SM CLR M24/M28 A3034 RMK AO2 SLP298 T12441278 11217 21256 411831256"
    found = metar.groups(raw)
    assert [metar.whole_fahrenheit(c) for c in (found.temperature_c, found.max_6h_c, found.min_6h_c)] == [-12, -7, -14]
    assert [metar.whole_fahrenheit(c) for c in (found.max_24h_c, found.min_24h_c)] == [-1, -14]


def test_a_whole_degree_celsius_is_an_interval_of_its_width_and_a_t_group_none() -> None:
    """25 °C may be anything from 76.1 to 77.9 °F."""
    quantity = {"unitCode": "wmoUnit:degC", "value": 25.0, "qualityControl": "V"}
    rows = nws.observations(
        seen(lambda f: f["properties"].update(temperature=quantity, rawMessage=""), slice(5, 6)), KNYC, NOON
    )
    (coarse,) = [row for row in rows if row.kind == "five_minute" and row.high_f is not None and row.high_f > 77]
    assert (coarse.low_f, coarse.high_f) == pytest.approx((76.1, 77.9))
    assert all(r.high_f - r.low_f < 0.2 for r in rows if r.raw and r.high_f is not None and r.low_f is not None)
