"""A recorded book in a backtest: the queue is what a level showed, shortened by its trades and by its cancellations."""

import random

import numpy as np
import pytest

from core import messages as m
from core.exchange.book import Book
from core.history.ladder import Prints
from core.history.levels import Levels, touches
from core.history.touch import Fitted
from core.messages import Side
from core.units import MINUTE, SECOND, Count, Instant, Price
from quoter.backtest.job import Arm, FillModel
from quoter.backtest.past import Changed, Happened, prepare
from quoter.backtest.run import Bench, offline
from quoter.engine.config import engine_config
from tests.quoter.backtest import day

T0 = Instant(day.event().open_at + MINUTE)
TICKER = day.event().markets[2].ticker
Row = tuple[float, bool, int, int]  # seconds, a level of bids, price, size


def levels(*rows: Row) -> Levels:
    """Changes of the third market."""
    columns = list(zip(*((T0 + round(at * SECOND), 2, bid, price, size) for at, bid, price, size in rows), strict=True))
    at, market, bid, price, size = (np.array(column) for column in columns)
    return Levels(at, market, bid, price, size)


def prints(*rows: tuple[float, int, int, bool]) -> Prints:
    """Trades of the third market: seconds, price, count, the taker bought."""
    columns = list(
        zip(*((T0 + round(at * SECOND), 2, price, count, buys) for at, price, count, buys in rows), strict=True)
    )
    at, market, price, count, buys = (np.array(column) for column in columns)
    return Prints(at, market, price, count, buys)


BOOK: tuple[Row, ...] = ((0, True, 3_000, 2_000), (0, True, 2_900, 900), (0, False, 3_300, 1_500))


def test_what_shrank_is_traded_as_far_as_prints_say_and_cancelled_for_the_rest() -> None:
    past = prepare(
        day.event(), prints((10.5, 3_000, 700, False), (60, 3_000, 300, False)), None, Fitted(),
        levels(*BOOK, (10, True, 3_000, 1_000), (59, True, 3_000, 700), (70, True, 3_000, 0)),
    )  # fmt: skip
    shrank = [row for row in past.happened if isinstance(row, Changed) and row.size < row.was]
    assert [(row.was, row.size, row.cancelled) for row in shrank] == [
        (2_000, 1_000, 300),
        (1_000, 700, 0),
        (700, 0, 700),
    ]
    assert [(row.bid, row.ask) for row in shrank] == [(3_000, 3_300), (3_000, 3_300), (2_900, 3_300)]
    assert sum(isinstance(row, Happened) for row in past.happened) == 2


def test_we_queue_behind_what_the_level_showed_and_cancellations_bring_us_forward_by_their_share() -> None:
    past = prepare(
        day.event(), prints((20, 3_000, 600, False)), None, Fitted(),
        levels(*BOOK, (5, True, 3_000, 1_000), (20.1, True, 3_000, 400)),
    )  # fmt: skip
    bench = Bench(past, Arm("x"), offline(engine_config(day.SETTINGS)), [])
    venue, where = bench.venue, iter(range(len(past.happened)))

    def until(seconds: float) -> None:
        for k in where:
            bench.now = past.happened[k].at
            bench._happen(k)
            if k + 1 == len(past.happened) or past.happened[k + 1].at > T0 + seconds * SECOND:
                return

    until(0)
    venue.handle(m.PlaceOrder("a", TICKER, Side.BID, Price(3_000), Count(500)), bench.now)
    (order,) = venue.orders.values()
    assert order.ahead == 2_000
    until(5)
    assert order.ahead == 1_000, "half of the level was cancelled: half of those ahead of us"
    until(20)
    assert order.ahead == 400 and order.filled == 0, "six contracts traded, all of them ahead of us"
    until(21)
    assert order.ahead == 400, "the level shrank by what was traded: nobody cancelled"


@pytest.mark.parametrize(
    ("model", "at_ours", "beyond"),
    [(FillModel.PESSIMISTIC, 0, 300), (FillModel.BASE, 300, 300), (FillModel.OPTIMISTIC, 300, 300)],
)
def test_an_offer_that_comes_to_rest_where_we_bid_would_have_met_us_by_its_size(
    model: FillModel, at_ours: int, beyond: int
) -> None:
    for price, want in ((3_100, at_ours), (3_000, beyond)):
        past = prepare(day.event(), prints((31, price, 300, True)), None, Fitted(),
                       levels(*BOOK, (30, False, price, 300), (31, False, price, 0)))  # fmt: skip
        bench = Bench(past, Arm("x", model), offline(engine_config(day.SETTINGS)), [])
        for k in range(3):
            bench.now = past.happened[k].at
            bench._happen(k)
        bench.venue.handle(m.PlaceOrder("a", TICKER, Side.BID, Price(3_100), Count(1_000)), bench.now)
        for k in range(3, len(past.happened)):
            bench.now = past.happened[k].at
            bench._happen(k)
        assert sum(fill.size for fill in bench.cell.fills) == want, "once: the buyer who then took it had not met us"


def test_the_engine_sees_the_recorded_book_level_for_level() -> None:
    rng, sizes, rows = random.Random(7), dict[tuple[bool, int], int](), list[Row]()
    for n in range(400):
        bid = rng.random() < 0.5
        price = (rng.randint(20, 30) if bid else rng.randint(32, 45)) * 100
        sizes[(bid, price)] = size = rng.choice((0, 500, 800, 1_200))
        rows.append((60 + n * 30, bid, price, size))
    past = prepare(day.event(), None, None, Fitted(), levels(*rows))
    told = day.published(day.rows(), Arm("x"))
    bench = Bench(past, Arm("x"), offline(engine_config(day.SETTINGS)), told)
    bench.run()
    ours: Book = bench.state.markets[TICKER].book
    shown = {(True, p): s for p, s in ours.bids.items()} | {(False, p): s for p, s in ours.asks.items()}
    assert shown == {key: size for key, size in sizes.items() if size}


def test_the_touch_of_recorded_levels_is_the_best_of_both_sides_after_every_moment() -> None:
    rng, books, rows, want = random.Random(3), ({}, {}), list[Row](), {}  # type: ignore[var-annotated]
    for n in range(2_000):
        bid = rng.random() < 0.5
        side = books[0 if bid else 1]
        price = 0 if rng.random() < 0.01 else rng.randint(1, 98) * 100
        size = rng.choice((0, 0, 300, 400)) if price else 0
        if not price:
            side.clear()
        elif size:
            side[price] = size
        else:
            side.pop(price, None)
        rows.append((n, bid, price, size))
        want[T0 + n * SECOND] = (max(books[0], default=0), min(books[1], default=0))
    found = touches(levels(*rows))
    last, told = (
        (0, 0),
        dict(zip(found.at.tolist(), zip(found.bid.tolist(), found.ask.tolist(), strict=True), strict=True)),
    )
    for at, touch in want.items():
        last = told.get(at, last)
        assert last == touch
