"""Kalshi's REST routes of one account over a venue: reads, orders, order groups."""

from starlette.requests import Request
from starlette.responses import Response

from core import messages as m
from core.contract import event_of
from core.errors import Malformed
from core.exchange import wire_in, wire_out
from core.exchange.server_shared import (
    JSON,
    STATUS,
    No,
    Shared,
    after_at,
    averages,
    error_body,
    items,
    limit_of,
    page_of,
)
from core.units import Count, Instant, count_text


class AccountRoutes(Shared):
    """Signed."""

    def limits(self, request: Request, user: str) -> JSON:
        """The tier's buckets."""
        t = self.tier
        return {"usage_tier": t.name, "read": {"refill_rate": t.read, "bucket_capacity": t.read_burst},
                "write": {"refill_rate": t.write, "bucket_capacity": t.write_burst}, "grants": []}  # fmt: skip

    def keys(self, request: Request, user: str) -> JSON:
        """The user's keys and what they may do."""
        mine = [key_id for key_id, (owner, _) in self.keyring.keys.items() if owner == user]
        return {"api_keys": [{"api_key_id": k, "name": k, "scopes": ["read", "write::trade"]} for k in mine]}

    def balance(self, request: Request, user: str) -> JSON:
        """Cash, and what the positions cost; it has a bucket of its own."""
        if not self._buckets(user).balance.take(1.0, self.wall() / 1000):
            raise No(429, "too_many_requests")
        return wire_out.balance(self.venue.exchange, user)

    def positions(self, request: Request, user: str) -> JSON:
        """Positions by market and event."""
        exchange, account = self.venue.exchange, self.venue.exchange.accounts[user]
        query = request.query_params
        ticker, event = query.get("ticker"), query.get("event_ticker")
        if query.get("settlement_status", "unsettled") not in ("unsettled", "settled", "all"):
            raise Malformed("settlement_status", query["settlement_status"], "expected unsettled, settled or all")
        if query.get("settlement_status") == "settled":
            return {"market_positions": [], "event_positions": [], "cursor": ""}
        filters = query.get("count_filter", "").split(",")
        found = [
            v for v in exchange.positions(user)
            if (not ticker or v.ticker == ticker) and (not event or account.holdings[v.ticker].event_ticker == event)
            and (v.position or "position" not in filters)
        ]  # fmt: skip
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000))
        rows = [wire_out.position(v, account.holdings[v.ticker].traded, exchange.now) for v in page]
        events = {account.holdings[v.ticker].event_ticker for v in page}
        of_events = [e for e in wire_out.event_positions(exchange, user) if e["event_ticker"] in events]
        return {"market_positions": rows, "event_positions": of_events, "cursor": cursor}

    def orders(self, request: Request, user: str) -> JSON:
        """Orders by status, ticker, event and time."""
        query = request.query_params
        status, ticker, events = query.get("status"), query.get("ticker"), query.get("event_ticker", "").split(",")
        exchange = self.venue.exchange
        mine = exchange.resting[user].values() if status == "resting" else exchange.orders.values()
        found = [
            o for o in mine
            if o.user == user and (not status or o.status == status) and (not ticker or o.ticker == ticker)
            and (events == [""] or event_of(o.ticker) in events)
            and after_at(o.created_at, query.get("min_ts")) and not after_at(o.created_at, query.get("max_ts"), False)
        ]  # fmt: skip
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000))
        return {"orders": [wire_out.order(o) for o in page], "cursor": cursor}

    def order(self, request: Request, user: str) -> JSON:
        """One order."""
        order = self.venue.exchange.orders.get(request.path_params["order"])
        if order is None or order.user != user:
            raise No(404, "not_found")
        return {"order": wire_out.order(order)}

    def queue(self, request: Request, user: str) -> JSON:
        """Contracts ahead of each resting order."""
        tickers = [t for t in request.query_params.get("market_tickers", "").split(",") if t]
        event = request.query_params.get("event_ticker")
        rows = []
        for order_id, order in self.venue.exchange.resting[user].items():
            if (tickers and order.ticker not in tickers) or (event and not order.ticker.startswith(f"{event}-")):
                continue
            ahead = self.venue.exchange.queue_position(order_id)
            if ahead is not None:
                rows.append(
                    {"order_id": order_id, "market_ticker": order.ticker, "queue_position_fp": count_text(ahead)}
                )
        return {"queue_positions": rows}

    def queue_one(self, request: Request, user: str) -> JSON:
        """Contracts ahead of one resting order."""
        order_id = request.path_params["order"]
        ahead = self.venue.exchange.queue_position(order_id)
        if ahead is None or self.venue.exchange.orders[order_id].user != user:
            raise No(404, "not_found")
        return {"queue_position_fp": count_text(ahead)}

    def fills(self, request: Request, user: str) -> JSON:
        """Fills, newest first."""
        query = request.query_params
        tickers = [t for t in query.get("ticker", "").split(",") if t]
        found = [
            f for f in reversed(self.venue.exchange.fills(user, Instant(0)))
            if after_at(f.filled_at, query.get("min_ts")) and not after_at(f.filled_at, query.get("max_ts"), False)
            and (not tickers or f.ticker in tickers)
            and (not query.get("order_id") or f.order_id == query["order_id"])
        ]  # fmt: skip
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000))
        return {"fills": [wire_out.fill(f) for f in page], "cursor": cursor}

    def settlements(self, request: Request, user: str) -> JSON:
        """Settlements, newest first."""
        query = request.query_params
        ticker, event = query.get("ticker"), query.get("event_ticker")
        found = [
            s for s in reversed(self.venue.exchange.settlements)
            if s.user == user and (not ticker or s.ticker == ticker) and (not event or s.event_ticker == event)
            and after_at(s.at, query.get("min_ts")) and not after_at(s.at, query.get("max_ts"), False)
        ]  # fmt: skip
        page, cursor = page_of(found, query.get("cursor", ""), limit_of(query.get("limit"), 1000))
        return {"settlements": [wire_out.settlement(s) for s in page], "cursor": cursor}

    # --- orders ------------------------------------------------------------------------------------------------------

    def create(self, request: Request, user: str, body: JSON) -> JSON:
        """Create an order."""
        self.batch += 1
        return self._created(user, wire_in.place(body, f"server-{self.batch}-{self.wall()}"))

    def _created(self, user: str, wanted: m.PlaceOrder) -> JSON:
        answer = self.venue.request(user, wanted)
        if isinstance(answer, m.Rejected):
            raise No(STATUS.get(answer.code, 400), answer.code)
        order = self.venue.exchange.by_client_id[(user, wanted.client_order_id)]
        shown: JSON = {
            "order_id": order.order_id, "client_order_id": order.client_order_id,
            "fill_count": count_text(order.filled), "remaining_count": count_text(order.remaining),
            "ts_ms": wire_out.millis(self.venue.exchange.now),
        }  # fmt: skip
        return shown | averages(order.filled, order.cost_maker + order.cost_taker, order.fees)

    def batch_create(self, request: Request, user: str, body: JSON) -> JSON:
        """Create several; each item has its own error."""
        rows = []
        found = items(body)
        for k, item in enumerate(found):
            self.venue.in_batch(k, len(found))
            try:
                rows.append(self.create(request, user, item))
            except No as no:
                rows.append({"client_order_id": item.get("client_order_id"), "error": error_body(no.code, no.words)})
            except Malformed as error:
                rows.append({"client_order_id": item.get("client_order_id"),
                             "error": error_body("invalid_parameters", str(error))})  # fmt: skip
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
            raise No(400, answer.code)
        assert order is not None, "a cancelled order was there"
        return {"order_id": order_id, "client_order_id": order.client_order_id, "reduced_by": count_text(before),
                "ts_ms": wire_out.millis(self.venue.exchange.now)}  # fmt: skip

    def batch_cancel(self, request: Request, user: str, body: JSON) -> JSON:
        """Cancel several."""
        rows = []
        found = items(body)
        for k, item in enumerate(found):
            self.venue.in_batch(k, len(found))
            order_id = item.get("order_id")
            if not isinstance(order_id, str):
                raise Malformed("order_id", order_id, "expected text")
            try:
                rows.append(self._cancelled(user, order_id))
            except No as no:
                rows.append({"order_id": order_id, "reduced_by": "0.00", "error": error_body(no.code, no.words)})
        return {"orders": rows}

    def cancel_all(self, request: Request, user: str, body: JSON) -> Response:
        """Cancel every order of the account."""
        self.venue.request(user, m.CancelAllOrders())
        return Response(None, 204)

    def amend(self, request: Request, user: str, body: JSON) -> JSON:
        """Amend price, total size or expiry."""
        order_id, exchange = request.path_params["order"], self.venue.exchange
        wanted, renamed = wire_in.amend(order_id, body), wire_in.new_client_order_id(body)
        order = exchange.resting[user].get(order_id)
        if order is None:
            raise No(404, "not_found")
        if renamed is not None and renamed != order.client_order_id and (user, renamed) in exchange.by_client_id:
            raise No(400, "order_already_exists")  # the specification of an amend knows no 409
        left, filled = order.remaining, order.filled
        cost, fees = order.cost_maker + order.cost_taker, order.fees
        answer = self.venue.request(user, wanted)
        if isinstance(answer, m.Rejected):
            raise No(400, answer.code)
        if renamed is not None and order.status == "resting":
            exchange.rename(user, order_id, renamed)
        shown: JSON = {"order_id": order_id, "client_order_id": order.client_order_id,
                       "ts_ms": wire_out.millis(exchange.now)}  # fmt: skip
        if (order.remaining, order.filled) != (left, filled):  # only then are these told [S: AmendOrderV2Response]
            new = Count(order.filled - filled)
            shown |= {"remaining_count": count_text(order.remaining), "fill_count": count_text(new)}
            shown |= averages(new, order.cost_maker + order.cost_taker - cost, order.fees - fees)
        return shown

    def decrease(self, request: Request, user: str, body: JSON) -> JSON:
        """Shrink what remains."""
        order_id = request.path_params["order"]
        order = self.venue.exchange.resting[user].get(order_id)
        if order is None:
            raise No(404, "not_found")
        answer = self.venue.request(user, wire_in.decrease(order_id, body, order.remaining))
        if isinstance(answer, m.CancelNotFound):
            raise No(404, "not_found")
        if isinstance(answer, m.Rejected):
            raise No(400, answer.code)
        return {"order_id": order_id, "client_order_id": order.client_order_id,
                "remaining_count": count_text(order.remaining),
                "ts_ms": wire_out.millis(self.venue.exchange.now)}  # fmt: skip

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
            known = answer.code != "order_group_not_found"
            raise No(400 if known else 404, answer.code if known else "not_found")
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
