"""The engine over a made-up day: money adds up, nothing later is known earlier, the same input gives the same run."""

import msgspec
import pytest

from core.units import HOUR, MINUTE, SECOND
from quoter.backtest.job import Arm, Belief, FillModel, Latency
from tests.quoter.backtest import day

pytestmark = pytest.mark.slow  # each runs the engine over a whole day
BASE = Arm("base")


@pytest.mark.parametrize("model", list(FillModel))
@pytest.mark.parametrize("fee", [0, 17_500])
def test_cash_is_conserved_from_the_fills_to_the_engines_own_ledger(model: FillModel, fee: int) -> None:
    found = day.cell(Arm(model.value, model, maker_fee=fee))
    assert len(found.fills) > 20
    assert found.pnl == found.engine_pnl, "what the fills are worth at settlement is what the engine says it earned"
    assert sum(row["pnl"] for row in found.rows) == pytest.approx(found.pnl / 1e6)
    assert (found.fees > 0) is (fee > 0)


def test_the_pessimist_fills_least_over_a_day() -> None:
    """Base and optimistic are not ordered over a day: a fill more moves what is quoted next. Of one order they are."""
    pessimistic, base, optimistic = (
        sum(f.size for f in day.cell(Arm("x", model)).fills)
        for model in (FillModel.PESSIMISTIC, FillModel.BASE, FillModel.OPTIMISTIC)
    )
    assert pessimistic < base and pessimistic < optimistic


def test_the_same_past_gives_the_same_actions() -> None:
    first, second = day.bench(BASE), day.bench(BASE)
    first.run(), second.run()
    assert first.log and first.log == second.log


def test_nothing_after_a_moment_changes_what_was_done_before_it() -> None:
    """The future is cut away and replaced: the actions up to then are the same."""
    whole = day.bench(BASE)
    whole.run()
    middle = day.event().open_at + 20 * HOUR
    told = [row for row in day.rows() if row.published_at <= middle]
    short = day.bench(BASE, told=told, trades=day.cut(day.prints(), middle), pays=4)
    short.run()
    assert whole.log is not None and short.log is not None
    before = [entry for entry in whole.log if entry[0] <= middle]
    assert len(before) > 100
    assert before == [entry for entry in short.log if entry[0] <= middle]


def test_timers_that_come_more_often_change_nothing() -> None:
    seldom, often = day.bench(BASE), day.bench(BASE, timer_every=20 * SECOND)
    assert seldom.run().fills == often.run().fills


def test_a_slower_wire_is_another_run() -> None:
    slow = day.cell(Arm("slow", latency=Latency(5_000.0, 5_000.0, 5_000.0, 60_000.0)))
    assert slow.fills != day.cell(BASE).fills
    assert slow.pnl == slow.engine_pnl


def test_limits_hold_and_nothing_fills_after_the_close_or_in_a_pause() -> None:
    found = day.cell(Arm("o", FillModel.OPTIMISTIC))
    one = day.event()
    assert 0 < found.worst <= day.SETTINGS.risk.max_loss_event
    assert all(one.open_at < f.at < one.close_at for f in found.fills)
    stop = day.SETTINGS.quoting.stop_before_close_s * SECOND
    assert all(f.at < one.close_at - stop + MINUTE for f in found.fills), "quotes are gone before the last minutes"


def test_without_a_fair_value_nothing_is_traded() -> None:
    blind = [row._replace(fair=None) for row in day.rows()]
    assert not day.bench(BASE, told=blind).run().fills
    assert day.bench(Arm("m", belief=Belief.MARKET), told=blind).run().fills, "another belief still speaks"


def test_without_a_result_the_position_is_valued_at_the_last_middle() -> None:
    found = day.bench(BASE, pays=-1).run()
    assert found.fills and not found.settled and found.pnl == found.pnl


def test_a_job_is_what_it_says() -> None:
    with pytest.raises(msgspec.ValidationError, match="fill"):
        msgspec.json.decode(b'{"name":"x","fill":"wishful"}', type=Arm)
