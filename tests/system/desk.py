"""A quoter with hundreds of resting orders at a served exchange, without flows: the test itself publishes."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from core.clock import Clock
from core.contract import Market
from core.errors import Throttled
from core.exchange.catalog import Catalog
from core.exchange.credentials import EMBEDDED_ID, Credentials, embedded_key_path
from core.exchange.sdk import Sdk
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.stations import STATIONS
from core.storage import journal, publications
from core.units import ONE_DOLLAR, SECOND, Instant, money
from tests.system.house import ROOT, free_ports

_WIDE = {
    "KWM_RISK__MAX_LOSS_TOTAL": "100000.00", "KWM_RISK__MAX_LOSS_CITY": "20000.00",
    "KWM_RISK__MAX_LOSS_EVENT": "5000.00",
    "KWM_RISK__MAX_STRESS_EVENT": "20000.00", "KWM_RISK__MAX_ERRORS_PER_MINUTE": "1000",
    "KWM_RISK__MAX_FILLS_PER_MINUTE": "5000", "KWM_RISK__MAX_DRAWDOWN": "90000.00",
    "KWM_RISK__MAX_DAILY_LOSS": "90000.00", "KWM_QUOTING__SIZE": "1", "KWM_QUOTING__LEVELS": "2",
    "KWM_QUOTING__REQUOTE_TICKS": "20", "KWM_ENGINE__WRITE_TOKENS_PER_S": "280", "KWM_ENGINE__WRITE_BURST": "280",
}  # fmt: skip


class Desk:
    """Processes by name; `close` ends them all."""

    def __init__(self, folder: Path, **environment: str) -> None:
        exchange, dashboard = free_ports(2)
        self.data, self.folder, self.running = folder / "data", folder, dict[str, subprocess.Popen[bytes]]()
        (self.data / "live").mkdir(parents=True)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KWM_")}, **_WIDE,
            "KWM_EXCHANGE__PORT": str(exchange), "KWM_DASHBOARD__PORT": str(dashboard),
            "KWM_STORAGE__DATA": str(self.data), **environment,
        }  # fmt: skip
        self.url = f"http://127.0.0.1:{exchange}/trade-api/v2"

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """One `kwm` process."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "core.cli", *arguments], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        return self.running[name]

    def log(self, name: str) -> str:
        """The end of what a process said."""
        return (self.folder / f"{name}.log").read_text()[-2_000:]

    def notes(self, kind: str) -> list[str]:
        """What the journal notes of a kind."""
        rows = [json.loads(line) for path in journal.files(self.data) for line, _ in journal.lines(path)]
        return [str(row["words"]) for row in rows if row["row"] == "note" and row["kind"] == kind]

    def catalog(self) -> Catalog:
        """A client of the test's own."""
        key = Credentials(EMBEDDED_ID, embedded_key_path(self.data).read_text())
        return Catalog(Sdk(self.url, key, 5.0))

    async def resting(self, catalog: Catalog) -> int:
        """How many of ours rest."""
        return sum(o.client_order_id.startswith("kwm-") for o in await catalog.our_orders())

    async def until(self, catalog: Catalog, most: int, least: int, within_s: float, name: str = "quoter") -> float:
        """Seconds until between `least` and `most` of ours rest."""
        began = time.monotonic()
        count = -1
        while time.monotonic() - began < within_s:
            with contextlib.suppress(Throttled):  # the quoter asks with the same key
                count = await self.resting(catalog)
            if least <= count <= most:
                return time.monotonic() - began
            await asyncio.sleep(0.2)
        raise AssertionError(f"{count} orders rest after {within_s:.0f} s; {name} says: {self.log(name)}")

    async def says(self, name: str, words: str, within_s: float) -> None:
        """A process says these words in the end."""
        ends = time.monotonic() + within_s
        while words not in self.log(name):
            assert time.monotonic() < ends, f"{name} does not say {words!r}: {self.log(name)}"
            await asyncio.sleep(0.1)

    async def open_exchange(self, within_s: float = 60.0) -> Catalog:
        """Serve the exchange and wait for it."""
        self.start("exchange", "exchange", "serve", "--port", self.environment["KWM_EXCHANGE__PORT"])
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            await asyncio.sleep(0.2)
            if embedded_key_path(self.data).exists():
                catalog = self.catalog()
                try:
                    await catalog.schedule()
                except Exception as error:  # noqa: BLE001 - whatever it says before it is up
                    last = error
                    await catalog.sdk.close()
                else:
                    return catalog
        raise AssertionError(f"no exchange: {last}; {self.log('exchange')}")

    async def publish(self, catalog: Catalog) -> int:
        """Beliefs = the middles of the books, good for ten minutes. How many markets."""
        fees, _ = await catalog.series_fees()
        found: dict[str, list[Market]] = {}
        for station in STATIONS:
            for series in (station.series_high, station.series_low):
                for market in (await catalog.events(series, fees[series])).markets:
                    found.setdefault(market.event_ticker, []).append(market)
        now = Clock().now()
        tickers = [x.ticker for members in found.values() for x in members]
        books = await catalog.books(tickers)
        until = Instant(now + 600 * SECOND)
        events = []
        for event, members in found.items():
            middles = {}
            for market in members:
                bids, asks = books[market.ticker]
                low, high = max(bids, default=100), min(asks, default=9_900)
                middles[market.ticker] = max(0.01, (low + high) / 2 / ONE_DOLLAR)
            total, day = sum(middles.values()), members[0].station_day
            priced = [
                MarketFair(x.ticker, x.bracket.low, x.bracket.high, middles[x.ticker] / total, 0.004, 0.0, 0.5, None,
                           list(x.grid.ranges), x.close_at, x.fees.taker, x.fees.maker)
                for x in members
            ]  # fmt: skip
            events.append(
                EventFair(event, day.station.code, day.station.city, day.variable.value, day.day.isoformat(), day.start,
                          day.end, 50.0, 3.0, None, 1.0, [], {}, until, [], [], money("5000.00"), priced)
            )  # fmt: skip
        limits = PublishedLimits(money("100000.00"), money("20000.00"), money("90000.00"))
        made = Publication(f"{now:020d}", "test", "test", now, until, events, {}, limits)
        publications.write(made, self.data, now)
        return len(tickers)

    def close(self) -> None:
        """End everything, the quoter first."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
