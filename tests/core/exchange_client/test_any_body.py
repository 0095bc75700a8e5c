"""Whatever a REST body holds, reading it gives rows or Malformed, and a listing gives rows or refusals."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Fees
from core.errors import Malformed
from core.exchange import catalog, translate, wire
from core.units import SECOND, Instant

T0 = Instant(0)
FREE = Fees(70_000, 0)
ORDER = {"order_id": "o", "client_order_id": "c", "ticker": "T", "status": "resting", "book_side": "bid",
         "yes_price_dollars": "0.3000", "fill_count_fp": "0.00", "remaining_count_fp": "1.00",
         "initial_count_fp": "1.00", "expiration_time": "2026-10-15T12:00:00Z"}  # fmt: skip
FILL = {"trade_id": "t", "order_id": "o", "ticker": "T", "book_side": "ask", "yes_price_dollars": "0.3000",
        "count_fp": "1.00", "fee_cost": "0.001", "is_taker": False, "created_time": "2026-10-15T12:00:00Z"}  # fmt: skip
POSITION = {"ticker": "T", "position_fp": "-3.25", "market_exposure_dollars": "1.0", "realized_pnl_dollars": "0",
            "fees_paid_dollars": "0"}  # fmt: skip
TRADE = {"trade_id": "t", "ticker": "T", "yes_price_dollars": "0.3", "count_fp": "1.00", "taker_book_side": "bid",
         "created_time": "2026-10-15T12:00:00Z"}  # fmt: skip
MARKET = {"ticker": "KXHIGHNY-26NOV24-B48.5", "event_ticker": "KXHIGHNY-26NOV24", "status": "active", "result": "",
          "open_time": "2026-11-23T14:00:00Z", "close_time": "2026-11-25T05:00:00Z", "rules_primary": "",
          "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}], "strike_type": "between",
          "floor_strike": 48, "cap_strike": 49}  # fmt: skip
READERS: dict[str, tuple[dict[str, Any], Callable[[bytes], object]]] = {
    "order": (ORDER, lambda b: translate.order_view(translate.decode(b, wire.OrderModel))),
    "fill": (FILL, lambda b: translate.fill(translate.decode(b, wire.FillModel), T0)),
    "position": (POSITION, lambda b: translate.position(translate.decode(b, wire.PositionModel))),
    "trade": (TRADE, lambda b: translate.rest_trade(translate.decode(b, wire.TradeModel), T0)),
    "market": (MARKET, lambda b: translate.market(translate.decode(b, wire.MarketModel), FREE)),
}  # fmt: skip
MONEY = {"order": ("yes_price_dollars", "fill_count_fp", "remaining_count_fp"),
         "fill": ("yes_price_dollars", "count_fp", "fee_cost"), "position": ("position_fp", "market_exposure_dollars"),
         "trade": ("yes_price_dollars", "count_fp"), "market": ("price_ranges", "close_time")}  # fmt: skip
ODD = ("9" * 23, "-1.00", "1e5", "0.30001", "٣.٠", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30)
    | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def test_a_fill_says_its_time_in_either_of_two_fields_and_one_without_any_is_named() -> None:
    timeless = {k: v for k, v in FILL.items() if k != "created_time"}
    page = {"fills": [FILL, timeless | {"ts": 1_792_065_600}], "cursor": ""}
    fills = translate.decode(json.dumps(page).encode(), wire.FillsPage).fills
    assert [translate.fill(f, T0).filled_at for f in fills] == [1_792_065_600 * SECOND] * 2
    with pytest.raises(Malformed, match="fill t says no time"):
        translate.fill(translate.decode(json.dumps(timeless).encode(), wire.FillModel), T0)


@pytest.mark.parametrize("name", READERS)
def test_a_whole_body_is_read(name: str) -> None:
    body, read = READERS[name]
    assert read(json.dumps(body).encode())


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in MONEY.items() for field in fields])
def test_a_missing_money_field_has_no_default(name: str, field: str) -> None:
    body, read = READERS[name]
    with pytest.raises(Malformed):
        read(json.dumps({key: value for key, value in body.items() if key != field}).encode())


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in MONEY.items() for field in fields])
def test_a_number_where_money_is_a_string_is_refused(name: str, field: str) -> None:
    body, read = READERS[name]
    with pytest.raises(Malformed):
        read(json.dumps(body | {field: 1.5}).encode())


@pytest.mark.parametrize(
    ("name", "field"), [("order", "remaining_count_fp"), ("fill", "count_fp"), ("trade", "count_fp")]
)
def test_a_size_below_nought_is_refused(name: str, field: str) -> None:
    body, read = READERS[name]
    with pytest.raises(Malformed):
        read(json.dumps(body | {field: "-1.00"}).encode())


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_any_value_in_any_field_gives_a_row_or_malformed(name: str, data: st.DataObject) -> None:
    body, read = READERS[name]
    field = data.draw(st.sampled_from(sorted(body)))
    try:
        assert read(json.dumps(body | {field: data.draw(ANYTHING)}).encode())
    except Malformed as error:
        assert error.why


@given(st.binary(max_size=60))
def test_any_bytes_under_a_listing_are_refused_by_name_or_as_a_page(raw: bytes) -> None:
    listing = catalog.Listing()
    catalog.read_event(raw, FREE, 0, listing)
    assert listing.markets == [] and len(listing.refused) == 1
    try:
        catalog.read_series(raw)
    except Malformed as error:
        assert error.why


@given(ANYTHING)
def test_one_bad_market_refuses_its_event_and_no_other(bad: Any) -> None:
    event = {"event_ticker": "KXHIGHNY-26NOV24", "series_ticker": "KXHIGHNY", "mutually_exclusive": True,
             "collateral_return_type": "MECNET", "markets": [MARKET, bad]}  # fmt: skip
    listing = catalog.Listing()
    catalog.read_event(json.dumps(event).encode(), FREE, 0, listing)
    assert listing.markets == [] and list(listing.refused) == ["KXHIGHNY-26NOV24"]


@pytest.mark.parametrize(
    ("field", "value"), [("market_type", "scalar"), ("notional_value_dollars", "10.0000"),
                         ("settlement_bounds_type", "floor")],
)  # fmt: skip
def test_a_market_that_does_not_pay_a_dollar_or_nought_is_refused(field: str, value: str) -> None:
    usual = {"market_type": "binary", "notional_value_dollars": "1.0000", "settlement_bounds_type": "default"}
    _, read = READERS["market"]
    assert read(json.dumps(MARKET | usual).encode())
    with pytest.raises(Malformed, match=field):
        read(json.dumps(MARKET | usual | {field: value}).encode())


@pytest.mark.parametrize("half", [{"fee_type_override": "flat"}, {"fee_multiplier_override": 2.0}])
def test_half_of_a_fee_override_refuses_the_event(half: dict[str, Any]) -> None:
    event = {"event_ticker": "KXHIGHNY-26NOV24", "series_ticker": "KXHIGHNY", "mutually_exclusive": True,
             "collateral_return_type": "MECNET", "markets": [MARKET]} | half  # fmt: skip
    listing = catalog.Listing()
    catalog.read_event(json.dumps(event).encode(), FREE, 0, listing)
    assert "half of a fee override" in listing.refused["KXHIGHNY-26NOV24"]
