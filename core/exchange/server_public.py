"""Kalshi's public REST reads over a venue: exchange, series, events, markets, books, trades."""

from starlette.requests import Request

from core.exchange import wire_out
from core.exchange.server_shared import ASKED, JSON, PREFIX, No, Shared, after_at, by_event, limit_of, page_of
from core.exchange.simulator import Listed
from core.stations import BY_SERIES
from core.units import iso


def series_view(ticker: str) -> JSON:
    """Series of one of our stations."""
    station = BY_SERIES[ticker]
    return wire_out.series(ticker, station.city, ticker == station.series_high)


class PublicReads(Shared):
    """No signature needed."""

    def status(self, request: Request, user: str) -> JSON:
        """Exchange status. When it goes on is said of an exchange pause only, and only estimated."""
        exchange = self.venue.exchange
        flags = {"exchange_active": not exchange.stopped, "trading_active": not exchange.paused,
                 "intra_exchange_transfers_active": False}  # fmt: skip
        resumes = {"exchange_estimated_resume_time": iso(self.venue.stopped_until)} if exchange.stopped else {}
        shard = {"exchange_index": 0, "description": "embedded", **flags}
        return {**flags, **resumes, "exchange_index_statuses": [shard]}

    def schedule(self, request: Request, user: str) -> JSON:
        """Always open but for Thursday 03:00 to 05:00 ET."""
        all_day = [{"open_time": "00:00", "close_time": "00:00"}]
        thursday = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]
        week = {d: all_day for d in ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")}
        hours = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00Z", **week, "thursday": thursday}
        return {"schedule": {"standard_hours": [hours], "maintenance_windows": []}}

    def timestamp(self, request: Request, user: str) -> JSON:
        """How fresh user data is: what is listed here is what stands, so it is as of now."""
        return {"as_of_time": iso(self.venue.clock.now())}

    def series_list(self, request: Request, user: str) -> JSON:
        """All series of a category."""
        category = request.query_params.get("category")
        return {"series": [series_view(t) for t in BY_SERIES] if category in (None, "", wire_out.CATEGORY) else []}

    def series_one(self, request: Request, user: str) -> JSON:
        """One series."""
        ticker = request.path_params["series"]
        if ticker not in BY_SERIES:
            raise No(404, "not_found")
        return {"series": series_view(ticker)}

    def events(self, request: Request, user: str) -> JSON:
        """Events by status and series, with their markets when asked."""
        query = request.query_params
        groups = by_event(self._selected(query.get("status", ""), query.get("series_ticker", "")))
        nested = query.get("with_nested_markets") == "true"
        page, cursor = page_of(list(groups.values()), query.get("cursor", ""), limit_of(query.get("limit"), 200))
        return {"events": [wire_out.event(markets, nested=nested) for markets in page], "cursor": cursor}

    def event(self, request: Request, user: str) -> JSON:
        """One event."""
        ticker = request.path_params["event"]
        markets = [x for x in self.venue.exchange.markets.values() if x.market.event_ticker == ticker]
        if not markets:
            raise No(404, "not_found")
        shown = wire_out.event(markets, nested=True)
        rows = shown["markets"]
        if request.query_params.get("with_nested_markets") != "true":
            del shown["markets"]
        return {"event": shown, "markets": rows}

    def markets(self, request: Request, user: str) -> JSON:
        """Markets by status, series, event or tickers."""
        query = request.query_params
        if query.get("tickers"):
            wanted = set(query["tickers"].split(","))
            found = [x for t, x in self.venue.exchange.markets.items() if t in wanted]
        else:
            found = self._selected(query.get("status", ""), query.get("series_ticker", ""))
        if query.get("event_ticker"):
            found = [x for x in found if x.market.event_ticker == query["event_ticker"]]
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000, least=0))
        return {"markets": [wire_out.market(x) for x in page], "cursor": cursor}

    def _selected(self, status: str, series: str) -> list[Listed]:
        if status and status not in ASKED:
            raise No(400, "invalid_parameters", f"unknown status {status!r}")
        found = [
            x for x in self.venue.exchange.markets.values()
            if (not series or x.market.series == series) and (not status or x.status == ASKED[status])
        ]  # fmt: skip
        if status == "settled":
            listed = {x.market.ticker for x in found}
            found += [x for x in self.history.settled(series, self.venue.clock.now()) if x.market.ticker not in listed]
        return found

    def market(self, request: Request, user: str) -> JSON:
        """One market."""
        return {"market": wire_out.market(self._market(request.path_params["ticker"]))}

    def _market(self, ticker: str) -> Listed:
        found = self.venue.exchange.markets.get(ticker)
        if found is None:
            raise No(404, "not_found")
        return found

    def orderbook(self, request: Request, user: str) -> JSON:
        """One book."""
        depth = limit_of(request.query_params.get("depth", "0"), 100, least=0)
        return {"orderbook_fp": wire_out.orderbook(self._market(request.path_params["ticker"]), depth)}

    def orderbooks(self, request: Request, user: str) -> JSON:
        """Up to 100 books."""
        tickers = [t for value in request.query_params.getlist("tickers") for t in value.split(",") if t]
        if not 1 <= len(tickers) <= 100:
            raise No(400, "invalid_parameters", "1 to 100 tickers")
        known = [t for t in tickers if t in self.venue.exchange.markets]
        return {"orderbooks": [{"ticker": t, "orderbook_fp": wire_out.orderbook(self._market(t))} for t in known]}

    def trades(self, request: Request, user: str) -> JSON:
        """Trades, newest first."""
        query = request.query_params
        every = self.venue.exchange.markets
        sources = [every[t] for t in (query["ticker"],) if t in every] if query.get("ticker") else every.values()
        found = sorted(
            (
                t
                for x in sources
                for t in x.trades
                if after_at(t.traded_at, query.get("min_ts")) and not after_at(t.traded_at, query.get("max_ts"), False)
            ),
            key=lambda t: -t.traded_at,
        )
        if query.get("is_block_trade") == "true":
            found = []
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000, least=0))
        return {"trades": [wire_out.trade(t) for t in page], "cursor": cursor}

    def costs(self, request: Request, user: str) -> JSON:
        """What differs from the default of 10."""
        path = "/portfolio/events/orders"
        cheap = [("GET", "/portfolio/orders/:order_id"), ("DELETE", f"{path}/:order_id"),
                 ("DELETE", f"{path}/batched"), ("DELETE", path)]  # fmt: skip
        listed = [{"method": method, "path": f"{PREFIX}{one}", "cost": 2} for method, one in cheap]
        return {"default_cost": 10, "endpoint_costs": listed}
