"""A sweep believes no list that may be older than what we sent."""

import time

from core import messages as m
from core.clock import Clock, surely_ahead
from core.errors import OutcomeUnknown
from core.exchange.rest import Rest
from core.exchange.sweep import sweep
from core.units import SECOND, Count, Instant, Price

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
    """Our clock is `ahead` seconds ahead of the exchange's."""

    def __init__(self, ahead: float, lag: float = 0.0) -> None:
        super().__init__(lag)
        self.ahead = ahead

    async def as_of(self) -> Instant:
        return Instant(await super().as_of() - int(self.ahead * SECOND))


async def test_a_clock_of_ours_that_is_ahead_keeps_no_proof_from_who_has_heard_the_stream() -> None:
    """With a clock 4 s ahead a stop ended NOT verified: it has five seconds."""
    assert not (await sweep(Apart(4.0), "kwm-", 3.0)).verified
    done = await sweep(Apart(4.0), "kwm-", 3.0, ahead=int(4.02 * SECOND))
    assert done.verified and 1.0 <= done.seconds < 3.0


async def test_a_clock_of_ours_that_is_behind_makes_no_old_list_a_proof() -> None:
    for ahead in (0, -3 * SECOND):
        desk = Apart(-3.0, 0.7)
        desk.place("kwm-1")
        done = await sweep(desk, "kwm-", ahead=ahead)
        assert (done.verified, done.cancelled, desk.rests) == (True, 1, {}), "the first list did not show it yet"


async def test_what_the_stream_says_of_the_clocks_proves_nothing_falsely() -> None:
    done = await sweep(Apart(3.0, 60.0), "kwm-", 1.5, ahead=3 * SECOND)
    assert not done.verified
    assert [surely_ahead(int(x * SECOND), SECOND) / SECOND for x in (0.9, -0.9, 4.0, -4.0)] == [0, 0, 3, -4]
