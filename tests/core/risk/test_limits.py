"""Every limit refuses what breaks it, by its own name, and lets through what lowers the loss it guards."""

from typing import Any

import pytest

from core import messages as m
from core.errors import Refused
from core.risk.exposure import worst_raised
from core.risk.limits import Approved, Limit, RiskLimits, Situation, check, reference_price
from core.units import Count, Price, money

LIMITS = RiskLimits(
    max_order=Count(5_000), max_order_notional=money("20.00"), max_position=Count(10_000),
    max_loss_event=money("60.00"), max_stress_event=money("250.00"), max_loss_city=money("150.00"),
    max_loss_total=money("1500.00"), min_balance=money("100.00"), collar=Price(1_500),
    max_loss_station_day=money("100.00"),
)  # fmt: skip


def fine(**change: Any) -> Situation:
    """A situation in which an order passes, but for `change`."""
    known: dict[str, Any] = dict(
        fair=0.40, book_known=True, book_bid=Price(3_800), book_ask=Price(4_200), own_bid=None, own_ask=None,
        most_long=Count(1_000), most_short=Count(-1_000), event_loss=money("5.00"), event_loss_before=money("1.00"),
        event_raised=money("5.00"), event_limit=money("60.00"),
        event_stress=money("5.00"), event_stress_before=money("1.00"),
        station_day_loss=money("5.00"), station_day_loss_before=money("1.00"), city_loss=money("5.00"),
        city_loss_before=money("1.00"), total_loss=money("5.00"), total_loss_before=money("1.00"),
        balance=money("500.00"),
    )  # fmt: skip
    return Situation(**known | change)


def bid(price: int = 3_900, count: int = 1_000) -> tuple[m.PlaceOrder, Count]:
    return m.PlaceOrder("kwm-1", "T", m.Side.BID, Price(price), Count(count)), Count(count)


@pytest.mark.parametrize(
    ("change", "order", "code"),
    [
        ({}, bid(count=0), Limit.ORDER_SIZE),
        ({}, bid(count=5_001), Limit.ORDER_SIZE),
        ({}, bid(price=4_100, count=5_000), Limit.ORDER_NOTIONAL),
        ({"fair": None}, bid(), Limit.NO_FAIR),
        ({"fair": 0.20}, bid(), Limit.COLLAR_FAIR),
        ({"book_known": False}, bid(), Limit.NO_BOOK),
        ({"book_bid": None, "book_ask": None}, bid(), Limit.NO_BOOK),
        ({"book_bid": Price(100), "book_ask": Price(4_000)}, bid(), Limit.COLLAR_BOOK),
        ({"book_bid": Price(100), "book_ask": None}, bid(), Limit.COLLAR_BOOK),
        ({"own_ask": Price(3_900)}, bid(), Limit.SELF_CROSS),
        ({"most_long": Count(10_001)}, bid(), Limit.POSITION),
        ({"reduce_only": True}, bid(), Limit.REDUCE_ONLY),
        ({"event_raised": money("60.01")}, bid(), Limit.EVENT_LOSS),
        ({"event_stress": money("250.01")}, bid(), Limit.EVENT_STRESS),
        ({"station_day_loss": money("100.01")}, bid(), Limit.STATION_DAY_LOSS),
        ({"city_loss": money("150.01")}, bid(), Limit.CITY_LOSS),
        ({"total_loss": money("1500.01")}, bid(), Limit.TOTAL_LOSS),
        ({"balance": money("99.00")}, bid(), Limit.BALANCE),
    ],
)
def test_each_limit_refuses_by_its_own_name(
    change: dict[str, Any], order: tuple[m.PlaceOrder, Count], code: Limit
) -> None:
    request, count = order
    verdict = check(request, count, fine(**change), LIMITS)
    assert isinstance(verdict, Refused)
    assert verdict.reason == code
    assert isinstance(check(*bid(), fine(), LIMITS), Approved)


@pytest.mark.parametrize("loss", ["event_loss", "event_stress", "station_day_loss", "city_loss", "total_loss"])
def test_what_lowers_a_loss_beyond_its_limit_is_let_through(loss: str) -> None:
    beyond: dict[str, Any] = {loss: money("2000.00"), f"{loss}_before": money("2000.01")}
    assert isinstance(check(*bid(), fine(**beyond), LIMITS), Approved)


def test_a_reducing_order_passes_when_only_reducing_ones_may() -> None:
    short = fine(reduce_only=True, most_long=Count(0), most_short=Count(-3_000))
    assert isinstance(check(*bid(), short, LIMITS), Approved)


def test_an_empty_side_is_knowledge_and_a_book_without_anybody_says_nothing() -> None:
    assert reference_price(Price(3_000), Price(4_001)) == 3_500
    assert reference_price(None, Price(4_000)) == 4_000
    assert reference_price(Price(3_000), None) == 3_000
    assert reference_price(None, None) is None
    nobody = fine(book_bid=None, book_ask=None, empty_book=True)
    assert isinstance(check(*bid(), nobody, LIMITS), Approved), "a person may want to be the first"


def test_in_doubt_an_order_may_not_raise_any_outcome_beyond_the_limit_though_another_is_worse_still() -> None:
    """The worst may be counted too high (a fill beside its own order, after a restart); the others may not follow."""
    before, after = [70, 50, 10], [70, 65, 10]
    assert worst_raised(before, after) == 65
    assert worst_raised(before, before) is None
    beyond: dict[str, Any] = {"event_loss": money("70.00"), "event_loss_before": money("70.00"), "doubtful": True}
    assert isinstance(check(*bid(), fine(**beyond, event_raised=money("65.00")), LIMITS), Refused)
    assert isinstance(check(*bid(), fine(**beyond, event_raised=None), LIMITS), Approved)
    sure = fine(**beyond | {"event_raised": money("65.00"), "doubtful": False})
    assert isinstance(check(*bid(), sure, LIMITS), Approved), "a limit that was lowered must not lock a position in"


def test_in_doubt_a_sum_that_is_above_its_limit_does_not_hide_what_an_order_raises_beneath_it() -> None:
    """City 152 of 150, of which this event 70, counted too high: what is raised to 69 may truly make it 151."""
    city = {"city_loss": money("152.00"), "city_loss_before": money("152.00"), "event_loss": money("70.00"),
            "event_loss_before": money("70.00"), "event_limit": money("90.00"), "doubtful": True}  # fmt: skip
    refused = check(*bid(), fine(**city, event_raised=money("69.00")), LIMITS)
    assert isinstance(refused, Refused) and refused.reason == Limit.CITY_LOSS
    assert isinstance(check(*bid(), fine(**city, event_raised=money("67.00")), LIMITS), Approved)
    lower = city | {"city_loss": money("151.00"), "event_loss": money("69.00")}
    assert isinstance(check(*bid(), fine(**lower, event_raised=money("68.50")), LIMITS), Approved), "reduces"
    sure = fine(**city | {"doubtful": False}, event_raised=money("69.00"))
    assert isinstance(check(*bid(), sure, LIMITS), Approved), "nothing gets worse: reducing stays possible"
