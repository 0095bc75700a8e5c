"""What one seed makes of a world: events, limits, clocks, how long it lasts, its faults, how it ends. Pure.

Money limits are tight in most worlds, so that forgetting one order of a few contracts breaks them.
"""

import random
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from core import config
from core.contract import Fees, Market
from core.exchange.listing import ladder
from core.fees import MAKER_QUARTER, TAKER
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, SECOND, Count, Duration, Instant, Money, from_datetime, money
from quoter.engine.config import EngineConfig, engine_config

START: Final = from_datetime(datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
FAR: Final = Duration(12 * HOUR)
RESTLESS: Final = ("halt", "pause", "cancel", "switch", "reduce", "limits")
_BEHIND: Final = (0.0, 0.0, 0.15, 0.6)  # of a read, by world: the exchange's lists keep up, or they lag
_SLOW: Final = (0.0, 0.01, 0.01, 0.06)  # a second, by world: its answers begin to take seconds
_EVENTS: Final = (("KNYC", Variable.HIGH), ("KNYC", Variable.LOW), ("KMIA", Variable.HIGH))


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances per request, message or second; how long the longer ones last is drawn when they strike."""

    never_arrives: float = 0.02
    refused: float = 0.02
    ack_lost: float = 0.03
    accepted_then_5xx: float = 0.02
    late: float = 0.02
    duplicate_fill: float = 0.1
    reorder: float = 0.15
    lost_message: float = 0.004
    lost_snapshot: float = 0.05
    broken_page: float = 0.05
    torn_page: float = 0.2
    behind: float = 0.0  # of a read: it is of a while ago
    no_as_of: float = 0.02  # of a read: nobody says of when it is
    crash: float = 0.0008
    # per second
    disconnect: float = 0.012
    seq_reset: float = 0.01
    silence: float = 0.012
    slowness: float = 0.015
    throttle_storm: float = 0.012
    slow_answers: float = 0.012
    unreadable: float = 0.015
    pause: float = 0.012
    market_off: float = 0.01
    operator: float = 0.04
    refused_publication: float = 0.02
    late_flows: float = 0.01
    by_hand: float = 0.03


@dataclass(frozen=True, slots=True)
class Plan:
    """One seed's world before anything happens in it."""

    config: EngineConfig
    markets: tuple[Market, ...]
    lasts: Duration
    closing: str  # the event that closes and is paid out during the world, "" for none
    skew: Duration  # the exchange's clock less ours
    ends_halted: bool
    journals: bool  # keep a journal, and run it again at the end
    faults: Faults
    stamped: bool = True  # does the exchange say of when its lists are, and its orders?
    jump: float = 0.05  # chance a second that the truth jumps, and published beliefs are wrong
    habits: tuple[str, ...] = ("halt", "pause", "cancel", "switch")  # what the person at the controls does


def plan_of(seed: int) -> Plan:
    """The world of a seed. The draws are its own: what happens later does not move them."""
    rng = random.Random(f"plan {seed}")
    base = _base()
    loss = rng.choice((4, 8, 16, 60))
    limits = replace(
        base.limits,
        max_loss_event=money(f"{loss}.00"),
        max_loss_station_day=Money(money(f"{loss}.00") * 3 // 2),
        max_loss_city=money(f"{loss * rng.choice((1, 2))}.00"),
        max_loss_total=money(f"{loss * rng.choice((2, 3))}.00"),
        max_position=Count(rng.choice((1_000, 2_000, 10_000))),
        max_stress_event=Money(money("10.00") * loss),
    )
    quote = replace(
        base.quote, levels=rng.choice((1, 1, 2, 3)), stop_before_close=Duration(5 * SECOND),
        reservation=rng.choice(("none", "linear", "exponential", "cara")), spread=rng.choice(("linear", "logit")),
        requote=rng.choice(("ticks", "queue")), size_by=rng.choice(("fixed", "fixed", "headroom")),
        stop_loss=Money(money("1.00") * rng.choice((0, 0, 0, 2))),
    )  # fmt: skip
    told = replace(
        base, limits=limits, quote=quote, order_life=Duration(20 * SECOND), refresh_before=Duration(7 * SECOND),
        reconcile=Duration(rng.choice((5, 8, 12)) * SECOND), book_stale=Duration(8 * SECOND),
        ack_timeout=Duration(3 * SECOND), group_reset=Duration(4 * SECOND), empty_books=True,
    )  # fmt: skip
    lasts = Duration(rng.randint(20, 44) * SECOND)
    markets: list[Market] = []
    closing = ""
    for number in range(rng.choice((2, 2, 2, 3))):
        made = _ladder(number)
        if number == 1 and rng.random() < 0.3:
            closing = made[0].event_ticker
            closes = Instant(START + lasts * 2 // 3)
            made = tuple(replace(market, close_at=closes) for market in made)
        markets += made
    skew = Duration(round(rng.uniform(-0.8, 0.8) * SECOND))
    ends_halted = rng.random() < 0.25
    faults = replace(Faults(), behind=rng.choice(_BEHIND), slow_answers=rng.choice(_SLOW))
    stamped = not faults.behind or rng.random() < 0.8
    return Plan(told, tuple(markets), lasts, closing, skew, ends_halted, seed % 16 == 5, faults, stamped)


def harsher(seed: int, plan: Plan) -> Plan:
    """The same world on worse days than there are, of four kinds by seed: it dies and is switched all the time; every
    wire is worse; words cross; each fault by a factor of its own. Chances stay below three in five."""
    rng, faults = random.Random(f"harsh {seed}"), plan.faults
    names = [one.name for one in fields(faults)]
    factors = dict.fromkeys(names, 1.0)
    match seed % 4:
        case 0:
            factors |= {"operator": 8.0, "crash": 5.0}
        case 1:
            factors = dict.fromkeys(names, 3.0) | {"crash": 1.0, "operator": 1.0}
        case 2:
            factors |= {
                "crash": 8.0,
                "reorder": 3.5,
                "duplicate_fill": 4.0,
                "torn_page": 2.5,
                "ack_lost": 3.5,
                "late": 4.0,
            }
        case _:
            factors = {name: rng.choice((0.0, 0.3, 1.0, 2.0, 5.0)) for name in names}
    worse = {name: min(0.6, getattr(faults, name) * factors[name]) for name in names}
    return replace(plan, faults=replace(faults, **worse), jump=rng.choice((0.05, 0.2)), habits=RESTLESS)


@lru_cache(1)
def _base() -> EngineConfig:
    return engine_config(config.load({}, None))


@lru_cache(8)
def _ladder(number: int) -> tuple[Market, ...]:
    code, variable = _EVENTS[number]
    day = StationDay(BY_CODE[code], variable, datetime(2026, 11, 24, tzinfo=UTC).date())
    fees = Fees(TAKER, MAKER_QUARTER if number == 0 else 0)
    return tuple(
        replace(market, fees=fees, close_at=Instant(START + FAR)) for market in ladder(day, 44, Instant(START - HOUR))
    )
