"""What strikes a seeded world once a second: pauses, storms, silence, late flows, a person at the controls; the close.

Also publications: on time, late, or a file that the quoter must refuse.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.units import SECOND, Instant, Money, money
from quoter.engine import events as e
from quoter.shell import world_crowd

if TYPE_CHECKING:
    from quoter.shell.world import World

_PUBLISH_EVERY: Final = 5 * SECOND


def strike(world: "World") -> None:
    """Once a second, each of the longer faults by its chance."""
    if world.calm:
        return
    world.at(SECOND, lambda: strike(world))
    f, stream, rng = world.faults, world.stream, world.rng
    if world.happens(f.disconnect):
        stream.disconnect()
    if world.happens(f.seq_reset):
        # the numbering begins anew, elsewhere: from 1 it could by chance go on where the last one heard was
        stream.sent = {event: count + 10_000 for event, count in stream.sent.items()}
    if world.happens(f.silence):
        stream.silent_until = Instant(world.now + rng.randint(3, 14) * SECOND)
    if world.happens(f.slowness):
        stream.slow_until = Instant(world.now + rng.randint(2, 10) * SECOND)
    if world.happens(f.throttle_storm):
        world.requests.storm_until = Instant(world.now + rng.randint(1, 6) * SECOND)
    if world.happens(f.slow_answers):
        world.requests.slow_until = Instant(world.now + rng.randint(3, 8) * SECOND)
    if world.happens(f.unreadable):
        ticker = rng.choice(world.markets).ticker
        stream.unreadable[ticker] = Instant(world.now + rng.randint(2, 15) * SECOND)
    if world.happens(f.late_flows):
        world.flows_late_until = Instant(world.now + rng.randint(10, 25) * SECOND)
    if world.happens(f.by_hand):
        world_crowd.by_hand(world)
    if world.happens(f.pause) and not world.exchange.paused:
        _pause(world)
    if world.happens(f.market_off):
        _market_off(world)
    if world.happens(f.operator):
        operate(world)
    world.tell()


def _pause(world: "World") -> None:
    world.advance()
    world.exchange.pause()

    def over() -> None:
        world.advance()
        for listed in world.exchange.markets.values():
            listed.clock //= 2  # after maintenance the clocks of its markets may have fallen
        world.exchange.unpause()

    # the pause may fall between two requests of one batch
    world.at(world.rng.randint(1, 5_000) * 1_000_000, over)


def _market_off(world: "World") -> None:
    ticker = world.rng.choice(world.markets).ticker
    world.advance()
    world.exchange.deactivate(ticker)

    def over() -> None:
        world.advance()
        world.exchange.activate(ticker)
        world.tell()

    world.at(world.rng.randint(1, 8) * SECOND, over)


def operate(world: "World") -> None:
    """A person does one of their habits, and undoes it after a while."""
    now, rng = world.now, world.rng
    match rng.choice(world.plan.habits):
        case "halt":
            world.deliver(e.Halted(now, "a person", "because"))
            world.at(rng.randint(2, 9) * SECOND, lambda: world.deliver(e.Resumed(world.now, "a person")))
        case "pause":
            world.deliver(e.Paused(now, "a person"))
            world.at(rng.randint(2, 9) * SECOND, lambda: world.deliver(e.Resumed(world.now, "a person")))
        case "cancel":
            world.deliver(e.CancelEverything(now, "a person"))
        case "reduce":
            world.deliver(e.ReduceOnly(now, "a person", on=True))
            later = rng.randint(2, 9) * SECOND
            world.at(later, lambda: world.deliver(e.ReduceOnly(world.now, "a person", on=False)))
        case "limits":
            _limits(world, rng.choice((0.3, 0.5, 0.7, 1.5)))
            world.at(rng.choice((5, 15, 40)) * SECOND, lambda: _limits(world, 1.0))
        case _:
            market = rng.choice(world.markets)
            name = rng.choice((market.ticker, market.event_ticker))
            world.deliver(e.Toggled(now, "a person", name, False))
            later = rng.randint(2, 9) * SECOND
            world.at(later, lambda: world.deliver(e.Toggled(world.now, "a person", name, True)))


def _limits(world: "World", factor: float) -> None:
    """Every limit on what may be lost, by a factor of the plan's; a process that starts later reads them so."""
    base = world.plan.config.limits
    told = replace(
        base, max_loss_event=Money(int(base.max_loss_event * factor)),
        max_loss_station_day=Money(int(base.max_loss_station_day * factor)),
        max_loss_city=Money(int(base.max_loss_city * factor)), max_loss_total=Money(int(base.max_loss_total * factor)),
    )  # fmt: skip
    world.config = replace(world.config, limits=told)
    world.deliver(e.Configured(world.now, "a person", f"limits by {factor}", world.config))


def publish(world: "World") -> None:
    """The flows look at the truth and publish, unless they are late; now and then the file is unreadable."""
    world.at(_PUBLISH_EVERY, lambda: publish(world))
    if world.now < world.flows_late_until and not world.calm:
        return
    world.beliefs.look()
    if world.happens(world.faults.refused_publication):
        world.deliver(e.PublicationRefused(world.now, "publication.schema: this quoter reads schema 1"))
        return
    hand_over(world)


def hand_over(world: "World") -> None:
    """The newest publication, to the process that runs now."""
    if world.beliefs.number:
        world.deliver(e.Published(world.now, world.beliefs.publication(world.now)))


def close(world: "World", event: str) -> None:
    """An event's markets have closed: one bracket pays; sometimes the exchange pays every bracket a part (scalar)."""
    world.advance()
    world.paid_out = event
    members = [market for market in world.markets if market.event_ticker == event]
    for market in members:
        world.audit.touched(market.ticker)
    winner, scalar = world.rng.choice(members), world.rng.random() < 0.2
    for market in members:
        if scalar:
            world.exchange.settle(market.ticker, "scalar", money("0.20"))
        else:
            paid = money("1.00") if market is winner else money("0.00")
            world.exchange.settle(market.ticker, "yes" if market is winner else "no", paid)
    world.tell()
