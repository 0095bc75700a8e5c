"""Our REST client against the embedded exchange, over loopback and through the official SDK."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from core import messages as m
from core.errors import Throttled
from core.exchange.rest import Rest
from core.exchange.sweep import sweep
from core.exchange.traders import NOISE
from core.units import SECOND, Count, Instant, Price, money
from tests.core.exchange_client.loopback import CLOCK, Place, embedded

pytestmark = pytest.mark.slow


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with embedded() as found:
        yield found


def bid(place: Place, name: str, price: int = 3000, count: int = 1000, **more: object) -> m.PlaceOrder:
    return m.PlaceOrder(name, place.markets[0].ticker, m.Side.BID, Price(price), Count(count), **more)  # type: ignore[arg-type]  # keywords of one struct


async def acked(place: Place, request: m.Request) -> m.Acked:
    (said,) = await place.rest.perform(request)
    assert isinstance(said, m.Acked), said
    return said


def sell_into(place: Place, price: int, count: int, ticker: str = "") -> None:
    order = m.PlaceOrder(
        f"noise-{CLOCK.now()}", ticker or place.markets[0].ticker, m.Side.ASK, Price(price), Count(count),
        post_only=False,
    )  # fmt: skip
    place.venue.request(NOISE, order)


async def test_a_placed_order_rests_as_it_was_asked_for(place: Place) -> None:
    expires = Instant(CLOCK.now() + 100 * SECOND + 1)
    said = await acked(place, bid(place, "kwm-1", expires_at=expires))
    (view,) = (await place.rest.report_orders()).orders
    assert (view.order_id, view.side, view.price, view.remaining) == (said.order_id, m.Side.BID, 3000, 1000)
    assert view.expires_at == -(-expires // SECOND) * SECOND, "whole seconds, rounded up"


async def test_a_post_only_order_that_would_cross_is_gone_without_a_fill(place: Place) -> None:
    sell_into(place, 4000, 500)
    (said,) = await place.rest.perform(bid(place, "kwm-1", price=4500))
    assert isinstance(said, m.Gone) and said.filled == 0
    assert (await place.rest.report_orders()).orders == []


async def test_the_same_client_id_twice_answers_what_stands_and_places_nothing(place: Place) -> None:
    first = await acked(place, bid(place, "kwm-1"))
    again = await acked(place, bid(place, "kwm-1", price=3500))
    assert (again.order_id, again.price) == (first.order_id, 3000)
    assert len((await place.rest.report_orders()).orders) == 1


async def test_the_same_client_id_after_its_fill_answers_gone_with_the_fill(place: Place) -> None:
    await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 1000)
    (said,) = await place.rest.perform(bid(place, "kwm-1"))
    assert isinstance(said, m.Gone) and said.filled == 1000


async def test_an_amend_after_a_partial_fill_knows_the_whole_fill(place: Place) -> None:
    order = await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 300)
    changed = await acked(
        place, m.AmendOrder(order.order_id, "kwm-1", order.ticker, m.Side.BID, Price(2900), Count(1200))
    )
    assert (changed.filled, changed.remaining, changed.price) == (300, 900, 2900)


async def test_a_decrease_leaves_what_was_asked(place: Place) -> None:
    order = await acked(place, bid(place, "kwm-1"))
    said = await acked(place, m.DecreaseOrder(order.order_id, "kwm-1", order.ticker, Count(400)))
    assert (said.filled, said.remaining) == (0, 400)


class _Behind(Rest):
    """Shows an order for two questions longer as it was."""

    def __init__(self, own: Rest, was: m.OrderLookedUp) -> None:
        super().__init__(own.sdk, own.now, own.shard, own.subaccount)
        self.was, self.lags = was, 2

    async def look_up(self, client_order_id: str, ticker: str, order_id: str = "") -> m.OrderLookedUp:
        self.lags -= 1
        return self.was if self.lags >= 0 else await super().look_up(client_order_id, ticker, order_id)


@pytest.mark.parametrize("how", ["decrease", "amend", "expiry"])
async def test_what_is_shown_as_it_was_before_a_change_is_asked_for_again(place: Place, how: str) -> None:
    """Kalshi, "Get User Data Timestamp": there is a delay before answers to questions show what happened."""
    expires = Instant(CLOCK.now() // SECOND * SECOND + 100 * SECOND)
    order = await acked(place, bid(place, "kwm-1", expires_at=expires))
    behind = _Behind(place.rest, await place.rest.look_up("kwm-1", order.ticker, order.order_id))
    amend = m.AmendOrder(order.order_id, "kwm-1", order.ticker, m.Side.BID, Price(3000), Count(1000), expires)
    request = {
        "decrease": m.DecreaseOrder(order.order_id, "kwm-1", order.ticker, Count(400)),
        "amend": msgspec.structs.replace(amend, price=Price(2900)),
        "expiry": msgspec.structs.replace(amend, expires_at=Instant(expires + 60 * SECOND)),
    }[how]
    (said,) = await behind.perform(request)
    assert isinstance(said, m.Acked)
    wanted = {"decrease": (400, 3000, 0), "amend": (1000, 2900, 0), "expiry": (1000, 3000, 60 * SECOND)}[how]
    assert (said.remaining, said.price, (said.expires_at or 0) - expires) == wanted
    assert said.updated_at is not None and said.updated_at >= (order.updated_at or 0)


async def test_a_cancel_says_by_how_much_the_order_was_reduced(place: Place) -> None:
    order = await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 250)
    (said,) = await place.rest.perform(m.CancelOrder(order.order_id, "kwm-1", order.ticker))
    assert isinstance(said, m.Gone) and said.reduced_by == 750


async def test_a_cancel_of_a_filled_order_is_not_found_not_cancelled(place: Place) -> None:
    order = await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 1000)
    (said,) = await place.rest.perform(m.CancelOrder(order.order_id, "kwm-1", order.ticker))
    assert isinstance(said, m.CancelNotFound)


@pytest.mark.parametrize(
    ("price", "count", "code"), [(3050, 100, "invalid_price"), (9000, 5_000_000, "insufficient_balance")]
)
async def test_what_the_exchange_declines_is_a_message_with_its_code(
    place: Place, price: int, count: int, code: str
) -> None:
    (said,) = await place.rest.perform(bid(place, "kwm-1", price=price, count=count))
    assert isinstance(said, m.Rejected) and said.code == code


async def test_a_pause_is_a_rejection_and_not_taken_for_a_duplicate(place: Place) -> None:
    place.venue.exchange.pause()
    (said,) = await place.rest.perform(bid(place, "kwm-1"))
    assert isinstance(said, m.Rejected) and said.code == "trading_is_paused"


async def test_fills_positions_and_balance_agree(place: Place) -> None:
    order = await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 300)
    (fill,) = await place.rest.fills_since(Instant(CLOCK.now() - 60 * SECOND))
    assert (fill.order_id, fill.side, fill.price, fill.count, fill.fee) == (order.order_id, m.Side.BID, 3000, 300, 0)
    report = await place.rest.report_positions()
    assert [(p.ticker, p.position) for p in report.positions] == [(order.ticker, 300)]
    assert report.balance == place.venue.exchange.balance("embedded") == money("10000.00") - 3000 * 300


async def test_positions_are_read_at_any_time_though_the_balance_is_said_once_a_second(place: Place) -> None:
    first = await place.rest.report_positions()
    await acked(place, bid(place, "kwm-1"))
    sell_into(place, 3000, 300)
    second = await place.rest.report_positions()
    assert [p.position for p in second.positions] == [300] and second.balance == first.balance
    await asyncio.sleep(1.1)
    assert (await place.rest.report_positions()).balance == first.balance - 3000 * 300


async def test_a_balance_that_somebody_else_used_up_is_waited_for(place: Place) -> None:
    mine, other = place.rest, Rest(place.rest.sdk, CLOCK.now)
    await other.balance()
    with pytest.raises(Throttled):
        await other._ask_balance()
    assert (await mine.report_positions()).balance == money("10000.00")


async def test_a_lost_order_is_found_by_our_own_id_and_one_that_never_was_is_not(place: Place) -> None:
    await acked(place, bid(place, "kwm-1"))
    ticker = place.markets[0].ticker
    found = await place.rest.look_up("kwm-1", ticker)
    assert found.order is not None and found.order.client_order_id == "kwm-1"
    assert (await place.rest.look_up("kwm-2", ticker)).order is None


async def test_the_queue_ahead_of_us_is_what_rested_before(place: Place) -> None:
    place.venue.request(NOISE, m.PlaceOrder("noise-1", place.markets[0].ticker, m.Side.BID, Price(3000), Count(700)))
    order = await acked(place, bid(place, "kwm-1"))
    assert await place.rest.queue_positions([order.ticker]) == {order.order_id: 700}


async def test_a_triggered_group_takes_its_orders_along_and_blocks_until_reset(place: Place) -> None:
    (made,) = await place.rest.perform(m.CreateGroup("KXHIGHNY", Count(40_000)))
    assert isinstance(made, m.GroupCreated)
    await acked(place, bid(place, "kwm-1", group=made.group))
    assert await place.rest.perform(m.TriggerGroup(made.group)) == []
    assert (await place.rest.report_orders()).orders == []
    (blocked,) = await place.rest.perform(bid(place, "kwm-2", group=made.group))
    assert isinstance(blocked, m.Rejected) and blocked.code == "order_group_triggered"
    await place.rest.perform(m.ResetGroup(made.group))
    await acked(place, bid(place, "kwm-3", group=made.group))


async def test_a_sweep_takes_our_orders_proves_it_and_leaves_those_of_a_person(place: Place) -> None:
    for n in range(23):
        await acked(place, bid(place, f"kwm-{n}", price=1000 + 100 * n, count=100))
    await acked(place, bid(place, "by-hand", count=100))
    done = await sweep(place.rest, "kwm-")
    assert (done.verified, done.cancelled, done.left, done.others) == (True, 23, [], 1)
    assert [o.client_order_id for o in (await place.rest.report_orders()).orders] == ["by-hand"]
