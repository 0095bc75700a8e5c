"""`kwm conformance`: a short, bounded script of orders against an exchange, compared with what our simulator does.

Run against demo it shows where the simulator is wrong; run against the embedded exchange it must show nothing. Orders
are a few contracts, post-only, at the lowest price of the market; whatever happens, they are swept away at the end. It
refuses to run in production.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import kalshi_python_async as kalshi
import typer
from pydantic import BaseModel

from core import config
from core import messages as m
from core.clock import this_process
from core.config import Settings
from core.contract import Market
from core.errors import KwmError, SettingsError
from core.exchange import translate, wire
from core.exchange.catalog import Catalog
from core.exchange.credentials import credentials
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk, build
from core.exchange.sweep import sweep
from core.units import HOUR, Count, Instant, Price

_ONE = Count(100)


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: what our simulator answers, and what this exchange answered."""

    step: str
    expected: str
    got: str

    @property
    def same(self) -> bool:
        """No difference."""
        return self.expected == self.got


def conformance(
    environment: Annotated[str, typer.Option(help="embedded or demo; default: that of your settings")] = "",
) -> None:
    """Try a bounded script of tiny orders; report each difference from our simulator, with exit code 1."""
    chosen = {"KWM_EXCHANGE__ENVIRONMENT": environment} if environment else {}
    settings = config.load(dict(os.environ) | chosen) if environment != "production" else None
    if settings is None or (environment := settings.exchange.environment) not in ("embedded", "demo"):
        raise SettingsError(
            f"--environment {environment}: only embedded and demo; this places orders to see what happens"
        )
    findings = asyncio.run(_connected(settings))
    typer.echo(f"at the {environment} exchange:")
    for one in findings:
        typer.echo(f"{'same  ' if one.same else 'DIFFERS'} {one.step}: {one.got}"
                   + ("" if one.same else f" (the simulator: {one.expected})"))  # fmt: skip
    raise typer.Exit(int(any(not one.same for one in findings)))


async def _connected(settings: Settings) -> list[Finding]:
    exchange = settings.exchange
    sdk = Sdk(endpoints(settings).rest, credentials(settings), exchange.timeout_s)
    try:
        catalog = Catalog(sdk, exchange.exchange_index, exchange.subaccount)
        rest = Rest(sdk, this_process(settings.clock_file).now, exchange.exchange_index, exchange.subaccount)
        return await script(rest, await _market(catalog, settings))
    finally:
        await sdk.close()


async def _market(catalog: Catalog, settings: Settings) -> Market:
    fees, _ = await catalog.series_fees()
    for series in fees:
        if settings.events.wants(series):
            markets = (await catalog.events(series, fees[series])).markets
            open_now = [x for x in markets if x.status == "active"]
            if open_now:
                return max(open_now, key=lambda x: x.close_at)
    raise SettingsError("no chosen series has an open market now; they open at 14:00 UTC the day before")


async def script(rest: Rest, market: Market) -> list[Finding]:
    """Every step, in order; each believes only what its own answer says."""
    run = f"conf{time.time_ns() // 1_000_000}"
    low, tick = market.grid.lowest, market.grid.up(market.grid.lowest) or market.grid.lowest
    found: list[Finding] = []

    def bid(
        n: int, price: Price = low, count: Count = _ONE, ticker: str = "", group: str | None = None
    ) -> m.PlaceOrder:
        return m.PlaceOrder(f"{run}-{n}", ticker or market.ticker, m.Side.BID, price, count, group=group)

    async def step(name: str, expected: str, request: m.Request) -> m.Said | None:
        said = await rest.perform(request)
        found.append(Finding(name, expected, " ".join(described(x) for x in said) or "done"))
        return said[0] if said else None

    async def read(name: str, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            await ask()
            found.append(Finding(name, "read", "read"))
        except KwmError as error:
            found.append(Finding(name, "read", f"{type(error).__name__}: {error}"[:160]))

    try:
        first = await step("place far from the market", "Acked 0/200", bid(1, count=Count(200)))
        order_id = first.order_id if isinstance(first, m.Acked) else "none"
        await step("the same client id again", "Acked 0/200", bid(1, count=Count(200)))
        await step("amend price and size", "Acked 0/300",
                   m.AmendOrder(order_id, f"{run}-1", market.ticker, m.Side.BID, tick, Count(300)))  # fmt: skip
        await step("amend nothing but the expiry", "Acked 0/300",
                   m.AmendOrder(order_id, f"{run}-1", market.ticker, m.Side.BID, tick, Count(300),
                                _in_an_hour(rest)))  # fmt: skip
        await step("decrease", "Acked 0/100", m.DecreaseOrder(order_id, f"{run}-1", market.ticker, _ONE))
        await step("cancel", "Gone reduced 100", m.CancelOrder(order_id, f"{run}-1", market.ticker))
        await step("cancel again", "CancelNotFound", m.CancelOrder(order_id, f"{run}-1", market.ticker))
        await step("a client id whose order is gone", "Gone filled 0", bid(1, count=Count(200)))
        await step("a price off the grid", "Rejected invalid_price", bid(2, price=Price(low + 1)))
        await step("a market that is not", "Rejected market_not_found", bid(3, ticker="KXNOSUCH-26JAN01-T1"))
        await step("an order group that is not", "Rejected order_group_not_found", bid(4, group="no-such-group"))
        made = await step("open a group", "GroupCreated", m.CreateGroup("conformance", Count(10_000)))
        if isinstance(made, m.GroupCreated):
            await step("place in the group", "Acked 0/100", bid(5, group=made.group))
            await step("trigger the group", "done", m.TriggerGroup(made.group))
            await step("place in the triggered group", "Rejected order_group_triggered", bid(6, group=made.group))
            await step("reset the group", "done", m.ResetGroup(made.group))
            await step("place after the reset", "Acked 0/100", bid(7, group=made.group))
        await _batches(rest, [bid(8), bid(9, price=Price(low + 1)), bid(10)], found)
        await _cancel_all(rest, bid(11), f"{run}-", found)
        await read("balance and positions", rest.report_positions)
        await read("fills", lambda: rest.fills_since(rest.now()))
        await read("queue positions", lambda: rest.queue_positions([market.ticker]))
    finally:
        done = await sweep(rest, f"{run}-")
    found.append(Finding("sweep", "nothing rests", "nothing rests" if done.verified else f"left {done.left}"))
    return found


async def _batches(rest: Rest, orders: list[m.PlaceOrder], found: list[Finding]) -> None:
    """Several orders in one request, one of them wrong: each item has its own outcome; likewise their cancels."""
    api, shard = rest.sdk.orders, rest.shard
    bodies = [translate.create_body(order, shard, rest.subaccount) for order in orders]
    made = await _batch(
        rest, "place three in a batch, one off the grid", "100, invalid_price, 100", found,
        api.batch_create_orders_v2_without_preload_content, kalshi.BatchCreateOrdersV2Request, bodies,
    )  # fmt: skip
    ids = [x.order_id for x in made if x.order_id and x.error is None]
    told: list[dict[str, Any]] = [{"order_id": x, "exchange_index": shard} for x in ids]
    if rest.subaccount:
        told = [one | {"subaccount": rest.subaccount} for one in told]
    for name, expected in (
        ("cancel them in a batch", "100, 100"),
        ("the same cancels again", "not_found, not_found"),
    ):
        await _batch(rest, name, expected, found, api.batch_cancel_orders_v2_without_preload_content,
                     kalshi.BatchCancelOrdersV2Request, told)  # fmt: skip


async def _batch(
    rest: Rest, name: str, expected: str, found: list[Finding], method: object, kind: type[BaseModel],
    orders: list[dict[str, Any]],
) -> list[wire.BatchItem]:  # fmt: skip
    """One batch; what was placed, reduced, or why not, item by item."""
    try:
        answer = translate.decode(await rest.sdk.call(method, build(kind, {"orders": orders})), wire.Batch).orders
    except KwmError as error:
        found.append(Finding(name, expected, f"{type(error).__name__}: {error}"[:160]))
        return []
    got = [x.error.code if x.error else str(translate.SIZES[x.remaining_count or x.reduced_by or "0"]) for x in answer]
    found.append(Finding(name, expected, ", ".join(got)))
    return answer


async def _cancel_all(rest: Rest, order: m.PlaceOrder, prefix: str, found: list[Finding]) -> None:
    """Everything of the account goes; so it is tried only where nothing rests but what this script has placed."""
    name, expected = "cancel all", "none left"
    await rest.perform(order)
    try:
        resting = (await rest.report_orders()).orders
        others = sum(not x.client_order_id.startswith(prefix) for x in resting)
        if others:
            words = f"not tried: {others} orders rest that are not of this script"
            found.append(Finding(name, words, words))
            return
        said = await rest.perform(m.CancelAllOrders())
        left = (await rest.report_orders()).orders
    except KwmError as error:
        found.append(Finding(name, expected, f"{type(error).__name__}: {error}"[:160]))
        return
    got = expected if resting and not left else f"{len(left)} left of {len(resting)}"
    found.append(Finding(name, expected, ", ".join([got, *(described(x) for x in said)])))


def _in_an_hour(rest: Rest) -> Instant:
    return Instant(rest.now() + HOUR)


def described(said: m.Said) -> str:
    """An answer in a few words that two exchanges can share: no ids, no times."""
    match said:
        case m.Acked():
            return f"Acked {said.filled}/{said.remaining}"
        case m.Gone(reduced_by=by) if by is not None:
            return f"Gone reduced {by}"
        case m.Gone():
            return f"Gone filled {said.filled}"
        case m.Rejected():
            return f"Rejected {said.code}"
        case m.Unknown() | m.NotSent():
            return f"{type(said).__name__} {said.words}"[:160]
        case _:
            return type(said).__name__
