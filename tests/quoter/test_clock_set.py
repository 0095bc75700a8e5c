"""A run at a served exchange while somebody sets the clock: never back in time, nothing left, the next run well."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core import config
from core.clock import Clock, Steady
from core.contract import Market
from core.exchange.reach import Reach
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.venue import USER
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.storage import journal, publications
from core.units import SECOND, Instant, Money, instant, money
from quoter.shell import heartbeat
from quoter.shell.live import Live
from tests.core.exchange_client.loopback import Place, embedded

pytestmark = pytest.mark.slow
_QUOTES = {
    "KWM_ENGINE__EMPTY_BOOKS": "true", "KWM_ENGINE__ORDER_GROUPS": "false", "KWM_RISK__COLLAR": "0.90",
}  # fmt: skip


class Hands:
    """This machine's clocks; the wall one is wrong by `wrong` seconds."""

    def __init__(self) -> None:
        self.wrong = 0.0

    def read(self) -> tuple[int, int]:
        return time.time_ns() + int(self.wrong * SECOND), time.monotonic_ns()


def publish(folder: Path, markets: list[Market], at: Instant) -> str:
    """The brackets of the event that closes last are all worth the same, for the next four minutes; its id."""
    name, until = f"{at:020d}", Instant(at + 240 * SECOND)
    event_ticker = max(markets, key=lambda x: x.close_at).event_ticker
    members = [x for x in markets if x.event_ticker == event_ticker]
    day = members[0].station_day
    priced = [
        MarketFair(x.ticker, x.bracket.low, x.bracket.high, 1 / len(members), 0.004, 0.0, 0.5, None,
                   list(x.grid.ranges), x.close_at, x.fees.taker, x.fees.maker)
        for x in members
    ]  # fmt: skip
    event = EventFair(members[0].event_ticker, day.station.code, day.station.city, day.variable.value,
                      day.day.isoformat(), day.start, day.end, 50.0, 3.0, None, 1.0, [], {}, until, [], [],
                      money("60.00"), priced)  # fmt: skip
    limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
    assert publications.write(Publication(name, "r", "m", at, until, [event], {}, limits), folder, at)
    return name


class Run:
    """One run of the quoter, by `hands`."""

    def __init__(self, place: Place, folder: Path, hands: Hands) -> None:
        self.place, self.folder, self.hands = place, folder, hands
        wall = Steady(hands.read)
        sdk = Sdk(f"http://127.0.0.1:{place.port}/trade-api/v2", place.credentials, 3.0)  # closed at the run's end
        reach = Reach(sdk, Rest(sdk, Clock().by(wall).now), place.stream())
        settings = config.load({"KWM_STORAGE__DATA": str(folder), **_QUOTES})
        self.live = Live(settings, Clock(), reach, wall=wall)
        self.code = asyncio.create_task(self.live.run_until_stopped())

    def resting(self) -> int:
        return len(self.place.venue.exchange.order_views(USER))

    async def until(self, what: str, true: Callable[[], bool], within_s: float = 25.0) -> None:
        ends = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < ends, f"not within {within_s} s: {what}; {self.live.notes}"
            await asyncio.sleep(0.02)

    async def quoting(self) -> None:
        await self.until("it quotes", lambda: self.resting() > 0)

    def notes(self, kind: str) -> list[str]:
        rows = [json.loads(line) for path in journal.files(self.folder) for line, _ in journal.lines(path)]
        return [str(row["words"]) for row in rows if row["row"] == "note" and row["kind"] == kind]


@contextlib.asynccontextmanager
async def begun(folder: Path, hands: Hands) -> AsyncIterator[Run]:
    """A run that quotes."""
    (folder / "live").mkdir(parents=True)
    async with embedded() as place:
        publish(folder, place.markets, Instant(Clock().now() + int(hands.wrong * SECOND)))
        run = Run(place, folder, hands)
        await run.quoting()
        yield run
        run.live.stopping.set()
        await asyncio.wait_for(run.code, 20.0)


async def test_set_back_by_minutes_ours_are_taken_away_and_the_next_run_is_well(tmp_path: Path) -> None:
    hands = Hands()
    hands.wrong = 312.0
    async with begun(tmp_path, hands) as run:
        run.live.state.pnl_carried = Money(-7_000_000)
        before = run.live.state.now
        hands.wrong = 0.0
        assert await asyncio.wait_for(run.code, 20.0) == 1
        assert run.resting() == 0
        assert run.live.state.now >= before
        assert run.notes("clock") == [
            "the clock was set back by 312 s: our orders are taken away, and a new run begins on the new time"
        ]
        assert "none left, verified" in run.notes("stopped")[0]

        again = Run(run.place, tmp_path, hands)
        old = "published before the clock was set back"
        await again.until("the old publication is refused", lambda: old in again.live.state.publication_trouble)
        assert again.live.state.pnl_carried == -7_000_000, "the day's loss is not forgotten"
        publish(tmp_path, run.place.markets, Clock().now())
        await again.quoting()
        again.live.stopping.set()
        assert await asyncio.wait_for(again.code, 20.0) == 0


async def test_set_back_by_half_a_second_it_goes_on(tmp_path: Path) -> None:
    hands = Hands()
    async with begun(tmp_path, hands) as run:
        before = run.live.state.now
        hands.wrong = -0.5
        await run.until("ticks go on", lambda: run.live.state.now > before + 2 * SECOND)
        assert not run.code.done() and run.resting() > 0
        assert run.notes("clock") == []


async def test_after_a_jump_ahead_everything_is_stale_at_the_next_tick_and_asked_for_again(tmp_path: Path) -> None:
    hands = Hands()
    async with begun(tmp_path, hands) as run:
        asked = run.live.state.next_reconcile
        hands.wrong = 3_600.0
        await run.until("quotes are pulled", lambda: run.resting() == 0, 3.0)
        assert run.live.state.next_reconcile > asked + 3_500 * SECOND, "orders and positions were asked for again"
        assert run.notes("clock")[0].startswith("the clock jumped ahead by 3,600 s")
        publish(tmp_path, run.place.markets, run.live.clock.now())
        await run.quoting()


def test_the_loss_of_a_day_that_has_not_come_yet_is_todays() -> None:
    noon = instant("2026-11-24T12:00:00Z")
    left = heartbeat.Left("2026-11-25", Money(-5_000_000), "daily loss limit reached: 5.00 dollars")
    said = heartbeat.started(left, "r2", noon)
    assert (said.day, said.pnl_carried, said.halted) == ("2026-11-24", -5_000_000, left.halted)
