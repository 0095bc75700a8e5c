"""The simulated exchange, a fact a test (Kalshi FACTS §3 to §5)."""

from datetime import UTC, date, datetime

import pytest

from core import messages as m
from core.contract import Market
from core.exchange.listing import ladder, outcome
from core.exchange.simulator import Exchange
from core.exchange.structures import GRIDS
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, SECOND, Count, Duration, Instant, Price, from_datetime, money

NOW = from_datetime(datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
US, THEM = "us", "them"


def markets() -> list[Market]:
    return ladder(StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 11, 24)), 44, Instant(NOW - HOUR))


@pytest.fixture
def exchange() -> Exchange:
    found = Exchange(markets(), NOW)
    found.open_account(US, money("1000"))
    found.open_account(THEM, money("1000"))
    found.advance(NOW)
    found.drain()
    return found


TICKER = markets()[2].ticker


def place(x: Exchange, user: str, cid: str, side: m.Side, cents: int, contracts: int = 10, **more: object) -> m.Said:
    request = m.PlaceOrder(cid, TICKER, side, Price(cents * 100), Count(contracts * 100), **more)  # type: ignore[arg-type]
    return x.handle(user, request, x.now)


def order_id(said: m.Said) -> str:
    assert isinstance(said, m.Acked)
    return said.order_id


def test_older_orders_at_a_price_trade_first(exchange: Exchange) -> None:
    first = place(exchange, THEM, "a", m.Side.BID, 40, 5)
    second = place(exchange, THEM, "b", m.Side.BID, 40, 5)
    assert exchange.queue_position(order_id(second)) == 500
    place(exchange, US, "c", m.Side.ASK, 40, 7, post_only=False)
    assert exchange.orders[order_id(first)].status == "executed"
    assert exchange.orders[order_id(second)].remaining == 300


def test_a_trade_happens_at_the_resting_price(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40)
    place(exchange, US, "b", m.Side.BID, 55, 10, post_only=False)
    assert exchange.fills(US, Instant(0))[0].price == 4_000


def test_a_post_only_order_that_would_cross_is_created_then_cancelled(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40)
    said = place(exchange, US, "b", m.Side.BID, 40)
    assert isinstance(said, m.Gone) and said.reason == "PostOnlyCrossCancel"
    assert exchange.look_up(US, "b") is not None


def test_a_duplicate_client_order_id_is_refused(exchange: Exchange) -> None:
    place(exchange, US, "a", m.Side.BID, 30)
    said = place(exchange, US, "a", m.Side.BID, 31)
    assert isinstance(said, m.Rejected) and said.code == "order_already_exists"


def amend(x: Exchange, said: m.Said, cents: int, total: int, expires: Instant | None = None) -> m.Said:
    assert isinstance(said, m.Acked)
    request = m.AmendOrder(said.order_id, said.client_order_id, TICKER, said.side, Price(cents * 100),
                           Count(total * 100), expires)  # fmt: skip
    return x.handle(US, request, x.now)


@pytest.mark.parametrize(("cents", "total", "ahead"), [(30, 5, 0), (30, 10, 0), (30, 15, 1000), (31, 10, 0)], ids=str)
def test_an_amend_keeps_the_queue_only_for_a_smaller_size_or_a_new_expiry(
    exchange: Exchange, cents: int, total: int, ahead: int
) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    place(exchange, THEM, "b", m.Side.BID, 30)
    amend(exchange, mine, cents, total, Instant(NOW + MINUTE))
    assert exchange.queue_position(order_id(mine)) == ahead


def test_the_amended_count_is_the_total_not_the_rest(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30, 10)
    place(exchange, THEM, "b", m.Side.ASK, 30, 4, post_only=False)
    said = amend(exchange, mine, 30, 8)
    assert isinstance(said, m.Acked) and (said.filled, said.remaining) == (400, 400)


def test_a_decrease_keeps_the_queue(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    place(exchange, THEM, "b", m.Side.BID, 30)
    exchange.handle(US, m.DecreaseOrder(order_id(mine), "a", TICKER, Count(100)), exchange.now)
    assert exchange.queue_position(order_id(mine)) == 0 and exchange.orders[order_id(mine)].remaining == 100


def test_a_cancel_of_a_filled_order_is_not_found(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    place(exchange, THEM, "b", m.Side.ASK, 30, 10, post_only=False)
    assert isinstance(exchange.handle(US, m.CancelOrder(order_id(mine), "a", TICKER), exchange.now), m.CancelNotFound)


def test_an_order_ends_with_its_expiry(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30, expires_at=Instant(NOW + 10 * SECOND))
    exchange.advance(Instant(NOW + 10 * SECOND))
    assert exchange.orders[order_id(mine)].reason == "ExpiryCancel"


def test_a_taker_that_meets_its_own_order_is_cancelled(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    said = place(exchange, US, "b", m.Side.ASK, 30, post_only=False)
    assert isinstance(said, m.Gone) and said.reason == "SelfTradeCancel"
    assert exchange.orders[order_id(mine)].status == "resting"


def test_with_the_other_prevention_the_resting_order_is_cancelled(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    place(exchange, US, "b", m.Side.ASK, 30, post_only=False, self_trade=m.SelfTrade.MAKER)
    assert exchange.orders[order_id(mine)].reason == "SelfTradeCancel"


def test_a_group_that_reaches_its_limit_cancels_and_blocks_until_reset(exchange: Exchange) -> None:
    group = exchange.handle(US, m.CreateGroup("e", Count(1000)), exchange.now)
    assert isinstance(group, m.GroupCreated)
    place(exchange, US, "a", m.Side.BID, 30, 10, group=group.group)
    other = place(exchange, US, "b", m.Side.BID, 29, 10, group=group.group)
    place(exchange, THEM, "c", m.Side.ASK, 30, 10, post_only=False)
    assert exchange.orders[order_id(other)].status == "canceled"
    blocked = place(exchange, US, "d", m.Side.BID, 20, group=group.group)
    assert isinstance(blocked, m.Rejected) and blocked.code == "order_group_triggered"
    exchange.handle(US, m.ResetGroup(group.group), exchange.now)
    assert isinstance(place(exchange, US, "e", m.Side.BID, 20, group=group.group), m.Acked)


def test_in_a_pause_cancels_pass_and_places_do_not(exchange: Exchange) -> None:
    stays = place(exchange, US, "a", m.Side.BID, 30, cancel_on_pause=False)
    goes = place(exchange, US, "b", m.Side.BID, 29)
    exchange.pause()
    assert exchange.orders[order_id(goes)].reason == "HaltCancel"
    assert isinstance(place(exchange, US, "c", m.Side.BID, 20), m.Rejected)
    assert isinstance(exchange.handle(US, m.CancelOrder(order_id(stays), "a", TICKER), exchange.now), m.Gone)


def test_after_the_close_everything_is_market_inactive(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    exchange.advance(exchange.markets[TICKER].market.close_at)
    assert exchange.orders[order_id(mine)].reason == "CloseCancel"
    said = place(exchange, US, "b", m.Side.BID, 30)
    assert isinstance(said, m.Rejected) and said.code == "market_inactive"


def test_reactivation_wipes_resting_orders(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    exchange.deactivate(TICKER)
    assert exchange.orders[order_id(mine)].status == "resting"
    exchange.activate(TICKER)
    assert exchange.orders[order_id(mine)].status == "canceled"


def test_settlement_pays_a_dollar_to_the_winning_side_and_conserves_cash(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40, 10)
    place(exchange, US, "b", m.Side.BID, 40, 10, post_only=False)
    fee = exchange.fills(US, Instant(0))[0].fee
    for ticker, listed in exchange.markets.items():
        exchange.settle(ticker, *outcome(listed.market, 47))
    assert exchange.balance(US) == money("1000") - money("4.00") + money("10.00") - fee
    assert exchange.balance(THEM) == money("1000") + money("4.00") - money("10.00")


def test_a_scalar_settlement_pays_its_part(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40, 10)
    place(exchange, US, "b", m.Side.BID, 40, 10, post_only=False)
    exchange.settle(TICKER, "scalar", money("0.25"))
    assert exchange.accounts[THEM].cash == money("1000") + money("4.00") - money("2.50")


def test_shorts_in_exclusive_brackets_are_held_once(exchange: Exchange) -> None:
    for k, listed in enumerate(markets()[1:4]):
        request = m.PlaceOrder(f"b{k}", listed.ticker, m.Side.BID, Price(4_000), Count(1_000))
        exchange.handle(THEM, request, exchange.now)
        sell = m.PlaceOrder(f"s{k}", listed.ticker, m.Side.ASK, Price(4_000), Count(1_000), post_only=False)
        exchange.handle(US, sell, exchange.now)
    assert sum(exchange.accounts[US].held.values()) == money("10.00")


@pytest.mark.parametrize(
    ("cents", "contracts", "code"),
    [
        (0, 1, "invalid_price"),
        (100, 1, "invalid_price"),
        (50, 0, "invalid_order_size"),
        (50, 9_000, "insufficient_balance"),
    ],
)
def test_what_the_exchange_refuses(exchange: Exchange, cents: int, contracts: int, code: str) -> None:
    said = place(exchange, US, "a", m.Side.BID, cents, contracts)
    assert isinstance(said, m.Rejected) and said.code == code


def test_deltas_add_up_to_the_book(exchange: Exchange) -> None:
    for k in range(30):
        side = m.Side.BID if k % 2 else m.Side.ASK
        place(exchange, THEM if k % 3 else US, f"o{k}", side, 30 + (k * 7) % 25, 1 + k % 5, post_only=False)
    sizes: dict[tuple[m.Side, int], int] = {}
    for user, said in exchange.drain():
        if user is None and isinstance(said, m.BookDelta):
            key = (said.side, said.price)
            sizes[key] = sizes.get(key, 0) + said.change
    book = exchange.snapshot(TICKER)
    truth = {(m.Side.BID, p): c for p, c in book.bids} | {(m.Side.ASK, p): c for p, c in book.asks}
    assert {k: v for k, v in sizes.items() if v} == truth


def test_a_cancel_all_may_take_orders_of_the_following_minute(exchange: Exchange) -> None:
    exchange.sweep_lasts = Duration(MINUTE)
    place(exchange, US, "a", m.Side.BID, 30)
    exchange.handle(US, m.CancelAllOrders(), exchange.now)
    exchange.advance(Instant(NOW + 59 * SECOND))
    taken = place(exchange, US, "b", m.Side.BID, 30)
    assert isinstance(taken, m.Acked), "the answer to the create says that it rests"
    assert exchange.orders[taken.order_id].status == "canceled"
    theirs = place(exchange, THEM, "c", m.Side.BID, 30)
    assert exchange.orders[order_id(theirs)].status == "resting", "only of the account that asked"
    exchange.advance(Instant(NOW + 60 * SECOND))
    assert exchange.orders[order_id(place(exchange, US, "d", m.Side.BID, 30))].status == "resting"


def test_a_groups_limit_counts_only_the_last_fifteen_seconds(exchange: Exchange) -> None:
    group = exchange.handle(US, m.CreateGroup("e", Count(1000)), exchange.now)
    assert isinstance(group, m.GroupCreated)
    mine = place(exchange, US, "a", m.Side.BID, 30, 30, group=group.group)
    place(exchange, THEM, "b", m.Side.ASK, 30, 9, post_only=False)
    exchange.advance(Instant(NOW + 15 * SECOND))
    place(exchange, THEM, "c", m.Side.ASK, 30, 9, post_only=False)
    assert exchange.orders[order_id(mine)].status == "resting", "nine, then nine: never ten within fifteen seconds"
    place(exchange, THEM, "d", m.Side.ASK, 30, 1, post_only=False)
    assert exchange.orders[order_id(mine)].status == "canceled"


def test_a_lower_limit_that_is_reached_already_triggers_at_once(exchange: Exchange) -> None:
    group = exchange.handle(US, m.CreateGroup("e", Count(1000)), exchange.now)
    assert isinstance(group, m.GroupCreated)
    mine = place(exchange, US, "a", m.Side.BID, 30, 30, group=group.group)
    place(exchange, THEM, "b", m.Side.ASK, 30, 5, post_only=False)
    exchange.handle(US, m.SetGroupLimit(group.group, Count(500)), exchange.now)
    assert exchange.orders[order_id(mine)].status == "canceled"


def test_what_rests_at_the_close_is_beyond_any_cancel_until_the_exchange_takes_it(exchange: Exchange) -> None:
    exchange.closing_lasts = Duration(2 * SECOND)
    close_at = exchange.markets[TICKER].market.close_at
    order = order_id(place(exchange, US, "a", m.Side.BID, 40))
    said = exchange.handle(US, m.CancelOrder(order, "a", TICKER), close_at)
    assert isinstance(said, m.Rejected) and said.code == "market_inactive"
    assert [x.order_id for x in exchange.order_views(US)] == [order], "the list shows it all the while"
    exchange.advance(Instant(close_at + 2 * SECOND))
    assert exchange.order_views(US) == [] and exchange.orders[order].reason == "CloseCancel"


def test_after_the_close_even_a_cancel_is_market_inactive(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    exchange.markets[TICKER].status = "closed"  # between the close and the cancelling of what rests
    for request in (m.CancelOrder(order_id(mine), "a", TICKER), m.DecreaseOrder(order_id(mine), "a", TICKER, Count(1)),
                    m.AmendOrder(order_id(mine), "a", TICKER, m.Side.BID, Price(3000), Count(500))):  # fmt: skip
        said = exchange.handle(US, request, exchange.now)
        assert isinstance(said, m.Rejected) and said.code == "market_inactive"


def test_contracts_trade_in_hundredths(exchange: Exchange) -> None:
    exchange.handle(THEM, m.PlaceOrder("a", TICKER, m.Side.ASK, Price(3300), Count(33)), exchange.now)
    exchange.handle(US, m.PlaceOrder("b", TICKER, m.Side.BID, Price(3300), Count(7), post_only=False), exchange.now)
    assert exchange.snapshot(TICKER).asks == [(3300, 26)]
    assert exchange.accounts[THEM].cash == money("1000") + 3300 * 7
    assert exchange.markets[TICKER].open_interest == 7


@pytest.mark.parametrize("name", GRIDS)
def test_every_price_structure_takes_its_own_prices_and_no_others(exchange: Exchange, name: str) -> None:
    grid = GRIDS[name]
    exchange.regrid(TICKER, grid)
    at: Price | None = grid.lowest
    n = taken = 0
    while at is not None:
        n += 1
        taken += grid.holds(at)
        at = grid.up(at)
    for cents in range(1, 100):
        said = exchange.handle(US, m.PlaceOrder(f"c{cents}", TICKER, m.Side.BID, Price(cents * 100), Count(1)), NOW)
        assert isinstance(said, m.Acked), "whole cents are prices in every structure"
    between = Price(grid.lowest + 1)
    said = exchange.handle(US, m.PlaceOrder("x", TICKER, m.Side.BID, between, Count(1)), exchange.now)
    assert isinstance(said, m.Acked) is grid.holds(between)
    assert taken == n and grid.highest == grid.down(Price(10_000))


def test_an_expiry_of_nought_takes_the_expiry_away_and_keeps_the_queue(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30, expires_at=Instant(NOW + MINUTE))
    place(exchange, THEM, "b", m.Side.BID, 30)
    amend(exchange, mine, 30, 10, Instant(0))
    exchange.advance(Instant(NOW + HOUR))
    assert exchange.orders[order_id(mine)].status == "resting" and exchange.queue_position(order_id(mine)) == 0


def test_an_amend_that_names_another_client_id_is_refused(exchange: Exchange) -> None:
    mine = place(exchange, US, "a", m.Side.BID, 30)
    said = exchange.handle(US, m.AmendOrder(order_id(mine), "z", TICKER, m.Side.BID, Price(3100), Count(500)), NOW)
    assert isinstance(said, m.Rejected) and said.code == "order_id_and_client_order_id_mismatch"


def test_a_reducing_order_never_opens_a_position(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40, 5)
    place(exchange, US, "b", m.Side.BID, 40, 5, post_only=False)
    place(exchange, THEM, "c", m.Side.BID, 40, 50)
    ioc = m.TimeInForce.IMMEDIATE_OR_CANCEL
    place(exchange, US, "d", m.Side.ASK, 40, 50, post_only=False, reduce_only=True, time_in_force=ioc)
    assert exchange.accounts[US].holdings[TICKER].position == 0
    said = place(exchange, US, "e", m.Side.ASK, 40, 50, post_only=False, reduce_only=True, time_in_force=ioc)
    assert isinstance(said, m.Gone) and said.reason == "ReduceOnlyCancel"


def test_a_fill_or_kill_fills_whole_or_not_at_all(exchange: Exchange) -> None:
    place(exchange, THEM, "a", m.Side.ASK, 40, 5)
    fok = m.TimeInForce.FILL_OR_KILL
    assert isinstance(place(exchange, US, "b", m.Side.BID, 40, 6, post_only=False, time_in_force=fok), m.Gone)
    assert exchange.fills(US, Instant(0)) == []
    place(exchange, US, "c", m.Side.BID, 40, 5, post_only=False, time_in_force=fok)
    assert exchange.fills(US, Instant(0))[0].count == 500


def test_the_clock_of_a_market_grows_with_each_change_and_a_snapshot_holds_all_up_to_it(exchange: Exchange) -> None:
    place(exchange, US, "a", m.Side.BID, 30)
    place(exchange, US, "b", m.Side.BID, 31)
    clocks = [said.clock for _, said in exchange.drain() if isinstance(said, m.BookDelta)]
    assert clocks == [1, 2] and exchange.snapshot(TICKER).clock == 2
