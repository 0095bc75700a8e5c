"""Our requests to Kalshi over REST, through the official SDK. `perform` never raises for what the other side did.

`Unsent` and `OutcomeUnknown` are kept apart with care: a request that certainly did not arrive becomes NotSent, one
that may have arrived becomes Unknown, and the engine looks it up by our own id.
"""

from collections.abc import Callable

import kalshi_python_async as kalshi

from core import messages as m
from core.errors import Declined, Malformed, OutcomeUnknown, Throttled, Unsent
from core.exchange import translate, wire
from core.exchange.sdk import Sdk
from core.units import MINUTE, SECOND, Count, Instant, Money, Price, count_text, money

_PAGES = 50  # a cursor that never ends is a fault, not a reason to hang
_PAGE = 1000


class Rest:
    """See the module. `now` gives the world's time."""

    def __init__(self, sdk: Sdk, now: Callable[[], Instant], shard: int = 0, subaccount: int = 0) -> None:
        self.sdk, self.now, self.shard, self.subaccount = sdk, now, shard, subaccount

    async def close(self) -> None:
        """Let the connections go."""
        await self.sdk.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    async def perform(self, request: m.Request) -> list[m.Said]:
        """Send one request; what its answer, or the lack of one, tells us."""
        name = type(request).__name__
        client_order_id, ticker = getattr(request, "client_order_id", ""), getattr(request, "ticker", "")
        try:
            return await self._send(request)
        except Throttled as error:
            return [m.NotSent(self.now(), client_order_id, ticker, name, True, str(error))]
        except Unsent as error:
            return [m.NotSent(self.now(), client_order_id, ticker, name, False, str(error))]
        except Declined as error:
            return [self._declined(request, name, client_order_id, ticker, error)]
        except Malformed as error:  # a 2xx we cannot read: it happened, but what did?
            return [m.Unknown(self.now(), client_order_id, ticker, name, str(error))]
        except OutcomeUnknown as error:
            return [m.Unknown(self.now(), client_order_id, ticker, name, str(error))]

    def _declined(self, request: m.Request, name: str, client_order_id: str, ticker: str, error: Declined) -> m.Said:
        if error.status == 404 and isinstance(request, m.CancelOrder | m.AmendOrder | m.DecreaseOrder):
            return m.CancelNotFound(self.now(), client_order_id, ticker, request.order_id)
        code = error.code
        if error.status == 409 and isinstance(request, m.PlaceOrder) and ("exist" in code or code == "409"):
            code = "order_already_exists"
        return m.Rejected(self.now(), client_order_id, ticker, name, code.lower(), error.message)

    async def _send(self, r: m.Request) -> list[m.Said]:
        api = self.sdk.orders
        match r:
            case m.PlaceOrder():
                body = kalshi.CreateOrderV2Request(**translate.create_body(r, self.shard, self.subaccount))
                raw = await self.sdk.call(api.create_order_v2_without_preload_content, body)
                made = translate.decode(raw, wire.Created)
                filled, left = translate.COUNTS[made.fill_count], translate.COUNTS[made.remaining_count]
                return [self._standing(r.client_order_id, made.order_id, r.ticker, r.side, r.price, filled, left,
                                       r.expires_at)]  # fmt: skip
            case m.AmendOrder():
                amend = kalshi.AmendOrderV2Request(**translate.amend_body(r, self.shard))
                raw = await self.sdk.call(api.amend_order_v2_without_preload_content, r.order_id, amend)
                changed = translate.decode(raw, wire.Amended)
                filled = translate.COUNTS[changed.fill_count] if changed.fill_count is not None else Count(0)
                left = (translate.COUNTS[changed.remaining_count] if changed.remaining_count is not None
                        else Count(r.total - filled))  # fmt: skip
                return [self._standing(r.client_order_id, r.order_id, r.ticker, r.side, r.price, filled, left,
                                       r.expires_at)]  # fmt: skip
            case m.DecreaseOrder():
                decrease = kalshi.DecreaseOrderV2Request(reduce_to=count_text(r.reduce_to), exchange_index=self.shard)
                await self.sdk.call(api.decrease_order_v2_without_preload_content, r.order_id, decrease)
                return []  # the order's own stream says how it stands
            case m.CancelOrder():
                raw = await self.sdk.call(
                    api.cancel_order_v2_without_preload_content, r.order_id, exchange_index=self.shard
                )
                gone = translate.decode(raw, wire.Cancelled)
                reduced = translate.COUNTS[gone.reduced_by]
                return [m.Gone(self.now(), r.client_order_id, r.ticker, r.order_id, None, reduced, "canceled")]
            case m.CancelAllOrders():
                await self.sdk.call(api.cancel_all_orders_without_preload_content)
                return []
            case _:
                return await self._group(r)

    def _standing(
        self, client_order_id: str, order_id: str, ticker: str, side: m.Side, price: Price, filled: Count,
        left: Count, expires_at: Instant | None,
    ) -> m.Said:  # fmt: skip
        if left == 0:  # executed at once, or post-only that would have crossed: created, then cancelled
            return m.Gone(self.now(), client_order_id, ticker, order_id, filled, reason="executed" if filled else "")
        return m.Acked(self.now(), client_order_id, order_id, ticker, side, price, filled, left, expires_at)

    async def _group(self, r: m.Request) -> list[m.Said]:
        api = self.sdk.groups
        match r:
            case m.CreateGroup():
                body = kalshi.CreateOrderGroupRequest(contracts_limit_fp=count_text(r.limit), exchange_index=self.shard)
                raw = await self.sdk.call(api.create_order_group_without_preload_content, body)
                group = translate.decode(raw, wire.GroupMade).order_group_id
                return [m.GroupCreated(self.now(), r.name, group, r.limit)]
            case m.SetGroupLimit():
                limit = kalshi.UpdateOrderGroupLimitRequest(contracts_limit_fp=count_text(r.limit))
                await self.sdk.call(api.update_order_group_limit_without_preload_content, r.group, limit)
            case m.ResetGroup():
                await self.sdk.call(api.reset_order_group_without_preload_content, r.group)
            case m.TriggerGroup():
                await self.sdk.call(api.trigger_order_group_without_preload_content, r.group)
        return []  # order_group_updates says what changed

    # --- questions ---------------------------------------------------------------------------------------------------

    async def report_orders(self) -> m.OrdersReported:
        """Every resting order of the account. Raises: the taxonomy of core/errors.py."""
        asked_at = self.now()
        found: list[m.OrderView] = []
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.orders.get_orders_without_preload_content, status="resting", limit=_PAGE, cursor=cursor
            )
            page = translate.decode(raw, wire.OrdersPage)
            found += [translate.order_view(o) for o in page.orders]
            cursor = page.cursor
            if not cursor:
                return m.OrdersReported(self.now(), asked_at, found)
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of orders")

    async def report_positions(self) -> m.PositionsReported:
        """Every position, and the balance."""
        asked_at = self.now()
        found: list[m.PositionView] = []
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.portfolio.get_positions_without_preload_content, limit=_PAGE, cursor=cursor
            )
            page = translate.decode(raw, wire.PositionsPage)
            found += [translate.position(p) for p in page.market_positions]
            cursor = page.cursor
            if not cursor:
                return m.PositionsReported(self.now(), asked_at, found, await self.balance())
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of positions")

    async def balance(self) -> Money:
        """Free cash."""
        raw = await self.sdk.call(self.sdk.portfolio.get_balance_without_preload_content)
        return money(translate.decode(raw, wire.BalanceModel).balance_dollars, "balance_dollars")

    async def look_up(self, client_order_id: str, ticker: str, order_id: str = "") -> m.OrderLookedUp:
        """What became of one order; by the exchange's id where we have it, else by ours among the market's orders."""
        asked_at = self.now()
        if order_id:
            try:
                raw = await self.sdk.call(self.sdk.orders.get_order_without_preload_content, order_id)
            except Declined as error:
                if error.status != 404:
                    raise
                return m.OrderLookedUp(self.now(), asked_at, client_order_id, None)
            view = translate.order_view(translate.decode(raw, wire.OneOrder).order)
            return m.OrderLookedUp(self.now(), asked_at, client_order_id, view)
        cursor = None
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.orders.get_orders_without_preload_content, ticker=ticker, limit=_PAGE, cursor=cursor
            )
            page = translate.decode(raw, wire.OrdersPage)
            for order in page.orders:
                if order.client_order_id == client_order_id:
                    return m.OrderLookedUp(self.now(), asked_at, client_order_id, translate.order_view(order))
            cursor = page.cursor
            if not cursor:
                return m.OrderLookedUp(self.now(), asked_at, client_order_id, None)
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of orders")

    async def fills_since(self, since: Instant) -> list[m.Fill]:
        """Our fills at or after `since`, oldest first; a minute earlier is asked for, duplicates do no harm."""
        found: list[m.Fill] = []
        cursor = None
        least = max(0, (since - MINUTE) // SECOND)
        for _ in range(_PAGES):
            raw = await self.sdk.call(
                self.sdk.portfolio.get_fills_without_preload_content, min_ts=least, limit=_PAGE, cursor=cursor
            )
            page = translate.decode(raw, wire.FillsPage)
            found += [translate.fill(f, self.now()) for f in page.fills]
            cursor = page.cursor
            if not cursor:
                return sorted(found, key=lambda f: f.filled_at)
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages of fills")
