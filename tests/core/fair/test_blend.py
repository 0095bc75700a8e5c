"""A book that cannot be read takes nothing from what the others say: laws over seeded ladders, and the words for it."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from core.exchange.listing import ladder
from core.fair import blend, coefficients, stored
from core.fair.assemble import fair_events
from core.fair.distribution import Array
from core.fair.live import Known
from core.publication import EventFair, check_event
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant, Money, Price
from core.weather.rows import ForecastRow

Touch = tuple[Price | None, Price | None]
NAMES = [f"m{i}" for i in range(6)]
NOBODY: Touch = (None, None)


def whole(middles: Array) -> dict[str, Touch]:
    """Books two cents wide about these middles, in whole cents."""
    cents = np.maximum(np.round(middles * 100), 1).astype(int)
    return {n: (Price(max(c - 1, 0) * 100) or None, Price((c + 1) * 100)) for n, c in zip(NAMES, cents, strict=True)}


def worlds() -> Iterator[tuple[np.random.Generator, Array, Array, dict[str, Touch]]]:
    """A seeded source, a model, a market that sums to what middles usually do, and its books."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        market, model = rng.dirichlet(np.full(6, 1.2)), rng.dirichlet(np.full(6, 1.2)) * 0.99 + 0.01 / 6
        yield rng, model, market, whole(market * rng.normal(1.05, 0.02))


def hidden(prices: dict[str, Touch], rng: np.random.Generator, how: str) -> dict[str, Touch]:
    """The same with one to five books hidden: gone, one-sided, or wider than a book may be."""
    found = dict(prices)
    for name in rng.choice(NAMES, int(rng.integers(1, 6)), replace=False):
        bid, ask = prices[name]
        assert ask is not None
        kept: dict[str, Touch] = {
            "gone": NOBODY, "bid": (bid, None), "ask": (None, Price(max(ask, 1_100))),
            "wide": (Price(max((bid or 0) - 1_300, 0)) or None, Price(min(ask + 1_400, 9_900))),
        }  # fmt: skip
        found[name] = kept[how if how != "any" else str(rng.choice(list(kept)))]
    return found


def test_where_every_book_can_be_read_the_market_is_their_middles_as_it_always_was() -> None:
    for _, model, _, prices in worlds():
        low, high = (np.array([touch[side] or 0 for touch in prices.values()]) / 10_000 for side in (0, 1))
        middles = (low + high) / 2
        found = blend.implied(NAMES, prices, model)
        assert found is not None and found.whole and found.counts(0.3) == 0.3
        assert np.array_equal(found.market, middles / middles.sum())
        without = blend.implied(NAMES, prices)
        assert without is not None and np.array_equal(without.market, found.market), "the model has no say in it"


@pytest.mark.parametrize("how", ["gone", "bid", "ask", "wide", "any"])
def test_however_many_books_are_hidden_the_market_sums_to_one_and_what_was_read_keeps_its_odds(how: str) -> None:
    for rng, model, _, prices in worlds():
        all_of_it, found = blend.implied(NAMES, prices, model), blend.implied(NAMES, hidden(prices, rng, how), model)
        if found is None or all_of_it is None:
            continue  # bids alone can sum to nonsense
        assert found.market.sum() == pytest.approx(1.0) and found.market.min() > 0
        read = found.market[found.read] / found.market[found.read].sum()
        assert read == pytest.approx(all_of_it.market[found.read] / all_of_it.market[found.read].sum())
        fair = blend.pool(model, found.market, 0.35)
        assert fair.sum() == pytest.approx(1.0) and 0.35 <= found.counts(0.35) <= 1.0


def test_what_fills_a_gap_lies_within_the_bids_and_asks_there_are() -> None:
    for rng, model, market, _ in worlds():
        middles = np.where(rng.random(6) < 0.5, np.nan, market * 1.05)
        low, high = np.maximum(market - rng.random(6) * 0.3, 0.0), np.minimum(market + 0.01 + rng.random(6) * 0.3, 1.0)
        found = blend.filled(middles, low, high, model)
        gap = np.isnan(middles)
        assert np.array_equal(found[~gap], middles[~gap])
        assert (found[gap] >= low[gap] - 1e-9).all() and (found[gap] <= np.maximum(high[gap], 0.002) + 1e-9).all()


def test_a_lone_bid_is_a_floor_and_a_lone_ask_a_ceiling_for_the_market_by_hand() -> None:
    model = np.array([0.3, 0.3, 0.4])
    nothing, everything = np.zeros(3), np.ones(3)
    middles = np.array([0.55, np.nan, np.nan])
    free = blend.filled(middles, nothing, everything, model)
    assert free[1] + free[2] == pytest.approx(0.5, abs=0.005) and free[2] / free[1] == pytest.approx(4 / 3)
    bid = blend.filled(middles, np.array([0.0, 0.4, 0.0]), everything, model)
    assert bid[1] == pytest.approx(0.4) and bid[1] + bid[2] == pytest.approx(0.5, abs=0.01), "the rest moves aside"
    ask = blend.filled(middles, nothing, np.array([1.0, 0.12, 1.0]), model)
    assert ask[1] == pytest.approx(0.12) and ask[1] + ask[2] == pytest.approx(0.5, abs=0.01)


def test_the_order_in_which_brackets_are_named_does_not_matter() -> None:
    for rng, model, _, prices in worlds():
        books, order = hidden(prices, rng, "any"), rng.permutation(6)
        found = blend.implied(NAMES, books, model)
        turned = blend.implied([NAMES[i] for i in order], books, model[order])
        assert (found is None) == (turned is None)
        if found is not None and turned is not None:
            assert turned.market == pytest.approx(found.market[order]) and (turned.read == found.read[order]).all()


def test_a_book_gone_for_a_minute_moves_the_blend_by_cents_and_not_to_the_model() -> None:
    """A market that sums as usual: one book dropped at random; the old answer was the model, far away."""
    jumps, old = [], []
    for rng, model, _, prices in worlds():
        all_of_it = blend.implied(NAMES, prices, model)
        part = blend.implied(NAMES, {**prices, str(rng.choice(NAMES)): NOBODY}, model)
        assert all_of_it is not None and part is not None
        before = blend.pool(model, all_of_it.market, 0.35)
        jumps.append(np.abs(blend.pool(model, part.market, 0.35) - before).max())
        old.append(np.abs(model - before).max())
    assert np.mean(jumps) < np.mean(old) / 7 and np.quantile(jumps, 0.95) < 0.06
    assert np.max(jumps) < 0.12, "and never far, whatever the model thinks of that bracket"


def test_a_bound_that_moves_a_little_moves_the_market_a_little() -> None:
    for rng, model, market, _ in worlds():
        middles = np.where(np.arange(6) < int(rng.integers(1, 6)), np.nan, market * 1.05)
        low, high = np.maximum(market - 0.2, 0.0), np.minimum(market + 0.2, 1.0)
        before = blend.filled(middles, low, high, model)
        after = blend.filled(middles, np.maximum(low - 0.001, 0.0), np.minimum(high + 0.001, 1.0), model)
        assert np.abs(after - before).max() < 0.012


def test_as_books_go_the_blend_goes_to_the_model_and_the_last_one_leaves_no_step() -> None:
    model = np.array([0.05, 0.2, 0.3, 0.25, 0.15, 0.05])
    unquoted = {name: NOBODY for name in NAMES}
    assert blend.implied(NAMES, unquoted, model) is None, "nobody bids or asks: there is no market"
    wide = {name: (Price(100), Price(9_900)) for name in NAMES}
    found = blend.implied(NAMES, wide, model)
    assert found is not None and not found.read.any() and found.counts(0.3) == pytest.approx(1.0)
    assert blend.pool(model, found.market, 0.3) == pytest.approx(model)
    one = blend.implied(NAMES, {**wide, "m0": (Price(400), Price(600))}, model)
    assert one is not None and blend.pool(model, one.market, 0.3) == pytest.approx(model, abs=0.002)


def test_middles_that_sum_to_nonsense_are_no_market_and_without_a_model_a_gap_is_none() -> None:
    model = np.full(6, 1 / 6)
    dear: dict[str, Touch] = {name: (Price(3_900), Price(4_100)) for name in NAMES}
    assert blend.implied(NAMES, dear, model) is None
    assert blend.implied(NAMES, {**dear, "m0": NOBODY, "m1": NOBODY}, model) is None, "four at 40 cents are too many"
    fine = {name: (Price(1_600), Price(1_800)) for name in NAMES}
    assert blend.implied(NAMES, fine) is not None and blend.implied(NAMES, {**fine, "m0": NOBODY}) is None


DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 11, 24))
MARKETS = ladder(DAY, 44, Instant(DAY.start - 10 * HOUR))
BEFORE = Instant(DAY.start - 6 * HOUR)
ISSUED = Instant(BEFORE - HOUR)
KNOWN = Known(forecasts=[
    ForecastRow(station="KNYC", variable=Variable.HIGH, day=DAY.day, source="nws_grid", issued_at=ISSUED,
                received_at=Instant(ISSUED + MINUTE), value_f=49.0)
])  # fmt: skip


def priced(books: dict[str, Touch]) -> EventFair:
    pricer = stored.unfitted(coefficients.load())
    found = fair_events({DAY.event_ticker: MARKETS}, KNOWN, pricer, BEFORE, Instant(BEFORE + HOUR), Money(1), books)
    one = found[DAY.event_ticker]
    assert isinstance(one, EventFair)
    check_event(one)
    return one


def test_fairs_hardly_move_when_one_book_of_an_event_goes_one_sided() -> None:
    """The market is four degrees colder than the model; before, every fair value jumped to the model's for a minute."""
    tickers = [m.ticker for m in priced({}).markets]
    cents = (30, 34, 24, 10, 4, 3)
    books: dict[str, Touch] = {
        t: (Price((c - 1) * 100), Price((c + 1) * 100)) for t, c in zip(tickers, cents, strict=True)
    }
    before, alone = priced(books), priced({})
    thin = priced({**books, tickers[2]: (Price(2_300), None)})
    moved = max(abs(a.fair - b.fair) for a, b in zip(before.markets, thin.markets, strict=True))
    far = max(abs(a.fair - b.fair) for a, b in zip(before.markets, alone.markets, strict=True))
    assert far > 0.2 and moved < far / 10


def test_the_reader_is_told_which_book_could_not_be_read_and_what_was_done() -> None:
    tickers = [m.ticker for m in priced({}).markets]
    books: dict[str, Touch] = {t: (Price(1_600), Price(1_800)) for t in tickers}
    before = priced(books)
    assert not any("book" in q for q in before.quality)
    assert all(m.market is not None for m in before.markets)
    thin = priced({**books, tickers[0]: NOBODY, tickers[1]: (Price(500), None)})
    (words,) = (q for q in thin.quality if "book" in q)
    lowest, second = thin.markets[:2]
    assert f"{lowest.high}° or below; {second.low}° to {second.high}°" in words
    assert "what the other books leave" in words and "as the model would" in words
    assert all(m.market is None for m in thin.markets), "the market's own word is not ours to complete"
    assert before.weight < thin.weight < 1.0, "the model counts for more, and its doubt with it"
    none = priced({t: (Price(100), Price(9_900)) for t in tickers})
    assert "no book could be read" in " ".join(none.quality) and none.weight == pytest.approx(1.0)
    assert "no usable market" in " ".join(priced({}).quality)
