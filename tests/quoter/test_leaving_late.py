"""What is still under way when a run ends: it is waited for and taken away, or named as what nobody knows."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from core import config
from core import messages as m
from core.clock import Clock
from core.contract import Market
from core.exchange.reach import Reach
from core.exchange.rest import Rest
from core.exchange.venue import USER
from core.risk.limits import Approved
from core.storage import journal
from core.units import Count
from quoter.shell import heartbeat
from quoter.shell.live import Live
from tests.core.exchange_client.loopback import Place, embedded

pytestmark = pytest.mark.slow


class SlowWire(Rest):
    """Our requests take `delay` seconds to get to the exchange; everything else is as fast as ever."""

    delay = 0.0

    async def perform(self, request: m.Request) -> list[m.Said]:
        if isinstance(request, m.PlaceOrder):
            await asyncio.sleep(self.delay)
        return await super().perform(request)


def quoter(place: Place, folder: Path, delay: float) -> Live:
    """A quoter on that exchange, behind a slow wire."""
    wire = SlowWire(place.rest.sdk, Clock().now)
    wire.delay = delay
    settings = config.load({"KWM_STORAGE__DATA": str(folder)})
    (folder / "live").mkdir(parents=True)
    live = Live(settings, Clock(), Reach(place.rest.sdk, wire, place.stream()))
    live.begin()
    return live


def bid(market: Market, number: int) -> "Approved[m.PlaceOrder]":  # compiled, the class takes none
    """One contract at the lowest price."""
    return Approved(m.PlaceOrder(f"kwm-late-{number}", market.ticker, m.Side.BID, market.grid.lowest, Count(100)))


def said(folder: Path) -> str:
    """The journal's words on how the run ended."""
    rows = [json.loads(line) for path in journal.files(folder) for line, _ in journal.lines(path)]
    return next(str(row["words"]) for row in rows if row["row"] == "note" and row["kind"] == "stopped")


async def test_an_order_that_arrives_two_seconds_after_the_stop_is_waited_for_and_taken_away(tmp_path: Path) -> None:
    async with embedded() as place:
        live = quoter(place, tmp_path, 2.0)
        live.performer.perform(bid(place.markets[0], 1))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await live.leave()
        assert time.monotonic() - began < 5.0
        assert place.venue.exchange.look_up(USER, "kwm-late-1") is not None, "it did arrive"
        assert place.venue.exchange.order_views(USER) == []
        assert "1 orders cancelled, none left, verified" in said(tmp_path)


async def test_an_order_without_an_answer_is_named_and_nobody_claims_that_nothing_rests(tmp_path: Path) -> None:
    async with embedded() as place:
        live = quoter(place, tmp_path, 60.0)
        live.performer.perform(bid(place.markets[0], 1))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await live.leave()
        assert time.monotonic() - began < 6.0
        assert "NOT verified" in said(tmp_path)
        assert "sent and never answered: kwm-late-1" in said(tmp_path)
        last = heartbeat.last(tmp_path)
        assert (last["state"], last["working"], last["proved"]) == ("stopped", 1, False), "others are told so too"


async def test_what_waits_for_its_turn_at_the_stop_is_never_sent(tmp_path: Path) -> None:
    async with embedded() as place:
        live = quoter(place, tmp_path, 0.5)
        for number in range(40):  # sixteen at once go out, the others wait
            live.performer.perform(bid(place.markets[0], number))
        await asyncio.sleep(0.1)
        await live.leave()
        assert len(place.venue.exchange.orders) <= 16
        assert "none left, verified" in said(tmp_path)
