"""What waits for its turn: cancels behind nothing, orders not for long, one question an order."""

import asyncio
from typing import Any

import pytest

from core import messages as m
from core.errors import OutcomeUnknown
from core.risk.limits import Approved
from core.units import SECOND, Count, Duration, Instant, Price
from quoter.engine import actions as a
from quoter.shell.freshness import shows_since
from quoter.shell.gate import AT_ONCE
from quoter.shell.perform import Performer


class SlowDesk:
    """Answers nothing before it is let."""

    def __init__(self, dated: Instant | None = Instant(7)) -> None:
        self.dated = dated
        self.let, self.sent, self.looked_up = asyncio.Event(), list[m.Request](), list[str]()

    async def perform(self, request: m.Request) -> list[m.Said]:
        self.sent.append(request)
        await self.let.wait()
        return []

    async def as_of(self) -> Instant:
        if self.dated is None:
            raise OutcomeUnknown("no answer")
        return self.dated

    async def report_orders(self) -> m.OrdersReported:
        return m.OrdersReported(Instant(100 * SECOND), Instant(100 * SECOND), [])

    async def look_up(self, client_order_id: str, ticker: str, order_id: str = "") -> m.OrderLookedUp:
        self.looked_up.append(client_order_id)
        await self.let.wait()
        return m.OrderLookedUp(Instant(0), Instant(0), client_order_id, None)


def place(n: int) -> Approved[m.PlaceOrder]:
    return Approved(m.PlaceOrder(f"kwm-{n}", "X", m.Side.BID, Price(4_000), Count(1_000)))


def crowded(**more: int) -> tuple[SlowDesk, Performer, list[m.Said]]:
    """More orders than may be under way at once, and an exchange that does not answer."""
    desk, heard = SlowDesk(), list[m.Said]()
    rest: Any = desk
    performer = Performer(rest, rest, heard.append, lambda kind, words: None, lambda: Instant(7), **more)
    for n in range(AT_ONCE + 3):
        performer.perform(place(n))
    return desk, performer, heard


async def test_a_cancel_does_not_wait_behind_orders() -> None:
    desk, performer, _ = crowded()
    performer.perform(Approved(m.CancelOrder("o-1", "kwm-old", "X")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert any(isinstance(request, m.CancelOrder) for request in desk.sent)
    assert len(desk.sent) == AT_ONCE + 1
    desk.let.set()
    await performer.finish(1.0)


async def test_what_waits_when_a_person_halts_is_never_sent_and_said_so() -> None:
    desk, performer, heard = crowded()
    await asyncio.sleep(0)
    performer.refuse_waiting()
    desk.let.set()
    while performer.tasks:
        await asyncio.sleep(0.001)
    assert len(desk.sent) == AT_ONCE
    assert [(s.client_order_id, s.at) for s in heard if isinstance(s, m.NotSent)] == [
        (f"kwm-{AT_ONCE + n}", 7) for n in range(3)
    ]


async def test_an_order_that_waited_too_long_is_of_another_moment() -> None:
    desk, performer, heard = crowded(too_old=10_000_000)
    await asyncio.sleep(0.05)
    desk.let.set()
    while performer.tasks:
        await asyncio.sleep(0.001)
    assert len(desk.sent) == AT_ONCE and len(heard) == 3


async def test_an_order_is_asked_about_once_at_a_time() -> None:
    desk, performer, _ = SlowDesk(), None, None
    rest: Any = desk
    performer = Performer(rest, rest, lambda said: None, lambda kind, words: None, lambda: Instant(7))
    for _ in range(5):
        performer.perform(a.LookUp("kwm-1", "X"))
        await asyncio.sleep(0)
    assert desk.looked_up == ["kwm-1"]
    desk.let.set()
    while performer.tasks:
        await asyncio.sleep(0.001)
    performer.perform(a.LookUp("kwm-1", "X"))
    await asyncio.sleep(0.01)
    assert desk.looked_up == ["kwm-1"] * 2


async def test_a_list_says_what_was_when_the_exchange_says_it_is_of_and_without_a_word_what_was_long_ago() -> None:
    for dated, since in ((Instant(96 * SECOND), 95), (Instant(105 * SECOND), 100), (None, 85)):
        heard, desk = list[m.Said](), SlowDesk(dated)
        rest: Any = desk
        performer = Performer(rest, rest, heard.append, lambda kind, words: None, lambda: Instant(100 * SECOND))
        performer.perform(a.AskOrders())
        while performer.tasks:
            await asyncio.sleep(0.001)
        assert [said.asked_at for said in heard if isinstance(said, m.OrdersReported)] == [since * SECOND]


@pytest.mark.parametrize(
    ("ahead_s", "as_of_s", "since_s"),
    [
        (0.0, -0.2, -1.2),  # the margin for clocks that differ a little
        (0.9, -0.2, -1.2),
        (312.0, -312.2, -2.2),  # ours is ahead by minutes: the lag is the exchange's, not the clock's
        (-60.0, 59.8, -1.2),  # behind: what looks like the future is of a moment ago
        (-60.0, 50.0, -11.0),
        (0.0, 5.0, 0.0),  # never of later than it was asked for
    ],
)
def test_lists_are_dated_by_our_clock_however_far_it_is_from_the_exchanges(
    ahead_s: float, as_of_s: float, since_s: float
) -> None:
    now = Instant(1_795_000_000 * SECOND)
    said = shows_since(now, Instant(now + round(as_of_s * SECOND)), Duration(SECOND), round(ahead_s * SECOND))
    assert (said - now) / SECOND == pytest.approx(since_s)
