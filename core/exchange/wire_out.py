"""What the embedded exchange writes: our messages in Kalshi's words (OpenAPI 3.34.0, AsyncAPI October 2026). Pure."""

from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from core.contract import Market, PriceGrid
from core.exchange.candles import Bar, Range
from core.exchange.matching import Resting
from core.exchange.simulator import Exchange, Listed, Settlement
from core.exchange.structures import STRUCTURES
from core.messages import Fill, PositionView, Side, TradePrint
from core.station_day import Variable
from core.units import (
    HOUR,
    ONE_DOLLAR,
    SECOND,
    Count,
    Instant,
    Money,
    Price,
    complement,
    count_text,
    iso,
    money_text,
    price_text,
)

CATEGORY = "Climate and Weather"
_SOURCES = [{"name": "The Weather Company", "url": "https://weather.com/kalshi"}]
JSON = dict[str, Any]
_EXTREME = {Variable.HIGH: "maximum", Variable.LOW: "minimum"}


def millis(at: Instant) -> int:
    """Unix milliseconds."""
    return at // 1_000_000


@cache
def market_id(ticker: str) -> str:
    """A stable UUID-shaped id."""
    return f"{crc32(ticker.encode()):08x}-0000-4000-a000-{crc32(ticker[::-1].encode()):012x}"


@cache
def user_id(user: str) -> str:
    """A user's UUID: a function of the name, so that a restart does not change it."""
    return str(uuid5(NAMESPACE_URL, user))


def structure(grid: PriceGrid) -> str:
    """`price_level_structure`: the name that Kalshi gives to these ranges. Only a name: nobody should key on it."""
    return STRUCTURES.get(grid.ranges, "")


def candle(ends: int, bar: Bar, open_interest: Count) -> JSON:
    """MarketCandlestick."""
    price = {} if bar.price is None else ohlc(bar.price) | {
        "mean_dollars": price_text(Price(round(bar.value / bar.volume)))}  # fmt: skip
    return {"end_period_ts": ends, "yes_bid": ohlc(bar.bid), "yes_ask": ohlc(bar.ask), "price": price,
            "volume_fp": count_text(bar.volume), "open_interest_fp": count_text(open_interest)}  # fmt: skip


def ohlc(r: Range) -> JSON:
    """Open, low, high, close."""
    return {"open_dollars": price_text(r.open), "low_dollars": price_text(r.low), "high_dollars": price_text(r.high),
            "close_dollars": price_text(r.close)}  # fmt: skip


def incentive(listed: Listed) -> JSON:
    """IncentiveProgram: the liquidity programme that low-temperature markets had in January 2026 (FACTS §5.3)."""
    m = listed.market
    return {
        "id": market_id(m.ticker + "-liquidity"), "market_id": market_id(m.ticker), "market_ticker": m.ticker,
        "incentive_type": "liquidity", "incentive_description": "liquidity", "start_date": iso(m.open_at),
        "end_date": iso(m.close_at), "period_reward": 200_000, "paid_out": False, "discount_factor_bps": 5_000,
        "target_size_fp": "300.00",
    }  # fmt: skip


def event_positions(exchange: Exchange, user: str) -> list[JSON]:
    """EventPosition of every event with a position."""
    sums: dict[str, list[int]] = {}
    account = exchange.accounts[user]
    for holding in account.holdings.values():
        row = sums.setdefault(holding.event_ticker, [0, 0, 0, 0, 0])
        for k, part in enumerate((holding.traded, holding.contracts, account.exposure(holding), holding.realized,
                                  holding.fees)):  # fmt: skip
            row[k] += part
    return [
        {"event_ticker": event, "total_cost_dollars": money_text(Money(traded)),
         "total_cost_shares_fp": count_text(Count(contracts)), "event_exposure_dollars": money_text(Money(exposure)),
         "realized_pnl_dollars": money_text(Money(realized)), "fees_paid_dollars": money_text(Money(fees))}
        for event, (traded, contracts, exposure, realized, fees) in sums.items()
    ]  # fmt: skip


def outcome(side: Side) -> str:
    """bid = yes, ask = no."""
    return "yes" if side is Side.BID else "no"


def both(prefix: str, price: Price) -> JSON:
    """`yes_price_dollars` and `no_price_dollars`."""
    return {f"yes_{prefix}": price_text(price), f"no_{prefix}": price_text(complement(price))}


def ranges(grid: PriceGrid) -> list[JSON]:
    """`price_ranges`."""
    return [{"start": price_text(a), "end": price_text(b), "step": price_text(c)} for a, b, c in grid.ranges]


def strikes(market: Market) -> JSON:
    """`strike_type`, `floor_strike`, `cap_strike`."""
    low, high = market.bracket.low, market.bracket.high
    if low is None:
        return {"strike_type": "less", "cap_strike": (high or 0) + 1}
    if high is None:
        return {"strike_type": "greater", "floor_strike": low - 1}
    return {"strike_type": "between", "floor_strike": low, "cap_strike": high}


def market(listed: Listed) -> JSON:
    """Market object."""
    m = listed.market
    book = listed.book
    bid, ask = book.best(Side.BID), book.best(Side.ASK)
    sizes = {side: sum(o.remaining for o in book.side(side).get(price, {}).values()) if price is not None else 0
             for side, price in ((Side.BID, bid), (Side.ASK, ask))}  # fmt: skip
    bid, ask = bid or Price(0), ask or Price(ONE_DOLLAR)
    last = price_text(listed.last_price or Price(0))
    word = str(m.bracket)
    shown: JSON = {
        "ticker": m.ticker, "event_ticker": m.event_ticker, "market_type": "binary",
        "title": f"Will the {_EXTREME[m.station_day.variable]} temperature be {word}?",
        "yes_sub_title": word, "no_sub_title": word, "created_time": iso(Instant(m.open_at - 5 * HOUR)),
        "updated_time": iso(m.open_at), "open_time": iso(m.open_at), "close_time": iso(m.close_at),
        "expected_expiration_time": iso(Instant(m.close_at + 14 * HOUR)),
        "latest_expiration_time": iso(Instant(m.close_at + 7 * 24 * HOUR)), "settlement_timer_seconds": 1800,
        "status": listed.status, "notional_value_dollars": "1.0000", "yes_bid_dollars": price_text(bid),
        "yes_ask_dollars": price_text(ask), "no_bid_dollars": price_text(complement(ask)),
        "no_ask_dollars": price_text(complement(bid)), "yes_bid_size_fp": count_text(Count(sizes[Side.BID])),
        "yes_ask_size_fp": count_text(Count(sizes[Side.ASK])), "last_price_dollars": last,
        "previous_yes_bid_dollars": price_text(bid), "previous_yes_ask_dollars": price_text(ask),
        "previous_price_dollars": last, "volume_fp": count_text(listed.volume),
        "volume_24h_fp": count_text(listed.volume), "open_interest_fp": count_text(listed.open_interest),
        "result": listed.result, "can_close_early": True, "expiration_value": listed.expiration_value,
        "rules_primary": m.rules, "rules_secondary": "", "price_level_structure": structure(m.grid),
        "price_ranges": ranges(m.grid), "settlement_bounds_type": "default", "exchange_index": m.exchange_index,
        **strikes(m),
    }  # fmt: skip
    if listed.value is not None:
        shown["settlement_value_dollars"] = price_text(Price(listed.value // 100))
        shown["settlement_ts"] = iso(Instant(m.close_at + 3 * HOUR))
    return shown


def event(markets: list[Listed], *, nested: bool) -> JSON:
    """EventData."""
    m = markets[0].market
    day = m.station_day
    word = "Highest" if day.variable is Variable.HIGH else "Lowest"
    shown: JSON = {
        "event_ticker": m.event_ticker, "series_ticker": m.series, "sub_title": f"On {day.day:%b %-d, %Y}",
        "title": f"{word} temperature in {day.station.city} on {day.day:%b %-d, %Y}?",
        "collateral_return_type": "MECNET", "mutually_exclusive": True, "category": CATEGORY,
        "strike_date": iso(day.end), "settlement_sources": _SOURCES, "exchange_index": 0,
    }  # fmt: skip
    if nested:
        shown["markets"] = [market(listed) for listed in markets]
    return shown


def series(ticker: str, city: str, high: bool) -> JSON:
    """Series."""
    return {
        "ticker": ticker, "frequency": "daily", "title": f"{'Highest' if high else 'Lowest'} temperature in {city}",
        "category": CATEGORY, "categories": [CATEGORY], "tags": ["Daily temperature"], "settlement_sources": _SOURCES,
        "contract_url": "", "contract_terms_url": "", "fee_type": "quadratic", "fee_multiplier": 1,
        "additional_prohibitions": [], "exchange_index": 0,
    }  # fmt: skip


def levels(pairs: list[tuple[Price, Count]], *, flip: bool = False) -> list[list[str]]:
    """Level arrays, ascending, best last; `flip` prices them on the other leg."""
    rows = [(complement(price) if flip else price, size) for price, size in pairs]
    return [[price_text(price), count_text(size)] for price, size in sorted(rows)]


def orderbook(listed: Listed, depth: int = 0) -> JSON:
    """`orderbook_fp`: bids of both legs."""
    yes = levels(listed.book.levels(Side.BID))
    no = levels(listed.book.levels(Side.ASK), flip=True)
    return {"yes_dollars": yes[-depth:] if depth else yes, "no_dollars": no[-depth:] if depth else no}


def order(o: Resting) -> JSON:
    """Order object."""
    shown: JSON = {
        "order_id": o.order_id, "user_id": user_id(o.user), "client_order_id": o.client_order_id, "ticker": o.ticker,
        "side": outcome(o.side), "action": "buy", "outcome_side": outcome(o.side), "book_side": o.side.value,
        "type": "limit", "status": o.status, **both("price_dollars", o.price),
        "fill_count_fp": count_text(o.filled), "remaining_count_fp": count_text(o.remaining),
        "initial_count_fp": count_text(Count(o.initial) if o.initial else o.total),
        "taker_fill_cost_dollars": money_text(Money(o.cost_taker)),
        "maker_fill_cost_dollars": money_text(Money(o.cost_maker)),
        "taker_fees_dollars": money_text(Money(o.fees - o.fees_maker)),
        "maker_fees_dollars": money_text(Money(o.fees_maker)),
        "created_time": iso(o.created_at), "last_update_time": iso(o.updated_at),
        "self_trade_prevention_type": o.self_trade, "cancel_order_on_pause": o.cancel_on_pause,
        "subaccount_number": 0, "exchange_index": 0,
    }  # fmt: skip
    if o.expires_at is not None:
        shown["expiration_time"] = iso(o.expires_at)
    if o.group is not None:
        shown["order_group_id"] = o.group
    return shown


def fill(f: Fill) -> JSON:
    """REST fill."""
    return {
        "fill_id": f.trade_id, "trade_id": f.trade_id, "order_id": f.order_id, "exchange_index": 0, "ticker": f.ticker,
        "market_ticker": f.ticker, "side": outcome(f.side), "action": "buy", "outcome_side": outcome(f.side),
        "book_side": f.side.value, "count_fp": count_text(f.count), **both("price_dollars", f.price),
        "is_taker": f.is_taker, "created_time": iso(f.filled_at), "fee_cost": money_text(f.fee),
        "subaccount_number": 0, "ts": f.filled_at // SECOND,
    }  # fmt: skip


def position(view: PositionView, traded: Money, at: Instant) -> JSON:
    """MarketPosition."""
    return {
        "ticker": view.ticker, "exchange_index": 0, "total_traded_dollars": money_text(traded),
        "position_fp": count_text(view.position), "market_exposure_dollars": money_text(view.exposure),
        "realized_pnl_dollars": money_text(view.realized_pnl), "fees_paid_dollars": money_text(view.fees_paid),
        "last_updated_ts": iso(at),
    }  # fmt: skip


def trade(t: TradePrint) -> JSON:
    """REST trade."""
    return {
        "trade_id": t.trade_id, "ticker": t.ticker, "count_fp": count_text(t.count), **both("price_dollars", t.price),
        "taker_side": outcome(t.taker), "taker_outcome_side": outcome(t.taker), "taker_book_side": t.taker.value,
        "created_time": iso(t.traded_at), "is_block_trade": False,
    }  # fmt: skip


def settlement(s: Settlement) -> JSON:
    """Settlement."""
    long, short = max(s.position, 0), max(-s.position, 0)
    zero = Money(0)
    return {
        "ticker": s.ticker, "exchange_index": 0, "event_ticker": s.event_ticker, "market_result": s.result,
        "yes_count_fp": count_text(Count(long)), "yes_total_cost_dollars": money_text(s.cost if long else zero),
        "no_count_fp": count_text(Count(short)),
        "no_total_cost_dollars": money_text(Money(short * 10_000 + s.cost) if short else zero),
        "revenue": (s.revenue if long else short * 10_000 + s.revenue) // 10_000, "settled_time": iso(s.at),
        "fee_cost": "0.000000", "value": s.value // 10_000,
    }  # fmt: skip


def balance(exchange: Exchange, user: str) -> JSON:
    """GetBalanceResponse."""
    cash = exchange.balance(user)
    value = sum(view.exposure for view in exchange.positions(user))
    cents = cash // 10_000
    return {
        "balance": cents, "balance_dollars": money_text(Money(cash // 100 * 100))[:-2],
        "portfolio_value": value // 10_000,
        "updated_ts": exchange.now // SECOND,
        "balance_breakdown": [{"exchange_index": 0, "balance": money_text(Money(cash // 100 * 100))[:-2]}],
    }  # fmt: skip
