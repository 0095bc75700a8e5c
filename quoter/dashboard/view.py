"""What a person sees of the engine: pure reads of the state as plain objects, money in dollars. Decides nothing."""

from core.messages import Side
from core.units import SECOND, Instant, Price
from quoter.dashboard import models as v
from quoter.dashboard.advice import to_do
from quoter.engine.guard import widening, words
from quoter.engine.market import EventState, MarketState
from quoter.engine.quoting import half_spread, skew
from quoter.engine.rows import state_name
from quoter.engine.state import State
from quoter.why_stopped import stopped

_WORDS: dict[tuple[str, ...], list[str]] = {}


def usd(value: int | None) -> float | None:
    """Money -> dollars, for people only."""
    return None if value is None else round(value / 1e6, 4)


def cents(value: Price | None) -> float | None:
    """Price -> cents."""
    return None if value is None else value / 100


def contracts(value: int) -> float:
    """Count -> contracts."""
    return value / 100


def bracket_words(low: int | None, high: int | None) -> str:
    """`≤ 41°`, `42-43°`, `≥ 50°`."""
    if low is None:
        return f"≤ {high}°"
    return f"≥ {low}°" if high is None else f"{low}-{high}°"


def ms(at: Instant) -> int:
    """Instant -> milliseconds since the epoch."""
    return at // 1_000_000


def said(reasons: tuple[str, ...]) -> list[str]:
    """Reasons in words."""
    found = _WORDS.get(reasons)
    if found is None:
        found = _WORDS[reasons] = [words(r) for r in reasons]
    return found


def status(state: State, environment: str) -> v.Status:
    """The header: alive, holding, can lose, why not quoting."""
    limits, publication, now, c = state.limits, state.publication, state.now, state.counters
    against: dict[str, int] = {}
    for one in state.markets.values():
        if one.fair is not None and not one.desired:
            for reason in one.bid_reasons:
                against[words(reason)] = against.get(words(reason), 0) + 1
    return v.Status(
        state=state_name(state), environment=environment, run=state.run, now_ms=ms(now),
        halted=state.halted, paused=state.paused, reduce_only=state.reduce_only, connected=state.connected,
        feed_age_s=round((now - state.heard_at) / SECOND, 1) if state.heard_at else None,
        publication=publication.id if publication else None,
        publication_age_s=round((now - publication.published_at) / SECOND, 1) if publication else None,
        publication_left_s=round((publication.valid_until - now) / SECOND, 1) if publication else None,
        publication_trouble=state.publication_trouble, model=publication.model if publication else None,
        markets=len(state.markets), markets_quoted=sum(bool(m.desired) for m in state.markets.values()),
        working=state.working(), held=sum(bool(m.position) for m in state.markets.values()),
        pnl_usd=usd(state.pnl_today()), realised_usd=usd(state.realised), fees_usd=usd(state.fees),
        balance_usd=usd(state.balance), worst_usd=usd(state.total_loss), worst_seen_usd=usd(state.worst_seen),
        lost_today_usd=usd(state.lost_today()),
        limits=v.Limits(
            total_usd=usd(limits.max_loss_total), event_usd=usd(limits.max_loss_event),
            city_usd=usd(limits.max_loss_city), daily_usd=usd(state.max_daily_loss()),
            drawdown_usd=usd(state.config.max_drawdown), position_contracts=contracts(limits.max_position),
        ),
        counters=v.Counters(
            events=c.events, orders=c.orders_sent, amends=c.amends, cancels=c.cancels, fills=c.fills, errors=c.errors,
            refusals=c.refusals, rejections=c.rejections,
        ),
        reasons=stopped(state), to_do=to_do(state), not_quoted=against,
    )  # fmt: skip


def market(m: MarketState) -> v.MarketView:
    """One market: book, fair, quote, inventory, and why a side is not quoted."""
    bid, ask = m.others_touch() if m.book.known else (None, None)
    own: dict[Side, list[v.OwnOrder]] = {Side.BID: [], Side.ASK: []}
    for o in m.orders.values():
        own[o.side].append(
            v.OwnOrder(
                price_c=o.price / 100, contracts=contracts(o.could_fill), life=o.life.value, id=o.client_order_id
            )
        )
    fair = m.fair
    return v.MarketView(
        ticker=m.ticker, event=m.event.ticker,
        bracket=bracket_words(fair.low, fair.high) if fair else m.ticker.removeprefix(f"{m.event.ticker}-"),
        low=fair.low if fair else None, high=fair.high if fair else None,
        fair_c=round(fair.fair * 100, 1) if fair else None, model_c=round(fair.model * 100, 1) if fair else None,
        market_c=round(fair.market * 100, 1) if fair and fair.market is not None else None,
        sd_c=round(fair.sd * 100, 1) if fair else None,
        bid_c=cents(bid), ask_c=cents(ask), our_bids=own[Side.BID], our_asks=own[Side.ASK],
        position_contracts=contracts(m.position), cash_usd=usd(m.cash), fees_usd=usd(m.fees),
        mark_c=cents(m.mark()), enabled=m.enabled, open=m.open, settled=m.settled,
        bid_reasons=said(m.bid_reasons), ask_reasons=said(m.ask_reasons),
    )  # fmt: skip


def windows(found: EventState) -> list[v.WindowView]:
    """The releases of one event."""
    return [
        v.WindowView(start_ms=ms(w.start), end_ms=ms(w.end), widen=w.widen, reason=w.reason)
        for w in (found.fair.windows if found.fair else [])
    ]


def event(found: EventState) -> v.EventView:
    """One event and its markets, coldest bracket first."""
    fair = found.fair
    members = sorted(found.markets, key=lambda m: -999 if m.fair is None or m.fair.low is None else m.fair.low)
    pnl = sum(m.cash + m.position * (m.mark() or 0) for m in members)
    return v.EventView(
        event=found.ticker, city=fair.city if fair else found.city, station=fair.station if fair else found.city,
        variable=fair.variable if fair else "", day=fair.day if fair else "",
        mean_f=round(fair.mean_f, 1) if fair else None, sd_f=round(fair.sd_f, 1) if fair else None,
        observed_f=fair.observed_f if fair else None, weight=round(fair.weight, 2) if fair else None,
        quality=fair.quality if fair else [], opinion=fair.opinion if fair else "",
        enabled=found.enabled, worst_usd=usd(max(0, found.loss)),
        stress_usd=usd(max(0, found.stress)), limit_usd=usd(fair.max_loss) if fair else None,
        pnl_usd=usd(pnl), quoted=sum(bool(m.desired) for m in members), windows=windows(found),
        vintages_ms={name: ms(at) for name, at in (fair.vintages.items() if fair else ())},
        markets=[market(m) for m in members],
    )  # fmt: skip


def shown_events(state: State) -> list[EventState]:
    """The events that are published or held, by ticker."""
    return [
        found for _, found in sorted(state.events.items())
        if found.fair is not None or any(m.position or m.orders for m in found.markets)
    ]  # fmt: skip


def events(state: State) -> list[v.EventView]:
    """All events that are published or held."""
    return [event(found) for found in shown_events(state)]


def positions(state: State) -> list[v.Position]:
    """What we hold."""
    return [
        v.Position(ticker=m.ticker, event=m.event.ticker, contracts=contracts(m.position), mark_c=cents(m.mark()),
                   cash_usd=usd(m.cash), value_usd=usd(m.position * (m.mark() or 0)), fees_usd=usd(m.fees))
        for m in state.markets.values() if m.position
    ]  # fmt: skip


def orders(state: State) -> list[v.OrderShown]:
    """Our working orders."""
    return [
        v.OrderShown(id=o.client_order_id, order_id=o.order_id, ticker=o.ticker, side=o.side.value,
                     price_c=cents(o.price), contracts=contracts(o.total), filled_contracts=contracts(o.filled),
                     life=o.life.value, expires_in_s=round((o.expires_at - state.now) / SECOND))
        for m in state.markets.values() for o in m.orders.values()
    ]  # fmt: skip


def risk(state: State) -> v.Risk:
    """Limits and how much of each is used."""
    limits = state.limits
    worst_event = max(state.events.values(), key=lambda ev: ev.loss, default=None)
    worst_city = max(state.city_loss.items(), key=lambda kv: kv[1], default=("", 0))
    event_limit = limits.max_loss_event
    if worst_event is not None and worst_event.fair is not None:
        event_limit = state.event_limit(worst_event)
    pnl, used = state.pnl_today(), v.Used
    return v.Risk(
        halted=state.halted,
        used=[
            used(limit="loss, all events", used_usd=usd(state.total_loss), limit_usd=usd(limits.max_loss_total)),
            used(limit=f"loss, worst city ({worst_city[0]})", used_usd=usd(worst_city[1]),
                 limit_usd=usd(limits.max_loss_city)),
            used(limit=f"loss, worst event ({worst_event.ticker if worst_event else ''})",
                 used_usd=usd(max(0, worst_event.loss)) if worst_event else 0.0, limit_usd=usd(event_limit)),
            used(limit="loss today", used_usd=usd(state.lost_today()), limit_usd=usd(state.max_daily_loss())),
            used(limit="below the day's best", used_usd=usd(max(0, state.peak - pnl)),
                 limit_usd=usd(state.config.max_drawdown)),
        ],
        refusals=state.counters.refusals, rejections=state.counters.rejections,
    )  # fmt: skip


def book(m: MarketState) -> v.BookView:
    """All levels, best first, ours marked."""
    mine = {Side.BID: m.own(Side.BID), Side.ASK: m.own(Side.ASK)}
    bids, asks = sorted(m.book.bids.items(), reverse=True), sorted(m.book.asks.items())
    return v.BookView(
        ticker=m.ticker, known=m.book.known,
        bids=[(p / 100, c / 100, mine[Side.BID].get(p, 0) / 100) for p, c in bids],
        asks=[(p / 100, c / 100, mine[Side.ASK].get(p, 0) / 100) for p, c in asks],
    )  # fmt: skip


def why(state: State, m: MarketState) -> v.Why:
    """For each side: the quote, or every reason against it; and the figures it comes from."""
    sides = {}
    for side, reasons in ((Side.BID, m.bid_reasons), (Side.ASK, m.ask_reasons)):
        quote = next((q for q in m.desired if q.side is side), None)
        shown = None if quote is None else v.Price(price_c=quote.price / 100, contracts=quote.count / 100)
        sides[side] = v.SideWhy(quote=shown, reasons=[v.Reason(code=r, words=words(r)) for r in reasons])
    config = state.config.quote
    half = shift = None
    if m.fair is not None and m.event.fair is not None:
        half = half_spread(m, config, widening(m, state.now)) * 100
        shift = skew(m.position, state.config.limits.max_position, config) * 100
    return v.Why(
        ticker=m.ticker, fair_usd=m.fair.fair if m.fair else None, edge_usd=config.edge,
        half_spread_c=None if half is None else round(half, 2), skew_c=None if shift is None else round(shift, 2),
        bid=sides[Side.BID], ask=sides[Side.ASK],
    )  # fmt: skip


def health(state: State) -> v.Health:
    """Ready when connected, reconciled and published; what is old by name."""
    now, publication = state.now, state.publication
    stale = []
    if not state.connected or now - state.heard_at > state.config.book_stale:
        stale.append("feed")
    if publication is None or now >= publication.valid_until:
        stale.append("publication")
    ready = state.connected and state.orders_known and state.positions_known and publication is not None
    return v.Health(
        alive=True, ready=ready and not stale, stale=stale, reasons=stopped(state),
        feed_age_s=round((now - state.heard_at) / SECOND, 1) if state.heard_at else None,
        publication_age_s=round((now - publication.published_at) / SECOND, 1) if publication else None,
    )  # fmt: skip
