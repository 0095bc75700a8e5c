"""Fills that are learnt while positions are asked for: which of the two holds which."""

from core import messages as m
from core.units import SECOND, Count, Instant, Money, money
from quoter.engine.actions import AskPositions
from tests.stories.stage import MILD, WARM, Stage


def quoting() -> tuple[Stage, m.PlaceOrder]:
    """A run that has taken positions over and quotes, and its bid on the mild bracket."""
    stage = Stage().begin()
    stage.publish()
    stage.ack_all()
    return stage, stage.placed(MILD, m.Side.BID)


def report(stage: Stage, asked: Instant, **held: int) -> list[object]:
    """Positions in whole contracts, by ticker, of `asked`."""
    views = [m.PositionView(t, Count(n * 100), money("4.00"), Money(0), Money(0)) for t, n in held.items()]
    return list(stage.say(m.PositionsReported(stage.now, asked, views, money("10000.00"))))


def test_a_fill_of_an_order_asked_for_after_the_report_is_not_in_it_whatever_the_clocks_say() -> None:
    """In a busy market the first order of a run fills within the second that clocks may differ by: everything was
    pulled to take the positions over anew, again and again."""
    stage, bid = quoting()
    stamp = Instant(stage.state.adopted_at - SECOND)  # a clock behind ours: by it the fill is of before the report
    stage.say(m.Fill(stage.now, "t1", f"x-{bid.client_order_id}", MILD, bid.side, bid.price, Count(300), Money(0),
                     False, stamp, bid.client_order_id))  # fmt: skip
    assert stage.state.positions_known and not stage.state.adopting
    assert stage.market().position == 300 and stage.market().early == (0, 0)


def test_a_fill_in_one_market_keeps_no_other_from_being_compared() -> None:
    """Somewhere something fills every second on a busy day; what is held elsewhere was compared by luck only."""
    stage, bid = quoting()
    stage.wait(5)
    asked = stage.now
    stage.wait(1)
    stage.fill(bid, 3)
    done = report(stage, asked, **{WARM: 7})
    assert stage.market(WARM).disputed == 700, "nobody here knows of those seven"
    assert stage.market(MILD).disputed is None, "of this one the report may be older than the fill"
    assert AskPositions() not in done and AskPositions() in stage.wait(2)


def test_after_a_reconnect_positions_are_known_only_when_every_market_was_compared() -> None:
    stage, bid = quoting()
    stage.wait(5)
    stage.say(m.Disconnected(stage.now, "maintenance"))
    stage.say(m.Connected(stage.now))
    stage.say(m.OrdersReported(stage.now, stage.now, []))
    asked = stage.now
    stage.wait(1)
    stage.fill(bid, 3)
    report(stage, asked)
    assert not stage.state.positions_known
    stage.wait(1)
    report(stage, stage.now, **{MILD: 3})
    assert stage.state.positions_known and stage.market().disputed is None


def test_a_fill_that_brings_us_to_what_the_exchange_counts_ends_the_dispute() -> None:
    """The report overtook the message of the fill: half a minute unquoted, until the next report."""
    stage, bid = quoting()
    stage.wait(5)
    report(stage, stage.now, **{MILD: 3})
    assert stage.market().disputed == 300
    stage.wait(1)
    stage.fill(bid, 3)
    assert stage.market().disputed is None and "position_disputed" not in stage.market().bid_reasons
