"""`kwm record`: listens to the chosen markets and writes every byte. Decides nothing, trades nothing.

It lists markets every `list_every_s`, asks for their whole books every `books_every_s` (against which `kwm tape verify`
checks what the deltas made), and asks for the results of what has closed. The key needs the scope `read` alone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from core import messages as m
from core.clock import Clock
from core.config import Settings
from core.contract import Fees, Market
from core.errors import KwmError
from core.exchange.catalog import Catalog
from core.exchange.credentials import credentials
from core.exchange.endpoints import endpoints
from core.exchange.sdk import Sdk
from core.exchange.stream import Stream
from core.tape.format import VERSION, Header, Kind
from core.tape.writer import Writer
from core.units import DAY, Instant, to_datetime

_SYNC_EVERY = 10  # flushes
_PAUSE_S = 0.1  # between listing requests: the read bucket is shared with everybody who uses this key
_RESULT_WITHIN = 3 * DAY
Say = Callable[[str], None]


class Recorder:
    """One recording. `say` takes what a person should read."""

    def __init__(self, settings: Settings, clock: Clock, say: Say) -> None:
        where, key = endpoints(settings), credentials(settings)
        self.settings, self.clock, self.say = settings, clock, say
        run = f"{to_datetime(clock.now()):%y%m%d%H%M%S}"
        header = Header(VERSION, run, settings.exchange.environment, where.stream, settings.exchange.use_yes_price,
                        clock.speed)  # fmt: skip
        tape = settings.tape
        self.writer = Writer(settings.storage.data.resolve(), header, level=tape.level,
                             rotate_bytes=int(tape.rotate_mb * 2**20))  # fmt: skip
        self.sdk = Sdk(where.rest, key, settings.exchange.timeout_s)
        self.sdk.tap = self.answered
        self.catalog = Catalog(self.sdk, settings.exchange.exchange_index)
        self.stream = Stream(where.stream, key, clock, use_yes_price=settings.exchange.use_yes_price, tap=self.heard)
        self.fees: dict[str, Fees] = {}
        self.markets: dict[str, Market] = {}
        self.connections = 0

    def heard(self, kind: str, at: Instant, data: bytes) -> None:
        """What went over the socket: `<` heard, `>` sent, `C` connected, `D` disconnected."""
        self.writer.append(Kind(kind.encode()), at, data)

    def answered(self, request: str, body: bytes) -> None:
        """A REST answer: `GET /path 200` and its body."""
        self.writer.append(Kind.ANSWER, self.clock.now(), request.encode() + b"\n" + body)

    async def run(self, stop: asyncio.Event) -> None:
        """Until stopped; what was heard is on disk when this returns."""
        tape = self.settings.tape
        work = [
            asyncio.create_task(self.stream.run(self._said)),
            asyncio.create_task(self._again_and_again(self.list_markets, tape.list_every_s)),
            asyncio.create_task(self._again_and_again(self.sample_books, tape.books_every_s)),
            asyncio.create_task(self._keep(tape.flush_s)),
        ]
        try:
            await stop.wait()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self.writer.append(Kind.DISCONNECTED, self.clock.now(), b"the recording was stopped")
            self.writer.close(self.clock.now())
            with contextlib.suppress(KwmError, OSError):
                await self.sdk.close()

    def _said(self, said: m.Said) -> None:
        if isinstance(said, m.Connected):
            self.connections += 1
        elif isinstance(said, m.Disconnected | m.Gap):
            self.say(f"{type(said).__name__.lower()}: {said.words}")

    async def _keep(self, seconds: float) -> None:
        number = 0
        while True:
            await asyncio.sleep(seconds)
            self.writer.flush(self.clock.now())
            number += 1
            if number % _SYNC_EVERY == 0:
                await asyncio.to_thread(self.writer.sync)

    async def _again_and_again(self, work: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
        while True:
            try:
                await work()
            except (KwmError, OSError, TimeoutError) as error:
                self.say(f"{getattr(work, '__name__', 'question')}: {error}")
            await asyncio.sleep(seconds / self.clock.speed)

    async def list_markets(self) -> None:
        """Which markets are open now, and the results of those that closed."""
        if not self.fees:
            self.fees, _ = await self.catalog.series_fees()
        now, found = self.clock.now(), dict[str, Market]()
        for series in sorted(self.fees):
            if self.settings.events.wants(series):
                listing = await self.catalog.events(series, self.fees[series])
                found |= {market.ticker: market for market in listing.markets if market.close_at > now}
                await asyncio.sleep(_PAUSE_S)
        closed = [t for t, one in self.markets.items() if t not in found and now - one.close_at < _RESULT_WITHIN]
        if closed:
            await self.catalog.by_tickers(sorted(closed), self.fees)
        if set(found) != self.stream.tickers:
            self.say(f"{len(found)} markets are open")
            self.stream.watch(set(found))
        self.markets = {t: one for t, one in self.markets.items() if now - one.close_at < _RESULT_WITHIN} | found

    async def sample_books(self) -> None:
        """Every watched book whole, from the stream: its number says exactly which deltas it holds."""
        self.stream.resync(set(self.stream.tickers))

    def words(self) -> str:
        """How it is going."""
        w = self.writer
        packed = f"{w.written_bytes / 2**20:.2f} MiB on disk ({w.raw_bytes / max(1, w.written_bytes):.1f} to 1)"
        return f"{len(self.stream.tickers)} markets, {w.records:,} records, {packed}, {self.connections} connections"


def duration(seconds: float) -> str:
    """3723 -> 1:02:03."""
    return str(timedelta(seconds=round(seconds)))
