"""A sweep believes no list that may be older than what we sent."""

import time

import pytest

from core import messages as m
from core.clock import Clock
from core.errors import OutcomeUnknown
from core.exchange.rest import Rest
from core.exchange.sdk import latest
from core.exchange.sweep import sweep
from core.units import SECOND, Count, Instant, Price

pytestmark = pytest.mark.slow

CLOCK = Clock()


def resting(name: str) -> m.OrderView:
    return m.OrderView(f"o-{name}", name, "T", m.Side.BID, Price(4000), "resting", Count(0), Count(1000))


class Lagging(Rest):
    """Its lists are `lag` seconds old; it says so, or (`silent`) does not say of when they are."""

    def __init__(self, lag: float, *, silent: bool = False) -> None:
        self.lag, self.silent = lag, silent
        self.rests: dict[str, tuple[float, m.OrderView]] = {}
        self.cancels: list[str] = []

    def place(self, name: str) -> None:
        """It rests from now on."""
        self.rests[f"o-{name}"] = (time.monotonic(), resting(name))

    async def as_of(self) -> Instant:
        if self.silent:
            raise OutcomeUnknown("no answer")
        return Instant(CLOCK.now() - int(self.lag * SECOND))

    def said_at(self) -> Instant | None:
        return None if self.silent else Instant(CLOCK.now() // SECOND * SECOND)

    async def report_orders(self) -> m.OrdersReported:
        asked_at, seen = CLOCK.now(), time.monotonic() - self.lag
        return m.OrdersReported(CLOCK.now(), asked_at, [view for born, view in self.rests.values() if born <= seen])

    async def perform(self, request: m.Request) -> list[m.Said]:
        assert isinstance(request, m.CancelOrder)
        self.cancels.append(request.order_id)
        if self.rests.pop(request.order_id, None) is None:
            return [m.CancelNotFound(CLOCK.now(), request.client_order_id, request.ticker, request.order_id)]
        return [m.Gone(CLOCK.now(), request.client_order_id, request.ticker, request.order_id, reason="canceled")]


async def test_an_order_that_the_first_list_does_not_show_yet_is_found_and_taken() -> None:
    for silent in (False, True):
        desk = Lagging(0.7, silent=silent)
        desk.place("kwm-1")
        done = await sweep(desk, "kwm-")
        assert (done.verified, done.cancelled, desk.rests) == (True, 1, {})


async def test_an_up_to_date_list_is_proved_within_two_seconds() -> None:
    done = await sweep(Lagging(0.0), "kwm-")
    assert done.verified and 1.0 <= done.seconds < 2.0


async def test_where_lists_stay_older_than_what_we_sent_nothing_is_verified() -> None:
    done = await sweep(Lagging(60.0), "kwm-", 1.5)
    assert not done.verified and done.left == [] and "before our last requests" in done.troubles[-1]


async def test_without_a_word_on_their_age_two_empty_lists_two_seconds_apart_are_needed() -> None:
    assert not (await sweep(Lagging(0.0, silent=True), "kwm-", 1.0)).verified
    done = await sweep(Lagging(0.0, silent=True), "kwm-")
    assert done.verified and 2.0 <= done.seconds < 3.0


async def test_what_we_know_and_the_list_does_not_show_is_cancelled_unseen() -> None:
    desk = Lagging(60.0)
    desk.place("kwm-1")
    desk.place("by-hand")
    done = await sweep(desk, "kwm-", 0.5, [m.CancelOrder("o-kwm-1", "kwm-1", "T")])
    assert desk.cancels == ["o-kwm-1"] and done.cancelled == 1 and not done.verified


class Apart(Lagging):
    """Our clock is `ahead` seconds ahead of the exchange's; by `date_ahead` its Date is ahead of its lists' clock."""

    def __init__(self, ahead: float, lag: float = 0.0, date_ahead: float = 0.0) -> None:
        super().__init__(lag)
        self.ahead, self.date_ahead = ahead, date_ahead

    async def as_of(self) -> Instant:
        return Instant(await super().as_of() - int(self.ahead * SECOND))

    def said_at(self) -> Instant | None:
        theirs = CLOCK.now() - int((self.ahead - self.date_ahead) * SECOND)
        return Instant(theirs // SECOND * SECOND)


async def test_a_clock_of_ours_that_is_ahead_keeps_no_proof_from_us() -> None:
    """After a jump ahead `kwm kill` and the watchdog proved nothing at all, and a stop nothing for ten minutes."""
    for ahead in (4.0, 600.0):
        desk = Apart(ahead, 0.7)
        desk.place("kwm-1")
        done = await sweep(desk, "kwm-", 5.0)
        assert (done.verified, done.cancelled, desk.rests) == (True, 1, {}), "the first list did not show it yet"
        assert done.seconds < 5.0


async def test_a_clock_of_ours_that_was_set_back_is_not_needed() -> None:
    desk = Apart(-3.0, 2.5)
    desk.place("kwm-1")
    done = await sweep(desk, "kwm-", 8.0, clocks=False)
    assert (done.verified, done.cancelled, desk.rests) == (True, 1, {})


async def test_a_clock_of_ours_that_is_behind_makes_no_old_list_a_proof() -> None:
    desk = Apart(-3.0, 0.7)
    desk.place("kwm-1")
    done = await sweep(desk, "kwm-")
    assert (done.verified, done.cancelled, desk.rests) == (True, 1, {}), "the first list did not show it yet"


async def test_the_exchanges_own_time_proves_nothing_falsely() -> None:
    for old_lists in (Apart(3.0, 60.0), Apart(600.0, 60.0)):
        assert not (await sweep(old_lists, "kwm-", 3.5)).verified
    another_clock = Apart(600.0, 60.0, date_ahead=-90.0)  # its lists look newer than its Date: two clocks
    assert not (await sweep(another_clock, "kwm-", 3.5)).verified


def test_a_date_that_cannot_be_read_takes_back_what_an_earlier_answer_said() -> None:
    first = latest(None, "Sun, 29 Nov 2026 16:00:01 GMT")
    assert first is not None and latest(first, "Sun, 29 Nov 2026 16:00:03 GMT") == first + 2 * SECOND
    assert latest(first, "Sun, 29 Nov 2026 16:00:00 GMT") == first, "answers overtake one another"
    assert latest(first, "") is None and latest(first, "soon") is None
