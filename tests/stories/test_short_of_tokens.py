"""When the exchange takes fewer requests than we would like: what is done with them, and that none is left unused."""

import dataclasses

from core import messages as m
from core.units import SECOND, Count, Instant
from quoter.engine import budget as cost
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.step import deadline
from tests.stories.stage import FAIRS, Stage, make_config

RATE = 20.0  # tokens a second: two requests


def short(life_s: float = 180.0) -> Stage:
    """Six orders at rest, and from now on hardly any tokens: what is usable at once pays for one request."""
    config = make_config(order_life=int(life_s * SECOND), refresh_before=45 * SECOND)
    config = dataclasses.replace(config, quote=dataclasses.replace(config.quote, requote="ticks"))
    stage = Stage(config).begin()
    stage.publish(valid_s=1_000)
    assert len(stage.ack_all()) == 6
    stage.wait(1)
    budget = stage.state.budget
    budget.rate, budget.burst, budget.reserve, budget.tokens = RATE / SECOND, 40.0, 30.0, 40.0
    return stage


def run(stage: Stage, until: Instant, *, churn: bool) -> list[tuple[Instant, m.AmendOrder]]:
    """Time passes and the engine is woken when it wants to be; the others move to and fro if `churn`."""
    found: list[tuple[Instant, m.AmendOrder]] = []

    def look(done: list[Action]) -> None:
        found.extend((stage.now, r) for r in stage.requests(m.AmendOrder, done))
        stage.ack_amends(done)

    flip, next_move = 0, stage.now
    while stage.now < until:
        woken = deadline(stage.state)
        stage.now = max(stage.now, min(woken, next_move) if churn else woken)
        if stage.now == next_move and churn:
            next_move, flip = Instant(next_move + SECOND // 10), 1 - flip
            for ticker, fair in FAIRS.items():
                look(stage.book(ticker, round(fair * 100) - 3 - 4 * flip, round(fair * 100) + 3 + 4 * flip))
        else:
            look(stage.say(e.Timer(stage.now)) + stage.say(m.Heartbeat(stage.now)))
    return found


def test_what_the_bucket_pays_for_is_used_in_a_quiet_market_too() -> None:
    stage = short()
    for ticker, fair in FAIRS.items():
        stage.book(ticker, round(fair * 100) - 9, round(fair * 100) + 9)
    began = stage.now
    first = stage.publish({ticker: fair + 0.03 * (-1) ** n for n, (ticker, fair) in enumerate(FAIRS.items())})
    stage.ack_amends(first)
    found = run(stage, Instant(began + 5 * SECOND), churn=False)
    moved = len(stage.requests(m.AmendOrder, first)) + len(found)
    assert moved == 5 and found[-1][0] - began < 4 * SECOND, "two a second, where a tick pays for one"


def test_orders_about_to_expire_are_renewed_before_others_are_moved() -> None:
    stage = short()
    until = min(o.expires_at for x in stage.state.markets.values() for o in x.orders.values())
    found = run(stage, Instant(until - 46 * SECOND), churn=False)
    assert found == []
    run(stage, Instant(until - 30 * SECOND), churn=True)
    orders = [o for x in stage.state.markets.values() for o in x.orders.values()]
    assert len(orders) == 6 and all(order.expires_at > until + 60 * SECOND for order in orders), "none lapsed"


def test_a_cancel_without_tokens_is_sent_as_soon_as_there_are_some() -> None:
    stage = short()
    stage.state.budget.tokens = 0.0
    began = stage.now
    stage.say(e.Paused(stage.now, "a person"))
    while stage.state.working() and stage.now < began + 5 * SECOND:
        stage.now = deadline(stage.state)
        for r in stage.requests(m.CancelOrder, stage.say(e.Timer(stage.now))):
            stage.say(m.Gone(stage.now, r.client_order_id, r.ticker, r.order_id, Count(0)))
    assert stage.state.working() == 0 and stage.now - began < 0.85 * SECOND, "twelve tokens, twenty a second"


def test_what_waits_for_tokens_says_so() -> None:
    """At a start hundreds of orders wait for half a minute: neither a quote nor a reason was shown."""
    stage = Stage().begin()
    stage.state.budget.tokens, stage.state.budget.rate = stage.state.budget.reserve + cost.GROUP + cost.CREATE, 1e-12
    stage.publish()
    assert len(stage.requests(m.PlaceOrder)) == 1
    waiting = [r for x in stage.state.markets.values() for r in (x.bid_reasons, x.ask_reasons) if r]
    assert waiting == [("rate_limit",)] * 5
