"""After a restart: what a person switched off is off, and where only reducing orders went, only those go."""

from core import messages as m
from core.units import money
from quoter.engine import events as e
from tests.stories.stage import COLD, EVENT, MILD, WARM, Stage, make_config


def restarted(*off: str, **changes: object) -> Stage:
    """A run that begins on what the last one left, connected, reconciled, with books and beliefs."""
    stage = Stage(make_config(**changes))
    stage.say(e.Started(stage.now, "r2", "2026-11-24", money("0.00"), off=off))
    stage.say(m.Connected(stage.now))
    stage.reconcile()
    for ticker, middle in ((COLD, 25), (MILD, 45), (WARM, 30)):
        stage.book(ticker, middle - 6, middle + 6)
    stage.publish()
    return stage


def quoted(stage: Stage) -> set[str]:
    return {request.ticker for request in stage.requests(m.PlaceOrder)}


def test_a_market_that_was_switched_off_is_not_quoted_after_a_restart_until_a_person_says_so() -> None:
    stage = restarted(MILD)
    assert quoted(stage) == {COLD, WARM}
    assert stage.market(MILD).bid_reasons == ("market_off",)
    stage.say(e.Toggled(stage.now, "a person", MILD, True))
    assert quoted(stage) == {COLD, MILD, WARM}


def test_an_event_that_was_switched_off_is_not_quoted_after_a_restart() -> None:
    stage = restarted(EVENT)
    assert quoted(stage) == set()
    assert stage.market(MILD).ask_reasons == ("event_off",)


def test_reduce_only_outlives_a_restart() -> None:
    stage = Stage()
    stage.say(e.Started(stage.now, "r2", "2026-11-24", money("0.00"), reduce_only="by a person"))
    stage.say(m.Connected(stage.now))
    stage.reconcile({MILD: 20})
    for ticker, middle in ((COLD, 25), (MILD, 45), (WARM, 30)):
        stage.book(ticker, middle - 6, middle + 6)
    stage.publish()
    assert {(r.ticker, r.side) for r in stage.requests(m.PlaceOrder)} == {(MILD, m.Side.ASK)}
