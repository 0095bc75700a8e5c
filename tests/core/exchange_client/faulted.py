"""An exchange with faults, and a client that believes what it hears: for the tests of `kwm exchange --faults`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from core import messages as m
from core.exchange.faults import parse
from core.exchange.faulty import Faulty
from core.exchange.traders import NOISE
from core.units import Count, Price
from tests.core.exchange_client.loopback import Place, new_venue, serving

CREATE = "POST /portfolio/events/orders"


class Belief:
    """What a client believes that does what the engine does: books from the stream, fills from everywhere."""

    def __init__(self) -> None:
        self.heard: list[m.Said] = []
        self.books: dict[str, dict[tuple[m.Side, int], int]] = {}
        self.suspect: set[str] = set()
        self.fills: dict[tuple[str, str], m.Fill] = {}

    def hear(self, said: m.Said) -> None:
        self.heard.append(said)
        match said:
            case m.BookSnapshot():
                self.books[said.ticker] = {(m.Side.BID, p): c for p, c in said.bids} | {
                    (m.Side.ASK, p): c for p, c in said.asks}  # fmt: skip
                self.suspect.discard(said.ticker)
            case m.BookDelta():
                book, key = self.books.setdefault(said.ticker, {}), (said.side, said.price)
                book[key] = book.get(key, 0) + said.change
            case m.Fill():
                self.fills[(said.trade_id, said.order_id)] = said
            case m.Gap():
                self.suspect |= set(said.tickers)
            case m.Disconnected():
                self.suspect |= set(self.books)
            case _:
                pass

    def kinds(self) -> set[str]:
        return {type(x).__name__ for x in self.heard}

    async def until(self, true: Callable[[], bool], within: float = 9.0) -> None:
        async with asyncio.timeout(within):
            while not true():
                await asyncio.sleep(0.01)


class Faulted(Place):
    """A place whose exchange has faults, and what we believe of it."""

    belief: Belief

    @property
    def ticker(self) -> str:
        return self.markets[0].ticker

    def bid(self, name: str, price: int = 3000) -> m.PlaceOrder:
        return m.PlaceOrder(name, self.ticker, m.Side.BID, Price(price), Count(1000))

    def crowd(self, n: int) -> None:
        """The others change the book `n` times."""
        for k in range(n):
            name = f"crowd-{self.venue.exchange._n}-{k}"
            self.venue.request(
                NOISE, m.PlaceOrder(name, self.ticker, m.Side.ASK, Price(8000 + 100 * (k % 9)), Count(100))
            )

    def sell(self, count: int, price: int = 3000) -> None:
        taker = m.PlaceOrder(f"sell-{self.venue.exchange._n}", self.ticker, m.Side.ASK, Price(price), Count(count),
                             post_only=False)  # fmt: skip
        self.venue.request(NOISE, taker)

    def truth(self) -> dict[tuple[m.Side, int], int]:
        book = self.venue.exchange.snapshot(self.ticker)
        return {(m.Side.BID, p): c for p, c in book.bids} | {(m.Side.ASK, p): c for p, c in book.asks}

    def believes_rightly(self) -> bool:
        book = {k: v for k, v in self.belief.books.get(self.ticker, {}).items() if v}
        return self.ticker not in self.belief.suspect and book == self.truth()


@contextlib.asynccontextmanager
async def faulted(toml: str, *, streaming: bool = False, timeout: float = 3.0) -> AsyncIterator[Faulted]:
    venue, markets, credentials, app = new_venue()
    async with serving(Faulty(app, venue, parse(toml))) as port:
        to = Place.to(venue, credentials, port, markets)
        place = Faulted(to.venue, to.credentials, to.port, to.rest, to.markets)
        place.rest.sdk.timeout_s, place.belief = timeout, Belief()
        task = None
        if streaming:
            stream = place.stream()
            stream.watch({place.ticker})
            task = asyncio.create_task(stream.run(place.belief.hear))
            await place.belief.until(lambda: "BookSnapshot" in place.belief.kinds() or "Gap" in place.belief.kinds())
        try:
            yield place
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await place.rest.close()


def fault(kind: str, on: str = "", **more: object) -> str:
    rows = [f"{k} = {str(v).lower() if isinstance(v, bool) else v!r}" for k, v in more.items()]
    return "\n".join(["[[fault]]", f'kind = "{kind}"', f'on = "{on}"', *rows])


async def resolved(place: Faulted, name: str) -> m.OrderView | None:
    """What the exchange says of our own id, as the engine asks after an unknown outcome."""
    return (await place.rest.look_up(name, place.ticker)).order
