"""What the exchange lists, over REST through the SDK: series, events with their markets, settlements, books, trades.

What cannot be parsed, or whose rules do not describe its station-day, is returned as refused with the reason; it never
takes its neighbours with it.
"""

from dataclasses import dataclass, field

import msgspec

from core import messages as m
from core.contract import Fees, Market, disagreement, exhaustive
from core.errors import Malformed
from core.exchange import translate, wire, wire_account
from core.exchange.sdk import Sdk
from core.fees import fees_of
from core.units import SECOND, Count, Instant, Money, Price, count, instant, money

CATEGORY = "Climate and Weather"


@dataclass(slots=True)
class Listing:
    """Markets that may be traded, and what was refused: ticker (or event, or series) -> reason."""

    markets: list[Market] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)  # event -> who says its value


@dataclass(frozen=True, slots=True)
class Settled:
    """One settlement of ours as the exchange reports it."""

    ticker: str
    event_ticker: str
    result: str
    yes_count: Count
    yes_cost: Money
    no_count: Count
    no_cost: Money
    revenue: Money
    fees: Money
    settled_at: Instant


@dataclass(frozen=True, slots=True)
class FeeChange:
    """A series' fees from an instant on."""

    series: str
    fees: Fees
    since: Instant


class Catalog:
    """Reads only. All raise the taxonomy of core/errors.py for a failed call or an unreadable page."""

    def __init__(self, sdk: Sdk, shard: int = 0, subaccount: int = 0) -> None:
        self.sdk, self.shard, self.subaccount = sdk, shard, subaccount

    async def series_fees(self) -> tuple[dict[str, Fees], dict[str, str]]:
        """(fees by series, refused series)."""
        raw = await self.sdk.call(self.sdk.markets.get_series_list_without_preload_content, category=CATEGORY)
        return read_series(raw)

    async def fee_changes(self) -> tuple[list[FeeChange], dict[str, str]]:
        """Announced changes of fees, in order; (changes, refused series)."""
        raw = await self.sdk.call(self.sdk.exchange.get_series_fee_changes_without_preload_content)
        found: list[FeeChange] = []
        refused: dict[str, str] = {}
        for change in translate.decode(raw, wire.FeeChanges).series_fee_change_arr:
            try:
                since = instant(change.scheduled_ts, "scheduled_ts")
                found.append(FeeChange(change.series_ticker, fees_of(change.fee_type, change.fee_multiplier), since))
            except Malformed as error:
                refused[change.series_ticker] = str(error)
        return sorted(found, key=lambda c: c.since), refused

    async def events(self, series: str, fees: Fees, status: str = "open") -> Listing:
        """The events of one series with their markets, parsed and checked against their rules."""
        pages = await self.sdk.pages(
            self.sdk.events.get_events_without_preload_content, wire.EventsPage, series_ticker=series, status=status,
            with_nested_markets=True, limit=200,
        )  # fmt: skip
        listing = Listing()
        for raw in (raw for page in pages for raw in page.events):
            read_event(raw, fees, self.shard, listing)
        return listing

    async def settled(self, series: str, fees: Fees) -> Listing:
        """Settled markets of one series."""
        pages = await self.sdk.pages(
            self.sdk.markets.get_markets_without_preload_content, wire.MarketsPage, series_ticker=series,
            status="settled", limit=1000,
        )  # fmt: skip
        return read_markets([raw for page in pages for raw in page.markets], fees)

    async def by_tickers(self, tickers: list[str], fees: dict[str, Fees]) -> Listing:
        """These markets as they are now, 100 a request; one whose series' fees are not known is refused."""
        listing = Listing()
        for start in range(0, len(tickers), 100):
            chunk = tickers[start : start + 100]
            raw = await self.sdk.call(
                self.sdk.markets.get_markets_without_preload_content, tickers=",".join(chunk), limit=1000
            )
            bodies = translate.decode(raw, wire.MarketsPage).markets
            for series in dict.fromkeys(ticker.partition("-")[0] for ticker in chunk):
                mine = [body for body in bodies if _name(body, "ticker").partition("-")[0] == series]
                if series in fees:
                    found = read_markets(mine, fees[series])
                    listing.markets += found.markets
                    listing.refused |= found.refused
                else:
                    listing.refused[series] = "its fees are not known"
        return listing

    async def books(self, tickers: list[str]) -> dict[str, tuple[dict[Price, Count], dict[Price, Count]]]:
        """(bids, asks) by price in YES terms of each market; 100 a request."""
        found: dict[str, tuple[dict[Price, Count], dict[Price, Count]]] = {}
        for start in range(0, len(tickers), 100):
            raw = await self.sdk.call(
                self.sdk.markets.get_market_orderbooks_without_preload_content, tickers[start : start + 100]
            )
            for book in translate.decode(raw, wire.BooksPage).orderbooks:
                found[book.ticker] = translate.touch(book.orderbook_fp)
        return found

    async def trades(self, ticker: str, since: Instant, at: Instant) -> list[m.TradePrint]:
        """Anybody's trades in one market since an instant, oldest first."""
        pages = await self.sdk.pages(
            self.sdk.markets.get_trades_without_preload_content, wire.TradesPage, ticker=ticker,
            min_ts=max(0, since // SECOND), limit=1000,
        )  # fmt: skip
        found = [translate.rest_trade(t, at) for page in pages for t in page.trades]
        return sorted(found, key=lambda t: t.traded_at)

    async def our_settlements(self, since: Instant) -> list[Settled]:
        """What was paid out to our subaccount since an instant."""
        pages = await self.sdk.pages(
            self.sdk.portfolio.get_settlements_without_preload_content, wire.SettlementsPage,
            min_ts=max(0, since // SECOND), limit=1000, subaccount=self.subaccount,
        )  # fmt: skip
        return [_settled(one) for page in pages for one in page.settlements]

    async def our_orders(self) -> list[m.OrderView]:
        """Every resting order of our subaccount."""
        pages = await self.sdk.pages(
            self.sdk.orders.get_orders_without_preload_content, wire.OrdersPage, status="resting", limit=1000,
            subaccount=self.subaccount,
        )  # fmt: skip
        return [translate.order_view(translate.decode(o, wire.OrderModel)) for page in pages for o in page.orders]

    async def schedule(self) -> wire_account.ScheduleModel:
        """Weekly hours and maintenance windows."""
        raw = await self.sdk.call(self.sdk.exchange.get_exchange_schedule_without_preload_content)
        return translate.decode(raw, wire_account.ScheduleAnswer).schedule

    async def limits(self) -> wire_account.Limits:
        """Our tier and its token buckets."""
        return translate.decode(
            await self.sdk.call(self.sdk.account.get_account_api_limits_without_preload_content), wire_account.Limits
        )

    async def costs(self) -> wire_account.Costs:
        """What each call costs in tokens."""
        raw = await self.sdk.call(self.sdk.account.get_account_endpoint_costs_without_preload_content)
        return translate.decode(raw, wire_account.Costs)

    async def scopes(self, key_id: str) -> list[str] | None:
        """What a key may do; None where the account does not list it."""
        return (await self.every_scope()).get(key_id)

    async def every_scope(self) -> dict[str, list[str]]:
        """What each key of the account may do, by its id."""
        raw = await self.sdk.call(self.sdk.keys.get_api_keys_without_preload_content)
        return {key.api_key_id: key.scopes for key in translate.decode(raw, wire_account.KeysAnswer).api_keys}


# --- pages to rows: pure ---------------------------------------------------------------------------------------------


def read_series(raw: bytes) -> tuple[dict[str, Fees], dict[str, str]]:
    """GET /series -> (fees by series, refused series)."""
    fees: dict[str, Fees] = {}
    refused: dict[str, str] = {}
    for one in translate.decode(raw, wire.SeriesPage).series:
        try:
            series = translate.decode(one, wire.SeriesModel)
            fees[series.ticker] = fees_of(series.fee_type, series.fee_multiplier)
        except Malformed as error:
            refused[_name(one, "ticker")] = str(error)
    return fees, refused


def read_event(raw: bytes | msgspec.Raw, fees: Fees, shard: int, listing: Listing) -> None:
    """One event with nested markets, into `listing`: all of it or, refused, nothing of it."""
    try:
        event = translate.decode(raw, wire.EventModel)
        override = event.fee_type_override, event.fee_multiplier_override
        if override[0] is not None and override[1] is not None:
            fees = fees_of(override[0], override[1])
        elif override != (None, None):
            raise Malformed("fee_type_override", override, "half of a fee override")
        if not event.mutually_exclusive:
            raise Malformed("mutually_exclusive", False, "brackets that may pay together are not quoted")
        markets = [translate.market(translate.decode(one, wire.MarketModel), fees) for one in event.markets]
        for market in markets:
            why = disagreement(market)
            if market.exchange_index != shard:
                why = f"it lives on exchange shard {market.exchange_index}, we trade on {shard}"
            if why is not None:
                raise Malformed(market.ticker, market.rules, why)
        if not exhaustive([market.bracket for market in markets]):
            raise Malformed("markets", [str(x.bracket) for x in markets], "not every degree pays exactly once")
    except Malformed as error:
        listing.refused[_name(raw, "event_ticker")] = str(error)
        return
    listing.markets += markets
    listing.sources[event.event_ticker] = ", ".join(s.name or "unnamed" for s in event.settlement_sources or [])


def read_markets(raws: list[msgspec.Raw], fees: Fees) -> Listing:
    """Markets one by one; what cannot be read is refused by name."""
    listing = Listing()
    for one in raws:
        try:
            listing.markets.append(translate.market(translate.decode(one, wire.MarketModel), fees))
        except Malformed as error:
            listing.refused[_name(one, "ticker")] = str(error)
    return listing


def _name(raw: bytes | msgspec.Raw, key: str) -> str:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "unreadable"
    name = found.get(key) if isinstance(found, dict) else None
    return name if isinstance(name, str) else "unnamed"


def _settled(s: wire.SettlementModel) -> Settled:
    return Settled(
        s.ticker, s.event_ticker, s.market_result, count(s.yes_count_fp, "yes_count_fp"),
        money(s.yes_total_cost_dollars, "yes_total_cost_dollars"), count(s.no_count_fp, "no_count_fp"),
        money(s.no_total_cost_dollars, "no_total_cost_dollars"), Money(s.revenue * 10_000),
        money(s.fee_cost, "fee_cost"), instant(s.settled_time, "settled_time"),
    )  # fmt: skip
