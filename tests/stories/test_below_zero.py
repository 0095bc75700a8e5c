"""A strike below zero has a dash of its own: its market belongs to the same event as the others."""

import pytest

from core import messages as m
from core.contract import event_of
from core.units import SECOND, Count, Instant, Money, Price, money
from quoter.engine import events as e
from tests.stories.stage import EVENT, Stage

COLDER, COLD, MILD = (f"{EVENT}-{suffix}" for suffix in ("T-6", "B-5.5", "T-4"))
BOUNDS: dict[str, tuple[int | None, int | None]] = {COLDER: (None, -7), COLD: (-6, -5), MILD: (-4, None)}
FAIRS = {COLDER: 0.25, COLD: 0.45, MILD: 0.30}


@pytest.mark.parametrize("suffix", ["B46.5", "T46", "B-6.5", "T-7", "B-0.5"])
def test_an_event_is_its_series_and_day_whatever_the_strike(suffix: str) -> None:
    assert event_of(f"KXLOWTMIN-26DEC01-{suffix}") == "KXLOWTMIN-26DEC01"
    assert event_of("A-1") == "A" and event_of("A") == "A"


def cold_morning() -> Stage:
    stage = Stage()
    stage.say(e.Started(stage.now, "r1", "2026-11-24", money("0.00")))
    stage.say(m.Connected(stage.now))
    stage.reconcile()
    for ticker, fair in FAIRS.items():
        stage.book(ticker, round(fair * 100) - 6, round(fair * 100) + 6)
    stage.publish(FAIRS, bounds=BOUNDS)
    return stage


def test_brackets_below_zero_are_quoted_and_their_losses_add_up() -> None:
    stage = cold_morning()
    known = stage.state.events[EVENT]
    assert {market.ticker for market in known.markets} == set(FAIRS)
    stage.ack_all()
    assert {r.ticker for r in stage.requests(m.PlaceOrder)} == set(FAIRS), "each has its event's belief"
    for ticker in FAIRS:
        stage.now = Instant(stage.now + SECOND)
        stage.say(m.Fill(stage.now, f"t-{ticker}", f"x-{ticker}", ticker, m.Side.BID, Price(2_000), Count(1_000),
                         Money(0), False, stage.now, "by-hand"))  # fmt: skip
    assert known.held == money("-4.00"), "ten of each for 60 cents pay a dollar whatever happens"
