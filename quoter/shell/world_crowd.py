"""The others in a seeded world, and the person who trades by hand on our account."""

from typing import TYPE_CHECKING

from core import messages as m
from core.contract import Market
from core.units import Count, Price
from quoter.shell.world_beliefs import fair_now

if TYPE_CHECKING:
    from quoter.shell.world import World

US, CROWD = "us", "crowd"


def crowd_place(world: "World", market: Market, side: m.Side, price: Price | None, *, post_only: bool) -> None:
    """One order of the others."""
    if price is None:
        return
    world.n += 1
    life = m.TimeInForce.GOOD_TILL_CANCELED if post_only else m.TimeInForce.IMMEDIATE_OR_CANCEL
    count = Count(world.rng.randint(1, 12) * 100)
    order = m.PlaceOrder(f"c{world.n}", market.ticker, side, price, count, None, post_only, False, None, life)
    world.exchange.handle(CROWD, order, world.now)


def by_hand(world: "World", market: Market) -> None:
    """A person rests one contract far from the market on the same account; nobody may touch it."""
    world.n += 1
    order = m.PlaceOrder(f"manual-{world.n}", market.ticker, m.Side.BID, Price(100), Count(100))
    answer = world.exchange.handle(US, order, world.now)
    if isinstance(answer, m.Acked):
        world.foreign[answer.order_id] = answer.remaining


def crowd(world: "World") -> None:
    """Others place, cancel and take; one of our own account trades by hand now and then."""
    if world.quiet:
        return
    world.at(int(world.rng.expovariate(1 / (150 * 1_000_000))), lambda: crowd(world))
    world.exchange.advance(world.now)
    market = world.rng.choice(world.markets)
    fair = fair_now(world)[market.ticker]
    side = world.rng.choice((m.Side.BID, m.Side.ASK))
    mine = [o for o in world.exchange.resting[CROWD].values() if o.ticker == market.ticker]
    dice = world.rng.random()
    if dice < 0.2 and mine:
        order = world.rng.choice(mine)
        world.exchange.handle(CROWD, m.CancelOrder(order.order_id, order.client_order_id, order.ticker), world.now)
    elif dice < 0.72:
        away = world.rng.uniform(0.03, 0.08) * (-1 if side is m.Side.BID else 1)
        price = market.grid.floor(min(0.98, max(0.02, fair + away)))
        crowd_place(world, market, side, price, post_only=True)
    else:
        best = world.exchange.markets[market.ticker].book.best(side.other)
        crowd_place(world, market, side, best, post_only=False)
    if world.happens(0.0005):
        by_hand(world, market)
    world.tell()
