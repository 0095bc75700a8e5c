"""Past events from a folder of tables, any of which may be absent; and what trades alone say about a book."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.errors import SettingsError
from core.history.dataset import History
from core.history.ladder import Prints
from core.history.touch import Fitted, Touch, fit

FIRST, LAST = date(2031, 5, 1), date(2031, 5, 31)


def write(folder: Path, name: str, select: str) -> None:
    duckdb.execute(f"SET TimeZone='UTC'; COPY ({select}) TO '{folder / name}.parquet' (FORMAT parquet)")


def markets(folder: Path) -> None:
    write(folder, "markets", """
        SELECT 'KXHIGHNY' series, 'KNYC' station, DATE '2031-05-06' climate_day, 'HIGHNY-31MAY06' event_ticker,
        * FROM (VALUES
        ('HIGHNY-31MAY06-B61.5', 'between', 61.0, 62.0, '2031-05-05 14:00:00Z'::TIMESTAMPTZ,
         '2031-05-07 03:59:00Z'::TIMESTAMPTZ, 'yes'),
        ('HIGHNY-31MAY06-T61', 'less', NULL, 61.0, '2031-05-05 14:00:00Z'::TIMESTAMPTZ,
         '2031-05-07 03:59:00Z'::TIMESTAMPTZ, 'no'),
        ('HIGHNY-31MAY06-T62', 'greater', 62.0, NULL, '2031-05-05 14:00:00Z'::TIMESTAMPTZ,
         '2031-05-07 03:59:00Z'::TIMESTAMPTZ, NULL)
        ) t(ticker, strike_type, floor_strike, cap_strike, open_time, close_time, result)""")  # fmt: skip


def trades(folder: Path) -> None:
    write(folder, "trades", """
        SELECT ticker, DATE '2031-05-06' climate_day, TIMESTAMPTZ '2031-05-06 10:00:00Z' traded_at,
        price::DECIMAL(6,4) yes_price_dollars, 2 "count", side taker_side FROM (VALUES
        ('HIGHNY-31MAY06-B61.5', 0.42, 'yes'), ('HIGHNY-31MAY06-B61.5', 0.41, 'yes'),
        ('HIGHNY-31MAY06-T61', 0.10, 'no'),
        ('OTHER-31MAY06-T1', 0.5, 'no')) t(ticker, price, side)""")  # fmt: skip


def test_events_with_their_ladder_lowest_first_and_only_their_own_trades(tmp_path: Path) -> None:
    markets(tmp_path), trades(tmp_path)
    history = History(tmp_path)
    (event,) = history.events(FIRST, LAST)
    assert [m.ticker[-5:] for m in event.markets] == ["6-T61", "B61.5", "6-T62"]
    assert [m.pays for m in event.markets] == [False, True, None]
    assert event.series == "KXHIGHNY" and history.touches([event]) == {}
    prints = history.prints([event])[event.ticker]
    assert prints.price.tolist() == [4_100, 4_200, 1_000], "a sweep goes from the better price to the worse"
    assert prints.count.tolist() == [200, 200, 200] and prints.buys.tolist() == [True, True, False]
    assert history.events(FIRST, LAST, ("KXHIGHMIA",)) == []


def test_quotes_alone_give_a_ladder_that_never_settles(tmp_path: Path) -> None:
    write(tmp_path, "quotes", """
        SELECT DATE '2031-05-06' climate_day, TIMESTAMPTZ '2031-05-05 20:00:00Z' "at", ticker,
        bid::TINYINT best_yes_bid, (100 - ask)::TINYINT best_no_bid
        FROM (VALUES ('KXHIGHNY-31MAY06-T61', 10, 12), ('KXHIGHNY-31MAY06-B61.5', 40, 44),
        ('KXHIGHNY-31MAY06-T62', 45, 101))
        t(ticker, bid, ask)""")  # fmt: skip
    history = History(tmp_path)
    (event,) = history.events(FIRST, LAST)
    assert [str(m.bracket) for m in event.markets] == ["60° or below", "61° to 62°", "63° or above"]
    assert all(m.pays is None for m in event.markets)
    touches = history.touches([event])[event.ticker]
    found = dict(
        zip(touches.market.tolist(), zip(touches.bid.tolist(), touches.ask.tolist(), strict=True), strict=True)
    )
    assert found == {0: (1_000, 1_200), 1: (4_000, 4_400), 2: (4_500, 0)}


def test_a_folder_without_trades_and_quotes_says_so(tmp_path: Path) -> None:
    markets(tmp_path)
    with pytest.raises(SettingsError, match=r"neither trades\.parquet nor quotes\.parquet"):
        History(tmp_path)


def test_a_touch_follows_its_trades_and_never_crosses() -> None:
    touch = Touch(300)
    touch.trade(4_000, False)
    assert (touch.bid, touch.ask) == (4_000, 4_300)
    touch.trade(4_100, True)
    assert (touch.bid, touch.ask) == (4_000, 4_100)
    touch.trade(4_800, True)
    assert (touch.bid, touch.ask) == (4_500, 4_800), "a stale side is at most the spread away"
    touch.trade(100, True)
    assert (touch.bid, touch.ask) == (0, 100)
    touch.trade(9_900, False)
    assert (touch.bid, touch.ask) == (9_900, 0)


def test_spread_depth_and_fade_are_read_off_the_prints_and_shrunk_when_few() -> None:
    at = np.array([0, 10, 10, 20, 30], dtype=np.int64) * 1_000_000_000
    price = np.array([4_000, 4_200, 4_300, 4_000, 3_900], dtype=np.int64)
    buys = np.array([False, True, True, False, False])
    size = np.array([100, 700, 200, 100, 100], dtype=np.int64)
    prints = Prints(at, np.zeros(5, dtype=np.int64), price, size, buys)
    found = fit([prints], Fitted(500, 900, 1.0), least=5)
    assert found.spread == 200 or found.spread == 300
    assert found.depth == 700, "the sweep took the whole level at 42"
    assert fit([], Fitted(400, 100, 0.1)) == Fitted(400, 100, 0.1)
