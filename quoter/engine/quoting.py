"""What would we like resting? Fair, less edge, moved by inventory, rounded outward to the grid. Pure.

bid = floor(min(fair - half + skew, fair - min_edge)), ask mirrored, where half = (edge + sd_edge x sd + maker fee) x
widening, and skew is minus `skew_edge` x u (linear) or x sign(u) (e^{2|u|} - 1)/(e^2 - 1) (exponential), with u the
inventory as a share of the market's limit. Never better than one tick inside the others' best, never crossing.
"""

import math

from core.messages import Side
from core.units import ONE_DOLLAR, Count, Price
from quoter.engine.config import QuoteConfig
from quoter.engine.guard import one_sided, widening
from quoter.engine.state import MarketState, Quote, State


def skew(position: Count, limit: Count, config: QuoteConfig) -> float:
    """How far inventory moves both quotes, in dollars; negative when long."""
    u = max(-1.0, min(1.0, position / limit)) if limit else 0.0
    if config.skew == "linear":
        return -config.skew_edge * u
    return -config.skew_edge * math.copysign(math.expm1(2 * abs(u)) / math.expm1(2.0), u)


def half_spread(market: MarketState, config: QuoteConfig, factor: float) -> float:
    """How far from fair each quote wants to be, in dollars."""
    assert market.fair is not None, "quoted without a fair value"
    fair = market.fair.fair
    maker = market.fair.maker_fee / 1e6 * fair * (1 - fair)
    return max((config.edge + config.sd_edge * market.fair.sd + maker) * factor, config.min_edge + maker)


def desired(state: State, market: MarketState) -> tuple[tuple[Quote, ...], tuple[str, ...], tuple[str, ...]]:
    """(quotes, reasons for no bid, reasons for no ask) of a market that may be quoted."""
    assert market.fair is not None, "quoted without a fair value"
    config, limit = state.config.quote, state.config.limits.max_position
    fair = market.fair.fair
    half = half_spread(market, config, widening(market, state.now))
    shift = skew(market.position, limit, config)
    only = one_sided(state, market)
    best_bid, best_ask = market.others_touch()
    quotes: list[Quote] = []
    reasons: dict[Side, tuple[str, ...]] = {Side.BID: (), Side.ASK: ()}
    for side in (Side.BID, Side.ASK):
        if only is not None and side is not only:
            reasons[side] = ("inventory_full",)
            continue
        room = limit - side.sign * market.position
        if state.reduce_only:
            room = min(room, -side.sign * market.position)
            if room <= 0:
                reasons[side] = ("reduce_only",)
                continue
        before = len(quotes)
        for level in range(config.levels):
            price = _price(market, side, fair, half + level * config.level_step, shift, config, best_bid, best_ask)
            count = Count(min(config.size, config.max_size, room))
            if price is None or count <= 0:
                break
            if any(q.side is side and q.price == price for q in quotes):
                continue
            quotes.append(Quote(side, price, count, level))
            room -= count
        if len(quotes) == before:
            reasons[side] = ("off_grid",) if room > 0 else ("inventory_full",)
    return tuple(quotes), reasons[Side.BID], reasons[Side.ASK]


def _price(
    market: MarketState,
    side: Side,
    fair: float,
    half: float,
    shift: float,
    config: QuoteConfig,
    best_bid: Price | None,
    best_ask: Price | None,
) -> Price | None:
    grid = market.grid
    if side is Side.BID:
        price = grid.floor(min(fair - half + shift, fair - config.min_edge))
        if price is not None and best_ask is not None and price >= best_ask:
            price = grid.down(best_ask)
        if price is not None and best_bid is not None and price > best_bid:
            price = min(price, grid.up(best_bid) or price)
    else:
        price = grid.ceil(max(fair + half + shift, fair + config.min_edge))
        if price is not None and best_bid is not None and price <= best_bid:
            price = grid.up(best_bid)
        if price is not None and best_ask is not None and price < best_ask:
            price = max(price, grid.down(best_ask) or price)
    return price


def safe(market: MarketState, side: Side, price: Price, config: QuoteConfig) -> bool:
    """Does a resting price still leave the least edge to fair?"""
    if market.fair is None:
        return False
    fair = market.fair.fair * ONE_DOLLAR
    least = config.min_edge * ONE_DOLLAR - 0.01  # as forgiving as the grid: 0.28 and a cent are 0.29
    return price <= fair - least if side is Side.BID else price >= fair + least
