"""A market maker in a bad crowd: the truth jumps, its beliefs lag, and somebody who knows takes what is wrong."""

from dataclasses import replace

import pytest

from core.contract import Fees
from core.fees import MAKER_QUARTER, TAKER
from core.units import SECOND, Count, Duration, Money, money
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.state import State
from quoter.engine.step import step
from quoter.shell.world import World
from quoter.shell.world_crowd import US
from quoter.shell.world_plan import Faults, Plan

pytestmark = pytest.mark.slow
LIMIT = money("5.00")
_NONE = Faults(**dict.fromkeys(Faults.__dataclass_fields__, 0.0))


def adverse(plan: Plan) -> Plan:
    """Nothing fails, everybody knows better than we do, and our limits per event would let us lose far more."""
    limits = replace(
        plan.config.limits, max_loss_event=money("60.00"), max_loss_city=money("150.00"),
        max_loss_total=money("300.00"), max_position=Count(10_000), max_stress_event=money("250.00"),
    )  # fmt: skip
    plain = replace(
        plan.config.quote, reservation="linear", spread="linear", size_by="fixed", stop_loss=Money(0), requote="ticks"
    )
    config = replace(
        plan.config, limits=limits, quote=plain, max_daily_loss=LIMIT, max_drawdown=money("1000.00"),
        order_groups=False, reduce_only_at=1.0,
    )  # fmt: skip  # the other brakes would stop it sooner
    charged = tuple(replace(market, fees=Fees(TAKER, MAKER_QUARTER)) for market in plan.markets)
    return replace(
        plan, config=config, markets=charged, faults=_NONE, jump=0.5, lasts=Duration(200 * SECOND), closing="",
        ends_halted=False, journals=False,
    )  # fmt: skip


class Watched:
    """The engine, with what its ledger said at each tick, and when it stopped."""

    def __init__(self) -> None:
        self.pnl: list[Money] = []
        self.fees_at_stop, self.pnl_at_stop, self.sent_after = Money(0), None, 0

    def step(self, state: State, event: e.Event) -> list[Action]:
        actions = step(state, event)
        if isinstance(event, e.Timer) and not state.halted:
            self.pnl.append(state.pnl_today())
        if state.halted and self.pnl_at_stop is None:
            self.pnl_at_stop, self.fees_at_stop = state.pnl_today(), state.fees
        elif self.pnl_at_stop is not None:
            self.sent_after += sum(type(getattr(a, "request", None)).__name__ == "PlaceOrder" for a in actions)
        return actions


def test_losing_runs_stop_at_their_daily_limit_fees_included() -> None:
    stopped = 0
    for seed in range(1, 9):
        watched = Watched()
        world = World(seed, step_=watched.step, change=adverse).run()
        if watched.pnl_at_stop is not None:
            stopped += 1
            stopped_well(world, watched)
        else:
            assert min(watched.pnl) > -LIMIT, f"seed {seed} lost its limit and went on"
    assert stopped >= 4, "a crowd this bad stops most of them"


def stopped_well(world: World, watched: Watched) -> None:
    state, account = world.state, world.exchange.accounts[US]
    assert state.halted.startswith("daily loss limit reached")
    assert watched.pnl_at_stop is not None
    assert watched.fees_at_stop > 0, "fees are part of what was lost"
    before = watched.pnl[-1]
    assert -before < LIMIT <= -watched.pnl_at_stop, "it stopped at the first tick beyond the limit, and not before"
    assert watched.sent_after == 0
    assert state.working() == 0
    marks = sum(x.position * (x.mark() or 0) for x in state.markets.values())
    assert state.pnl_today() == account.cash - world.cash + marks, "what it counts is what the exchange has"
    fees = sum(fill.fee for _, fill in world.exchange.fill_log)
    assert state.fees == fees
