"""What a person sees of the engine: pure reads of the state as plain objects, money in dollars. Decides nothing."""

from typing import Any

from core.messages import Side
from core.risk.exposure import loss_by_bracket
from core.units import SECOND, Price
from quoter.engine.guard import global_reasons, words
from quoter.engine.rows import state_name
from quoter.engine.state import EventState, MarketState, State

JSON = dict[str, Any]


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


def status(state: State, environment: str) -> JSON:
    """The header: alive, holding, can lose, why not quoting."""
    limits, publication = state.config.limits, state.publication
    now = state.now
    quoted = sum(bool(m.desired) for m in state.markets.values())
    return {
        "state": state_name(state), "environment": environment, "run": state.run, "now": now // 1_000_000,
        "halted": state.halted, "paused": state.paused, "connected": state.connected,
        "feed_age_s": round((now - state.heard_at) / SECOND, 1) if state.heard_at else None,
        "publication": publication.id if publication else None,
        "publication_age_s": round((now - publication.published_at) / SECOND, 1) if publication else None,
        "publication_left_s": round((publication.valid_until - now) / SECOND, 1) if publication else None,
        "publication_trouble": state.publication_trouble, "model": publication.model if publication else None,
        "markets": len(state.markets), "markets_quoted": quoted, "working": state.working(),
        "pnl_usd": usd(state.pnl_today()), "realised_usd": usd(state.realised), "fees_usd": usd(state.fees),
        "balance_usd": usd(state.balance), "worst_usd": usd(state.total_loss), "worst_seen_usd": usd(state.worst_seen),
        "limits": {
            "total_usd": usd(limits.max_loss_total), "event_usd": usd(limits.max_loss_event),
            "city_usd": usd(limits.max_loss_city), "daily_usd": usd(state.config.max_daily_loss),
            "position_contracts": contracts(limits.max_position),
        },
        "counters": {
            "events": state.counters.events, "orders": state.counters.orders_sent, "amends": state.counters.amends,
            "cancels": state.counters.cancels, "fills": state.counters.fills, "errors": state.counters.errors,
            "refusals": state.counters.refusals, "rejections": state.counters.rejections,
        },
        "reasons": [words(r) for r in global_reasons(state)],
    }  # fmt: skip


def market(m: MarketState) -> JSON:
    """One market: book, fair, quote, inventory, and why a side is not quoted."""
    bid, ask = m.others_touch() if m.book.known else (None, None)
    own = {
        side: [{"price_c": cents(o.price), "contracts": contracts(o.could_fill), "life": o.life.value,
                "id": o.client_order_id} for o in m.orders.values() if o.side is side]
        for side in Side
    }  # fmt: skip
    fair = m.fair
    return {
        "ticker": m.ticker, "event": m.event.ticker,
        "bracket": bracket_words(fair.low, fair.high) if fair else m.ticker.rsplit("-", 1)[1],
        "low": fair.low if fair else None, "high": fair.high if fair else None,
        "fair_c": round(fair.fair * 100, 1) if fair else None, "model_c": round(fair.model * 100, 1) if fair else None,
        "market_c": round(fair.market * 100, 1) if fair and fair.market is not None else None,
        "bid_c": cents(bid), "ask_c": cents(ask), "our_bids": own[Side.BID], "our_asks": own[Side.ASK],
        "position": contracts(m.position), "cash_usd": usd(m.cash), "fees_usd": usd(m.fees),
        "mark_c": cents(m.mark()), "enabled": m.enabled, "open": m.open, "settled": m.settled,
        "bid_reasons": [words(r) for r in m.bid_reasons], "ask_reasons": [words(r) for r in m.ask_reasons],
    }  # fmt: skip


def event(found: EventState) -> JSON:
    """One event and its markets, coldest bracket first."""
    fair = found.fair
    members = sorted(found.markets, key=lambda m: -999 if m.fair is None or m.fair.low is None else m.fair.low)
    pnl = sum(m.cash + m.position * (m.mark() or 0) for m in members)
    return {
        "event": found.ticker, "city": fair.city if fair else found.city, "variable": fair.variable if fair else "",
        "day": fair.day if fair else "", "mean_f": round(fair.mean_f, 1) if fair else None,
        "sd_f": round(fair.sd_f, 1) if fair else None, "observed_f": fair.observed_f if fair else None,
        "quality": fair.quality if fair else [], "enabled": found.enabled, "worst_usd": usd(max(0, found.loss)),
        "stress_usd": usd(max(0, found.stress)), "limit_usd": usd(fair.max_loss) if fair else None,
        "pnl_usd": usd(pnl), "quoted": sum(bool(m.desired) for m in members),
        "markets": [market(m) for m in members],
    }  # fmt: skip


def events(state: State) -> list[JSON]:
    """All events that are published or held."""
    return [
        event(found) for _, found in sorted(state.events.items())
        if found.fair is not None or any(m.position or m.orders for m in found.markets)
    ]  # fmt: skip


def ladder(found: EventState) -> JSON:
    """PnL for each bracket, held and with everything working filled the worst way, beside the forecast."""
    rows = loss_by_bracket([m.leg for m in found.markets])
    shown = [
        {"bracket": bracket_words(m.fair.low, m.fair.high), "low": m.fair.low, "high": m.fair.high,
         "held_usd": usd(held), "worst_usd": usd(worst), "fair_c": round(m.fair.fair * 100, 1)}
        for m, (held, worst) in zip(found.markets, rows, strict=True) if m.fair is not None
    ]  # fmt: skip
    return {"event": found.ticker, "pmf": found.fair.pmf if found.fair else [],
            "brackets": sorted(shown, key=lambda r: -999 if r["low"] is None else r["low"])}  # fmt: skip


def positions(state: State) -> list[JSON]:
    """What we hold."""
    return [
        {"ticker": m.ticker, "event": m.event.ticker, "contracts": contracts(m.position), "mark_c": cents(m.mark()),
         "cash_usd": usd(m.cash), "value_usd": usd(m.position * (m.mark() or 0)), "fees_usd": usd(m.fees)}
        for m in state.markets.values() if m.position
    ]  # fmt: skip


def orders(state: State) -> list[JSON]:
    """Our working orders."""
    return [
        {"id": o.client_order_id, "order_id": o.order_id, "ticker": o.ticker, "side": o.side.value,
         "price_c": cents(o.price), "contracts": contracts(o.total), "filled": contracts(o.filled),
         "life": o.life.value, "expires_in_s": round((o.expires_at - state.now) / SECOND)}
        for m in state.markets.values() for o in m.orders.values()
    ]  # fmt: skip


def risk(state: State) -> JSON:
    """Limits and how much of each is used."""
    limits = state.config.limits
    worst_event = max(state.events.values(), key=lambda ev: ev.loss, default=None)
    worst_city = max(state.city_loss.items(), key=lambda kv: kv[1], default=("", 0))
    return {
        "halted": state.halted,
        "used": [
            {"limit": "loss, all events", "used_usd": usd(state.total_loss), "limit_usd": usd(limits.max_loss_total)},
            {"limit": f"loss, worst city ({worst_city[0]})", "used_usd": usd(worst_city[1]),
             "limit_usd": usd(limits.max_loss_city)},
            {"limit": f"loss, worst event ({worst_event.ticker if worst_event else ''})",
             "used_usd": usd(max(0, worst_event.loss)) if worst_event else 0.0,
             "limit_usd": usd(limits.max_loss_event)},
            {"limit": "loss today", "used_usd": max(0.0, -(usd(state.pnl_today()) or 0.0)),
             "limit_usd": usd(state.config.max_daily_loss)},
        ],
        "refusals": state.counters.refusals, "rejections": state.counters.rejections,
    }  # fmt: skip


def book(m: MarketState) -> JSON:
    """All levels, best first, ours marked."""
    mine = {Side.BID: m.own(Side.BID), Side.ASK: m.own(Side.ASK)}
    bids, asks = sorted(m.book.bids.items(), reverse=True), sorted(m.book.asks.items())
    return {
        "ticker": m.ticker, "known": m.book.known,
        "bids": [[p / 100, c / 100, mine[Side.BID].get(p, 0) / 100] for p, c in bids],
        "asks": [[p / 100, c / 100, mine[Side.ASK].get(p, 0) / 100] for p, c in asks],
    }  # fmt: skip


def why(state: State, m: MarketState) -> JSON:
    """For each side: the quote, or every reason against it."""
    said = {}
    for side, reasons in ((Side.BID, m.bid_reasons), (Side.ASK, m.ask_reasons)):
        quote = next((q for q in m.desired if q.side is side), None)
        said[side.value] = {
            "quote": None if quote is None else {"price_c": quote.price / 100, "contracts": quote.count / 100},
            "reasons": [{"code": r, "words": words(r)} for r in reasons],
        }
    edge = state.config.quote.edge
    return {"ticker": m.ticker, "fair_usd": m.fair.fair if m.fair else None, "edge_usd": edge, **said}
