"""What the embedded exchange says on its WebSocket: the `msg` of each kind, in Kalshi's words (AsyncAPI October 2026).

A message to many is encoded once: `Bodies` remembers the bytes of what was said last, for each way to tell it.
"""

from typing import Any

import msgspec

from core import messages as m
from core.contract import PriceGrid
from core.exchange import wire_out
from core.exchange.simulator import Exchange, Listed
from core.units import ONE_DOLLAR, Count, Money, Price, complement, count_text, iso, money_text, price_text

JSON = dict[str, Any]
_REASONS = {  # AsyncAPI userOrder.last_update_reason; a cancel that the user asked for has none
    "Decrease", "Amend", "MarginCancel", "SelfTradeCancel", "ExpiryCancel", "CloseCancel", "HaltCancel", "Trade",
    "PostOnlyCrossCancel", "ReduceOnlyCancel", "SettlementBoundsCancel",
}  # fmt: skip
_KEPT = 4_096
_encode = msgspec.json.Encoder().encode


class Bodies:
    """Encoded messages, by what was said and how it is told."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._kept: dict[tuple[int, str, bool], tuple[m.Said, bytes | None]] = {}

    def of(self, channel: str, said: m.Said, *, user: str, yes_price: bool) -> bytes | None:
        """The `msg` of `said` on `channel`, or None where it says nothing there."""
        private = isinstance(said, m.BookDelta) and said.client_order_id is not None and (
            (user, said.client_order_id) in self.exchange.by_client_id
        )  # fmt: skip
        if private:
            assert isinstance(said, m.BookDelta), "only a delta is told differently to whom it belongs"
            return _encode(delta(said, yes_price=yes_price) | {"client_order_id": said.client_order_id})
        key = (id(said), channel, yes_price)
        kept = self._kept.get(key)
        if kept is not None and kept[0] is said:
            return kept[1]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        body = self._body(channel, said, user, yes_price)
        raw = None if body is None else _encode(body)
        self._kept[key] = (said, raw)
        return raw

    def _body(self, channel: str, said: m.Said, user: str, yes_price: bool) -> JSON | None:
        match said:
            case m.BookDelta() if channel == "orderbook_delta":
                return delta(said, yes_price=yes_price)
            case m.BookDelta() | m.TradePrint() if channel == "ticker":
                return ticker(self.exchange.markets[said.ticker], said)
            case m.TradePrint():
                return trade(said)
            case m.Fill() if channel == "market_positions":
                return position(self.exchange, user, said)
            case m.Fill():
                return fill(said)
            case m.Acked() | m.Gone():
                return order(self.exchange, said) if said.order_id in self.exchange.orders else None
            case m.MarketChanged():
                return lifecycle(self.exchange, said)
            case m.GroupChanged():
                limit = {} if said.limit is None else {"contracts_limit_fp": count_text(said.limit)}
                return {"event_type": said.change, "order_group_id": said.group,
                        "ts_ms": wire_out.millis(said.at)} | limit  # fmt: skip
            case _:
                return None


def snapshot(said: m.BookSnapshot, *, yes_price: bool) -> JSON:
    """orderbook_snapshot; a side without offers is an absent key."""
    body: JSON = {"market_ticker": said.ticker, "market_id": wire_out.market_id(said.ticker), "clock": said.clock or 0}
    if said.bids:
        body["yes_dollars_fp"] = wire_out.levels(said.bids)
    if said.asks:
        body["no_dollars_fp"] = wire_out.levels(said.asks, flip=not yes_price)
    return body


def delta(said: m.BookDelta, *, yes_price: bool) -> JSON:
    """orderbook_delta; a NO price is on the NO leg unless YES prices were asked for."""
    price = complement(said.price) if said.side is m.Side.ASK and not yes_price else said.price
    return {
        "market_ticker": said.ticker, "market_id": wire_out.market_id(said.ticker), "clock": said.clock or 0,
        "price_dollars": price_text(Price(price)), "delta_fp": count_text(said.change),
        "side": wire_out.outcome(said.side), "ts": iso(said.at), "ts_ms": wire_out.millis(said.at),
    }  # fmt: skip


def trade(said: m.TradePrint) -> JSON:
    """trade."""
    side = wire_out.outcome(said.taker)
    return {
        "trade_id": said.trade_id, "market_ticker": said.ticker, **wire_out.both("price_dollars", said.price),
        "count_fp": count_text(said.count), "taker_side": side, "taker_outcome_side": side,
        "taker_book_side": said.taker.value, "is_block_trade": False, "ts": said.traded_at // 10**9,
        "ts_ms": wire_out.millis(said.traded_at),
    }  # fmt: skip


def ticker(listed: Listed, said: m.BookDelta | m.TradePrint) -> JSON:
    """ticker: the top of the book after a change."""
    shown = wire_out.market(listed)
    last = listed.trades[-1].count if listed.trades else Count(0)
    keys = ("yes_bid_dollars", "yes_ask_dollars", "yes_bid_size_fp", "yes_ask_size_fp", "volume_fp", "open_interest_fp")
    return {
        "market_ticker": said.ticker, "market_id": wire_out.market_id(said.ticker),
        "price_dollars": shown["last_price_dollars"], **{key: shown[key] for key in keys},
        "last_trade_size_fp": count_text(last), "dollar_volume": listed.volume // 100,
        "dollar_open_interest": listed.open_interest // 100, "ts": said.at // 10**9,
        "ts_ms": wire_out.millis(said.at), "time": iso(said.at),
    }  # fmt: skip


def fill(said: m.Fill) -> JSON:
    """fill."""
    after = said.position_after if said.position_after is not None else Count(0)
    side = wire_out.outcome(said.side)
    return {
        "trade_id": said.trade_id, "order_id": said.order_id, "client_order_id": said.client_order_id,
        "market_ticker": said.ticker, "exchange_index": 0, "is_taker": said.is_taker, "side": side,
        "yes_price_dollars": price_text(said.price), "count_fp": count_text(said.count),
        "fee_cost": money_text(said.fee), "action": "buy", "ts": said.filled_at // 10**9,
        "ts_ms": wire_out.millis(said.filled_at), "post_position_fp": count_text(after), "purchased_side": side,
        "outcome_side": side, "book_side": said.side.value, "subaccount": 0,
    }  # fmt: skip


def position(exchange: Exchange, user: str, said: m.Fill) -> JSON:
    """market_position, as of now."""
    holding = exchange.accounts[user].holdings.get(said.ticker)
    held, cost, realized, fees, contracts = (
        (holding.position, holding.cost, holding.realized, holding.fees, holding.contracts)
        if holding is not None
        else (Count(0), Money(0), Money(0), Money(0), Count(0))
    )
    return {
        "user_id": wire_out.user_id(user), "market_ticker": said.ticker, "position_fp": count_text(held),
        "position_cost_dollars": money_text(cost), "realized_pnl_dollars": money_text(realized),
        "fees_paid_dollars": money_text(fees), "position_fee_cost_dollars": money_text(fees),
        "volume_fp": count_text(contracts), "subaccount": 0,
    }  # fmt: skip


def order(exchange: Exchange, said: m.Acked | m.Gone) -> JSON:
    """user_order: what `said` says, and of the rest what the order is now."""
    found = exchange.orders[said.order_id]
    shown = wire_out.order(found)
    body: JSON = {
        key: shown[key]
        for key in ("order_id", "user_id", "client_order_id", "ticker", "exchange_index", "side", "outcome_side",
                    "book_side", "yes_price_dollars", "taker_fill_cost_dollars", "maker_fill_cost_dollars",
                    "taker_fees_dollars", "maker_fees_dollars", "initial_count_fp", "self_trade_prevention_type",
                    "created_time")
    }  # fmt: skip
    filled = said.filled if said.filled is not None else found.filled
    resting = isinstance(said, m.Acked)
    reason = found.touched if isinstance(said, m.Acked) else said.reason
    body |= {
        "status": "resting" if resting else "executed" if reason == "Trade" else "canceled",
        "is_yes": found.side is m.Side.BID, "fill_count_fp": count_text(filled),
        "remaining_count_fp": count_text(said.remaining) if isinstance(said, m.Acked) else "0.00",
        "created_ts_ms": wire_out.millis(found.created_at), "last_updated_ts_ms": wire_out.millis(found.updated_at),
        "subaccount_number": 0,
    }  # fmt: skip
    if isinstance(said, m.Acked):
        body["client_order_id"], body["yes_price_dollars"] = said.client_order_id, price_text(said.price)
        if said.expires_at is not None:
            body["expiration_ts_ms"] = wire_out.millis(said.expires_at)
    if reason in _REASONS:
        body["last_update_reason"] = reason
    if found.group is not None:
        body["order_group_id"] = found.group
    return body


def lifecycle(exchange: Exchange, said: m.MarketChanged) -> JSON:
    """market_lifecycle_v2."""
    market = exchange.markets[said.ticker].market
    body: JSON = {"market_ticker": said.ticker, "event_type": said.change, "exchange_index": market.exchange_index}
    if said.close_at is not None:
        body["close_ts"] = said.close_at // 10**9
    if said.change == "created":
        body |= {"open_ts": market.open_at // 10**9, "price_level_structure": wire_out.structure(market.grid),
                 "price_ranges": wire_out.ranges(market.grid)}  # fmt: skip
    if said.price_ranges is not None:
        grid = PriceGrid(tuple(said.price_ranges))
        body |= {"price_level_structure": wire_out.structure(grid), "price_ranges": wire_out.ranges(grid)}
    if said.change in ("activated", "deactivated"):
        body["is_deactivated"] = said.change == "deactivated"
    if said.change == "determined":
        body |= {"result": said.result or "", "determination_ts": said.at // 10**9}
        if said.settlement_value is not None:
            body["settlement_value"] = price_text(min(Price(said.settlement_value // 100), Price(ONE_DOLLAR)))
    if said.change == "settled":
        body["settled_ts"] = said.at // 10**9
    return body
