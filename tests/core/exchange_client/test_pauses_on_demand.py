"""Pauses that a fault begins: of trading, which takes cancels, and of the exchange, which takes nothing."""

import asyncio

import pytest
from msgspec.structs import replace

from core import messages as m
from core.units import Count
from tests.core.exchange_client.faulted import fault, faulted

pytestmark = pytest.mark.slow


async def test_a_pause_in_the_middle_of_a_batch_refuses_the_rest_of_it_by_name() -> None:
    async with faulted(fault("pause_in_batch", "POST", seconds=30.0)) as place:
        orders = [{"ticker": place.ticker, "client_order_id": str(k), "side": "bid", "count": "1.00", "price": "0.1000",
                   "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
                   "cancel_order_on_pause": True} for k in range(4)]  # fmt: skip
        answers = (await place.rest.sdk.client.batch_create_orders_v2(orders=orders)).orders
        assert [x.error.code if x.error else "" for x in answers] == ["", "", *["trading_is_paused"] * 2]
        assert (await place.rest.report_orders()).orders == [], "the first two asked to go on a pause"
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Rejected) and said.code == "trading_is_paused"


async def test_a_trading_pause_takes_cancels_and_no_orders_and_says_so() -> None:
    async with faulted(fault("trading_pause", "GET /portfolio/balance", at=[1], seconds=0.3)) as place:
        stays = replace(place.bid("kwm-1"), cancel_on_pause=False)
        (acked,) = await place.rest.perform(stays)
        await place.rest.perform(place.bid("kwm-2", 2900))
        assert isinstance(acked, m.Acked) and (await place.rest.status()).trading
        await place.rest.balance()
        status = await place.rest.status()
        assert (status.trading, status.active, status.resumes_at) == (False, True, None)
        (said,) = await place.rest.perform(place.bid("kwm-3"))
        assert isinstance(said, m.Rejected) and said.code == "trading_is_paused"
        assert [o.client_order_id for o in (await place.rest.report_orders()).orders] == ["kwm-1"]
        (gone,) = await place.rest.perform(m.CancelOrder(acked.order_id, "kwm-1", place.ticker))
        assert isinstance(gone, m.Gone)
        await asyncio.sleep(0.4)
        place.venue.tick(0.1)
        assert (await place.rest.status()).trading
        assert isinstance((await place.rest.perform(place.bid("kwm-4")))[0], m.Acked)


async def test_an_exchange_pause_takes_nothing_answers_questions_and_estimates_its_end() -> None:
    async with faulted(fault("exchange_pause", "GET /portfolio/balance", at=[1], seconds=0.3)) as place:
        (acked,) = await place.rest.perform(replace(place.bid("kwm-1"), cancel_on_pause=False))
        assert isinstance(acked, m.Acked)
        await place.rest.balance()
        status = await place.rest.status()
        assert (status.trading, status.active) == (False, False)
        assert status.resumes_at is not None and status.resumes_at > status.at
        for request in (
            place.bid("kwm-2"),
            m.CancelOrder(acked.order_id, "kwm-1", place.ticker),
            m.CreateGroup("", Count(100)),
        ):
            (said,) = await place.rest.perform(request)
            assert isinstance(said, m.Unknown), "a 503 does not say that nothing happened"
        assert [o.client_order_id for o in (await place.rest.report_orders()).orders] == ["kwm-1"]
        await asyncio.sleep(0.4)
        place.venue.tick(0.1)
        assert (await place.rest.status()).active
        assert isinstance((await place.rest.perform(m.CancelOrder(acked.order_id, "kwm-1", place.ticker)))[0], m.Gone)
