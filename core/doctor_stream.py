"""The doctor's look at the stream: does it open, and do its books say the same as the exchange's own list of them?

The scale of the NO side's prices is a flag that the exchange will flip and then drop. Read on the wrong scale every ask
is another one, and nothing else would tell.
"""

import asyncio
import contextlib
from collections.abc import Iterable

from core import messages as m
from core.clock import Clock
from core.config import Settings
from core.doctor_lines import Line, fail, ok, warn
from core.errors import KwmError
from core.exchange.books import Books
from core.exchange.catalog import Catalog
from core.exchange.credentials import Credentials
from core.exchange.endpoints import endpoints
from core.exchange.stream import Stream
from core.units import ONE_DOLLAR, Price

_SERIES, _WITHIN_S = 8, 10.0  # more markets than one subscribe names: the second one has to join the first
Levels = tuple[set[Price], set[Price]]  # prices of bids and asks, in YES terms


async def stream(settings: Settings, catalog: Catalog, key: Credentials, clock: Clock) -> Line:
    """Some open markets' books, by stream and by list."""
    try:
        tickers = await _tickers(settings, catalog)
        if not tickers:
            return warn("stream", "no open market to look at", "they open at 14:00 UTC the day before")
        heard = await _heard(settings, key, clock, tickers)
        listed = {ticker: (set(bids), set(asks)) for ticker, (bids, asks) in (await catalog.books(tickers)).items()}
    except (KwmError, OSError) as error:
        return fail("stream", str(error)[:160], "see the lines above")
    if heard is None:
        words = f"not connected within {_WITHIN_S:.0f} s, or a channel of our own orders was not confirmed"
        return fail("stream", words, "may this key read? is the WebSocket's host reachable?")
    return compared(heard, listed)


def compared(heard: dict[str, Levels], listed: dict[str, Levels]) -> Line:
    """The asks of the stream's books against the list's, as they are and mirrored. Pure."""
    silent = sorted(listed.keys() - heard.keys())
    if silent:
        return fail("stream", f"no book of {len(silent)} of {len(listed)} markets came, {silent[0]} first", "try again")
    same = sum(len(heard[t][1] & asks) for t, (_, asks) in listed.items())
    mirrored = sum(len(heard[t][1] & {ONE_DOLLAR - p for p in asks}) for t, (_, asks) in listed.items())
    if same < mirrored:
        remedy = "quote nothing; set [exchange] use_yes_price the other way round, and look again"
        return fail("stream", "the NO side's prices are on the other scale than we read them on", remedy)
    if not same:
        return warn("stream", f"{len(listed)} books, none with an ask that the list has too", "look again later")
    return ok("stream", f"{len(listed)} books, {same} ask levels as the exchange lists them")


async def _tickers(settings: Settings, catalog: Catalog) -> list[str]:
    fees, _ = await catalog.series_fees()
    wanted = [series for series in fees if settings.events.wants(series)][:_SERIES]
    markets = [x for series in wanted for x in (await catalog.events(series, fees[series])).markets]
    return [x.ticker for x in markets if x.status == "active"]


async def _heard(settings: Settings, key: Credentials, clock: Clock, tickers: list[str]) -> dict[str, Levels] | None:
    """What the stream says within a few seconds; None: it never was connected."""
    where, exchange = endpoints(settings).stream, settings.exchange
    feed = Stream(where, key, clock, use_yes_price=exchange.use_yes_price, subaccount=exchange.subaccount)
    said: list[m.Said] = []
    feed.watch(set(tickers))
    task = asyncio.create_task(feed.run(said.append))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_WITHIN_S):
            while not {x.ticker for x in said if isinstance(x, m.BookSnapshot)}.issuperset(tickers):
                await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return _levels(said) if any(isinstance(x, m.Connected) for x in said) else None


def _levels(said: Iterable[m.Said]) -> dict[str, Levels]:
    books = Books()
    for one in said:
        if not isinstance(one, m.Disconnected):
            books.learn(one)
    return {ticker: (set(book.bids), set(book.asks)) for ticker, book in books.of.items()}
