"""Paper: orders that nobody sees fill as the queue ahead of them goes, and the account adds up."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import messages as m
from core.config import load
from core.contract import LINEAR_CENT, event_of, station_day_of
from core.errors import SettingsError
from core.exchange.credentials import Credentials, credentials, every_key
from core.exchange.listing import ladder
from core.messages import Side
from core.units import DAY, SECOND, Count, Instant, Money, Price, money
from quoter.backtest.job import FillModel
from quoter.paper.calibration import Calibration, Sample, haircut
from quoter.paper.control import without_key
from quoter.paper.exchange import Account, PaperExchange, Terms
from quoter.paper.results import paid
from quoter.paper.session import may_trade
from tests.core.test_config import ON_PAPER, REAL

_T = "KXHIGHNY-26NOV24-B48.5"
_AT = Instant(1_795_500_000 * SECOND)
_CLOSE = Instant(_AT + 3600 * SECOND)


def at(seconds: float) -> Instant:
    return Instant(_AT + int(seconds * SECOND))


def new(model: FillModel = FillModel.BASE, balance: str = "1000.00") -> PaperExchange:
    exchange = PaperExchange(
        Account(money(balance)), lambda t: Terms(LINEAR_CENT, _CLOSE, 0) if t == _T else None, model, Count(10**6)
    )
    book = m.BookSnapshot(_AT, _T, [(Price(4000), Count(5000)), (Price(3900), Count(100))], [(Price(4500), Count(700))])
    exchange.learn(book)
    return exchange


def place(exchange: PaperExchange, price: int, count: int = 1000, side: Side = Side.BID, name: str = "kwm-r-1",
          now: float = 1.0) -> m.Said:  # fmt: skip
    return exchange.request(m.PlaceOrder(name, _T, side, Price(price), Count(count)), at(now))


def trade(price: int, count: int, taker: Side, now: float) -> m.TradePrint:
    return m.TradePrint(at(now), _T, f"x{now}", Price(price), Count(count), taker, at(now))


def delta(side: Side, price: int, change: int, now: float) -> m.BookDelta:
    return m.BookDelta(at(now), _T, side, Price(price), Count(change))


def fills(heard: list[m.Said]) -> list[m.Fill]:
    return [x for x in heard if isinstance(x, m.Fill)]


def test_an_order_waits_behind_what_stood_at_its_price() -> None:
    exchange = new()
    assert isinstance(place(exchange, 4000), m.Acked)
    assert fills(exchange.learn(trade(4000, 5000, Side.ASK, 2))) == []
    (fill,) = fills(exchange.learn(trade(4000, 300, Side.ASK, 3)))
    assert (fill.count, fill.price, fill.client_order_id) == (300, 4000, "kwm-r-1")


def test_a_cancel_ahead_brings_us_forward_and_a_trade_is_not_counted_twice() -> None:
    exchange = new()
    place(exchange, 4000)
    exchange.learn(delta(Side.BID, 4000, -1000, 2))  # the trade's own change of the book comes first
    exchange.learn(trade(4000, 1000, Side.ASK, 2.1))
    exchange.tick(at(6))
    (order,) = exchange.venue.orders.values()
    assert order.ahead == 4000
    exchange.learn(delta(Side.BID, 4000, -2000, 10))  # nobody traded: half of the level went away
    exchange.tick(at(13))
    assert order.ahead == 2000


def test_a_print_that_comes_before_its_change_claims_it() -> None:
    exchange = new()
    place(exchange, 4000)
    exchange.learn(trade(4000, 1000, Side.ASK, 2))
    exchange.learn(delta(Side.BID, 4000, -1000, 2.1))
    exchange.tick(at(6))
    (order,) = exchange.venue.orders.values()
    assert order.ahead == 4000


def test_whoever_comes_to_our_price_inside_the_spread_would_have_met_us() -> None:
    exchange = new()
    place(exchange, 4200)
    (fill,) = fills(exchange.learn(delta(Side.ASK, 4200, 500, 2)))
    assert fill.price == 4200


def test_pessimistic_fills_only_when_traded_through() -> None:
    exchange = new(FillModel.PESSIMISTIC)
    place(exchange, 4000)
    assert fills(exchange.learn(trade(4000, 9000, Side.ASK, 2))) == []
    assert len(fills(exchange.learn(trade(3900, 100, Side.ASK, 3)))) == 1


def test_a_post_only_order_that_would_cross_is_created_and_gone() -> None:
    exchange = new()
    gone = place(exchange, 4500)
    assert isinstance(gone, m.Gone) and gone.reason == "PostOnlyCrossCancel"
    found = exchange.order("kwm-r-1")
    assert found is not None and (found.status, found.filled) == ("canceled", 0)


def test_the_engine_sees_our_order_in_the_book_also_after_a_fresh_snapshot() -> None:
    exchange = new()
    place(exchange, 4100)
    shown = exchange.take()
    assert [(x.price, x.change) for x in shown if isinstance(x, m.BookDelta)] == [(4100, 1000)]
    (snapshot,) = exchange.learn(m.BookSnapshot(at(5), _T, [(Price(4000), Count(800))], []))
    assert isinstance(snapshot, m.BookSnapshot)
    assert dict(snapshot.bids) == {4000: 800, 4100: 1000}


def test_a_market_that_closed_a_day_ago_is_not_looked_at_any_more() -> None:
    exchange = new()
    place(exchange, 4000)
    exchange.tick(_CLOSE)
    exchange.tick(Instant(_CLOSE + DAY - SECOND))
    assert set(exchange.venue.ladders) == {_T} and exchange.orders() == []
    exchange.tick(Instant(_CLOSE + DAY))
    assert exchange.venue.ladders == {}, "each tick goes through all of them: a hundred thousand after a year"
    place(exchange, 4000, name="kwm-r-2", now=90_001.0)
    exchange.tick(at(90_002.0))
    assert exchange.orders() == [], "it is as closed as before"


def test_the_real_accounts_fills_are_not_papers() -> None:
    exchange = new()
    real = m.Fill(at(2), "t", "o", _T, Side.BID, Price(4000), Count(100), Money(0), False, at(2), "kwm-live-1")
    assert exchange.learn(real) == []
    assert exchange.account.fills == 0


def test_an_order_beyond_the_balance_is_refused() -> None:
    refused = place(new(balance="3.00"), 4000)
    assert isinstance(refused, m.Rejected) and refused.code == "insufficient_balance"


def test_an_expired_order_is_gone_and_a_closed_market_takes_none() -> None:
    exchange = new()
    exchange.request(m.PlaceOrder("kwm-r-2", _T, Side.BID, Price(4000), Count(100), expires_at=at(30)), at(1))
    exchange.take()
    assert any(isinstance(x, m.Gone) and x.reason == "ExpiryCancel" for x in exchange.tick(at(31)))
    exchange.tick(Instant(_CLOSE + SECOND))
    refused = place(exchange, 4000, name="kwm-r-3", now=4000)
    assert isinstance(refused, m.Rejected) and refused.code == "market_inactive"


def test_a_settlement_pays_what_is_held_once() -> None:
    exchange = new()
    place(exchange, 4200)
    exchange.learn(delta(Side.ASK, 4200, 1000, 2))
    settled = m.MarketChanged(at(9), _T, "determined", result="yes", settlement_value=money("1.00"))
    exchange.learn(settled)
    exchange.learn(settled)
    assert exchange.account.cash == money("5.80")  # ten contracts bought at 42 cents
    assert exchange.account.balance == money("1005.80")


_PRICES = st.integers(1, 99).map(lambda c: c * 100)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("place"), _PRICES, st.integers(1, 3000), st.booleans()),
            st.tuples(st.just("trade"), _PRICES, st.integers(1, 3000), st.booleans()),
            st.tuples(st.just("delta"), _PRICES, st.integers(-2000, 2000), st.booleans()),
            st.tuples(st.just("tick"), _PRICES, st.integers(0, 1), st.booleans()),
        ),
        max_size=60,
    ),
    st.sampled_from(FillModel),
)
def test_cash_positions_and_fills_always_add_up(story: list[tuple[str, int, int, bool]], model: FillModel) -> None:
    exchange = new(model)
    heard: list[m.Fill] = []
    for i, (what, price, count, buys) in enumerate(story):
        side = Side.BID if buys else Side.ASK
        match what:
            case "place":
                place(exchange, price, count, side, f"kwm-r-{i}", i + 1)
                heard += fills(exchange.take())
            case "trade":
                heard += fills(exchange.learn(trade(price, count, side, i + 1)))
            case "delta":
                heard += fills(exchange.learn(delta(side, price, count, i + 1)))
            case _:
                heard += fills(exchange.tick(at(i + 1)))
    account = exchange.account
    assert account.fills == len(heard) == len({f.trade_id for f in heard})
    assert account.cash == -sum(f.side.sign * f.price * f.count for f in heard)
    assert account.positions.get(_T, 0) == sum(f.side.sign * f.count for f in heard)
    for order in exchange.venue.orders.values():
        filled = sum(f.count for f in heard if f.order_id == order.order_id)
        assert filled == order.filled and order.remaining > 0


def test_what_a_market_paid_while_nobody_listened_is_paid_once() -> None:
    exchange = new()
    exchange.account.positions[_T] = Count(300)
    cash = exchange.account.cash
    market = next(x for x in ladder(station_day_of(event_of(_T)), 48, _AT) if x.ticker == _T)
    assert paid([market, replace(market, result="yes")], at(5)) == []  # a result without its value is none yet
    for _ in range(2):
        for said in paid([replace(market, result="yes", settlement_value=money("1.00"))], at(5)):
            exchange.learn(said)
    assert exchange.account.cash - cash == money("3.00") and exchange.positions() == []


def test_paper_profit_is_divided_until_it_is_measured_and_losses_are_taken_whole() -> None:
    assumed = haircut(None, 2.4)
    assert (round(assumed.of(24.0), 6), assumed.of(-24.0), assumed.measured) == (10.0, -24.0, False)
    few = haircut(Calibration(3.0, Sample(10, 100, 0.01, 0.05), Sample(400, 900, 0.02, 0.05)), 2.4)
    assert not few.measured and "10 real" in few.words
    found = haircut(Calibration(30.0, Sample(200, 500, 0.01, 0.05), Sample(400, 1000, 0.02, 0.05)), 2.4)
    assert found.measured and found.factor == 0.25
    assert json.dumps(found.words)


def test_simulated_fills_that_do_not_earn_are_worth_nothing() -> None:
    found = haircut(Calibration(30.0, Sample(200, 500, 0.01, 0.05), Sample(400, 1000, -0.02, 0.05)), 2.4)
    assert found.of(10.0) == 0.0


def test_only_a_key_that_is_known_to_read_and_nothing_else_is_one_for_paper() -> None:
    assert may_trade(["read"]) == "" and may_trade(["read", "read::portfolio_balance"]) == ""
    assert "write::trade" in may_trade(["read", "write::trade"])
    assert "nobody knows" in may_trade(None)


def test_papers_process_has_no_trading_key_and_finds_none_and_its_settings_load(tmp_path: Path) -> None:
    given = {"KWM_EXCHANGE__KEY_PEM": "secret", "KWM_EXCHANGE__KEY_ID": "k", "HOME": "/home/me"}
    made = without_key(given)
    assert "secret" not in made.values() and made["HOME"] == "/home/me"
    file = tmp_path / "kwm.toml"
    for text in (REAL, REAL.replace('key_file = "key.pem"', "")):  # by file, or by variable alone
        file.write_text(text)
        loaded = load(made, file)
        assert loaded.exchange.key_id == "k"
        with pytest.raises(SettingsError):
            Credentials("k", Path(loaded.exchange.key_file).read_text()).key()


def test_where_all_is_on_paper_nobody_reads_the_trading_key_but_who_takes_orders_away(tmp_path: Path) -> None:
    (tmp_path / "read.pem").write_text("a reader's")
    (tmp_path / "key.pem").write_text("a trader's")
    file = tmp_path / "kwm.toml"
    file.write_text(
        ON_PAPER.replace("read.pem", str(tmp_path / "read.pem")).replace(
            "[weather]", f'key_id = "k"\nkey_file = "{tmp_path / "key.pem"}"\n[weather]'
        )
    )
    loaded = load({}, file)
    assert credentials(loaded).pem == "a reader's"
    with pytest.raises(SettingsError, match="PEM"):  # it asked for the trader's, which is no key here
        every_key(loaded)
