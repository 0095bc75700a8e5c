"""May we quote? Every refusal has a name, and words a person understands. Pure reads of the state."""

from typing import Final

from core.messages import Side
from core.side import ASK, BID
from core.units import ONE_DOLLAR, Instant
from quoter.engine import groups
from quoter.engine.market import FOREVER, MarketState
from quoter.engine.state import State

WORDS: Final[dict[str, str]] = {
    "starting": "the quoter has just started",
    "halted": "halted: a person must resume",
    "paused": "paused by a person",
    "disconnected": "the exchange's stream is down",
    "exchange_paused": "the exchange has paused trading: it takes no orders",
    "exchange_down": "the exchange has stopped: it takes neither orders nor cancels",
    "feed_silent": "the exchange's stream has been silent too long",
    "feed_late": "the exchange's stream reaches us seconds late: what we see of the books is old",
    "orders_unknown": "our orders have not been reconciled since the last connection",
    "positions_unknown": "positions have not been reconciled since the last connection",
    "no_publication": "the flows have not published anything yet",
    "publication_stale": "the last publication has expired: are the flows running?",
    "too_many_fills": "fills come faster than the limit allows",
    "too_many_errors": "the exchange refuses too much: waiting",
    "no_fair": "the flows publish no fair value for this market",
    "event_stale": "this event's fair value has expired",
    "event_off": "switched off by a person (event)",
    "market_off": "switched off by a person (market)",
    "excluded": "excluded in the settings",
    "not_chosen": "not on the list of chosen series and events",
    "strikes_moved": "the exchange moved a bracket of this event; what is published is of the old one",
    "fees_unknown": "the exchange gave this event a fee that we cannot compute",
    "closed": "the market is not open",
    "closing_soon": "too close to the close",
    "release_window": "around a data release: quotes are pulled",
    "book_unknown": "no order book yet, or a gap in it",
    "book_crossed": "the order book is crossed, so it cannot be right",
    "fair_extreme": "the fair value is too close to 0 or 1",
    "no_edge": "our model adds nothing here to what the market says ([quoting] min_weight)",
    "market_disagrees": "the market's middle is too far from our fair value: we are probably wrong",
    "cooling_down": "the last request on this side failed, or its order was taken away: waiting before the next",
    "position_disputed": "the exchange reports another position than ours",
    "inventory_full": "inventory is near its limit: only the reducing side is quoted",
    "book_empty": "nobody else is in this book, and [engine] empty_books does not let us be the first",
    "no_group": "waiting for the exchange to make the event's order group",
    "group_triggered": "the exchange stopped the event's order group: fills came too fast, or somebody triggered it",
    "reduce_only": "only orders that reduce a position are let through",
    "stop_loss": "this market has lost more than [quoting] stop_loss: only the reducing side is quoted",
    "exit_before_close": "the close is near: only the reducing side is quoted",
    "no_headroom": "what is held uses up the event's loss limit: only the reducing side is quoted",
    "rate_limit": "wanted, and waiting for its turn: the exchange takes so many requests a second",
    "off_grid": "no price on the grid leaves enough edge",
}


def words(reason: str) -> str:
    """A reason in words; a limit's code reads as itself."""
    return WORDS.get(reason, reason.replace("_", " "))


def global_reasons(state: State) -> tuple[str, ...]:
    """Why nothing at all may be quoted now."""
    config, now = state.config, state.now
    found = []
    if not state.started:
        found.append("starting")
    if state.halted:
        found.append("halted")
    if state.paused:
        found.append("paused")
    if shut := state.shut_now():
        found.append(shut)
    if not state.connected:
        found.append("disconnected")
    else:
        if now - state.heard_at > config.book_stale:
            found.append("feed_silent")
        if now < state.late_until:
            found.append("feed_late")
        if not state.orders_known:
            found.append("orders_unknown")
        if not state.positions_known:
            found.append("positions_unknown")
    if state.publication is None:
        found.append("no_publication")
    elif now >= state.publication.valid_until:
        found.append("publication_stale")
    if len(state.recent_fills) > config.max_fills_per_minute:
        found.append("too_many_fills")
    if len(state.recent_errors) > config.max_errors_per_minute:
        found.append("too_many_errors")
    return tuple(found)


def market_reasons(state: State, market: MarketState) -> tuple[str, ...]:
    """Why this market may not be quoted now, besides the global reasons."""
    config, now, event = state.config, state.now, market.event
    if market.fair is None or event.fair is None:
        return ("no_fair",)
    found = []
    if now >= event.fair.valid_until:
        found.append("event_stale")
    if not market.enabled:
        found.append("market_off")
    if not event.enabled:
        found.append("event_off")
    if market.ticker in config.exclude or event.ticker in config.exclude:
        found.append("excluded")
    if config.chosen and event.ticker not in config.chosen and event.ticker.partition("-")[0] not in config.chosen:
        found.append("not_chosen")
    if event.moved:
        found.append("strikes_moved")
    if event.fees_unknown:
        found.append("fees_unknown")
    shut = not market.open or market.over or market.settled or now < market.shut_until
    if shut or now >= market.close_at:
        found.append("closed")
    elif now >= market.close_at - config.quote.stop_before_close:
        found.append("closing_soon")
    if not market.book.known:
        found.append("book_unknown")
    elif market.book.crossed():
        found.append("book_crossed")
    elif not config.empty_books and market.others_touch() == (None, None):
        found.append("book_empty")
    group = groups.reason(state, event)
    if group:
        found.append(group)
    if market.disputed is not None:
        found.append("position_disputed")
    fair, to_leave = market.fair.fair, bool(market.position and leaving(state, market))
    if not to_leave and not config.quote.min_fair <= fair <= 1 - config.quote.min_fair:
        found.append("fair_extreme")
    if not to_leave and event.fair.weight < config.quote.min_weight:
        found.append("no_edge")
    if widening(market, now) == 0.0:
        found.append("release_window")
    if not found and not to_leave and _disagrees(market, config.quote.max_gap):
        found.append("market_disagrees")
    return tuple(found)


def widening(market: MarketState, now: Instant) -> float:
    """The factor by which releases widen quotes now: 1 outside their windows, 0 = pulled."""
    event = market.event
    assert event.fair is not None, "asked only for events with a fair value"
    known, since, until = event.widening
    if since <= now < until:
        return known
    factor, since, until = 1.0, now, FOREVER
    for window in event.fair.windows:
        if window.start <= now < window.end:
            factor = 0.0 if factor == 0.0 or window.widen == 0.0 else max(factor, window.widen)
        for edge in (window.start, window.end):
            if now < edge < until:
                until = edge
    event.widening = (factor, since, until)
    return factor


def _disagrees(market: MarketState, gap: float) -> bool:
    """The middle of a book no wider than 20 cents is too far from fair; or, of any book, the nearer side is."""
    assert market.fair is not None, "asked only for markets with a fair value"
    bid, ask = market.others_touch()
    fair = market.fair.fair
    if (bid is not None and bid / ONE_DOLLAR - fair > gap) or (ask is not None and fair - ask / ONE_DOLLAR > gap):
        return True
    if bid is None or ask is None:
        return False
    return ask - bid <= 2_000 and abs((bid + ask) / 2 / ONE_DOLLAR - fair) > gap


def leaving(state: State, market: MarketState) -> str:
    """Why this market is to be left: only its reducing side is quoted, at the others' touch, whatever we believe of it.
    Empty: it is not."""
    config = state.config.quote
    if config.stop_loss:
        mark = market.mark()
        if mark is not None and -(market.cash + market.position * mark) >= config.stop_loss:
            return "stop_loss"
    if config.exit_before_close and state.now >= market.close_at - config.exit_before_close:
        return "exit_before_close"
    return ""


def one_sided(state: State, market: MarketState) -> Side | None:
    """The only side still quoted when inventory is near its limit, or None for both."""
    limit = state.config.limits.max_position
    share = market.position / limit if limit else 0.0
    if share >= state.config.quote.one_sided_at:
        return ASK
    if share <= -state.config.quote.one_sided_at:
        return BID
    return None
