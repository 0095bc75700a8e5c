"""Each quoting option does what its line in the settings says, told to the engine."""

import dataclasses
from typing import Any

import pytest

from core import messages as m
from core.publication import Window
from core.units import DAY, SECOND, Count, Instant, Price, money
from quoter.engine import events as e
from quoter.engine.quoting import half_spreads
from tests.stories.stage import COLD, FAIRS, MILD, WARM, Stage, make_config


def stage_with(positions: dict[str, int] | None = None, **options: Any) -> Stage:
    config = make_config()
    quote = dataclasses.replace(config.quote, **options)
    return Stage(dataclasses.replace(config, quote=quote)).begin(positions=positions)


def quotes(stage: Stage, ticker: str = MILD) -> dict[m.Side, list[m.PlaceOrder]]:
    stage.publish()
    placed = [r for r in stage.requests(m.PlaceOrder) if r.ticker == ticker]
    return {side: [r for r in placed if r.side is side] for side in m.Side}


def near(stage: Stage) -> Stage:
    """Others close to fair, so that nothing but our own reckoning keeps us from it."""
    for ticker, fair in FAIRS.items():
        stage.book(ticker, round(fair * 100) - 2, round(fair * 100) + 2)
    return stage


def test_a_coherent_maker_long_one_bracket_bids_more_for_the_others() -> None:
    flat = near(stage_with(reservation="cara", risk_aversion=0.01))
    long = near(stage_with({COLD: 40}, reservation="cara", risk_aversion=0.01))
    before, after = quotes(flat), quotes(long)
    assert after[m.Side.BID][0].price > before[m.Side.BID][0].price
    alone = near(stage_with({COLD: 40}, reservation="linear"))
    assert quotes(alone)[m.Side.BID][0].price == quotes(near(stage_with()))[m.Side.BID][0].price


def test_a_coherent_maker_reckons_with_the_size_that_it_really_quotes() -> None:
    """With `max_order` below `size` it kept as far away as for orders ten times as large as its own."""
    options = {
        "reservation": "cara",
        "risk_aversion": 0.02,
        "levels": 2,
        "level_step": 0.0,
        "edge": 0.01,
        "sd_edge": 0.0,
    }

    def desired(size: int, most: int) -> list[tuple[Price, Count]]:
        config = make_config()
        quote = dataclasses.replace(config.quote, size=Count(size * 100), **options)
        limits = dataclasses.replace(config.limits, max_order=Count(most * 100))
        stage = near(Stage(dataclasses.replace(config, quote=quote, limits=limits)).begin())
        stage.publish()
        return [(q.price, q.count) for q in stage.market().desired if q.side is m.Side.BID]

    assert desired(20, 2) == desired(2, 50)
    assert desired(20, 50)[0][0] < desired(20, 2)[0][0], "more at once is worth less a contract"


def test_reservation_none_ignores_inventory() -> None:
    prices = [quotes(near(stage_with(held, reservation="none")))[m.Side.ASK][0].price for held in (None, {MILD: 50})]
    assert prices[0] == prices[1]


def test_levels_stand_behind_each_other_and_share_the_room() -> None:
    stage = near(stage_with({MILD: 85}, levels=3, level_step=0.01, one_sided_at=1.0))
    stage.publish()
    bids = [q for q in stage.market().desired if q.side is m.Side.BID]
    assert [q.count for q in bids] == [1_000, 500], "room for 15 contracts"
    assert bids[0].price == bids[1].price + 100
    asks = [q.price for q in stage.market().desired if q.side is m.Side.ASK]
    assert asks == sorted(set(asks)), "what falls on one price is one quote"


def test_a_logit_spread_is_narrower_where_the_outcome_is_nearly_settled() -> None:
    stage = stage_with(spread="logit", informed=0.10, min_edge=0.0, sd_edge=0.0)
    stage.publish({COLD: 0.06, MILD: 0.64, WARM: 0.30})
    config = stage.config.quote
    cheap, open_ = (half_spreads(stage.market(t), config, 1.0) for t in (COLD, MILD))
    assert sum(cheap) < sum(open_) / 2


def test_near_a_release_the_half_spread_is_at_least_what_a_revision_moves() -> None:
    stage = stage_with(revision_f=2.0)
    soon = Instant(stage.now + SECOND)
    stage.publish(windows=[Window(soon, Instant(soon + 60 * SECOND), 2.0, "NBM")])
    market = stage.market()
    assert market.fair is not None
    market.fair = type(market.fair)(
        **{f: getattr(market.fair, f) for f in market.fair.__struct_fields__} | {"slope": -0.07}
    )
    assert min(half_spreads(market, stage.config.quote, 2.0)) >= 0.14
    assert max(half_spreads(market, stage.config.quote, 1.0)) < 0.14


def test_a_market_that_lost_its_stop_is_only_reduced_at_the_others_touch() -> None:
    stage = stage_with(stop_loss=money("1.00"))
    stage.say(m.PositionsReported(
        stage.now, stage.now, [m.PositionView(MILD, Count(1_000), money("7.00"), m.Money(0), m.Money(0))],
        money("10000.00"),
    ))  # fmt: skip
    stage.say(m.PositionsReported(
        stage.now, stage.now, [m.PositionView(MILD, Count(1_000), money("7.00"), m.Money(0), m.Money(0))],
        money("10000.00"),
    ))  # fmt: skip
    stage.book(MILD, 41, 46)
    found = quotes(stage)
    assert found[m.Side.BID] == []
    (way_out,) = found[m.Side.ASK]
    assert (way_out.price, way_out.count) == (Price(4_600), Count(1_000)), "with the others' best ask, all of it"
    assert stage.market().bid_reasons == ("stop_loss",)
    for _ in range(3):
        assert stage.requests(m.AmendOrder, stage.ack(way_out) + stage.wait(2)) == [], "and left alone there"


def test_a_market_that_must_be_left_is_left_even_where_it_disagrees_or_hardly_anything_is_open() -> None:
    stage = stage_with({MILD: 10}, exit_before_close=3 * DAY)
    stage.book(MILD, 5, 8)  # we believe in 45 cents
    (way_out,) = quotes(stage)[m.Side.ASK]
    assert (way_out.price, way_out.count) == (Price(800), Count(1_000))
    assert stage.market().bid_reasons == ("exit_before_close",)
    other = stage_with({MILD: 10}, exit_before_close=3 * DAY)
    other.book(MILD, 95, 98)
    other.publish({COLD: 0.002, MILD: 0.996, WARM: 0.002})
    asks = [r for r in other.requests(m.PlaceOrder) if r.ticker == MILD and r.side is m.Side.ASK]
    assert asks[-1].price == Price(9_800), "our own price would be off the grid"
    flat = stage_with(exit_before_close=3 * DAY)
    flat.publish({COLD: 0.002, MILD: 0.996, WARM: 0.002})
    assert flat.market().bid_reasons == ("fair_extreme",)


def test_near_the_close_inventory_is_only_reduced() -> None:
    stage = stage_with({MILD: -5}, exit_before_close=3 * DAY)
    found = quotes(stage)
    assert [r.count for r in found[m.Side.BID]] == [Count(500)]
    assert found[m.Side.ASK] == []
    assert stage.market(WARM).bid_reasons == ("exit_before_close",)


def test_where_the_model_has_no_weight_beside_the_market_nothing_is_quoted() -> None:
    for least, why in ((0.05, ("no_edge",)), (0.0, ())):
        stage = stage_with(min_weight=least)
        stage.publish(weight=0.04)
        assert stage.market().bid_reasons == stage.market().ask_reasons == why
    stage.publish(weight=0.06)
    assert stage.market().bid_reasons == ()
    leaving = stage_with({MILD: 10}, min_weight=0.05, exit_before_close=3 * DAY)
    leaving.publish(weight=0.0)
    assert leaving.market().ask_reasons == (), "what must be left is left"


def test_size_shrinks_once_half_of_the_events_limit_is_held() -> None:
    stage = stage_with(size_by="headroom")
    for _ in range(2):
        stage.say(m.PositionsReported(
            stage.now, stage.now, [m.PositionView(COLD, Count(9_000), money("45.00"), m.Money(0), m.Money(0))],
            money("10000.00"),
        ))  # fmt: skip
    found = quotes(stage)
    assert [r.count for r in found[m.Side.BID]] == [Count(500)], "a quarter of 60 dollars is left: half the size"


def test_less_of_an_order_is_a_decrease_that_keeps_its_place() -> None:
    stage = stage_with()
    stage.publish()
    stage.ack_all()
    smaller = dataclasses.replace(stage.config, quote=dataclasses.replace(stage.config.quote, size=Count(500)))
    done = stage.say(e.Configured(stage.now, "a person", "quoting.size", smaller)) + stage.wait(5)
    found = stage.requests(m.DecreaseOrder, done)
    assert len(found) == 6
    assert {r.reduce_to for r in found} == {Count(500)}
    order = stage.market(found[0].ticker).orders[found[0].client_order_id]
    assert order.could_fill == 1_000, "until the exchange says so, all of it counts"
    cid, order_id = order.client_order_id, order.order_id
    stage.say(m.Acked(stage.now, cid, order_id, order.ticker, order.side, order.price, Count(200), Count(500)))
    assert order.life.value == "resting"
    assert order.total == 700, "two filled on its way"


def queue_stage(ahead: int, gain: float = 0.01) -> tuple[Stage, m.PlaceOrder]:
    """Our bid rests at 42 beside others, `ahead` contracts of theirs before it."""
    stage = stage_with(requote="queue", requote_gain=gain, flow_prior=40.0)
    stage.book(MILD, 42, 50)
    stage.publish()
    bid = stage.placed(MILD, m.Side.BID)
    stage.ack_all()
    order = stage.market().orders[bid.client_order_id]
    order.ahead = Count(ahead * 100)
    return stage, bid


def test_an_order_near_the_front_of_its_queue_stays_and_one_far_back_moves() -> None:
    """A tick nearer nobody is before us; but the place at the front, with a cent more edge, is worth more."""
    moved = {}
    for ahead in (0, 90):
        stage, bid = queue_stage(ahead)
        done = stage.publish(FAIRS | {MILD: FAIRS[MILD] + 0.02, WARM: FAIRS[WARM] - 0.02})
        moved[ahead] = [r.price for r in stage.requests(m.AmendOrder, done) if r.client_order_id == bid.client_order_id]
    assert moved == {0: [], 90: [4_300]}


def test_what_is_gained_must_be_worth_the_request() -> None:
    stage, bid = queue_stage(90, gain=5.0)
    done = stage.publish(FAIRS | {MILD: FAIRS[MILD] + 0.02, WARM: FAIRS[WARM] - 0.02})
    assert bid.client_order_id not in {r.client_order_id for r in stage.requests(m.AmendOrder, done)}


def test_trades_at_our_price_shorten_the_queue_before_us() -> None:
    stage, bid = queue_stage(50)
    order = stage.market().orders[bid.client_order_id]
    stage.say(m.TradePrint(stage.now, MILD, "t", bid.price, Count(2_000), m.Side.ASK, stage.now))
    assert order.ahead == Count(3_000)
    stage.say(m.TradePrint(stage.now, MILD, "t2", bid.price, Count(9_000), m.Side.ASK, stage.now))
    assert order.ahead == 0


@pytest.mark.parametrize("kind", ["none", "linear", "exponential", "cara"])
@pytest.mark.parametrize("spread", ["linear", "logit"])
def test_whatever_the_options_bid_stays_below_fair_and_ask_above(kind: str, spread: str) -> None:
    stage = stage_with({MILD: 30, COLD: -20}, reservation=kind, spread=spread, levels=2)
    stage.publish()
    for request in stage.requests(m.PlaceOrder):
        fair = FAIRS[request.ticker] * 10_000
        assert request.price < fair if request.side is m.Side.BID else request.price > fair
