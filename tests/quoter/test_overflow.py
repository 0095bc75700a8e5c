"""When too much waits for the engine, market data goes and nothing else does."""

import asyncio
from pathlib import Path

import pytest

from core import config
from core import messages as m
from core.clock import Clock
from core.exchange.credentials import make_embedded_key
from core.units import Count, Instant, Price
from quoter.engine import events as e
from quoter.shell.inbox import Inbox
from quoter.shell.live import Live


class Quoter(Live):
    """With room for three events, behind no exchange; remembers what its engine was told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(config.load({"KWM_STORAGE__DATA": str(folder)}), Clock())
        self.queue, self.heard = Inbox(3), list[e.Event]()

    def restart_feed(self) -> None:
        """Nothing is served here."""

    def handle(self, event: e.Event) -> None:
        """As ever."""
        self.heard.append(event)
        super().handle(event)


@pytest.fixture
def live(tmp_path: Path) -> Quoter:
    make_embedded_key(tmp_path)
    (tmp_path / "live").mkdir(exist_ok=True)
    made = Quoter(tmp_path)
    made.begin()
    return made


def noise(live: Quoter) -> m.BookDelta:
    return m.BookDelta(live.clock.now(), "KXHIGHNY-26NOV25-B44.5", m.Side.BID, Price(4000), Count(100))


async def consume(live: Quoter, seconds: float = 0.3) -> None:
    consumer = asyncio.create_task(live.consume())
    await asyncio.sleep(seconds)
    live.stopping.set()
    live.put(m.Heartbeat(live.clock.now()))
    await asyncio.wait_for(consumer, 5.0)


async def test_a_halt_that_comes_when_the_queue_is_full_halts(live: Quoter) -> None:
    for _ in range(5):
        live.put(noise(live))
    live.put(e.Halted(live.clock.now(), "a person"))
    for _ in range(5):
        live.put(noise(live))
    await consume(live)
    assert live.state.halted


async def test_an_overflow_loses_no_fill_and_no_answer_and_is_a_disconnection(live: Quoter) -> None:
    now = live.clock.now()
    fill = m.Fill(now, "t1", "o1", "T", m.Side.BID, Price(4000), Count(100), live.state.total_loss, False, now)
    gone = m.Gone(now, "kwm-1", "T", "o1", Count(100), reason="executed")
    for event in (noise(live), noise(live), noise(live), noise(live), fill, gone):
        live.put(event)
    assert live.overflown
    await consume(live)
    assert [x for x in live.heard if isinstance(x, m.Fill | m.Gone | m.Disconnected)][:2] == [fill, gone]
    assert any(isinstance(x, m.Disconnected) for x in live.heard)


async def test_a_person_is_heard_before_what_waits_and_time_does_not_go_back(live: Quoter) -> None:
    times: list[Instant] = []
    live.put(noise(live))
    await asyncio.sleep(0.01)
    live.put(e.Paused(live.clock.now(), "a person"))
    waiting = live.queue.take_all()
    assert isinstance(waiting[0], e.Paused)
    for event in waiting:
        live.handle(event)
        times.append(live.state.now)
    assert live.state.paused and times == sorted(times)
