"""The others in a seeded world: a noisy crowd, an adversary who knows the truth, a person who trades on our account."""

from typing import TYPE_CHECKING, Final

from core import messages as m
from core.contract import Market
from core.side import ASK, BID
from core.units import ONE_DOLLAR, SECOND, Count, Price

if TYPE_CHECKING:
    from quoter.shell.world import World

US, CROWD = "us", "crowd"
_CROWD_EVERY: Final = 250_000_000
_ADVERSARY_EVERY: Final = 700_000_000
_CENT: Final = 0.01


def place(world: "World", market: Market, side: m.Side, price: Price, count: int, *, resting: bool) -> None:
    """One order of the others; what does not rest takes what it finds."""
    world.n += 1
    life = m.TimeInForce.GOOD_TILL_CANCELED if resting else m.TimeInForce.IMMEDIATE_OR_CANCEL
    order = m.PlaceOrder(f"c{world.n}", market.ticker, side, price, Count(count), None, resting, False, None, life)
    world.exchange.handle(CROWD, order, world.exchange_now)


def crowd(world: "World") -> None:
    """Others rest around the truth, cancel, and take the best price now and then."""
    if world.quiet:
        return
    rng = world.rng
    world.at(int(rng.expovariate(1 / _CROWD_EVERY)), lambda: crowd(world))
    world.exchange.advance(world.exchange_now)
    market = rng.choice(world.markets)
    listed = world.exchange.markets[market.ticker]
    if listed.status != "active":
        return
    side = rng.choice((BID, ASK))
    dice = rng.random()
    if dice < 0.2:
        mine = list(world.exchange.resting_in(CROWD, market.ticker))
        if mine:
            order = rng.choice(mine)
            gone = m.CancelOrder(order.order_id, order.client_order_id, order.ticker)
            world.exchange.handle(CROWD, gone, world.exchange_now)
    elif dice < 0.7:
        away = rng.uniform(0.03, 0.08) * (-1 if side is BID else 1)
        price = market.grid.floor(min(0.98, max(0.02, world.beliefs.true[market.ticker] + away)))
        if price is not None:
            place(world, market, side, price, rng.randint(1, 12) * 100, resting=True)
    else:
        best = listed.book.best(side.other)
        if best is not None:
            place(world, market, side, best, rng.randint(1, 12) * 100, resting=False)
    world.tell()


def adversary(world: "World") -> None:
    """Picks off whatever of ours is wrong by a cent, with everything behind it; sweeps a whole side for no reason."""
    if world.quiet:
        return
    rng = world.rng
    world.at(int(rng.expovariate(1 / _ADVERSARY_EVERY)), lambda: adversary(world))
    world.exchange.advance(world.exchange_now)
    if rng.random() < 0.04:
        market = rng.choice(world.markets)
        side = rng.choice((BID, ASK))
        worst = Price(9_900) if side is BID else Price(100)
        place(world, market, side, worst, rng.randint(5, 80) * 100, resting=False)
    else:
        for order in list(world.exchange.resting[US].values()):
            wrong = (order.price / ONE_DOLLAR - world.beliefs.true[order.ticker]) * order.side.sign
            if wrong > _CENT and rng.random() < 0.5:
                market = world.by_ticker[order.ticker]
                place(world, market, order.side.other, order.price, 5_000, resting=False)
                break
    world.tell()


def by_hand(world: "World") -> None:
    """A person rests one contract far from the market on the same account; nobody may touch it."""
    world.n += 1
    market = world.rng.choice(world.markets)
    order = m.PlaceOrder(f"manual-{world.n}", market.ticker, BID, Price(100), Count(100), cancel_on_pause=False)
    answer = world.exchange.handle(US, order, world.exchange_now)
    if isinstance(answer, m.Acked):
        world.foreign[answer.order_id] = answer.remaining
    world.tell()


def move(world: "World") -> None:
    """The truth moves."""
    if not world.quiet:
        world.at(SECOND, lambda: move(world))
        world.beliefs.wander(world.happens(world.plan.jump))
