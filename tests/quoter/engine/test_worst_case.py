"""The engine's worst case equals brute force: every outcome and every subset of fills, with fees."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from core import messages as m
from core.fees import fee
from core.risk.exposure import worst_raised
from core.units import ONE_DOLLAR, Count, Instant, Money, Price
from quoter.engine import whatif
from quoter.engine.market import MarketState
from quoter.engine.orders import Life, Order
from quoter.engine.state import State, new_state
from tests.stories.stage import EVENT, START, Stage, make_config

MAKER = 17_500
order = st.tuples(
    st.sampled_from(list(m.Side)), st.integers(1, 99), st.integers(1, 20), st.sampled_from(list(Life)),
    st.one_of(st.none(), st.tuples(st.integers(1, 99), st.integers(1, 20))), st.integers(0, 3),
)  # fmt: skip
market = st.tuples(st.integers(-50, 50), st.integers(-2_000_000, 2_000_000), st.lists(order, max_size=2))
Drawn = tuple[int, int, list[tuple[m.Side, int, int, Life, tuple[int, int] | None, int]]]


def made(drawn: list[Drawn], priced: State) -> list[MarketState]:
    state = new_state(make_config(), "r", START)
    fair = next(iter(priced.markets.values())).fair
    assert fair is not None
    markets = []
    for n, (position, cash, orders) in enumerate(drawn):
        found = state.market(f"{EVENT}-B{n}")
        found.fair = type(fair)(**{f: getattr(fair, f) for f in fair.__struct_fields__} | {"maker_fee": MAKER})
        found.position, found.cash = Count(position * 100), Money(cash)
        for k, (side, cents, size, life, new, filled) in enumerate(orders):
            one = Order(
                f"o{k}", found.ticker, side, Price(cents * 100), Count(size * 100), Instant(0), Instant(0), life
            )
            one.filled = Count(min(filled, size) * 100)
            if new is not None:
                one.new_price, one.new_total = Price(new[0] * 100), Count(new[1] * 100)
            found.orders[one.client_order_id] = one
        found.measure()
        markets.append(found)
    found.event.fair = next(iter(priced.events.values())).fair
    found.event.measure()
    return markets


def brute(markets: list[MarketState]) -> int:
    """The exchange's arithmetic: one bracket pays, any of our orders may have filled in full at its worse terms."""
    worst = None
    fills = [(i, o.side.sign, o.worst_price, o.could_fill) for i, x in enumerate(markets) for o in x.orders.values()]
    for pays in range(len(markets)):
        held = sum(x.cash + x.position * ONE_DOLLAR * (i == pays) for i, x in enumerate(markets))
        for chosen in product((False, True), repeat=len(fills)):
            total = held + sum(
                sign * count * (ONE_DOLLAR * (i == pays) - price) - fee(MAKER, price, count)
                for taken, (i, sign, price, count) in zip(chosen, fills, strict=True)
                if taken
            )
            worst = total if worst is None else min(worst, total)
    assert worst is not None
    return -worst


@settings(max_examples=120, deadline=None)
@given(st.lists(market, min_size=1, max_size=4))
def test_the_engines_worst_case_equals_brute_force_with_fees_and_pending_terms(drawn: list[Drawn]) -> None:
    stage = Stage().begin()
    stage.publish()
    markets = made(drawn, stage.state)
    assert markets[0].event.loss == brute(markets)


prices = st.integers(1, 99).map(lambda cents: Price(cents * 100))
sizes = st.integers(1, 30).map(lambda contracts: Count(contracts * 100))
FIGURES = ("event_loss", "event_stress", "station_day_loss", "city_loss", "total_loss", "most_long", "most_short")


def figures(state: State, found: MarketState) -> tuple[int, ...]:
    event = found.event
    day, city = state.station_day_loss.get(event.station_day, 0), state.city_loss.get(event.city, 0)
    return event.loss, event.stress, day, city, state.total_loss, found.mine.most_long, found.mine.most_short


@settings(max_examples=300, deadline=None)
@given(st.lists(market, min_size=1, max_size=4), st.booleans(), st.sampled_from(list(m.Side)), prices, sizes)
def test_what_an_order_would_do_is_what_it_does(
    drawn: list[Drawn], exhaustive: bool, side: m.Side, price: Price, size: Count
) -> None:
    stage = Stage().begin()
    stage.publish()
    made_of = made(drawn, stage.state)
    state, found = stage.state, made_of[0]
    if not exhaustive:
        found.event.fair = None
    state.remeasure(found)
    before = list(found.event.by_outcome)
    told = whatif.placed(state, found, side, price, size)
    found.orders["new"] = Order("new", found.ticker, side, price, size, Instant(0), Instant(0))
    state.remeasure(found)
    assert tuple(getattr(told, name) for name in FIGURES) == figures(state, found)
    assert told.event_raised == worst_raised(before, found.event.by_outcome)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(market, min_size=1, max_size=4), st.sampled_from(list(m.Side)), prices, sizes, prices, sizes,
    st.integers(0, 10),
)  # fmt: skip
def test_what_an_amend_would_do_is_what_it_does(
    drawn: list[Drawn], side: m.Side, price: Price, size: Count, new_price: Price, new_total: Count, filled: int
) -> None:
    stage = Stage().begin()
    stage.publish()
    state, found = stage.state, made(drawn, stage.state)[0]
    ours = Order("ours", found.ticker, side, price, size, Instant(0), Instant(0), Life.RESTING)
    ours.filled = ours.told = Count(min(filled * 100, size))
    found.orders["ours"] = ours
    state.remeasure(found)
    before = list(found.event.by_outcome)
    told = whatif.amended(state, found, ours, new_price, new_total)
    ours.new_price, ours.new_total = new_price, new_total
    state.remeasure(found)
    assert tuple(getattr(told, name) for name in FIGURES) == figures(state, found)
    assert told.event_raised == worst_raised(before, found.event.by_outcome)
