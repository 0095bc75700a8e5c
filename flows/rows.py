"""Our values as rows of the lake: exact decimals, ISO times. Pure."""

import json
from typing import Any

import msgspec

from core.contract import Market
from core.exchange.catalog import Settled
from core.fair.opinion import Opinion
from core.publication import EventFair, Publication
from core.storage.lake import at_text, decimal
from core.units import Instant
from core.weather import rows as weather_rows

Row = dict[str, Any]


def usd(value: int | None) -> str | None:
    """Money -> dollars."""
    return decimal(value, 6)


def price_usd(value: int | None) -> str | None:
    """Price -> dollars."""
    return decimal(value, 4)


def contracts(value: int | None) -> str | None:
    """Count -> contracts."""
    return decimal(value, 2)


def weather(row: weather_rows.Row) -> Row:
    """A weather row: the same names, times as text."""
    shown: Row = msgspec.to_builtins(row)
    for name, value in shown.items():
        if name.endswith("_at"):
            shown[name] = at_text(value)
    for name in ("max_estimated", "min_estimated", "place"):
        shown.pop(name, None)
    return shown


def market(one: Market, seen_at: Instant) -> Row:
    """A market as discovered."""
    day = one.station_day
    return {
        "ticker": one.ticker, "event_ticker": one.event_ticker, "series": one.series, "station": day.station.code,
        "variable": day.variable.value, "day": day.day.isoformat(), "low_f": one.bracket.low,
        "high_f": one.bracket.high, "open_at": at_text(one.open_at), "close_at": at_text(one.close_at),
        "status": one.status, "result": one.result, "value_usd": usd(one.settlement_value),
        "taker_fee_millionths": one.fees.taker, "maker_fee_millionths": one.fees.maker,
        "price_ranges": json.dumps(one.grid.ranges), "rules": one.rules, "seen_at": at_text(seen_at),
    }  # fmt: skip


def publication(p: Publication, took_s: float) -> Row:
    """One publication."""
    return {
        "publication": p.id, "published_at": at_text(p.published_at), "valid_until": at_text(p.valid_until),
        "model": p.model, "events": len(p.events), "withheld": len(p.withheld), "took_s": took_s,
    }  # fmt: skip


def fair_event(p: Publication, e: EventFair) -> Row:
    """One event of it."""
    return {
        "publication": p.id, "event_ticker": e.event_ticker, "station": e.station, "variable": e.variable, "day": e.day,
        "published_at": at_text(p.published_at), "mean_f": e.mean_f, "sd_f": e.sd_f, "observed_f": e.observed_f,
        "weight": e.weight, "quality": "; ".join(e.quality), "withheld": "", "opinion": e.opinion,
    }  # fmt: skip


def withheld(p: Publication, event: str, reason: str) -> Row:
    """An event without a fair value."""
    return {"publication": p.id, "event_ticker": event, "published_at": at_text(p.published_at), "withheld": reason}


def fair_values(p: Publication, e: EventFair) -> list[Row]:
    """The brackets of one event."""
    return [
        {
            "publication": p.id, "event_ticker": e.event_ticker, "ticker": m.ticker,
            "published_at": at_text(p.published_at), "fair_usd": m.fair, "model_usd": m.model, "market_usd": m.market,
            "sd_usd": m.sd, "slope_usd_per_f": m.slope, "low_f": m.low, "high_f": m.high,
        }
        for m in e.markets
    ]  # fmt: skip


def limits(p: Publication) -> list[Row]:
    """The limits of one publication."""
    at = at_text(p.published_at)
    rows: list[Row] = [
        {"publication": p.id, "published_at": at, "event_ticker": e.event_ticker, "name": "max_loss_event",
         "limit_usd": usd(e.max_loss)} for e in p.events
    ]  # fmt: skip
    for name in ("max_loss_total", "max_loss_city", "max_daily_loss"):
        rows.append({"publication": p.id, "published_at": at, "event_ticker": "", "name": name,
                     "limit_usd": usd(getattr(p.limits, name))})  # fmt: skip
    return rows


def opinion(o: Opinion, model: EventFair | None) -> Row:
    """What a person believes of one event, and what the model believed then."""
    return {
        "event_ticker": o.event_ticker, "mean_f": o.mean_f, "sd_f": o.sd_f, "weight": o.weight,
        "given_at": at_text(o.given_at), "until": at_text(o.until), "why": o.why,
        "model_mean_f": model.mean_f if model else None, "model_sd_f": model.sd_f if model else None,
    }  # fmt: skip


def settlement(s: Settled) -> Row:
    """One settlement of ours."""
    return {
        "ticker": s.ticker, "event_ticker": s.event_ticker, "result": s.result, "yes_contracts": contracts(s.yes_count),
        "yes_cost_usd": usd(s.yes_cost), "no_contracts": contracts(s.no_count), "no_cost_usd": usd(s.no_cost),
        "revenue_usd": usd(s.revenue), "fee_usd": usd(s.fees), "settled_at": at_text(s.settled_at),
    }  # fmt: skip
