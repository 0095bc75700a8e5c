"""Fair values and limits for every open event, published to the quoter: the flow that money waits for."""

import asyncio
import time

import msgspec
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

from core.contract import Market
from core.errors import Refused
from core.fair.assemble import fair_events
from core.fair.live import Known
from core.fair.opinion import Opinion
from core.messages import OrderView, Side
from core.publication import EventFair, Publication
from core.risk.published import event_limit, totals
from core.storage import lake, publications
from core.units import Count, Duration, Instant, Price, seconds
from flows import models, rows
from flows.base import Context, catalog, context, passing, run_name, whole
from flows.inputs import inputs, open_markets, opinions

Prices = dict[str, tuple[Price | None, Price | None]]


@task(name="read what is known", timeout_seconds=60)
def known(c: Context) -> tuple[dict[str, list[Market]], Known, dict[str, Opinion]]:
    """Markets, inputs and people's opinions from the lake."""
    with lake.connect(c.data) as db:
        return open_markets(db, c.now), inputs(db, c.now), opinions(db, c.now)


@task(name="read the market", retries=2, retry_delay_seconds=[1, 3], retry_condition_fn=passing, timeout_seconds=30)
def market_prices(c: Context, tickers: list[str]) -> Prices:
    """Best bid and ask of everybody but us."""
    return asyncio.run(_prices(c, tickers))


async def _prices(c: Context, tickers: list[str]) -> Prices:
    reader = catalog(c)
    try:
        orders, books = await reader.our_orders(), await reader.books(tickers)
    finally:
        await reader.sdk.close()
    return {ticker: without(books[ticker], [o for o in orders if o.ticker == ticker]) for ticker in books}


def without(
    book: tuple[dict[Price, Count], dict[Price, Count]], ours: list[OrderView]
) -> tuple[Price | None, Price | None]:
    """Best bid and ask of a book after our orders are taken out."""
    bids, asks = dict(book[0]), dict(book[1])
    for order in ours:
        side = bids if order.side is Side.BID else asks
        left = side.get(order.price, 0) - order.remaining
        if left > 0:
            side[order.price] = Count(left)
        else:
            side.pop(order.price, None)
    return max(bids, default=None), min(asks, default=None)


def still_open(events: dict[str, list[Market]], now: Instant) -> dict[str, list[Market]]:
    """Without the events whose climate day has ended since they were read: nothing is believed of a day gone by."""
    return {ticker: markets for ticker, markets in events.items() if all(m.close_at > now for m in markets)}


@task(name="price every event")
def price(
    c: Context, events: dict[str, list[Market]], found: Known, prices: Prices | None, told: dict[str, Opinion]
) -> Publication:
    """The publication, not yet published."""
    now = c.now
    pricer, why = models.newest(c.data)
    if why:
        get_run_logger().warning(why)
    life = Duration(int(seconds(c.settings.flows.valid_s) * c.clock.speed))
    valid_until = Instant(now + life)
    events = still_open(events, now)
    priced = fair_events(events, found, pricer, now, valid_until, c.settings.risk.max_loss_event, prices, told)
    fairs = [_limited(e, c) for e in priced.values() if isinstance(e, EventFair)]
    refused = {ticker: e.words for ticker, e in priced.items() if isinstance(e, Refused)}
    return Publication(c.run, c.run, pricer.version, now, valid_until, fairs, refused, totals(c.settings.risk))


def _limited(event: EventFair, c: Context) -> EventFair:
    return msgspec.structs.replace(event, max_loss=event_limit(c.settings.risk, event.quality))


@task(name="publish")
def put(c: Context, publication: Publication, took_s: float) -> dict[str, int]:
    """The lake first, then the one small file the quoter watches. Leaves when a newer publication exists."""
    if publications.overtaken(publication, c.data, c.now):
        return {}
    counts = lake.commit(c.data, f"publish-{c.run}", publication.published_at, {
        "publications": [rows.publication(publication, took_s)],
        "fair_events": [rows.fair_event(publication, e) for e in publication.events]
        + [rows.withheld(publication, t, why) for t, why in publication.withheld.items()],
        "fair_values": [row for e in publication.events for row in rows.fair_values(publication, e)],
        "risk_limits": rows.limits(publication),
    })  # fmt: skip
    if not publications.write(publication, c.data, c.now):
        get_run_logger().info("a newer publication came first: this one is in the lake only")
    return counts


@flow(
    name="publish",
    flow_run_name=run_name,
    timeout_seconds=120,
    description="Prices every open bracket and publishes fair values and limits.",
)
def publish() -> str:
    """The id of the publication."""
    c = context()
    began = time.perf_counter()
    events, found, told = known(c)
    prices: Prices | None = market_prices(c, [m.ticker for markets in events.values() for m in markets])
    publication = price(c, whole(events), whole(found), whole(prices), whole(told))
    put(c, publication, time.perf_counter() - began)
    emit_event(
        event="fair-values.published", resource={"prefect.resource.id": "kwm.fair-values"},
        payload={"publication": publication.id, "events": len(publication.events)},
    )  # fmt: skip
    create_table_artifact(
        key="fair-values",
        table=[
            {"event": e.event_ticker, "mean °F": round(e.mean_f, 1), "sd": round(e.sd_f, 1), "observed": e.observed_f,
             "model weight": e.weight, "opinion": e.opinion, "quality": "; ".join(e.quality)}
            for e in publication.events
        ],
        description=f"{publication.id}: {len(publication.events)} events, {len(publication.withheld)} withheld",
    )  # fmt: skip
    return publication.id
