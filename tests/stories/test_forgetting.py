"""What is over is let go: a run of months knows no more, and risks no more, than one of days."""

import dataclasses
from typing import Any

import msgspec

from core import messages as m
from core.publication import Publication, PublishedLimits
from core.units import DAY, HOUR, MINUTE, SECOND, Count, Duration, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.engine.actions import Action, Watch
from quoter.engine.config import EngineConfig
from quoter.engine.rows import pnl_row
from tests.stories.stage import CLOSE, COLD, EVENT, MILD, WARM, Stage, make_config


def publish_nothing(stage: Stage) -> list[Action]:
    """A publication without any event: the one event closed, or was withheld."""
    until = Instant(stage.now + 3_600 * SECOND)
    limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
    name = f"{stage.now:020d}"
    return stage.say(e.Published(stage.now, Publication(name, name, "test", stage.now, until, [], {}, limits)))


def traded_out(**changes: Any) -> Stage:
    """Two contracts bought, and sold 20 cents lower by hand: nothing held, 40 cents or so lost."""
    stage = Stage(make_config(**changes)).begin()
    stage.publish(valid_s=3 * 86_400)
    stage.ack_all()
    bought = stage.placed(MILD, m.Side.BID)
    stage.fill(bought, 2)
    lower = Price(bought.price - 2_000)
    stage.say(m.Fill(stage.now, "by-hand", "x-hand", MILD, m.Side.ASK, lower, Count(200), Money(10_000), False,
                     stage.now, "somebody"))  # fmt: skip
    assert (stage.market().position, stage.market().cash) == (0, money("-0.41"))
    return stage


def closed(stage: Stage) -> list[Action]:
    """After the close: nothing is published of the event, and no order of ours rests in it."""
    stage.now = Instant(CLOSE + SECOND)
    stage.say(m.Heartbeat(stage.now))
    done = publish_nothing(stage)
    for market in stage.state.events[EVENT].markets:
        for order in list(market.orders.values()):
            told = m.Gone(stage.now, order.client_order_id, market.ticker, order.order_id, order.filled)
            done += stage.say(told)
    return done + stage.wait(2)


def later(stage: Stage, ns: int) -> None:
    """Time passes, and the engine looks twice in the minutes that follow."""
    stage.now = Instant(stage.now + ns)
    stage.say(e.Timer(stage.now))
    stage.now = Instant(stage.now + MINUTE)
    stage.say(e.Timer(stage.now))


def paid(stage: Stage, ticker: str, value: Money) -> None:
    stage.say(m.MarketChanged(stage.now, ticker, "determined", settlement_value=value))


def test_the_payment_of_a_flat_market_is_listened_for_and_ends_its_part_in_the_worst_case() -> None:
    stage = traded_out()
    done = closed(stage)
    watched = [a for a in done if isinstance(a, Watch)][-1]
    assert watched.tickers == (MILD,), "what the stream says of markets that are not watched reaches nobody"
    assert stage.state.total_loss == money("0.41")
    paid(stage, MILD, money("1.00"))
    assert (stage.state.total_loss, stage.state.realised) == (Money(0), money("-0.41"))


def test_an_event_that_is_over_is_forgotten_after_a_day_and_the_ledger_stays_as_it_is() -> None:
    stage = traded_out()
    closed(stage)
    before, state = stage.state.ledger(), stage.state
    later(stage, 23 * HOUR)
    assert set(state.markets) == {COLD, MILD, WARM}
    later(stage, 2 * HOUR)
    assert not state.markets and not state.events and not state.by_group
    assert not any(state.station_day_loss.values()) and not any(state.city_loss.values())
    assert (state.total_loss, state.ledger()) == (Money(0), before)
    row = pnl_row(state, "waiting")
    assert row.realised + row.marked - row.fees == state.ledger()


def test_what_is_held_is_never_forgotten_however_late_it_is_paid() -> None:
    stage = Stage(make_config()).begin()
    stage.publish()
    stage.ack_all()
    stage.fill(stage.placed(WARM, m.Side.BID), 3)
    closed(stage)
    later(stage, 30 * DAY)
    assert stage.market(WARM).position == 300
    paid(stage, WARM, Money(0))
    later(stage, 2 * DAY)
    later(stage, 2 * DAY)
    assert not stage.state.markets


def test_an_event_that_is_withheld_is_not_over_and_comes_back_as_it_was() -> None:
    stage = traded_out()
    publish_nothing(stage)
    later(stage, DAY)  # a day before the close
    later(stage, HOUR)
    stage.publish()
    assert stage.market().cash == money("-0.41"), "what was lost in it counts in its limit"


def test_a_market_of_an_event_that_was_forgotten_is_known_anew_when_it_is_spoken_of() -> None:
    stage = traded_out()
    closed(stage)
    later(stage, 2 * DAY)
    later(stage, 2 * DAY)
    assert not stage.state.markets
    stage.publish(close=Instant(stage.now + DAY))
    assert stage.market().event.ticker == EVENT and len(stage.state.markets) == 3


def test_a_journal_of_a_version_that_forgot_nothing_replays_as_it_was() -> None:
    config = make_config()
    written = msgspec.to_builtins(config)
    del written["forget_after"]
    earlier = msgspec.convert(written, EngineConfig)
    assert earlier == dataclasses.replace(config, forget_after=Duration(0))
    stage = traded_out(forget_after=Duration(0))
    watched = [a for a in closed(stage) if isinstance(a, Watch)][-1]
    assert watched.tickers == ()
    later(stage, 9 * DAY)
    assert len(stage.state.markets) == 3
