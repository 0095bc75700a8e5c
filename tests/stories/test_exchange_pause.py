"""The exchange pauses, by its schedule or without one: nothing is asked of it meanwhile, and nobody is to blame."""

from dataclasses import replace

from core import messages as m
from core.units import SECOND, Count, Instant, instant
from quoter.engine.actions import Action, Alert, AskStatus
from quoter.engine.guard import global_reasons
from quoter.why_stopped import stopped
from tests.stories.stage import MILD, Stage, make_config

THURSDAY = instant("2026-11-26T08:00:00Z")  # three in the morning in New York


def quoting(now: Instant = THURSDAY) -> Stage:
    """Six orders rest, and the exchange has said that it trades."""
    stage = Stage(now=now).begin()
    stage.publish(valid_s=1_000)
    stage.ack_all()
    stage.say(m.TradingStatus(stage.now, stage.now, True))
    return stage


def cancelled(stage: Stage) -> list[Action]:
    """The exchange takes every order away, as they asked it to do on a pause."""
    done: list[Action] = []
    for market in list(stage.state.markets.values()):
        for order in list(market.orders.values()):
            done += stage.say(
                m.Gone(stage.now, order.client_order_id, market.ticker, order.order_id, Count(0), reason="HaltCancel")
            )
    return done


def waits(stage: Stage, seconds: int, *, trading: bool | None, refuses: bool) -> list[Action]:
    """Seconds in which the exchange says what it is asked (`trading`; None: it does not answer) and refuses orders."""
    found: list[Action] = []
    for _ in range(seconds):
        stage.say(m.Heartbeat(stage.now))
        done = stage.wait(1)
        found += done
        for r in stage.requests(m.PlaceOrder, done) if refuses else []:
            found += stage.say(
                m.Rejected(stage.now, r.client_order_id, r.ticker, "PlaceOrder", "trading_is_paused", "")
            )
        if AskStatus() in done and trading is not None:
            found += stage.say(m.TradingStatus(stage.now, stage.now, trading))
    return found


def test_in_a_pause_of_hours_the_exchange_refuses_a_handful_of_orders_and_is_asked_when_it_goes_on() -> None:
    stage = quoting()
    cancelled(stage)
    done = waits(stage, 120, trading=False, refuses=True)
    assert len(stage.requests(m.PlaceOrder, done)) <= 6, "one burst, before the first refusal is heard"
    assert 20 <= done.count(AskStatus()) <= 30, "every five seconds"
    assert [a.kind for a in done if isinstance(a, Alert)] == ["exchange"], "told once"
    assert global_reasons(stage.state) == ("exchange_paused",) and not stage.state.recent_errors
    done = waits(stage, 8, trading=True, refuses=False)
    assert len({(r.ticker, r.side) for r in stage.requests(m.PlaceOrder, done)}) == 6, "and quotes again in seconds"


def test_an_order_that_is_refused_for_a_pause_stops_those_of_all_markets_at_once() -> None:
    stage = quoting()
    cancelled(stage)
    first, *_ = stage.requests(m.PlaceOrder, stage.wait(3))
    done = stage.say(m.Rejected(stage.now, first.client_order_id, first.ticker, "PlaceOrder", "trading_is_paused", ""))
    done += stage.book(MILD, 44, 47)
    assert not stage.requests(m.PlaceOrder, done) and stage.market().bid_reasons == ("exchange_paused",)
    assert AskStatus() in stage.wait(5)


def test_an_answer_that_was_asked_for_before_a_refusal_does_not_undo_it() -> None:
    stage = quoting()
    cancelled(stage)
    before = stage.now
    first, *_ = stage.requests(m.PlaceOrder, stage.wait(3))
    stage.say(m.Rejected(stage.now, first.client_order_id, first.ticker, "PlaceOrder", "trading_is_paused", ""))
    stage.say(m.TradingStatus(stage.now, before, True))
    assert global_reasons(stage.state) == ("exchange_paused",)


def test_an_exchange_that_does_not_say_how_it_is_is_tried_again_after_a_minute() -> None:
    stage = quoting()
    cancelled(stage)
    assert stage.requests(m.PlaceOrder, waits(stage, 10, trading=None, refuses=True))
    assert not stage.requests(m.PlaceOrder, waits(stage, 45, trading=None, refuses=True))
    assert stage.requests(m.PlaceOrder, waits(stage, 20, trading=None, refuses=False))


def test_refusals_that_the_exchange_itself_denies_count_as_errors_as_ever() -> None:
    stage = quoting()
    cancelled(stage)
    waits(stage, 30, trading=True, refuses=True)
    assert len(stage.state.recent_errors) >= 6


def test_a_stopped_exchange_is_said_to_be_one_and_until_when() -> None:
    stage = quoting()
    until = instant("2026-11-26T11:30:00Z")
    stage.say(m.TradingStatus(stage.now, stage.now, False, False, until))
    assert stopped(stage.state) == [
        "the exchange has stopped: it takes neither orders nor cancels; it reckons to go on at 11:30 UTC"
    ]


def test_the_weekly_pause_is_told_with_its_end_and_another_one_as_what_it_is() -> None:
    weekly, other = quoting(), quoting(Instant(THURSDAY - 3_600 * SECOND))
    for stage in (weekly, other):
        stage.say(m.TradingStatus(stage.now, stage.now, False))
    assert stopped(weekly.state)[0].endswith("Thursdays 3 to 5 a.m. in New York, lasts until 10:00 UTC")
    assert stopped(other.state)[0].endswith("though it is not its weekly pause; nobody has said until when")


def test_a_journal_of_before_asks_nothing_and_learns_nothing_from_a_pause() -> None:
    stage = Stage(replace(make_config(), status_every=0)).begin()
    stage.publish()
    first = stage.requests(m.PlaceOrder)[0]
    done = stage.say(m.Rejected(stage.now, first.client_order_id, first.ticker, "PlaceOrder", "trading_is_paused", ""))
    assert AskStatus() not in done + stage.wait(25) and global_reasons(stage.state) == ()
