"""Kalshi's REST reads of the past over a venue: candlesticks, the historical tier, announced fees and incentives."""

from collections.abc import Callable

from starlette.requests import Request

from core.errors import Malformed
from core.exchange import wire_out
from core.exchange.candles import INTERVALS
from core.exchange.history import DAYS
from core.exchange.server_shared import JSON, No, Shared, integer_of, limit_of, page_of
from core.units import DAY, Instant, iso

_MOST_CANDLES = 10_000
_MOST_TICKERS = 100


class HistoryReads(Shared):
    """What was."""

    def candles(self, request: Request, user: str) -> JSON:
        """One market's candlesticks."""
        ticker = request.path_params["ticker"]
        listed = self.venue.exchange.markets.get(ticker)
        if listed is None or listed.market.series != request.path_params["series"]:
            raise No(404, "not_found")
        return {"ticker": ticker, "candlesticks": self._candles(request, ticker, INTERVALS)}

    def candles_of_many(self, request: Request, user: str) -> JSON:
        """Up to 100 markets' candlesticks; a market that is not known is left out."""
        tickers = [t for t in request.query_params.get("market_tickers", "").split(",") if t]
        if not 1 <= len(tickers) <= _MOST_TICKERS:
            raise Malformed("market_tickers", tickers, f"expected 1 to {_MOST_TICKERS} tickers")
        rows = [{"market_ticker": t, "candlesticks": self._candles(request, t, None)} for t in tickers
                if t in self.venue.exchange.markets]  # fmt: skip
        if sum(len(row["candlesticks"]) for row in rows) > _MOST_CANDLES:
            raise No(400, "invalid_parameters", f"more than {_MOST_CANDLES} candlesticks")
        return {"markets": rows}

    def candles_of_event(self, request: Request, user: str) -> JSON:
        """The candlesticks of all markets of one event."""
        event = request.path_params["ticker"]
        markets = [t for t, x in self.venue.exchange.markets.items() if x.market.event_ticker == event]
        if not markets:
            raise No(404, "not_found")
        rows = [self._candles(request, t, INTERVALS) for t in markets]
        return {"market_tickers": markets, "market_candlesticks": rows,
                "adjusted_end_ts": integer_of(request, "end_ts")}  # fmt: skip

    def _candles(self, request: Request, ticker: str, allowed: tuple[int, ...] | None) -> list[JSON]:
        start, end = integer_of(request, "start_ts"), integer_of(request, "end_ts")
        interval = integer_of(request, "period_interval")
        if interval < 1 or interval > 10_080 or (allowed is not None and interval not in allowed):
            raise Malformed("period_interval", interval, "expected 1, 60 or 1440 minutes")
        open_interest = self.venue.exchange.markets[ticker].open_interest
        found = self.venue.candles.between(ticker, start, end, interval)
        return [wire_out.candle(ends, bar, open_interest) for ends, bar in found]

    def cutoff(self, request: Request, user: str) -> JSON:
        """What is older than this would be in the historical tier; the embedded exchange keeps nothing older."""
        at = iso(Instant(self.venue.clock.now() // DAY * DAY - DAYS * DAY))
        return {"market_settled_ts": at, "trades_created_ts": at, "orders_updated_ts": at,
                "market_positions_last_updated_ts": at}  # fmt: skip

    def old_candles(self, request: Request, user: str) -> JSON:
        """No market is archived."""
        raise No(404, "not_found")

    def old(self, key: str, *more: str) -> Callable[[Request, str], JSON]:
        """A page of the historical tier: empty, after a look at its parameters."""

        def read(request: Request, user: str) -> JSON:
            query = request.query_params
            _, cursor = page_of([], query.get("cursor", ""), limit_of(query.get("limit"), 1000, least=0))
            return {key: [], "cursor": cursor} | {name: [] for name in more}

        return read

    def event_fee_changes(self, request: Request, user: str) -> JSON:
        """Announced overrides of an event's fees."""
        query = request.query_params
        wanted = query.get("event_ticker")
        found = [c for c in self.venue.event_fee_changes if not wanted or c["event_ticker"] == wanted]
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000))
        return {"event_fee_changes": page, "cursor": cursor}

    def series_fee_changes(self, request: Request, user: str) -> JSON:
        """Announced changes of a series' fees; the past ones only with show_historical."""
        wanted, past = request.query_params.get("series_ticker"), request.query_params.get("show_historical") == "true"
        now = iso(self.venue.clock.now())
        return {"series_fee_change_arr": [c for c in self.venue.series_fee_changes
                                          if (not wanted or c["series_ticker"] == wanted)
                                          and (past or c["scheduled_ts"] > now)]}  # fmt: skip

    def incentives(self, request: Request, user: str) -> JSON:
        """Reward programmes of the markets that trade now."""
        query = request.query_params
        limit = limit_of(query.get("limit"), 10_000)
        kind, status = query.get("type", "all"), query.get("status", "all")
        if kind in ("all", "liquidity") and status in ("all", "active"):
            rows = [wire_out.incentive(x) for x in self.venue.exchange.active()]
        else:
            rows = []
        page, cursor = page_of(rows, query.get("cursor", ""), limit)
        return {"incentive_programs": page, "next_cursor": cursor}
