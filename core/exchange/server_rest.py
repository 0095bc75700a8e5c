"""Kalshi's REST routes over a `Venue`: requests in, Kalshi's JSON out, refusals with its codes, never a 500."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import messages as m
from core.errors import Malformed
from core.exchange import wire_in, wire_out
from core.exchange.auth import Keyring
from core.exchange.history import History
from core.exchange.ratelimit import Bucket, advanced
from core.exchange.simulator import Listed
from core.exchange.venue import Venue, wall_ms
from core.stations import BY_SERIES
from core.units import SECOND, Count, Instant, Price, count_text, iso, price_text

PREFIX = "/trade-api/v2"
_STATUS = {
    "order_already_exists": 409, "market_not_found": 404, "order_group_not_found": 404, "not_found": 404,
    "insufficient_balance": 400, "trading_is_paused": 409, "market_inactive": 409, "order_group_triggered": 409,
}  # fmt: skip
_ASKED = {"open": "active", "closed": "closed", "settled": "finalized", "unopened": "initialized", "paused": "inactive"}
JSON = dict[str, Any]


class No(Exception):
    """A refusal with its status and code."""

    def __init__(self, status: int, code: str, words: str = "") -> None:
        self.status, self.code, self.words = status, code, words or code.replace("_", " ")
        super().__init__(self.words)


class Rest:
    """The routes; holds the buckets."""

    def __init__(self, venue: Venue, keyring: Keyring, history: History) -> None:
        self.venue, self.keyring, self.history = venue, keyring, history
        self.buckets: dict[str, dict[str, Bucket]] = {}
        self.batch = 0

    # --- doors -------------------------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Every route."""
        p, o = "/portfolio", "/portfolio/events/orders"
        table: list[tuple[str, str, Callable[..., Any], str, float]] = [
            ("GET", "/exchange/status", self.status, "", 10), ("GET", "/exchange/schedule", self.schedule, "", 10),
            ("GET", "/exchange/user_data_timestamp", self.timestamp, "", 10),
            ("GET", "/series", self.series_list, "", 10), ("GET", "/series/fee_changes", self.fee_changes, "", 10),
            ("GET", "/series/{series}", self.series_one, "", 10), ("GET", "/events", self.events, "", 10),
            ("GET", "/events/{event}", self.event, "", 10), ("GET", "/markets", self.markets, "", 10),
            ("GET", "/markets/trades", self.trades, "", 10),
            ("GET", "/markets/orderbooks", self.orderbooks, "", 10), ("GET", "/markets/{ticker}", self.market, "", 10),
            ("GET", "/markets/{ticker}/orderbook", self.orderbook, "", 10),
            ("GET", "/incentive_programs", lambda r, u: {"incentive_programs": []}, "", 10),
            ("GET", "/account/endpoint_costs", self.costs, "", 10), ("GET", "/account/limits", self.limits, "read", 10),
            ("GET", f"{p}/balance", lambda r, u: wire_out.balance(self.venue.exchange, u), "read", 0),
            ("GET", f"{p}/positions", self.positions, "read", 10), ("GET", f"{p}/orders", self.orders, "read", 10),
            ("GET", f"{p}/orders/queue_positions", self.queue, "read", 10),
            ("GET", f"{p}/orders/{{order}}", self.order, "read", 10), ("GET", f"{p}/fills", self.fills, "read", 10),
            ("GET", f"{p}/settlements", self.settlements, "read", 10), ("POST", o, self.create, "write", 10),
            ("DELETE", o, self.cancel_all, "write", 2), ("POST", f"{o}/batched", self.batch_create, "batch", 10),
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
        ]  # fmt: skip
        return [self._route(*row) for row in table]

    def _route(self, method: str, path: str, make: Callable[..., Any], needs: str, cost: float) -> Route:
        async def endpoint(request: Request) -> Response:
            body: JSON = {}
            try:
                user = self._sign_in(request) if needs else ""
                raw = await request.body()
                if raw:
                    body = _object(raw)
                if needs:
                    self._charge(user, needs, cost, body)
                answer = make(request, user, body) if method != "GET" else make(request, user)
            except No as no:
                return _refusal(no.status, no.code, no.words)
            except Malformed as error:
                return _refusal(400, "invalid_parameters", str(error))
            if isinstance(answer, Response):
                return answer
            return _json(answer, 201 if method == "POST" and ("create" in path or path.endswith(("orders", "batched")))
                         else 200)  # fmt: skip

        return Route(PREFIX + path, endpoint, methods=[method])

    def _sign_in(self, request: Request) -> str:
        headers = request.headers
        user = self.keyring.user_of(
            headers.get("kalshi-access-key", ""), headers.get("kalshi-access-timestamp", ""),
            headers.get("kalshi-access-signature", ""), request.method, request.url.path, wall_ms(),
        )  # fmt: skip
        if user is None:
            raise No(401, "unauthorized", "the signature is missing, stale or wrong")
        return user

    def _charge(self, user: str, needs: str, cost: float, body: JSON) -> None:
        now = wall_ms() / 1000
        buckets = self.buckets.setdefault(user, advanced(now))
        if needs == "batch":
            orders = body.get("orders")
            cost = cost * (len(orders) if isinstance(orders, list) else 1)
        if not buckets["read" if needs == "read" else "write"].take(cost, now):
            raise No(429, "too_many_requests")

    # --- public reads ------------------------------------------------------------------------------------------------

    def status(self, request: Request, user: str) -> JSON:
        """Exchange status."""
        trading = not self.venue.exchange.paused
        shard = {"exchange_index": 0, "description": "embedded", "exchange_active": True, "trading_active": trading,
                 "intra_exchange_transfers_active": False}  # fmt: skip
        return {"exchange_active": True, "trading_active": trading, "intra_exchange_transfers_active": False,
                "exchange_index_statuses": [shard]}  # fmt: skip

    def schedule(self, request: Request, user: str) -> JSON:
        """Always open but for Thursday 03:00 to 05:00 ET."""
        all_day = [{"open_time": "00:00", "close_time": "00:00"}]
        thursday = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]
        week = {d: all_day for d in ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")}
        hours = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00Z", **week, "thursday": thursday}
        return {"schedule": {"standard_hours": [hours], "maintenance_windows": []}}

    def timestamp(self, request: Request, user: str) -> JSON:
        """How fresh user data is."""
        return {"as_of_time": iso(self.venue.exchange.now)}

    def series_list(self, request: Request, user: str) -> JSON:
        """All series."""
        return {"series": [_series(ticker) for ticker in BY_SERIES]}

    def series_one(self, request: Request, user: str) -> JSON:
        """One series."""
        ticker = request.path_params["series"]
        if ticker not in BY_SERIES:
            raise No(404, "not_found")
        return {"series": _series(ticker)}

    def fee_changes(self, request: Request, user: str) -> JSON:
        """None are pending."""
        return {"series_fee_change_arr": []}

    def events(self, request: Request, user: str) -> JSON:
        """Events by status and series, with their markets when asked."""
        query = request.query_params
        groups = _by_event(self._selected(query.get("status", ""), query.get("series_ticker", "")))
        nested = query.get("with_nested_markets") == "true"
        page, cursor = _page(list(groups.values()), query.get("cursor", ""), _limit(query.get("limit"), 200))
        return {"events": [wire_out.event(markets, nested=nested) for markets in page], "cursor": cursor}

    def event(self, request: Request, user: str) -> JSON:
        """One event."""
        ticker = request.path_params["event"]
        markets = [x for x in self.venue.exchange.markets.values() if x.market.event_ticker == ticker]
        if not markets:
            raise No(404, "not_found")
        shown = wire_out.event(markets, nested=True)
        return {"event": shown, "markets": shown["markets"]}

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
        page, cursor = _page(found, query.get("cursor", ""), _limit(query.get("limit"), 1000))
        return {"markets": [wire_out.market(x) for x in page], "cursor": cursor}

    def _selected(self, status: str, series: str) -> list[Listed]:
        if status and status not in _ASKED:
            raise No(400, "invalid_parameters", f"unknown status {status!r}")
        found = [
            x for x in self.venue.exchange.markets.values()
            if (not series or x.market.series == series) and (not status or x.status == _ASKED[status])
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
        depth = _limit(request.query_params.get("depth", "0"), 100, least=0)
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
        sources = [self._market(query["ticker"])] if query.get("ticker") else self.venue.exchange.markets.values()
        found = sorted((t for x in sources for t in x.trades), key=lambda t: -t.traded_at)
        page, cursor = _page(found, query.get("cursor", ""), _limit(query.get("limit"), 1000))
        return {"trades": [wire_out.trade(t) for t in page], "cursor": cursor}

    def costs(self, request: Request, user: str) -> JSON:
        """What differs from the default of 10."""
        path = f"{PREFIX}/portfolio/events/orders"
        return {"default_cost": 10, "endpoint_costs": [{"method": "DELETE", "path": f"{path}/:order_id", "cost": 2},
                                                       {"method": "DELETE", "path": path, "cost": 2}]}  # fmt: skip

    # --- the account -------------------------------------------------------------------------------------------------

    def limits(self, request: Request, user: str) -> JSON:
        """The tier's buckets."""
        bucket = {"refill_rate": 300, "bucket_capacity": 900}
        return {"usage_tier": "advanced", "read": bucket, "write": bucket, "grants": []}

    def positions(self, request: Request, user: str) -> JSON:
        """Positions by market and event."""
        exchange, account = self.venue.exchange, self.venue.exchange.accounts[user]
        views = exchange.positions(user)
        rows = [wire_out.position(v, account.holdings[v.ticker].traded, exchange.now) for v in views]
        return {"market_positions": rows, "event_positions": [], "cursor": ""}

    def orders(self, request: Request, user: str) -> JSON:
        """Orders by status, ticker, event and time."""
        query = request.query_params
        status, ticker, events = query.get("status"), query.get("ticker"), query.get("event_ticker", "").split(",")
        exchange = self.venue.exchange
        mine = exchange.resting[user].values() if status == "resting" else exchange.orders.values()
        found = [
            o for o in mine
            if o.user == user and (not status or o.status == status) and (not ticker or o.ticker == ticker)
            and (events == [""] or o.ticker.rsplit("-", 1)[0] in events)
            and _after(o.created_at, query.get("min_ts")) and not _after(o.created_at, query.get("max_ts"), False)
        ]  # fmt: skip
        page, cursor = _page(found, query.get("cursor", ""), _limit(query.get("limit"), 1000))
        return {"orders": [wire_out.order(o) for o in page], "cursor": cursor}

    def order(self, request: Request, user: str) -> JSON:
        """One order."""
        order = self.venue.exchange.orders.get(request.path_params["order"])
        if order is None or order.user != user:
            raise No(404, "not_found")
        return {"order": wire_out.order(order)}

    def queue(self, request: Request, user: str) -> JSON:
        """Contracts ahead of each resting order."""
        rows = []
        for order_id, order in self.venue.exchange.resting[user].items():
            ahead = self.venue.exchange.queue_position(order_id)
            if ahead is not None:
                rows.append(
                    {"order_id": order_id, "market_ticker": order.ticker, "queue_position_fp": count_text(ahead)}
                )
        return {"queue_positions": rows}

    def fills(self, request: Request, user: str) -> JSON:
        """Fills, newest first."""
        query = request.query_params
        found = [
            f for f in reversed(self.venue.exchange.fills(user, Instant(0)))
            if _after(f.filled_at, query.get("min_ts")) and (not query.get("ticker") or f.ticker in query["ticker"])
            and (not query.get("order_id") or f.order_id == query["order_id"])
        ]  # fmt: skip
        page, cursor = _page(found, query.get("cursor", ""), _limit(query.get("limit"), 1000))
        return {"fills": [wire_out.fill(f) for f in page], "cursor": cursor}

    def settlements(self, request: Request, user: str) -> JSON:
        """Settlements, newest first."""
        query = request.query_params
        found = [s for s in reversed(self.venue.exchange.settlements) if s.user == user]
        page, cursor = _page(found, query.get("cursor", ""), _limit(query.get("limit"), 1000))
        return {"settlements": [wire_out.settlement(s) for s in page], "cursor": cursor}

    # --- orders ------------------------------------------------------------------------------------------------------

    def create(self, request: Request, user: str, body: JSON) -> JSON:
        """Create an order."""
        self.batch += 1
        return self._created(user, wire_in.place(body, f"server-{self.batch}-{wall_ms()}"))

    def _created(self, user: str, wanted: m.PlaceOrder) -> JSON:
        answer = self.venue.request(user, wanted)
        if isinstance(answer, m.Rejected):
            raise No(_STATUS.get(answer.code, 400), answer.code)
        order = self.venue.exchange.by_client_id[(user, wanted.client_order_id)]
        shown: JSON = {
            "order_id": order.order_id, "client_order_id": order.client_order_id,
            "fill_count": count_text(order.filled), "remaining_count": count_text(order.remaining),
            "ts_ms": wire_out.millis(self.venue.exchange.now),
        }  # fmt: skip
        return shown | _averages(order.filled, order.cost_maker + order.cost_taker, order.fees)

    def batch_create(self, request: Request, user: str, body: JSON) -> JSON:
        """Create several; each item has its own error."""
        rows = []
        for item in _items(body):
            try:
                rows.append(self.create(request, user, item))
            except No as no:
                rows.append({"client_order_id": item.get("client_order_id"), "error": _error(no.code, no.words)})
            except Malformed as error:
                rows.append({"client_order_id": item.get("client_order_id"),
                             "error": _error("invalid_parameters", str(error))})  # fmt: skip
        return {"orders": rows}

    def cancel(self, request: Request, user: str, body: JSON) -> JSON:
        """Cancel one."""
        return self._cancelled(user, request.path_params["order"])

    def _cancelled(self, user: str, order_id: str) -> JSON:
        order = self.venue.exchange.resting[user].get(order_id)
        before = order.remaining if order is not None else Count(0)
        answer = self.venue.request(user, m.CancelOrder(order_id, "", ""))
        if isinstance(answer, m.CancelNotFound):
            raise No(404, "not_found")
        if isinstance(answer, m.Rejected):
            raise No(_STATUS.get(answer.code, 400), answer.code)
        assert order is not None, "a cancelled order was there"
        return {"order_id": order_id, "client_order_id": order.client_order_id, "reduced_by": count_text(before),
                "ts_ms": wire_out.millis(self.venue.exchange.now)}  # fmt: skip

    def batch_cancel(self, request: Request, user: str, body: JSON) -> JSON:
        """Cancel several."""
        rows = []
        for item in _items(body):
            order_id = item.get("order_id")
            if not isinstance(order_id, str):
                raise Malformed("order_id", order_id, "expected text")
            try:
                rows.append(self._cancelled(user, order_id))
            except No as no:
                rows.append({"order_id": order_id, "reduced_by": "0.00", "error": _error(no.code, no.words)})
        return {"orders": rows}

    def cancel_all(self, request: Request, user: str, body: JSON) -> Response:
        """Cancel every order of the account."""
        self.venue.request(user, m.CancelAllOrders())
        return Response(None, 204)

    def amend(self, request: Request, user: str, body: JSON) -> JSON:
        """Amend price, total size or expiry."""
        order_id = request.path_params["order"]
        answer = self.venue.request(user, wire_in.amend(order_id, body))
        return self._changed(order_id, answer)

    def decrease(self, request: Request, user: str, body: JSON) -> JSON:
        """Shrink what remains."""
        order_id = request.path_params["order"]
        order = self.venue.exchange.resting[user].get(order_id)
        if order is None:
            raise No(404, "not_found")
        return self._changed(order_id, self.venue.request(user, wire_in.decrease(order_id, body, order.remaining)))

    def _changed(self, order_id: str, answer: m.Said) -> JSON:
        if isinstance(answer, m.CancelNotFound):
            raise No(404, "not_found")
        if isinstance(answer, m.Rejected):
            raise No(_STATUS.get(answer.code, 400), answer.code)
        order = self.venue.exchange.orders[order_id]
        shown: JSON = {"order_id": order_id, "client_order_id": order.client_order_id,
                       "remaining_count": count_text(order.remaining), "fill_count": count_text(order.filled),
                       "ts_ms": wire_out.millis(self.venue.exchange.now)}  # fmt: skip
        return shown | _averages(order.filled, order.cost_maker + order.cost_taker, order.fees)

    # --- order groups ------------------------------------------------------------------------------------------------

    def groups(self, request: Request, user: str) -> JSON:
        """The user's groups."""
        mine = [g for g in self.venue.exchange.groups.values() if g.user == user]
        return {"order_groups": [{"id": g.group_id, "contracts_limit_fp": count_text(g.limit),
                                  "is_auto_cancel_enabled": True, "exchange_index": 0} for g in mine]}  # fmt: skip

    def group(self, request: Request, user: str) -> JSON:
        """One group and its orders."""
        group = self.venue.exchange.groups.get(request.path_params["group"])
        if group is None or group.user != user:
            raise No(404, "not_found")
        orders = [o.order_id for o in self.venue.exchange.resting[user].values() if o.group == group.group_id]
        return {"is_auto_cancel_enabled": True, "contracts_limit_fp": count_text(group.limit), "orders": orders,
                "exchange_index": 0}  # fmt: skip

    def group_create(self, request: Request, user: str, body: JSON) -> JSON:
        """Open a group."""
        answer = self.venue.request(user, m.CreateGroup("", wire_in.group_limit(body)))
        if not isinstance(answer, m.GroupCreated):
            raise No(400, "invalid_contracts_limit")
        return {"order_group_id": answer.group, "subaccount": 0, "exchange_index": 0}

    def _group_request(self, user: str, request: m.Request) -> JSON:
        answer = self.venue.request(user, request)
        if isinstance(answer, m.Rejected):
            raise No(404, "not_found")
        return {}

    def group_reset(self, request: Request, user: str, body: JSON) -> JSON:
        """Reset."""
        return self._group_request(user, m.ResetGroup(request.path_params["group"]))

    def group_trigger(self, request: Request, user: str, body: JSON) -> JSON:
        """Trigger."""
        return self._group_request(user, m.TriggerGroup(request.path_params["group"]))

    def group_limit(self, request: Request, user: str, body: JSON) -> JSON:
        """Change the limit."""
        return self._group_request(user, m.SetGroupLimit(request.path_params["group"], wire_in.group_limit(body)))

    def group_delete(self, request: Request, user: str, body: JSON) -> JSON:
        """Delete a group and cancel its orders."""
        if not self.venue.exchange.delete_group(user, request.path_params["group"]):
            raise No(404, "not_found")
        self.venue.publish()
        return {}


# --- small things ----------------------------------------------------------------------------------------------------


def _series(ticker: str) -> JSON:
    station = BY_SERIES[ticker]
    return wire_out.series(ticker, station.city, ticker == station.series_high)


def _by_event(found: list[Listed]) -> dict[str, list[Listed]]:
    groups: dict[str, list[Listed]] = {}
    for one in found:
        groups.setdefault(one.market.event_ticker, []).append(one)
    return groups


def _page[T](rows: list[T], cursor: str, limit: int) -> tuple[list[T], str]:
    if cursor and not (cursor.isdigit() and len(cursor) < 12):
        raise Malformed("cursor", cursor, "not one we gave")
    start = int(cursor) if cursor else 0
    return rows[start : start + limit], str(start + limit) if start + limit < len(rows) else ""


def _limit(text: str | None, most: int, *, least: int = 1) -> int:
    if text is None:
        return min(100, most)
    if not text.isdigit() or len(text) > 6 or not least <= int(text) <= most:
        raise Malformed("limit", text, f"expected {least} to {most}")
    return int(text)


def _after(at: Instant, text: str | None, absent: bool = True) -> bool:
    if text is None:
        return absent
    if not text.isdigit() or len(text) > 12:
        raise Malformed("min_ts", text, "expected Unix seconds")
    return at >= int(text) * SECOND


def _averages(filled: Count, cost: int, fees: int) -> JSON:
    if not filled:
        return {}
    return {"average_fill_price": price_text(Price(round(cost / filled))),
            "average_fee_paid": f"{fees / filled * 100 / 1e6:.6f}"}  # fmt: skip


def _object(raw: bytes) -> JSON:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("body", raw[:40], "not JSON") from error
    if not isinstance(body, dict):
        raise Malformed("body", raw[:40], "not an object")
    return body


def _items(body: JSON) -> list[JSON]:
    orders = body.get("orders")
    if not isinstance(orders, list) or not all(isinstance(o, dict) for o in orders) or not 1 <= len(orders) <= 50:
        raise Malformed("orders", orders, "expected 1 to 50 orders")
    return orders


def _json(answer: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def _error(code: str, words: str) -> JSON:
    return {"code": code, "message": words, "details": words}


def _refusal(status: int, code: str, words: str) -> Response:
    return _json({"error": _error(code, words)}, status)
