"""kill -9 of the quoter: the watchdog leaves nothing of ours resting within five seconds, and touches nothing else."""

import pytest

from core import messages as m
from core.clock import Clock
from core.exchange.rest import Rest
from core.units import Count, Price
from tests.system.desk import Desk

pytestmark = pytest.mark.slow
MANY = 300


async def test_after_kill_9_with_300_orders_the_watchdog_leaves_none_within_5_s(desk: Desk) -> None:
    catalog = await desk.open_exchange()
    try:
        assert await desk.publish(catalog) > 200
        rest = Rest(catalog.sdk, Clock().now)
        ticker = next(
            iter((await catalog.events("KXHIGHNY", (await catalog.series_fees())[0]["KXHIGHNY"])).markets)
        ).ticker
        by_hand = m.PlaceOrder("manual-1", ticker, m.Side.BID, Price(100), Count(100))
        assert isinstance((await rest.perform(by_hand))[0], m.Acked)
        quoter = desk.start("quoter", "quote")
        desk.start("watchdog", "watchdog")
        await desk.until(catalog, 10_000, MANY, 90.0)
        quoter.kill()
        took = await desk.until(catalog, 0, 0, 30.0, "watchdog")
        assert took < 5.0
        assert {o.client_order_id for o in await catalog.our_orders()} <= {"manual-1"}
        manual = (await rest.look_up("manual-1", ticker)).order
        assert manual is not None
        filled = manual.filled == by_hand.count  # others trade meanwhile: it may fill, it may not be cancelled
        assert manual.status == "resting" or filled, "a person's order is not ours to take away"
    finally:
        await catalog.sdk.close()
