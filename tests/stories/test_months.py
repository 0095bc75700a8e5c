"""A run of months is no larger than one of days, and still counts no fill twice."""

import dataclasses
from collections.abc import Sized
from typing import Any

from core import messages as m
from core.contract import LINEAR_CENT
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.units import DAY, HOUR, MINUTE, SECOND, Count, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.engine.state import State
from tests.stories.stage import MILD, START, Stage


def sizes(state: State) -> dict[str, int]:
    """How much each container of the state, and of its counters, holds; `ended` keeps two thousand, and no more."""
    every = [(x.name, getattr(state, x.name)) for x in dataclasses.fields(state)]
    every += [(f"counters.{x.name}", getattr(state.counters, x.name)) for x in dataclasses.fields(state.counters)]
    return {name: len(kept) for name, kept in every if isinstance(kept, Sized) and name != "ended"}


def publish_day(stage: Stage, number: int) -> str:
    """One event of one bracket that closes a day later; its ticker."""
    event = f"KXHIGHNY-D{number:03d}"
    ticker, close, until = f"{event}-B46.5", Instant(stage.now + DAY), Instant(stage.now + DAY)
    market = MarketFair(ticker, 46, 47, 0.45, 0.004, 0.0, 0.45, None, list(LINEAR_CENT.ranges), close, 70_000, 0)
    fair = EventFair(
        event, "KNYC", "New York", "high", f"2027-{number:03d}", START, close, 46.0, 2.5, None, 1.0, [], {}, until, [],
        [], money("60.00"), [market],
    )  # fmt: skip
    limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
    name = f"{stage.now:020d}"
    stage.say(e.Published(stage.now, Publication(name, name, "test", stage.now, until, [fair], {}, limits)))
    return ticker


def fill_of(stage: Stage, ticker: str, trade: str, order: Any, side: m.Side) -> m.Fill:
    """One contract of an order of ours, or of somebody else's on the same account."""
    order_id, name = (f"x-{order.client_order_id}", order.client_order_id) if order else (f"hand-{trade}", "")
    cents, one, nothing = Price(4_000), Count(100), Money(0)
    return m.Fill(stage.now, trade, order_id, ticker, side, cents, one, nothing, False, stage.now, name)


def live_a_day(stage: Stage, number: int) -> list[m.Fill]:
    """Published, quoted, bought, sold by hand, closed, paid; its fills."""
    ticker = publish_day(stage, number)
    stage.actions.clear()
    stage.book(ticker, 39, 51)
    stage.wait(2)
    bid = stage.placed(ticker, m.Side.BID)
    for request in stage.requests(m.PlaceOrder):
        stage.ack(request)
    fills = [fill_of(stage, ticker, f"a{number}", bid, m.Side.BID),
             fill_of(stage, ticker, f"b{number}", None, m.Side.ASK)]  # fmt: skip
    for fill in fills:
        stage.say(fill)
    for order in [o for market in stage.state.markets.values() for o in market.orders.values()]:
        stage.say(m.Gone(stage.now, order.client_order_id, order.ticker, order.order_id, order.filled))
    stage.actions.clear()
    for _ in range(24):
        stage.now = Instant(stage.now + HOUR)
        stage.say(e.Timer(stage.now))
        for order in [o for market in stage.state.markets.values() for o in market.orders.values()]:
            stage.say(m.Gone(stage.now, order.client_order_id, order.ticker, order.order_id, order.filled))
    stage.say(m.MarketChanged(stage.now, ticker, "determined", settlement_value=money("1.00")))
    return fills


def test_nothing_in_the_engine_grows_with_the_age_of_its_run() -> None:
    stage = Stage().begin()
    for day in range(8):
        live_a_day(stage, day)
    early = sizes(stage.state)
    for day in range(8, 38):
        live_a_day(stage, day)
    assert stage.state.counters.fills == 2 * 38
    assert {name: (early[name], size) for name, size in sizes(stage.state).items() if size > early[name]} == {}


def test_a_fill_of_weeks_ago_that_comes_again_is_not_counted_again() -> None:
    stage = Stage().begin()
    first = live_a_day(stage, 0)
    for day in range(1, 20):
        last = live_a_day(stage, day)
    before = stage.state.ledger()
    for fill in (*first, *last):
        stage.say(heard_now(fill, stage.now))
    assert (stage.state.counters.fills, stage.state.ledger()) == (2 * 20, before)


def test_the_last_fill_is_asked_for_again_for_ever_and_never_counted_again() -> None:
    stage = Stage().begin()
    fills = live_a_day(stage, 0)
    for _ in range(40):
        stage.now = Instant(stage.now + DAY)
        stage.say(e.Timer(stage.now))
    before = stage.state.ledger()
    for fill in fills:
        stage.say(heard_now(fill, stage.now))
    late = fill_of(stage, MILD, "late", None, m.Side.BID)  # of a moment after the last one that we heard of
    stage.say(heard_now(late, stage.now, filled_at=Instant(fills[-1].filled_at + SECOND)))
    assert (stage.state.counters.fills, stage.market().position) == (3, 100)
    assert stage.state.ledger() != before


def test_a_fill_that_is_owed_for_days_still_counts() -> None:
    stage = Stage().begin()
    ticker = publish_day(stage, 0)
    stage.book(ticker, 39, 51)
    stage.wait(2)
    bid = stage.placed(ticker, m.Side.BID)
    stage.ack(bid)
    owed = fill_of(stage, ticker, "owed", bid, m.Side.BID)
    later = fill_of(stage, ticker, "later", None, m.Side.BID)
    for _ in range(5):
        stage.now = Instant(stage.now + DAY)
        stage.say(e.Timer(stage.now))
    stage.say(heard_now(later, stage.now, filled_at=stage.now))
    stage.now = Instant(stage.now + MINUTE)
    stage.say(e.Timer(stage.now))
    stage.say(heard_now(owed, stage.now))
    assert stage.market(ticker).position == 200


def heard_now(fill: m.Fill, now: Instant, **changes: Any) -> m.Fill:
    """The same fill, heard now."""
    import msgspec

    return msgspec.structs.replace(fill, at=now, **changes)
