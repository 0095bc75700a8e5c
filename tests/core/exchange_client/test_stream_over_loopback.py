"""Our stream against the embedded exchange's WebSocket: books, fills, orders, new markets, reconnects."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from core import messages as m
from core.exchange.traders import NOISE
from core.units import Count, Price
from tests.core.exchange_client.loopback import Place, embedded, new_venue, serving

pytestmark = pytest.mark.slow

Heard = list[m.Said]


@contextlib.asynccontextmanager
async def listening(place: Place, tickers: set[str]) -> AsyncIterator[Heard]:
    heard: Heard = []
    stream = place.stream()
    stream.watch(tickers)
    task = asyncio.create_task(stream.run(heard.append))
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(heard: Heard, true: Callable[[Heard], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true(heard):
            await asyncio.sleep(0.01)


def kinds(heard: Heard) -> set[str]:
    return {type(x).__name__ for x in heard}


def opened(heard: Heard) -> bool:
    return sum(isinstance(x, m.StreamOpened) for x in heard) >= 6


def last_book(heard: Heard, ticker: str) -> dict[tuple[m.Side, Price], int]:
    """The book as snapshot and deltas add up to it."""
    book: dict[tuple[m.Side, Price], int] = {}
    for said in heard:
        if isinstance(said, m.BookSnapshot) and said.ticker == ticker:
            book = {(m.Side.BID, p): c for p, c in said.bids} | {(m.Side.ASK, p): c for p, c in said.asks}
        elif isinstance(said, m.BookDelta) and said.ticker == ticker:
            key = (said.side, said.price)
            book[key] = book.get(key, 0) + said.change
    return {key: size for key, size in book.items() if size}


async def test_the_life_of_an_order_is_heard_and_the_book_adds_up() -> None:
    async with embedded() as place:
        ticker = place.markets[0].ticker
        place.venue.request(NOISE, m.PlaceOrder("n-1", ticker, m.Side.ASK, Price(5000), Count(700)))
        async with listening(place, {ticker}) as heard:
            await until(heard, lambda h: opened(h) and "BookSnapshot" in kinds(h))
            order = [type(x).__name__ for x in heard]
            assert order[:5] == ["StreamOpened"] * 4 + ["Connected"], "our own channels first, books after"
            await place.rest.perform(m.PlaceOrder("kwm-1", ticker, m.Side.BID, Price(4000), Count(1000)))
            place.venue.request(
                NOISE, m.PlaceOrder("n-2", ticker, m.Side.ASK, Price(4000), Count(300), post_only=False)
            )
            await until(heard, lambda h: {"Fill", "TradePrint"} <= kinds(h))
            (order,) = (await place.rest.report_orders()).orders
            await place.rest.perform(m.CancelOrder(order.order_id, "kwm-1", ticker))
            await until(heard, lambda h: "Gone" in kinds(h))
            (fill,) = [x for x in heard if isinstance(x, m.Fill)]
            assert (fill.client_order_id, fill.count, fill.price, fill.position_after) == ("kwm-1", 300, 4000, 300)
            (gone,) = [x for x in heard if isinstance(x, m.Gone)]
            assert (gone.client_order_id, gone.filled) == ("kwm-1", 300)
            await until(heard, lambda h: last_book(h, ticker) == {(m.Side.ASK, Price(5000)): 700})
            assert "Gap" not in kinds(heard)


async def test_markets_come_and_go_while_the_stream_runs() -> None:
    async with embedded() as place:
        first, second = place.markets[0].ticker, place.markets[1].ticker
        heard: Heard = []
        stream = place.stream()
        stream.watch({first})
        task = asyncio.create_task(stream.run(heard.append))
        await until(heard, lambda h: "BookSnapshot" in kinds(h))
        stream.watch({second})
        await until(heard, lambda h: any(isinstance(x, m.BookSnapshot) and x.ticker == second for x in h))
        for ticker in (first, second):
            place.venue.request(NOISE, m.PlaceOrder(f"n-{ticker}", ticker, m.Side.BID, Price(1000), Count(100)))
        await until(heard, lambda h: "BookDelta" in kinds(h))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert {x.ticker for x in heard if isinstance(x, m.BookDelta)} == {second}


async def test_a_resync_brings_a_fresh_snapshot() -> None:
    async with embedded() as place:
        ticker = place.markets[0].ticker
        heard: Heard = []
        stream = place.stream()
        stream.watch({ticker})
        task = asyncio.create_task(stream.run(heard.append))
        await until(heard, lambda h: "BookSnapshot" in kinds(h))
        stream.resync({ticker})
        await until(heard, lambda h: sum(isinstance(x, m.BookSnapshot) for x in h) == 2)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_after_the_exchange_was_away_everything_is_subscribed_again() -> None:
    venue, markets, credentials, app = new_venue()
    ticker = markets[0].ticker
    heard: Heard = []
    async with serving(app) as port:
        place = Place(venue, credentials, port, None, markets)  # type: ignore[arg-type]  # no REST in this test
        stream = place.stream()
        stream.watch({ticker})
        task = asyncio.create_task(stream.run(heard.append))
        await until(heard, lambda h: "BookSnapshot" in kinds(h))
    await until(heard, lambda h: "Disconnected" in kinds(h))
    del heard[:]
    async with serving(app, port):
        await until(heard, lambda h: opened(h) and "BookSnapshot" in kinds(h), 10.0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert "Connected" in kinds(heard)


async def test_a_wrong_key_is_a_disconnect_with_its_reason_and_no_crash() -> None:
    async with embedded() as place:
        place.credentials = type(place.credentials)("stranger", place.credentials.pem)
        async with listening(place, set()) as heard:
            await until(heard, lambda h: "Disconnected" in kinds(h))
            said = heard[0]
            assert isinstance(said, m.Disconnected) and said.words
