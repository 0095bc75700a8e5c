"""What a contract is taken to be worth, and that neither a restart nor a broken stream earns or loses anything."""

from core import messages as m
from core.units import SECOND, Count, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.shell import heartbeat
from tests.stories.stage import MILD, WARM, Stage, make_config

HELD = {MILD: 100}


def started(marks: dict[str, Price], pnl: str = "0.00") -> Stage:
    """A run that begins with what the one before it left."""
    stage = Stage()
    stage.say(e.Started(stage.now, "r1", "2026-11-24", money(pnl), marks=marks))
    stage.say(m.Connected(stage.now))
    return stage


def pnl(stage: Stage) -> Money:
    return stage.state.pnl_today()


def test_a_restart_before_the_books_are_known_neither_earns_nor_loses() -> None:
    stage = started({MILD: Price(4_000)}, "3.00")
    stage.publish()  # our fair is 45 cents, the market's middle 40
    stage.reconcile(HELD)
    assert pnl(stage) == money("3.00")
    stage.wait(2)
    assert pnl(stage) == money("3.00"), "no book yet: it is worth what it was"
    stage.book(MILD, 38, 42)
    stage.wait(2)
    assert pnl(stage) == money("3.00")


def test_what_prices_did_between_two_runs_of_a_day_counts() -> None:
    stage = started({MILD: Price(4_000)}, "3.00")
    stage.publish()
    stage.reconcile(HELD)
    stage.book(MILD, 28, 32)
    stage.wait(1)
    assert pnl(stage) == money("-7.00"), "a hundred contracts lost ten cents while nobody looked"


def test_what_is_found_at_a_first_start_is_worth_what_its_first_book_says() -> None:
    stage = started({})
    stage.publish()
    stage.reconcile(HELD)
    stage.wait(2)
    stage.book(MILD, 28, 32)
    stage.wait(1)
    assert pnl(stage) == Money(0), "from fair to market is nobody's loss of today"
    stage.book(MILD, 26, 30)
    stage.wait(1)
    assert pnl(stage) == money("-2.00"), "and from then on what the market does is"


def test_what_nobody_can_value_at_the_start_earns_nothing_when_somebody_can() -> None:
    stage = started({})
    stage.reconcile({MILD: -100})  # short, no book, no belief
    stage.wait(2)
    stage.publish()
    stage.wait(400)
    assert pnl(stage) == Money(0), "worth 45 cents each all along, as far as anybody can say"
    stage.book(MILD, 46, 48)
    stage.wait(1)
    assert stage.market().mark() == Price(4_700)


def test_a_stream_that_breaks_changes_no_result_for_a_while() -> None:
    stage = Stage().begin(positions=HELD)
    stage.publish()
    stage.book(MILD, 38, 42)
    stage.wait(2)
    before = pnl(stage)
    stage.say(m.Disconnected(stage.now, "broken"))
    stage.wait(60)
    assert pnl(stage) == before
    stage.wait(300)
    assert stage.market().mark() == Price(4_500), "older than five minutes: our fair says more"


def test_a_wide_book_is_no_price_but_a_bound() -> None:
    stage = Stage().begin(positions=HELD)
    stage.publish()
    market = stage.market()
    for bid, ask, worth in ((30, 90, 4_500), (10, 35, 3_500), (60, 95, 6_000)):
        stage.book(MILD, bid, ask)
        assert market.mark() == Price(worth)
    stage.say(m.BookSnapshot(stage.now, MILD, [], [(Price(1_000), Count(100))]))
    assert market.mark() == Price(1_000), "nobody bids, and somebody sells at ten cents"


def test_the_marks_travel_in_the_heartbeat_for_the_day() -> None:
    stage = Stage().begin(positions=HELD)
    stage.publish()
    stage.book(MILD, 38, 42)
    stage.wait(1)
    left = heartbeat.left_of(stage.state)
    assert left.marks == {MILD: Price(4_000)}
    assert heartbeat.started(left, "r2", stage.now).marks == left.marks
    tomorrow = Instant(stage.now + 86_400 * SECOND)
    assert heartbeat.started(left, "r2", tomorrow).marks == {}


def test_a_book_of_one_side_disagrees_as_well() -> None:
    stage = Stage().begin()
    stage.publish()
    gap = make_config().quote.max_gap
    asks_only = m.BookSnapshot(stage.now, MILD, [], [(Price(round((0.45 - gap) * 10_000) - 100), Count(10_000))])
    stage.say(asks_only)
    assert stage.market().bid_reasons == stage.market().ask_reasons == ("market_disagrees",)
    stage.say(m.BookSnapshot(stage.now, WARM, [(Price(round((0.30 + gap) * 10_000) + 100), Count(10_000))], []))
    assert stage.market(WARM).bid_reasons == ("market_disagrees",)
    stage.book(WARM, 2, 98)
    assert stage.market(WARM).bid_reasons == (), "a wide book around our fair says nothing against it"
