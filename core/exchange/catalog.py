"""What the exchange lists, over REST through the SDK: events with their markets, settlements, books. For the flows.

What cannot be parsed, or whose rules do not describe its station-day, is returned as refused with the reason.
"""

from dataclasses import dataclass, field

from core.contract import Fees, Market, disagreement, exhaustive
from core.errors import Malformed
from core.exchange import translate, wire
from core.exchange.sdk import Sdk
from core.fees import fees_of
from core.messages import OrderView
from core.units import Count, Instant, Money, Price, count, instant, money

_PAGES = 100


@dataclass(slots=True)
class Listing:
    """Markets that may be traded, and what was refused: ticker (or event, or series) -> reason."""

    markets: list[Market] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


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


class Catalog:
    """Reads only."""

    def __init__(self, sdk: Sdk, shard: int = 0) -> None:
        self.sdk, self.shard = sdk, shard

    async def series_fees(self) -> tuple[dict[str, Fees], dict[str, str]]:
        """(fees by series, refused series)."""
        raw = await self.sdk.call(self.sdk.markets.get_series_list_without_preload_content,
                                  category="Climate and Weather")  # fmt: skip
        fees: dict[str, Fees] = {}
        refused: dict[str, str] = {}
        for series in translate.decode(raw, wire.SeriesPage).series:
            try:
                fees[series.ticker] = fees_of(series.fee_type, series.fee_multiplier)
            except Malformed as error:
                refused[series.ticker] = str(error)
        return fees, refused

    async def events(self, series: str, fees: Fees, status: str = "open") -> Listing:
        """The events of one series with their markets, parsed and checked against their rules."""
        listing = Listing()
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.events.get_events_without_preload_content, series_ticker=series, status=status,
                with_nested_markets=True, limit=200, cursor=cursor,
            )  # fmt: skip
            page = translate.decode(raw, wire.EventsPage)
            for raw_event in page.events:
                self._event(raw_event, fees, listing)
            cursor = page.cursor
            if not cursor:
                return listing
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of events")

    def _event(self, raw: bytes, fees: Fees, listing: Listing) -> None:
        event = translate.decode(raw, wire.EventModel)
        try:
            if event.fee_type_override is not None:
                fees = fees_of(event.fee_type_override, event.fee_multiplier_override or 0)
            if not event.mutually_exclusive:
                raise Malformed("mutually_exclusive", False, "brackets that may pay together are not quoted")
            markets = [translate.market(translate.decode(one, wire.MarketModel), fees) for one in event.markets]
            for market in markets:
                why = disagreement(market)
                if why is None and market.exchange_index != self.shard:
                    why = f"it lives on exchange shard {market.exchange_index}, we trade on {self.shard}"
                if why is not None:
                    raise Malformed(market.ticker, market.rules, why)
            if not exhaustive([market.bracket for market in markets]):
                raise Malformed(
                    "markets", [str(market.bracket) for market in markets], "not every degree pays exactly once"
                )
        except Malformed as error:
            listing.refused[event.event_ticker] = str(error)
            return
        listing.markets += markets

    async def settled(self, series: str, fees: Fees) -> Listing:
        """Settled markets of one series."""
        listing = Listing()
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.markets.get_markets_without_preload_content, series_ticker=series, status="settled",
                limit=1000, cursor=cursor,
            )  # fmt: skip
            page = translate.decode(raw, wire.MarketsPage)
            for one in page.markets:
                found = translate.decode(one, wire.MarketModel)
                try:
                    listing.markets.append(translate.market(found, fees))
                except Malformed as error:
                    listing.refused[found.ticker] = str(error)
            cursor = page.cursor
            if not cursor:
                return listing
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of markets")

    async def by_tickers(self, tickers: list[str], fees: dict[str, Fees]) -> Listing:
        """These markets as they are now, 100 a request; series without known fees are refused."""
        listing = Listing()
        for start in range(0, len(tickers), 100):
            raw = await self.sdk.call(
                self.sdk.markets.get_markets_without_preload_content, limit=1000,
                tickers=",".join(tickers[start : start + 100]),
            )  # fmt: skip
            for one in translate.decode(raw, wire.MarketsPage).markets:
                found = translate.decode(one, wire.MarketModel)
                try:
                    series = found.event_ticker.partition("-")[0]
                    if series not in fees:
                        raise Malformed("series", series, "its fees are not known")
                    listing.markets.append(translate.market(found, fees[series]))
                except Malformed as error:
                    listing.refused[found.ticker] = str(error)
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

    async def our_settlements(self, since: Instant) -> list[Settled]:
        """What was paid out to us since an instant."""
        rows: list[Settled] = []
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.portfolio.get_settlements_without_preload_content, limit=1000, cursor=cursor,
                min_ts=max(0, since // 10**9),
            )  # fmt: skip
            page = translate.decode(raw, wire.SettlementsPage)
            rows += [_settled(one) for one in page.settlements]
            cursor = page.cursor
            if not cursor:
                return rows
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of settlements")

    async def our_orders(self) -> list[OrderView]:
        """Every resting order of the account."""
        rows: list[OrderView] = []
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.orders.get_orders_without_preload_content, status="resting", limit=1000, cursor=cursor
            )
            page = translate.decode(raw, wire.OrdersPage)
            rows += [translate.order_view(order) for order in page.orders]
            cursor = page.cursor
            if not cursor:
                return rows
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of orders")


def _settled(s: wire.SettlementModel) -> Settled:
    return Settled(
        s.ticker, s.event_ticker, s.market_result, count(s.yes_count_fp, "yes_count_fp"),
        money(s.yes_total_cost_dollars, "yes_total_cost_dollars"), count(s.no_count_fp, "no_count_fp"),
        money(s.no_total_cost_dollars, "no_total_cost_dollars"), Money(s.revenue * 10_000),
        money(s.fee_cost, "fee_cost"), instant(s.settled_time, "settled_time"),
    )  # fmt: skip
