"""The engine's parts by themselves: the life table, a book, the budget, prices."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import messages as m
from core.units import SECOND, Count, Instant, Price
from quoter.engine.book import Book
from quoter.engine.budget import AMEND, CANCEL, CREATE, Budget
from quoter.engine.market import EventState, MarketState
from quoter.engine.orders import TABLE, Happening, Life, Order
from quoter.engine.quoting import skew
from tests.stories.stage import make_config

T = "KXHIGHNY-26NOV25-B46.5"


def order(life: Life = Life.RESTING, side: m.Side = m.Side.BID) -> Order:
    return Order("kwm-1", T, side, Price(4_000), Count(1_000), Instant(0), Instant(0), life)


# --- the life table --------------------------------------------------------------------------------------------------


def test_every_life_is_in_the_table_and_every_cell_leads_to_a_life() -> None:
    assert set(TABLE) == set(Life)
    assert all(isinstance(to, Life) for row in TABLE.values() for to in row.values())


def test_gone_is_for_ever_and_only_proof_leads_there() -> None:
    assert set(TABLE[Life.GONE].values()) == {Life.GONE}
    for life, row in TABLE.items():
        for happening, to in row.items():
            if to is Life.GONE and life is not Life.GONE:
                assert happening is Happening.GONE


def test_an_unknown_outcome_is_lost_from_wherever_it_came_and_still_counts() -> None:
    for life in set(Life) - {Life.GONE}:
        found = order(life)
        found.become(Happening.UNKNOWN)
        assert found.life is Life.LOST
        assert found.working and found.could_fill == 1_000


def test_a_missing_cell_is_a_bug_and_says_so() -> None:
    for life, happening in product(Life, Happening):
        if happening not in TABLE[life]:
            with pytest.raises(AssertionError, match="cannot be"):
                order(life).become(happening)


def test_while_an_amend_is_out_the_worse_of_old_and_new_terms_counts() -> None:
    found = order(Life.AMENDING)
    found.new_price, found.new_total = Price(3_000), Count(2_000)
    assert (found.worst_price, found.could_fill) == (4_000, 2_000)
    found.new_price, found.new_total = Price(5_000), Count(500)
    assert (found.worst_price, found.could_fill) == (5_000, 1_000)
    ask = order(Life.AMENDING, m.Side.ASK)
    ask.new_price = Price(3_000)
    assert ask.worst_price == 3_000


def test_a_gone_order_that_owes_us_a_fill_still_counts() -> None:
    found = order(Life.GONE)
    found.tell(Count(300), Instant(0))
    assert found.working and found.could_fill == 300
    found.filled = Count(300)
    assert not found.working and found.could_fill == 0


# --- a book ----------------------------------------------------------------------------------------------------------

changes = st.lists(
    st.tuples(st.sampled_from([m.Side.BID, m.Side.ASK]), st.integers(1, 99), st.integers(-300, 300)), max_size=60
)


@given(changes)
def test_a_book_is_what_its_changes_add_up_to(history: list[tuple[m.Side, int, int]]) -> None:
    book, model = Book(), {m.Side.BID: dict[int, int](), m.Side.ASK: dict[int, int]()}
    book.load(m.BookSnapshot(Instant(1), T, [], []))
    for side, cents, change in history:
        price = cents * 100
        after = model[side].get(price, 0) + change
        good = book.apply(m.BookDelta(Instant(1), T, side, Price(price), Count(change)))
        assert good == (after >= 0)
        if after < 0:
            return
        model[side][price] = after
        if after == 0:
            del model[side][price]
    assert (book.bids, book.asks) == (model[m.Side.BID], model[m.Side.ASK])
    assert book.best_bid == max(model[m.Side.BID], default=None)
    assert book.best_ask == min(model[m.Side.ASK], default=None)


def test_the_others_best_is_without_our_own_size() -> None:
    book = Book()
    levels = [(Price(4_000), Count(500)), (Price(3_900), Count(200))]
    book.load(m.BookSnapshot(Instant(1), T, levels, []))
    assert book.others(m.Side.BID, {Price(4_000): Count(500)}) == 3_900
    assert book.others(m.Side.BID, {Price(4_000): Count(400)}) == 4_000
    assert book.others(m.Side.ASK, {}) is None


prices = st.sampled_from([Price(cents * 100) for cents in (38, 39, 40, 41)])
levels = st.dictionaries(prices, st.integers(1, 900).map(Count), max_size=4)


@given(
    levels, levels, st.lists(st.tuples(st.sampled_from(list(m.Side)), prices, st.sampled_from(list(Life))), max_size=4)
)
def test_the_others_touch_is_the_book_without_ours_however_it_is_found(
    bids: dict[Price, Count], asks: dict[Price, Count], ours: list[tuple[m.Side, Price, Life]]
) -> None:
    market = MarketState(T, EventState("E"))
    market.book.load(m.BookSnapshot(Instant(1), T, list(bids.items()), list(asks.items())))
    for n, (side, price, life) in enumerate(ours):
        market.orders[str(n)] = Order(str(n), T, side, price, Count(300), Instant(0), Instant(0), life)
    for side, found, shown in zip(m.Side, market.others_touch(), (bids, asks), strict=True):
        left = [at for at, size in shown.items() if size > market.own(side).get(at, 0)]
        assert found == (max if side is m.Side.BID else min)(left, default=None)


# --- the budget ----------------------------------------------------------------------------------------------------


def test_only_cancels_go_into_the_reserve_and_time_refills() -> None:
    budget = Budget(rate=10 / SECOND, burst=40.0, reserve=20.0, tokens=40.0, at=Instant(0))
    assert budget.take(CREATE) and budget.take(AMEND)
    assert not budget.take(CREATE)
    assert sum(budget.take(CANCEL, reserved=True) for _ in range(30)) == 10
    assert budget.wait(CREATE) == pytest.approx(3 * SECOND, abs=2)
    budget.refill(Instant(3 * SECOND))
    assert budget.take(CREATE)
    budget.refill(Instant(10**6 * SECOND))
    assert budget.tokens == 40.0
    budget.drained(Instant(10**6 * SECOND))
    assert not budget.take(CANCEL, reserved=True)


# --- inventory skew ------------------------------------------------------------------------------------------------


@given(st.integers(-20_000, 20_000), st.sampled_from(["linear", "exponential"]))
def test_skew_leans_against_inventory_and_is_bounded(position: int, kind: str) -> None:
    import dataclasses

    config = dataclasses.replace(make_config().quote, reservation=kind)
    found = skew(Count(position), Count(10_000), config)
    assert abs(found) <= config.skew_edge + 1e-12
    assert found * position <= 0
    assert skew(Count(-position), Count(10_000), config) == pytest.approx(-found)
