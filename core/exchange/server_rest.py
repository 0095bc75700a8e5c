"""Kalshi's REST routes over a `Venue`: requests in, Kalshi's JSON out, refusals with its codes, never a 500."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Malformed
from core.exchange.server_account import AccountRoutes
from core.exchange.server_history import HistoryReads
from core.exchange.server_public import PublicReads
from core.exchange.server_shared import JSON, PREFIX, No, json_answer, object_body, refusal


class Rest(PublicReads, HistoryReads, AccountRoutes):
    """The table of routes, and the door of each: signature, tokens, body."""

    def routes(self) -> list[Route]:
        """Every route."""
        p, o = "/portfolio", "/portfolio/events/orders"
        table: list[tuple[str, str, Callable[..., Any], str, float]] = [
            ("GET", "/exchange/status", self.status, "", 10),
            ("GET", "/exchange/schedule", self.schedule, "", 10),
            ("GET", "/exchange/user_data_timestamp", self.timestamp, "", 10),
            ("GET", "/series", self.series_list, "", 10),
            ("GET", "/series/fee_changes", self.series_fee_changes, "", 10),
            ("GET", "/series/{series}/markets/{ticker}/candlesticks", self.candles, "", 10),
            ("GET", "/series/{series}/events/{ticker}/candlesticks", self.candles_of_event, "", 10),
            ("GET", "/series/{series}", self.series_one, "", 10),
            ("GET", "/events", self.events, "", 10),
            ("GET", "/events/fee_changes", self.event_fee_changes, "", 10),
            ("GET", "/events/{event}", self.event, "", 10),
            ("GET", "/markets", self.markets, "", 10),
            ("GET", "/markets/trades", self.trades, "", 10),
            ("GET", "/markets/orderbooks", self.orderbooks, "", 10),
            ("GET", "/markets/candlesticks", self.candles_of_many, "", 10),
            ("GET", "/markets/{ticker}", self.market, "", 10),
            ("GET", "/markets/{ticker}/orderbook", self.orderbook, "", 10),
            ("GET", "/incentive_programs", self.incentives, "", 10),
            ("GET", "/api_keys", self.keys, "read", 10),
            ("GET", "/historical/cutoff", self.cutoff, "", 10),
            ("GET", "/historical/markets", self.old("markets"), "", 10),
            ("GET", "/historical/trades", self.old("trades"), "", 10),
            ("GET", "/historical/fills", self.old("fills"), "read", 10),
            ("GET", "/historical/orders", self.old("orders"), "read", 10),
            ("GET", "/historical/positions", self.old("market_positions", "event_positions"), "read", 10),
            ("GET", "/historical/markets/{ticker}/candlesticks", self.old_candles, "", 10),
            ("GET", "/account/endpoint_costs", self.costs, "", 10),
            ("GET", "/account/limits", self.limits, "read", 10),
            ("GET", f"{p}/balance", self.balance, "read", 0),
            ("GET", f"{p}/positions", self.positions, "read", 10),
            ("GET", f"{p}/orders", self.orders, "read", 10),
            ("GET", f"{p}/orders/queue_positions", self.queue, "read", 10),
            ("GET", f"{p}/orders/{{order}}", self.order, "read", 2),
            ("GET", f"{p}/orders/{{order}}/queue_position", self.queue_one, "read", 10),
            ("GET", f"{p}/fills", self.fills, "read", 10),
            ("GET", f"{p}/settlements", self.settlements, "read", 10),
            ("POST", o, self.create, "write", 10),
            ("DELETE", o, self.cancel_all, "write", 2),
            ("POST", f"{o}/batched", self.batch_create, "batch", 10),
            ("DELETE", f"{o}/batched", self.batch_cancel, "batch", 2),
            ("POST", f"{o}/{{order}}/amend", self.amend, "write", 10),
            ("POST", f"{o}/{{order}}/decrease", self.decrease, "write", 10),
            ("DELETE", f"{o}/{{order}}", self.cancel, "write", 2),
            ("GET", f"{p}/order_groups", self.groups, "read", 10),
            ("POST", f"{p}/order_groups/create", self.group_create, "write", 10),
            ("GET", f"{p}/order_groups/{{group}}", self.group, "read", 10),
            ("DELETE", f"{p}/order_groups/{{group}}", self.group_delete, "write", 10),
            ("PUT", f"{p}/order_groups/{{group}}/reset", self.group_reset, "write", 10),
            ("PUT", f"{p}/order_groups/{{group}}/trigger", self.group_trigger, "write", 10),
            ("PUT", f"{p}/order_groups/{{group}}/limit", self.group_limit, "write", 10),
        ]
        return [self._route(*row) for row in table]

    def _route(self, method: str, path: str, make: Callable[..., Any], needs: str, cost: float) -> Route:
        async def endpoint(request: Request) -> Response:
            body: JSON = {}
            try:
                user = self._sign_in(request) if needs else ""
                raw = await request.body()
                if raw:
                    body = object_body(raw)
                if needs:
                    self._charge(user, needs, cost, body)
                if method != "GET" and self.venue.exchange.stopped:
                    raise No(503, "exchange_unavailable")
                answer = make(request, user, body) if method != "GET" else make(request, user)
            except No as no:
                return refusal(no.status, no.code, no.words)
            except Malformed as error:
                return refusal(400, "invalid_parameters", str(error))
            if isinstance(answer, Response):
                return answer
            made = method == "POST" and ("create" in path or path.endswith(("orders", "batched")))
            return json_answer(answer, 201 if made else 200)

        return Route(PREFIX + path, endpoint, methods=[method])

    def _sign_in(self, request: Request) -> str:
        headers, path = request.headers, request.scope["raw_path"].decode("latin-1")  # as it was sent, without query
        user = self.keyring.user_of(
            headers.get("kalshi-access-key", ""), headers.get("kalshi-access-timestamp", ""),
            headers.get("kalshi-access-signature", ""), request.method, path, self.wall(),
        )  # fmt: skip
        if user is None:
            raise No(401, "unauthorized", "the signature is missing, stale or wrong")
        return user

    def _charge(self, user: str, needs: str, cost: float, body: JSON) -> None:
        now, buckets = self.wall() / 1000, self._buckets(user)
        if needs == "batch":
            orders = body.get("orders")
            cost = cost * (len(orders) if isinstance(orders, list) else 1)
        if not (buckets.read if needs == "read" else buckets.write).take(cost, now):
            raise No(429, "too_many_requests")
