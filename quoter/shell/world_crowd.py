"""The others in a seeded world, and the person who trades by hand on our account."""

from typing import TYPE_CHECKING

from core import messages as m
from core.contract import Market
from core.units import Count, Price

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
