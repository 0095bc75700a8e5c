"""Every open weather market as a place to quote: what filled contracts there should earn, and what stands against it.

Expected edge of a side = distance of our quote from fair, less the maker fee, less adverse selection. Adverse selection
is measured where ten of our fills in the series have a five-minute markout; before that it is half the fair value's own
uncertainty. `score`: dollars a day if the day's volume is shared out by size at the touch. Pure; a generator, so that
the caller may rest between markets.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean

from core.contract import station_day_of
from core.errors import Malformed
from core.exchange.interest import Interest
from core.messages import Side
from core.units import ONE_DOLLAR, Count, Price
from quoter.dashboard import models as v
from quoter.dashboard.view import bracket_words, said, usd
from quoter.engine.guard import global_reasons, market_reasons, widening
from quoter.engine.market import MarketState
from quoter.engine.quoting import half_spread
from quoter.engine.state import State

_ENOUGH = 10


def measured(fills: list[v.FillShown]) -> dict[str, float]:
    """Series -> mean five-minute markout in cents, where enough of our fills have one."""
    by_series: dict[str, list[float]] = {}
    for fill in fills:
        if "300" in fill.markouts_c:
            by_series.setdefault(fill.ticker.partition("-")[0], []).append(fill.markouts_c["300"])
    return {series: fmean(found) for series, found in by_series.items() if len(found) >= _ENOUGH}


def opportunities(
    state: State, interest: Mapping[str, Interest], programmes: Mapping[str, str], markouts: Mapping[str, float]
) -> Iterator[v.Opportunity]:
    """One by one, in no order; `best_first` sorts them."""
    stopped = global_reasons(state)
    for ticker in sorted({*interest, *state.markets}):
        listed, known = interest.get(ticker), state.markets.get(ticker)
        if known is not None and (known.settled or (listed is None and known.fair is None)):
            continue
        yield _one(state, ticker, known, listed, programmes.get(ticker, ""), markouts, stopped)


def best_first(found: list[v.Opportunity]) -> list[v.Opportunity]:
    """By score, then by edge; what has neither comes last."""
    return sorted(found, key=lambda o: (-o.score, -(o.edge_c if o.edge_c is not None else -1e9), o.ticker))


def _one(
    state: State, ticker: str, m: MarketState | None, listed: Interest | None, incentive: str,
    markouts: Mapping[str, float], stopped: tuple[str, ...],
) -> v.Opportunity:  # fmt: skip
    event = m.event.ticker if m is not None else listed.event_ticker if listed is not None else ""
    series = event.partition("-")[0]
    bid, ask = (listed.bid, listed.ask) if listed is not None else (None, None)
    depth = 0
    if m is not None and m.book.known:
        bid, ask = m.others_touch()
        depth = _at(m, Side.BID, bid) + _at(m, Side.ASK, ask)
    middle = None if bid is None or ask is None else (bid + ask) / 200
    fair = m.fair.fair * 100 if m is not None and m.fair is not None else None
    edge = fee = adverse = None
    if m is not None and m.fair is not None and m.event.fair is not None and fair is not None:
        fee = m.fair.maker_fee / 1e4 * m.fair.fair * (1 - m.fair.fair)
        gross = _gross(state, m)
        adverse = m.fair.sd * 50 if series not in markouts else max(0.0, gross - markouts[series])
        edge = gross - fee - adverse
    volume = listed.volume_24h if listed is not None else None
    size = state.config.quote.size
    share = size / (size + depth / 2)
    score = max(0.0, edge or 0.0) / 100 * (volume or 0) / 100 * share
    city, variable, day = _where(event, m)
    reasons: tuple[str, ...] = ("no_fair",)
    if m is not None:
        reasons = stopped or market_reasons(state, m) or tuple(dict.fromkeys((*m.bid_reasons, *m.ask_reasons)))
    sides = {q.side for q in m.desired} if m is not None else set()
    fair_of = m.fair if m is not None else None
    bracket = bracket_words(fair_of.low, fair_of.high) if fair_of else (listed.title if listed else "") or ticker
    return v.Opportunity(
        ticker=ticker, event=event, series=series, city=city, variable=variable, day=day, bracket=bracket,
        score=round(score, 4), spread_c=None if bid is None or ask is None else (ask - bid) / 100,
        depth_contracts=depth / 100,
        volume_contracts=None if listed is None or listed.volume is None else listed.volume / 100,
        volume_24h_contracts=None if volume is None else volume / 100,
        fair_c=_round(fair), mid_c=_round(middle),
        gap_c=None if fair is None or middle is None else round(fair - middle, 1),
        edge_c=_round(edge, 2), fee_c=_round(fee, 2), adverse_c=_round(adverse, 2), incentive=incentive,
        left_usd=_left(state, m), quoted="both" if len(sides) == 2 else next(iter(sides)).value if sides else "no",
        reasons=said(reasons),
    )  # fmt: skip


def _at(m: MarketState, side: Side, at: Price | None) -> int:
    if at is None:
        return 0
    levels = m.book.bids if side is Side.BID else m.book.asks
    return max(0, levels.get(at, Count(0)) - m.own(side).get(at, Count(0)))


def _gross(state: State, m: MarketState) -> float:
    """Cents from fair at which our quotes stand, or would stand."""
    assert m.fair is not None, "asked only with a fair value"
    fair = m.fair.fair * ONE_DOLLAR
    if m.desired:
        return fmean(q.side.sign * (fair - q.price) / 100 for q in m.desired)
    return half_spread(m, state.config.quote, widening(m, state.now) or 1.0) * 100


def _left(state: State, m: MarketState | None) -> float | None:
    """Dollars that may still be put at risk here, by the tightest of the limits on losses."""
    limits = state.config.limits
    rooms = [limits.max_loss_total - state.total_loss]
    if m is not None:
        event = m.event
        published = event.fair.max_loss if event.fair is not None else limits.max_loss_event
        rooms.append(min(limits.max_loss_event, published) - max(0, event.loss))
        rooms.append(limits.max_loss_city - state.city_loss.get(event.city, 0))
    return usd(max(0, min(rooms)))


def _where(event: str, m: MarketState | None) -> tuple[str, str, str]:
    if m is not None and m.event.fair is not None:
        return m.event.fair.city, m.event.fair.variable, m.event.fair.day
    try:
        found = station_day_of(event)
    except Malformed:
        return "", "", ""
    return found.station.city, str(found.variable), found.day.isoformat()


def _round(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
