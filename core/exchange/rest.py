"""Our requests to Kalshi over REST, through the official SDK. `perform` never raises for what the other side did.

`Unsent` and `OutcomeUnknown` are kept apart with care: a request that certainly did not arrive becomes NotSent, one
that may have arrived becomes Unknown, and the engine looks it up by our own id.
"""

import asyncio
import itertools
import time
from collections.abc import Callable

import kalshi_python_async as kalshi
import msgspec

from core import messages as m
from core.errors import Declined, KwmError, Malformed, OutcomeUnknown, Throttled, Unsent
from core.exchange import refusals, shown, translate, wire, wire_account
from core.exchange.sdk import Sdk, build
from core.units import MINUTE, SECOND, Count, Instant, Money, count, count_text, instant, money

_PAGE = 1000
_BALANCE_EVERY_S, _BALANCE_KEPT_S = 1.0, 60.0  # GetBalance: once a second at our tier, no burst


class UnreadOrders(Malformed):
    """Resting orders of which at least one cannot be read: no list to reckon with, but `wishes` would take all away."""

    def __init__(self, error: Malformed, asked_at: Instant, wishes: list[m.CancelOrder]) -> None:
        super().__init__(error.field, error.value, error.why)
        self.asked_at, self.wishes = asked_at, wishes


def _views(raws: list[msgspec.Raw], asked_at: Instant) -> list[m.OrderView]:
    try:
        return [translate.order_view(translate.decode(raw, wire.OrderModel)) for raw in raws]
    except Malformed as error:
        names = [translate.decode(raw, wire.OrderName) for raw in raws]
        wishes = [m.CancelOrder(o.order_id, o.client_order_id or "", o.ticker) for o in names]
        raise UnreadOrders(error, asked_at, wishes) from error


class Rest:
    """See the module. `now` gives the world's time."""

    def __init__(self, sdk: Sdk, now: Callable[[], Instant], shard: int = 0, subaccount: int = 0) -> None:
        self.sdk, self.now, self.shard, self.subaccount = sdk, now, shard, subaccount
        self._of_account = {"subaccount": subaccount}  # always said: left out, many reads mean every subaccount
        self._cash: tuple[Money, float] | None = None  # the last balance, and when it was said (monotonic seconds)

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
            return [await self._declined(request, name, client_order_id, ticker, error)]
        except (Malformed, OutcomeUnknown) as error:  # Malformed: a 2xx we cannot read: it happened, but what did?
            return [m.Unknown(self.now(), client_order_id, ticker, name, str(error))]

    async def _declined(
        self, request: m.Request, name: str, client_order_id: str, ticker: str, error: Declined
    ) -> m.Said:
        if error.status == 404 and isinstance(request, m.CancelOrder | m.AmendOrder | m.DecreaseOrder):
            return m.CancelNotFound(self.now(), client_order_id, ticker, request.order_id)
        code = refusals.reason(error.code, error.message)
        if isinstance(request, m.PlaceOrder):
            if code == refusals.POST_ONLY_CROSS:  # refused, or made and cancelled: either has been seen, nothing rests
                return m.Gone(self.now(), client_order_id, ticker, "", Count(0), reason="PostOnlyCrossCancel")
            if code == refusals.EXISTS or (error.status == 409 and not refusals.known(code)):
                return await self._existing(request) or m.Rejected(
                    self.now(), client_order_id, ticker, name, refusals.EXISTS, error.message
                )
        return m.Rejected(self.now(), client_order_id, ticker, name, code, error.message)

    async def _existing(self, r: m.PlaceOrder) -> m.Said | None:
        """What stands under an id that the exchange says it has; None where that cannot be told now."""
        try:
            found = (await self.look_up(r.client_order_id, r.ticker)).order
        except KwmError:
            return None  # the engine takes order_already_exists for an unknown outcome and looks it up again
        return shown.stands(found, self.now(), "PlaceOrder") if found is not None else None

    async def _send(self, r: m.Request) -> list[m.Said]:
        api = self.sdk.orders
        match r:
            case m.PlaceOrder():
                body = build(kalshi.CreateOrderV2Request, translate.create_body(r, self.shard, self.subaccount))
                raw = await self.sdk.call(api.create_order_v2_without_preload_content, body)
                made = translate.decode(raw, wire.Created)
                filled, left = translate.SIZES[made.fill_count], translate.SIZES[made.remaining_count]
                if left == 0:  # executed at once, or post-only that would have crossed: created, then cancelled
                    return [m.Gone(self.now(), r.client_order_id, r.ticker, made.order_id, filled,
                                   reason="executed" if filled == r.count else "canceled")]  # fmt: skip
                return [m.Acked(self.now(), r.client_order_id, made.order_id, r.ticker, r.side, r.price, filled, left,
                                r.expires_at, translate.from_ms(made.ts_ms))]  # fmt: skip
            case m.AmendOrder():
                return [await self._amend(r)]
            case m.DecreaseOrder():
                decrease = build(kalshi.DecreaseOrderV2Request, translate.decrease_body(r, self.shard))
                raw = await self.sdk.call(api.decrease_order_v2_without_preload_content, r.order_id, decrease,
                                          **self._of_account)  # fmt: skip
                less = translate.SIZES[translate.decode(raw, wire.Decreased).remaining_count]
                return [await self._how_it_stands(r, less)]
            case m.CancelOrder():
                raw = await self.sdk.call(
                    api.cancel_order_v2_without_preload_content, r.order_id, exchange_index=self.shard,
                    **self._of_account,
                )  # fmt: skip
                reduced = translate.SIZES[translate.decode(raw, wire.Cancelled).reduced_by]
                return [m.Gone(self.now(), r.client_order_id, r.ticker, r.order_id, None, reduced, "canceled")]
            case m.CancelAllOrders():
                await self.sdk.call(api.cancel_all_orders_without_preload_content, **self._of_account)
                return []
            case _:
                return await self._group(r)

    async def _amend(self, r: m.AmendOrder) -> m.Said:
        """The answer's `fill_count` counts the fills of this amend only, and nothing is said of an unchanged size; so
        the order's whole filled count is total - remaining, or is asked for where that is not to be had."""
        amend = build(kalshi.AmendOrderV2Request, translate.amend_body(r, self.shard))
        raw = await self.sdk.call(self.sdk.orders.amend_order_v2_without_preload_content, r.order_id, amend,
                                  **self._of_account)  # fmt: skip
        changed = translate.decode(raw, wire.Amended)
        left = translate.SIZES[changed.remaining_count] if changed.remaining_count is not None else None
        if not left or left > r.total:
            return await self._how_it_stands(r)
        return m.Acked(self.now(), r.client_order_id, r.order_id, r.ticker, r.side, r.price, Count(r.total - left),
                       left, r.expires_at, translate.from_ms(changed.ts_ms))  # fmt: skip

    async def _how_it_stands(self, r: m.AmendOrder | m.DecreaseOrder, less: Count = Count(0)) -> m.Said:
        """After a change that was accepted, so a failure here leaves its outcome unknown and nothing else. What the
        exchange shows may be older than its own answer ("Get User Data Timestamp"): asked again until it is shown."""
        request = type(r).__name__
        for pause in shown.LAGS_S:
            await asyncio.sleep(pause)
            try:
                found = (await self.look_up(r.client_order_id, r.ticker, r.order_id)).order
            except KwmError as error:
                return m.Unknown(self.now(), r.client_order_id, r.ticker, request, f"accepted; then {error}")
            if found is None:
                return m.CancelNotFound(self.now(), r.client_order_id, r.ticker, r.order_id)
            if found.status != "resting" or shown.shows(found, r, less):
                return shown.stands(found, self.now(), request)
        return m.Unknown(self.now(), r.client_order_id, r.ticker, request, "accepted; not shown yet")

    async def _group(self, r: m.Request) -> list[m.Said]:
        api, where = self.sdk.groups, {**self._of_account, "exchange_index": self.shard}
        match r:
            case m.CreateGroup():
                body = build(kalshi.CreateOrderGroupRequest, translate.group_body(r, self.shard, self.subaccount))
                raw = await self.sdk.call(api.create_order_group_without_preload_content, body)
                group = translate.decode(raw, wire.GroupMade).order_group_id
                return [m.GroupCreated(self.now(), r.name, group, r.limit)]
            case m.SetGroupLimit():
                limit = build(kalshi.UpdateOrderGroupLimitRequest, {"contracts_limit_fp": count_text(r.limit)})
                await self.sdk.call(api.update_order_group_limit_without_preload_content, r.group,
                                    update_order_group_limit_request=limit, **where)  # fmt: skip
            case m.ResetGroup():
                await self.sdk.call(api.reset_order_group_without_preload_content, r.group, **where)
            case m.TriggerGroup():
                await self.sdk.call(api.trigger_order_group_without_preload_content, r.group, **where)
        return []  # order_group_updates says what changed

    # --- questions: these raise the taxonomy of core/errors.py -------------------------------------------------------

    async def report_orders(self) -> m.OrdersReported:
        """Every resting order of the account. Raises: UnreadOrders, too, where one of them cannot be read."""
        asked_at = self.now()
        pages = await self.sdk.pages(self.sdk.orders.get_orders_without_preload_content, wire.OrdersPage,
                                     status="resting", limit=_PAGE, **self._of_account)  # fmt: skip
        return m.OrdersReported(self.now(), asked_at, _views([raw for page in pages for raw in page.orders], asked_at))

    async def as_of(self) -> Instant:
        """Of when the exchange's lists of our orders, fills and positions are: they lag behind by "a short delay"."""
        raw = await self.sdk.call(self.sdk.exchange.get_user_data_timestamp_without_preload_content)
        return instant(translate.decode(raw, wire_account.AsOf).as_of_time, "as_of_time")

    def said_at(self) -> Instant | None:
        """The exchange's clock at its latest answer, up to a second early; None while none has said it."""
        return self.sdk.said_at

    async def status(self) -> m.TradingStatus:
        """Does our shard trade? Where it is not told of by itself, what is said of the exchange holds."""
        asked_at = self.now()
        raw = await self.sdk.call(self.sdk.exchange.get_exchange_status_without_preload_content)
        said = translate.decode(raw, wire_account.Status)
        mine = next((s for s in said.exchange_index_statuses or () if s.exchange_index == self.shard), said)
        resumes = said.exchange_estimated_resume_time
        return m.TradingStatus(
            self.now(), asked_at, said.exchange_active and mine.trading_active,
            said.exchange_active and mine.exchange_active, instant(resumes) if resumes else None,
        )  # fmt: skip

    async def report_positions(self) -> m.PositionsReported:
        """Every position, and the balance."""
        asked_at = self.now()
        pages = await self.sdk.pages(self.sdk.portfolio.get_positions_without_preload_content, wire.PositionsPage,
                                     limit=_PAGE, **self._of_account)  # fmt: skip
        found = [translate.position(p) for page in pages for p in page.market_positions]
        return m.PositionsReported(self.now(), asked_at, found, await self.balance())

    async def balance(self) -> Money:
        """Free cash on our shard: collateral does not cross shards.

        The exchange says it once a second and no oftener, so one that was said within a second is said again; where
        somebody else has used that second up, the last one of this minute, and without one it is waited for.
        """
        if self._cash is not None and time.monotonic() - self._cash[1] < _BALANCE_EVERY_S:
            return self._cash[0]
        try:
            return await self._ask_balance()
        except Throttled:
            if self._cash is None or time.monotonic() - self._cash[1] > _BALANCE_KEPT_S:
                await asyncio.sleep(_BALANCE_EVERY_S)
                return await self._ask_balance()
            return self._cash[0]

    async def _ask_balance(self) -> Money:
        raw = await self.sdk.call(
            self.sdk.portfolio.get_balance_without_preload_content, exchange_index=self.shard, **self._of_account
        )
        cash = money(translate.decode(raw, wire.BalanceModel).balance_dollars, "balance_dollars")
        self._cash = cash, time.monotonic()
        return cash

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
        pages = await self.sdk.pages(self.sdk.orders.get_orders_without_preload_content, wire.OrdersPage,
                                     ticker=ticker, limit=_PAGE, **self._of_account)  # fmt: skip
        every = (raw for page in pages for raw in page.orders)
        ours = (raw for raw in every if translate.decode(raw, wire.OrderName).client_order_id == client_order_id)
        found = [translate.order_view(translate.decode(raw, wire.OrderModel)) for raw in itertools.islice(ours, 1)]
        return m.OrderLookedUp(self.now(), asked_at, client_order_id, found[0] if found else None)

    async def fills_since(self, since: Instant) -> list[m.Fill]:
        """Our fills at or after `since`, oldest first; a minute earlier is asked for, duplicates do no harm."""
        least = max(0, (since - MINUTE) // SECOND)
        pages = await self.sdk.pages(self.sdk.portfolio.get_fills_without_preload_content, wire.FillsPage,
                                     min_ts=least, limit=_PAGE, **self._of_account)  # fmt: skip
        now = self.now()
        return sorted((translate.fill(f, now) for page in pages for f in page.fills), key=lambda f: f.filled_at)

    async def queue_positions(self, tickers: list[str]) -> dict[str, Count]:
        """Contracts ahead of each resting order of ours in these markets, by the exchange's order id."""
        raw = await self.sdk.call(self.sdk.orders.get_order_queue_positions_without_preload_content,
                                  market_tickers=",".join(tickers), **self._of_account)  # fmt: skip
        page = translate.decode(raw, wire.QueuePage)
        return {q.order_id: count(q.queue_position_fp, "queue_position_fp") for q in page.queue_positions or []}
