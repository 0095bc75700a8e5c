"""What would we like resting? Fair, moved by inventory, less a half-spread, rounded outward to the grid. Pure.

bid = floor(min(centre - down, fair - min_edge)), ask mirrored. The centre is fair moved by inventory
(`reservation.py`), down and up are the half-spreads (`spread.py`), widened near releases. Never better than one tick
inside the others' best, never crossing. A market that must be left (stop loss, close near) is quoted on its reducing
side alone, at the others' touch. `settings.toml` [quoting] says what each option means.
"""

from typing import Final

from core.messages import Side
from core.side import ASK, BID
from core.units import ONE_CONTRACT, ONE_DOLLAR, Count, Price
from quoter.engine import reservation, spread
from quoter.engine.config import QuoteConfig
from quoter.engine.guard import leaving, one_sided, widening
from quoter.engine.market import MarketState, Quote
from quoter.engine.state import State


def skew(position: Count, limit: Count, config: QuoteConfig) -> float:
    """How far inventory moves both quotes, in dollars; negative when long. Nought for "none" and "cara"."""
    share = max(-1.0, min(1.0, position / limit)) if limit else 0.0
    match config.reservation:
        case "linear":
            return reservation.linear(share, config.skew_edge)
        case "exponential":
            return reservation.exponential(share, config.skew_edge)
        case _:
            return 0.0


def _centre(state: State, market: MarketState, side: Side, count: int, nearer: int) -> float:
    """Our price for `count` of one side, in dollars, before the half-spread. `nearer`: what this side's nearer levels
    quote; they fill before."""
    config = state.config.quote
    assert market.fair is not None, "quoted without a fair value"
    if config.reservation != "cara":
        return market.fair.fair + skew(market.position, state.limits.max_position, config)
    size, averse = count / ONE_CONTRACT, config.risk_aversion
    r = _coherent(market, config)
    if nearer:
        r = reservation.moved(r, averse, side.sign * nearer / ONE_CONTRACT)
    return reservation.bid_for(r, averse, size) if side is BID else reservation.ask_for(r, averse, size)


def _coherent(market: MarketState, config: QuoteConfig) -> float:
    """This market's reservation price among all brackets of its event; kept until an inventory or a belief changes."""
    event, averse = market.event, config.risk_aversion
    if event.coherent is None or event.coherent[0] != averse:
        known = [(m, m.fair.fair) for m in event.markets if m.fair is not None]
        prices = reservation.coherent(
            [fair for _, fair in known], [m.position / ONE_CONTRACT for m, _ in known], averse
        )
        event.coherent = averse, {m.ticker: price for (m, _), price in zip(known, prices, strict=True)}
    return event.coherent[1][market.ticker]


def half_spreads(market: MarketState, config: QuoteConfig, factor: float) -> tuple[float, float]:
    """How far below and above its centre each quote wants to be, in dollars; `factor` > 1 near releases."""
    known, kept = market.fair, market.halves
    assert known is not None, "quoted without a fair value"
    if kept is not None and kept[0] is known and kept[1] is config and kept[2] == factor:
        return kept[3]
    fair = known.fair
    maker = known.maker_fee / 1e6 * fair * (1 - fair)
    extra = config.sd_edge * known.sd + maker
    if config.spread == "logit":
        down, up = spread.logit_down_up(fair, config.informed)
    else:
        down = up = config.edge
    revision = abs(known.slope) * config.revision_f if factor > 1.0 else 0.0
    least = max(config.min_edge + maker, revision)
    down, up = max((down + extra) * factor, least), max((up + extra) * factor, least)
    if config.longshot_edge:
        below, above = spread.longshot(fair, config.longshot_edge)
        down, up = down + below, up + above
    market.halves = known, config, factor, (down, up)
    return down, up


def half_spread(market: MarketState, config: QuoteConfig, factor: float) -> float:
    """The mean of both, for people."""
    return sum(half_spreads(market, config, factor)) / 2


def _size(state: State, market: MarketState, side: Side) -> int:
    """Contracts (1/100) of one quote: fixed, or less as the event's limit is used up by what is held."""
    config = state.config.quote
    most = state.limits.max_order // ONE_CONTRACT * ONE_CONTRACT  # below one contract the check says what is wrong
    size = min(config.size, config.max_size, most or config.size)
    reduces = side.sign * market.position < 0
    if config.size_by == "fixed" or reduces or market.event.fair is None:
        return size
    limit = state.event_limit(market.event)
    share = (limit - max(0, market.event.held)) / limit if limit else 0.0
    return int(size * max(0.0, min(1.0, 2 * share))) // ONE_CONTRACT * ONE_CONTRACT


def desired(state: State, market: MarketState) -> tuple[tuple[Quote, ...], tuple[str, ...], tuple[str, ...]]:
    """(quotes, reasons for no bid, reasons for no ask) of a market that may be quoted."""
    config = state.config.quote
    down, up = half_spreads(market, config, widening(market, state.now))
    only, left_for = one_sided(state, market), leaving(state, market)
    bids, no_bid = _side(state, market, BID, down, only, left_for)
    asks, no_ask = _side(state, market, ASK, up, only, left_for)
    return bids + asks, no_bid, no_ask


_OFF_GRID: Final = ("off_grid",)
_COOLING_DOWN: Final = ("cooling_down",)


def _side(
    state: State, market: MarketState, side: Side, half: float, only: Side | None, left_for: str
) -> tuple[tuple[Quote, ...], tuple[str, ...]]:
    """The quotes of one side, or why there are none."""
    config, position = state.config.quote, market.position if side is BID else -market.position
    room = state.limits.max_position - position
    if state.now < market.pauses[side].until:
        return (), _COOLING_DOWN
    reason = "inventory_full" if room <= 0 or (only is not None and side is not only) else ""
    if state.reduce_only or left_for:
        room = min(room, -position)
        if room <= 0:
            reason = left_for or "reduce_only"
    if reason:
        return (), (reason,)
    size = _size(state, market, side)
    if size == 0:
        return (), ("no_headroom",)
    best_bid, best_ask = market.others_touch()
    if config.levels == 1 or left_for:
        count = Count(size if size < room else room)
        price = _price(market, side, _centre(state, market, side, count, 0), half, config, best_bid, best_ask)
        if left_for:
            price = _at_the_touch(market, side, price, best_bid, best_ask)
        if price is None:
            return (), _OFF_GRID
        return (Quote(side, price, count, 0),), ()
    quotes: list[Quote] = []
    last, nearer = None, 0
    for level in range(config.levels):
        count = Count(min(size, room - nearer))
        if count <= 0:
            break
        centre = _centre(state, market, side, count, nearer)
        price = _price(market, side, centre, half + level * config.level_step, config, best_bid, best_ask)
        if price is None:
            break
        if price != last:
            quotes.append(Quote(side, price, count, level))
            last, nearer = price, nearer + count
    return tuple(quotes), () if quotes else _OFF_GRID


def _price(
    market: MarketState, side: Side, centre: float, half: float, config: QuoteConfig,
    best_bid: Price | None, best_ask: Price | None,
) -> Price | None:  # fmt: skip
    assert market.fair is not None, "quoted without a fair value"
    grid = market.grid
    if side is BID:
        most, belief = market.fair.fair - config.min_edge, centre - half
        price = grid.floor(belief if belief < most else most)
        if price is None:
            return None
        if best_ask is not None and price >= best_ask:
            price = grid.down(best_ask)
        if price is not None and best_bid is not None and price > best_bid:
            price = min(price, grid.up(best_bid) or price)
    else:
        least, belief = market.fair.fair + config.min_edge, centre + half
        price = grid.ceil(belief if belief > least else least)
        if price is None:
            return None
        if best_bid is not None and price <= best_bid:
            price = grid.up(best_bid)
        if price is not None and best_ask is not None and price < best_ask:
            price = max(price, grid.down(best_ask) or price)
    return price


def _at_the_touch(
    market: MarketState, side: Side, price: Price | None, best_bid: Price | None, best_ask: Price | None
) -> Price | None:
    """Out, as a maker: with the others' best, even without an edge or a price of our own, and never crossing."""
    if side is ASK:
        prices = [x for x in (price, best_ask) if x is not None]
        inside = market.grid.up(best_bid) if best_bid is not None else None
        joined = min(prices, default=inside)
        return joined if inside is None or joined is None else max(joined, inside)
    prices = [x for x in (price, best_bid) if x is not None]
    inside = market.grid.down(best_ask) if best_ask is not None else None
    joined = max(prices, default=inside)
    return joined if inside is None or joined is None else min(joined, inside)


def safe(market: MarketState, side: Side, price: Price, config: QuoteConfig) -> bool:
    """Does a resting price still leave the least edge to fair?"""
    if market.fair is None:
        return False
    fair = market.fair.fair * ONE_DOLLAR
    least = config.min_edge * ONE_DOLLAR - 0.01  # as forgiving as the grid: 0.28 and a cent are 0.29
    return price <= fair - least if side is BID else price >= fair + least
