"""One odd element of an answer is left out and named; the others count. Nothing but odd ones is Malformed."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from core.errors import Malformed
from core.station_day import Variable
from core.units import HOUR, Instant
from core.weather import nws, world_answers
from tests.core.weather.host import KNYC, NOON, WORLD, grid

Element = dict[str, Any]


def seen(change: Callable[[Element], object], which: slice) -> bytes:
    """The last thirty hours' reports, some of them changed."""
    found = world_answers.observations(WORLD, KNYC, Instant(NOON - 30 * HOUR), NOON, 500, "http://x")
    for feature in found["features"][which]:
        change(feature)
    return msgspec.json.encode(found)


def reads(unit: str, value: float) -> Callable[[Element], object]:
    quantity = {"unitCode": unit, "value": value, "qualityControl": "X"}
    return lambda feature: feature["properties"].update(temperature=quantity, rawMessage="")


ODD: list[tuple[Callable[[Element], object], str]] = [
    (reads("wmoUnit:degC", 99.9), "not a temperature of this planet"),
    (reads("wmoUnit:K", 280.0), "not a temperature"),
    (lambda f: f["properties"].update(timestamp="2026-11-24T10:00:00"), "timestamp"),
    (lambda f: f.update(properties=None), "feature"),
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
