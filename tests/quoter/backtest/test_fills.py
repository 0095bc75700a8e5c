"""When an order of ours fills, worked out by hand for each model."""

import pytest
from hypothesis import given
from hypothesis import settings as rigour
from hypothesis import strategies as st

from core import messages as m
from core.contract import LINEAR_CENT
from core.messages import Side
from core.units import HOUR, SECOND, Count, Instant, Price
from quoter.backtest.job import FillModel
from quoter.backtest.venue import Ladder, Venue

P, B, W = FillModel.PESSIMISTIC, FillModel.BASE, FillModel.OPTIMISTIC
T = "KXHIGHNY-31MAY06-M2"
START = Instant(1_900_000_000 * SECOND)


def venue(model: FillModel, bid: int = 4_000, ask: int = 4_300, depth: int = 3_000, fade: float = 0.0) -> Venue:
    return Venue({T: Ladder(T, LINEAR_CENT, Instant(START + 9 * HOUR), bid, ask)}, model, depth, fade, 0, 40_000)


def place(v: Venue, side: Side, price: int, count: int = 1_000, name: str = "a", group: str | None = None) -> m.Said:
    return v.handle(m.PlaceOrder(name, T, side, Price(price), Count(count), group=group), START)


def filled(v: Venue) -> int:
    return sum(s.count for s in v.said if isinstance(s, m.Fill))


@pytest.mark.parametrize(("model", "want"), [(P, 0), (B, 0), (W, 1_000)])
def test_a_trade_at_our_price_smaller_than_the_queue_fills_only_the_optimist(model: FillModel, want: int) -> None:
    v = venue(model)
    place(v, Side.BID, 4_000)
    v.trade(T, Price(4_000), Count(2_500), False, START)
    assert filled(v) == want


@pytest.mark.parametrize(("model", "want"), [(P, 0), (B, 500), (W, 1_000)])
def test_what_is_left_of_a_trade_after_the_queue_is_ours(model: FillModel, want: int) -> None:
    v = venue(model)
    place(v, Side.BID, 4_000)
    v.trade(T, Price(4_000), Count(3_500), False, START)
    assert filled(v) == want


@pytest.mark.parametrize("model", [P, B, W])
def test_a_trade_through_our_price_fills_every_model_by_its_size(model: FillModel) -> None:
    v = venue(model)
    place(v, Side.BID, 4_000)
    v.trade(T, Price(3_900), Count(600), False, START)
    assert filled(v) == 600


@pytest.mark.parametrize(("model", "want"), [(P, 200), (B, 1_000), (W, 1_000)])
def test_a_buyer_who_paid_less_than_our_bid_met_an_offer_that_would_have_met_us(model: FillModel, want: int) -> None:
    v = venue(model)
    place(v, Side.BID, 4_200)
    v.trade(T, Price(4_100), Count(200), True, START)
    assert filled(v) == want


def test_inside_the_spread_nobody_is_ahead() -> None:
    v = venue(B)
    place(v, Side.BID, 4_100)
    v.trade(T, Price(4_100), Count(400), False, START)
    assert filled(v) == 400


def test_the_queue_fades_with_time() -> None:
    v = venue(B, fade=0.7)
    place(v, Side.BID, 4_000)
    v.trade(T, Price(4_000), Count(3_000), False, Instant(START + HOUR))  # e^-0.7 of 3,000 is 1,489.8 still ahead
    assert filled(v) == 1_000


def test_a_new_price_or_a_larger_size_goes_to_the_back_and_a_smaller_size_keeps_its_place() -> None:
    v = venue(B)
    place(v, Side.BID, 4_000)
    order = next(iter(v.orders.values()))
    v.trade(T, Price(4_000), Count(2_000), False, START)
    assert order.ahead == 1_000
    v.handle(m.AmendOrder(order.order_id, "a", T, Side.BID, Price(4_000), Count(500)), START)
    assert order.ahead == 1_000
    v.handle(m.AmendOrder(order.order_id, "a", T, Side.BID, Price(4_000), Count(900)), START)
    assert order.ahead == 3_000


def test_one_trade_is_not_sold_twice_over() -> None:
    v = venue(W)
    place(v, Side.BID, 4_000, name="a")
    place(v, Side.BID, 3_900, name="b")
    v.trade(T, Price(3_900), Count(1_300), False, START)
    assert filled(v) == 1_300


def test_refusals_are_the_exchanges() -> None:
    v = venue(B)
    crossing = place(v, Side.BID, 4_300)
    assert isinstance(crossing, m.Gone) and crossing.reason == "PostOnlyCrossCancel"
    v.pause(START)
    paused = place(v, Side.BID, 4_000, name="p")
    assert isinstance(paused, m.Rejected) and paused.code == "trading_is_paused"
    v.unpause()
    place(v, Side.BID, 4_000, name="q")
    v.pause(START)
    assert not v.orders, "what was to be cancelled on a pause is gone"
    v.close(T, START)
    v.unpause()
    closed = place(v, Side.BID, 4_000, name="r")
    assert isinstance(closed, m.Rejected) and closed.code == "market_inactive"
    assert isinstance(v.handle(m.CancelOrder("nobody", "x", T), START), m.CancelNotFound)


def test_an_order_group_triggers_and_takes_nothing_until_it_is_reset() -> None:
    v = venue(W)
    made = v.handle(m.CreateGroup("e", Count(500)), START)
    assert isinstance(made, m.GroupCreated)
    place(v, Side.BID, 4_000, group=made.group)
    v.trade(T, Price(4_000), Count(600), False, START)
    assert filled(v) == 600 and not v.orders
    refused = place(v, Side.BID, 4_000, name="b", group=made.group)
    assert isinstance(refused, m.Rejected) and refused.code == "order_group_triggered"


def test_with_touches_alone_the_other_side_reaching_us_fills_and_a_level_that_went_away_fills_by_share() -> None:
    v = venue(B)
    place(v, Side.BID, 4_000, name="a")
    v.touch(T, 4_000, 4_000, 0.5, START)
    assert filled(v) == 1_000
    w = venue(B)
    place(w, Side.BID, 4_000, name="a")
    w.touch(T, 3_900, 4_300, 0.5, START)
    assert filled(w) == 0, "half a fill is none"
    w.touch(T, 4_000, 4_300, 0.5, START)
    w.touch(T, 3_900, 4_300, 0.5, START)
    assert filled(w) == 1_000, "the second half makes it whole"


TRADES = st.lists(st.tuples(st.integers(38, 45), st.integers(1, 60), st.booleans()), max_size=30)


@given(st.integers(38, 42), st.booleans(), TRADES)
@rigour(max_examples=150, deadline=None)
def test_of_one_order_the_pessimist_fills_no_more_than_base_and_base_no_more_than_the_optimist(
    price: int, bid: bool, trades: list[tuple[int, int, bool]]
) -> None:
    found = []
    for model in (P, B, W):
        v = venue(model)
        side = Side.BID if bid else Side.ASK
        place(v, side, price * 100 if bid else (price + 1) * 100)
        for k, (at, size, buys) in enumerate(trades):
            v.trade(T, Price(at * 100), Count(size * 100), buys, Instant(START + k * SECOND))
        found.append(filled(v))
    assert found[0] <= found[1] <= found[2]
