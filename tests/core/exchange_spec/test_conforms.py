"""The embedded exchange against Kalshi's own specification and Kalshi's own SDK, typed models and all, unmodified."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import kalshi_python_async as kalshi
import pytest

from core import messages as m
from core.exchange.listing import outcome
from core.exchange.structures import GRIDS
from core.exchange.traders import NOISE
from core.units import SECOND, Count, Instant, Price, money
from tests.core.exchange_client.loopback import Place, new_venue, serving
from tests.core.exchange_spec.official import Judged, rest

pytestmark = pytest.mark.slow


@dataclass
class Official:
    """Kalshi's SDK on a judged embedded exchange."""

    place: Place
    sdk: kalshi.KalshiClient
    judged: Judged

    @property
    def ticker(self) -> str:
        return self.place.markets[0].ticker

    def order(self, name: str, price: str = "0.3000", **more: object) -> dict[str, object]:
        return {"ticker": self.ticker, "client_order_id": name, "side": "bid", "count": "10.00", "price": price,
                "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
                "exchange_index": 0} | more  # fmt: skip

    def other(self, side: m.Side, price: int, count: int) -> None:
        """Somebody else trades."""
        n = len(self.place.venue.exchange.orders) + len(self.place.venue.exchange.fill_log)
        order = m.PlaceOrder(f"n-{n}-{price}-{count}", self.ticker, side, Price(price), Count(count), post_only=False)
        self.place.venue.request(NOISE, order)


@pytest.fixture
async def official() -> AsyncIterator[Official]:
    rest()
    venue, markets, credentials, app = new_venue()
    judged = Judged(app)
    async with serving(judged) as port:
        configuration = kalshi.Configuration(host=f"http://127.0.0.1:{port}/trade-api/v2")
        configuration.api_key_id, configuration.private_key_pem = credentials.key_id, credentials.pem
        sdk = kalshi.KalshiClient(configuration)
        place = Place(venue, credentials, port, None, markets)  # type: ignore[arg-type]  # the SDK instead of our client
        yield Official(place, sdk, judged)
        await sdk.close()
    assert judged.faults == []


async def test_the_sdk_creates_amends_decreases_and_cancels(official: Official) -> None:
    sdk = official.sdk
    made = await sdk.create_order_v2(**official.order("a", post_only=True))
    assert (made.fill_count, made.remaining_count) == ("0.00", "10.00")
    amended = await sdk.amend_order_v2(made.order_id, ticker=official.ticker, side="bid", price="0.3100", count="12.00",
                                       updated_client_order_id="b")  # fmt: skip
    assert (amended.remaining_count, amended.fill_count, amended.client_order_id) == ("12.00", "0.00", "b")
    expiry = await sdk.amend_order_v2(made.order_id, ticker=official.ticker, side="bid", price="0.3100", count="12.00",
                                      expiration_time=int(time.time()) + 600)  # fmt: skip
    assert expiry.remaining_count is None and expiry.fill_count is None, "an unchanged size is not told"
    shrunk = await sdk.decrease_order_v2(made.order_id, reduce_by="2.00", exchange_index=0)
    assert shrunk.remaining_count == "10.00"
    gone = await sdk.cancel_order_v2(made.order_id, exchange_index=0)
    assert gone.reduced_by == "10.00"
    with pytest.raises(kalshi.exceptions.NotFoundException):
        await sdk.cancel_order_v2(made.order_id, exchange_index=0)


async def test_a_batch_answers_each_order_by_itself(official: Official) -> None:
    sdk = official.sdk
    orders = [kalshi.CreateOrderV2Request(**official.order(str(k), price))
              for k, price in enumerate(("0.2000", "0.2050", "0.2100"))]  # fmt: skip
    made = (await sdk.batch_create_orders_v2(orders=orders)).orders
    assert [bool(x.order_id) for x in made] == [True, False, True]
    assert made[1].error.code == "invalid_price"
    ids = [{"order_id": x.order_id or "none", "exchange_index": 0} for x in made]
    gone = (await sdk.batch_cancel_orders_v2(orders=ids)).orders
    assert [x.reduced_by for x in gone] == ["10.00", "0.00", "10.00"]


async def test_cancel_all_leaves_nothing(official: Official) -> None:
    for k in range(3):
        await official.sdk.create_order_v2(**official.order(str(k)))
    await official.sdk.cancel_all_orders(subaccount=0)
    assert (await official.sdk.get_orders(status="resting")).orders == []
    assert len((await official.sdk.get_orders(status="canceled")).orders) == 3


async def test_the_sdk_reads_orders_queues_fills_and_positions(official: Official) -> None:
    sdk = official.sdk
    official.other(m.Side.BID, 3000, 400)
    made = await sdk.create_order_v2(**official.order("a"))
    ahead = (await sdk.get_order_queue_positions(market_tickers=official.ticker)).queue_positions
    assert [(x.order_id, x.queue_position_fp) for x in ahead] == [(made.order_id, "4.00")]
    assert (await sdk.get_order_queue_position(made.order_id)).queue_position_fp == "4.00"
    official.other(m.Side.ASK, 3000, 700)
    order = (await sdk.get_order(made.order_id)).order
    assert (order.status, order.fill_count_fp, order.remaining_count_fp) == ("resting", "3.00", "7.00")
    assert (order.maker_fill_cost_dollars, order.taker_fees_dollars) == ("0.900000", "0.000000")
    (fill,) = (await sdk.get_fills(ticker=official.ticker, limit=10)).fills
    assert (fill.count_fp, fill.yes_price_dollars, fill.is_taker, fill.book_side) == ("3.00", "0.3000", False, "bid")
    found = await sdk.get_positions(limit=10)
    assert [x.position_fp for x in found.market_positions] == ["3.00"]
    assert [x.event_exposure_dollars for x in found.event_positions] == ["0.900000"]
    assert (await sdk.get_balance(subaccount=0)).balance_dollars == "9999.1000"


async def test_a_settlement_is_told_as_it_was_paid(official: Official) -> None:
    official.other(m.Side.ASK, 3000, 300)
    await official.sdk.create_order_v2(**official.order("a", count="3.00"))
    exchange, market = official.place.venue.exchange, official.place.markets[0]
    exchange.settle(market.ticker, *outcome(market, market.bracket.low or market.bracket.high or 0))
    (paid,) = (await official.sdk.get_settlements(event_ticker=market.event_ticker)).settlements
    assert (paid.market_result, paid.yes_count_fp, paid.revenue, paid.value) == ("yes", "3.00", 300, 100)
    shown = (await official.sdk.get_market(market.ticker)).market
    assert (shown.status, shown.result, shown.settlement_value_dollars) == ("finalized", "yes", "1.0000")


async def test_the_sdk_reads_series_events_markets_and_books(official: Official) -> None:
    sdk, market = official.sdk, official.place.markets[0]
    official.other(m.Side.ASK, 3000, 333)
    assert len((await sdk.get_series_list(category="Climate and Weather")).series) == 48
    assert (await sdk.get_series(market.series)).series.fee_type == "quadratic"
    events = (await sdk.get_events(series_ticker=market.series, with_nested_markets=True, status="open")).events
    assert [len(x.markets) for x in events] == [6] * len(events)
    assert (await sdk.get_event(market.event_ticker, with_nested_markets=True)).event.collateral_return_type == "MECNET"
    assert len((await sdk.get_markets(event_ticker=market.event_ticker)).markets) == 6
    assert (await sdk.get_market(market.ticker)).market.yes_ask_size_fp == "3.33"
    book = (await sdk.get_market_orderbook(market.ticker)).orderbook_fp
    assert (book.yes_dollars, book.no_dollars) == ([], [["0.7000", "3.33"]]), "an empty side is an empty list"
    books = (await sdk.get_market_orderbooks([x.ticker for x in official.place.markets[:3]])).orderbooks
    assert [x.ticker for x in books] == [x.ticker for x in official.place.markets[:3]]
    assert (await sdk.get_series_fee_changes()).series_fee_change_arr == []
    assert (await sdk.get_event_fee_changes()).event_fee_changes == []


async def test_trades_and_candlesticks_tell_the_same_story(official: Official) -> None:
    sdk, market, now = official.sdk, official.place.markets[0], int(time.time())
    official.other(m.Side.ASK, 3000, 500)
    official.other(m.Side.BID, 3000, 200)
    official.other(m.Side.BID, 3000, 100)
    trades = (await sdk.get_trades(ticker=market.ticker, limit=10)).trades
    assert sorted(x.count_fp for x in trades) == ["1.00", "2.00"]
    bars = (await sdk.get_market_candlesticks(market.series, market.ticker, now - 7200, now + 7200, 60)).candlesticks
    assert sum(float(x.volume_fp) for x in bars) == 3.0
    assert (bars[0].price.open_dollars, bars[0].yes_bid.open_dollars) == ("0.3000", "0.0000")
    (many,) = (await sdk.batch_get_market_candlesticks(market.ticker, now - 7200, now + 7200, 60)).markets
    assert [x.end_period_ts for x in many.candlesticks] == [x.end_period_ts for x in bars]
    event = await sdk.get_market_candlesticks_by_event(market.event_ticker, market.series, now - 7200, now + 7200, 60)
    assert len(event.market_tickers) == 6


async def test_an_order_group_is_made_read_limited_triggered_reset_and_deleted(official: Official) -> None:
    sdk = official.sdk
    made = await sdk.create_order_group(contracts_limit_fp="100.00", exchange_index=0)
    group = made.order_group_id
    order = await sdk.create_order_v2(**official.order("a", order_group_id=group))
    assert (await sdk.get_order_group(group)).orders == [order.order_id]
    await sdk.update_order_group_limit(group, contracts_limit=50)
    assert [x.contracts_limit_fp for x in (await sdk.get_order_groups()).order_groups] == ["50.00"]
    await sdk.trigger_order_group(group, body={})
    with pytest.raises(kalshi.exceptions.ApiException) as blocked:
        await sdk.create_order_v2(**official.order("b", order_group_id=group))
    assert blocked.value.data.code == "order_group_triggered"
    await sdk.reset_order_group(group, body={})
    await sdk.create_order_v2(**official.order("c", order_group_id=group))
    await sdk.delete_order_group(group)
    assert (await sdk.get_orders(status="resting")).orders == []


async def test_the_exchange_and_the_account_speak_of_themselves(official: Official) -> None:
    sdk = official.sdk
    assert (await sdk.get_exchange_status()).trading_active
    assert len((await sdk.get_exchange_schedule()).schedule.standard_hours[0].thursday) == 2
    assert (await sdk.get_user_data_timestamp()).as_of_time
    limits = await sdk.get_account_api_limits()
    assert (limits.usage_tier, limits.write.refill_rate, limits.write.bucket_capacity) == ("advanced", 300, 900)
    costs = await sdk.get_account_endpoint_costs()
    assert costs.default_cost == 10 and {x.cost for x in costs.endpoint_costs} == {2}
    assert (await sdk.get_api_keys()).api_keys[0].scopes == ["read", "write::trade"]
    programmes = (await sdk.get_incentive_programs(type="liquidity", status="active")).incentive_programs
    assert {x.market_ticker for x in programmes} == {x.ticker for x in official.place.markets}
    assert (await sdk.get_historical_cutoff()).market_settled_ts
    assert (await sdk.get_historical_markets(limit=5)).markets == []
    assert (await sdk.get_fills_historical()).fills == []


async def test_every_price_structure_is_listed_as_it_is_traded(official: Official) -> None:
    for name, grid in GRIDS.items():
        official.place.venue.exchange.regrid(official.ticker, grid)
        shown = (await official.sdk.get_market(official.ticker)).market
        assert shown.price_level_structure == name and len(shown.price_ranges) == len(grid.ranges)
        made = await official.sdk.create_order_v2(**official.order(name, f"{grid.lowest / 10_000:.4f}"))
        assert made.remaining_count == "10.00"


async def test_everything_that_our_client_says_and_hears_conforms() -> None:
    """Our own REST client and stream through a whole life: orders, groups, fills, books in both prices, settlement."""
    rest()
    venue, markets, credentials, app = new_venue()
    judged = Judged(app)
    async with serving(judged) as port:
        place = Place.to(venue, credentials, port, markets)
        heard: list[m.Said] = []
        tasks = []
        for yes_price in (True, False):
            stream = place.stream()
            stream.use_yes_price = yes_price
            stream.watch({x.ticker for x in markets[:2]})
            tasks.append(asyncio.create_task(stream.run(heard.append)))
        await asyncio.sleep(0.4)
        await _live(place)
        venue.exchange.settle(markets[1].ticker, "scalar", money("0.25"))
        venue.exchange.regrid(markets[0].ticker, GRIDS["deci_cent"])
        venue.exchange.deactivate(markets[0].ticker)
        venue.exchange.activate(markets[0].ticker)
        venue.exchange.redate(markets[0].ticker, Instant(markets[0].close_at - SECOND))
        venue.publish()
        await asyncio.sleep(0.4)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await place.rest.close()
    assert judged.faults == []
    assert {"orderbook_snapshot", "orderbook_delta", "trade", "fill", "user_order", "market_lifecycle_v2",
            "order_group_updates", "subscribed"} <= judged.kinds  # fmt: skip
    assert {type(x).__name__ for x in heard} >= {"BookSnapshot", "BookDelta", "Fill", "Gone", "GroupChanged"}


async def _live(place: Place) -> None:
    rest_, ticker = place.rest, place.markets[0].ticker
    made = (await rest_.perform(m.CreateGroup("e", Count(10_000))))[0]
    assert isinstance(made, m.GroupCreated)
    expires = Instant(rest_.now() + 60 * SECOND)
    placed = (await rest_.perform(m.PlaceOrder("k-1", ticker, m.Side.BID, Price(3000), Count(1000), expires,
                                               group=made.group)))[0]  # fmt: skip
    assert isinstance(placed, m.Acked)
    taker = m.PlaceOrder("n", ticker, m.Side.ASK, Price(3000), Count(150), post_only=False)
    place.venue.request(NOISE, taker)
    await rest_.perform(m.AmendOrder(placed.order_id, "k-1", ticker, m.Side.BID, Price(3100), Count(1000)))
    await rest_.perform(m.DecreaseOrder(placed.order_id, "k-1", ticker, Count(500)))
    await rest_.perform(m.SetGroupLimit(made.group, Count(5_000)))
    await rest_.perform(m.TriggerGroup(made.group))
    await rest_.perform(m.ResetGroup(made.group))
    again = (await rest_.perform(m.PlaceOrder("k-2", ticker, m.Side.ASK, Price(7000), Count(100))))[0]
    assert isinstance(again, m.Acked)
    await rest_.perform(m.CancelOrder(again.order_id, "k-2", ticker))
    await rest_.perform(m.PlaceOrder("k-3", ticker, m.Side.ASK, Price(7000), Count(100)))
    await rest_.perform(m.CancelAllOrders())
    await rest_.report_orders()
    await rest_.report_positions()
    await rest_.fills_since(Instant(0))
    await rest_.queue_positions([ticker])
    await rest_.look_up("k-1", ticker, placed.order_id)
