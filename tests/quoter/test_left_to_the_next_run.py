"""What a person stopped is stopped in the next run too, however this one ends."""

import time
from pathlib import Path
from typing import Any

import msgspec

from core import config
from core import messages as m
from core.clock import Clock
from core.exchange.credentials import make_embedded_key
from core.units import SECOND, Count, Instant, Money, Price, instant
from quoter.engine import events as e
from quoter.engine.actions import AskFills
from quoter.engine.config import engine_config
from quoter.engine.state import new_state
from quoter.engine.step import step
from quoter.shell import heartbeat
from quoter.shell.live import Live

MARKET, EVENT = "KXHIGHNY-26NOV25-B46.5", "KXLOWTMIA-26NOV25"
NOON = instant("2026-11-24T12:00:00Z")


def run(folder: Path) -> Live:
    """A run that begins on what the last one left."""
    make_embedded_key(folder)
    (folder / "live").mkdir(parents=True, exist_ok=True)
    live = Live(config.load({"KWM_STORAGE__DATA": str(folder)}), Clock())
    live.begin()
    return live


def say(live: Live, kind: Any, *words: Any) -> None:
    live.handle(kind(live.clock.now(), "a person", *words))


async def test_a_market_and_an_event_switched_off_stay_off_after_a_kill(tmp_path: Path) -> None:
    first = run(tmp_path)
    say(first, e.Toggled, MARKET, False)
    say(first, e.Toggled, EVENT, False)
    second = run(tmp_path)  # the first was killed: nothing more was written
    assert second.state.switched_off == {MARKET, EVENT}
    assert not second.state.market(MARKET).enabled
    assert not second.state.market(f"{EVENT}-T70").event.enabled
    say(second, e.Toggled, MARKET, True)
    assert run(tmp_path).state.switched_off == {EVENT}


async def test_reduce_only_halt_and_pause_outlive_a_kill(tmp_path: Path) -> None:
    first = run(tmp_path)
    say(first, e.ReduceOnly, True)
    say(first, e.Paused)
    second = run(tmp_path).state
    assert (second.reduce_only, second.paused, second.halted) == ("by a person", True, "")


async def test_a_damaged_heartbeat_halts_the_next_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    first = run(tmp_path)
    say(first, e.Paused)
    heartbeat.path_of(tmp_path).write_bytes(b'{"halted": ')
    second = run(tmp_path)
    assert "is damaged" in second.state.halted
    assert "kwm resume" in second.state.halted
    assert msgspec.json.decode(heartbeat.path_of(tmp_path).read_bytes())["halted"] == second.state.halted


def test_what_yesterday_earned_is_not_carried_over_and_what_it_stopped_is() -> None:
    left = heartbeat.Left("2026-11-23", Money(-5_000_000), "because", off=[MARKET])
    said = heartbeat.started(left, "r2", Instant(NOON))
    assert (said.pnl_carried, said.halted, said.off) == (0, "because", (MARKET,))
    same_day = heartbeat.started(msgspec.structs.replace(left, day="2026-11-24"), "r2", Instant(NOON))
    assert same_day.pnl_carried == -5_000_000


def test_what_filled_between_two_runs_is_asked_for_by_the_second(tmp_path: Path) -> None:
    """While a run ends its orders may fill, and those of one that was killed for minutes: nobody was told of it, and
    the lake knows only of fills that some run was told of."""
    heartbeat.write(tmp_path, heartbeat.beat(run(tmp_path).state, 1))
    left = heartbeat.left_in(tmp_path)
    state = new_state(engine_config(config.load({})), "r2", Instant(left.at + 3_600 * SECOND))
    step(state, heartbeat.started(left, "r2", state.now))
    (asked,) = [a for a in step(state, m.Connected(state.now)) if isinstance(a, AskFills)]
    assert left.at - 61 * SECOND <= asked.since <= left.at - 60 * SECOND
    market = state.market(MARKET)
    step(state, m.Fill(state.now, "t1", "x1", MARKET, m.Side.BID, Price(2000), Count(1000), Money(0), False,
                       Instant(left.at + SECOND)))  # fmt: skip
    assert (market.position, state.counters.fills) == (0, 0), "the positions that are taken over hold it"


async def test_runs_sort_as_they_began_over_the_turn_of_the_year(tmp_path: Path) -> None:
    """So do the journal's files of a day in which one run ended that began in December, and another began."""
    make_embedded_key(tmp_path)
    settings, wall = config.load({"KWM_STORAGE__DATA": str(tmp_path)}), time.time_ns()
    began = [instant(at) for at in ("2026-12-31T23:59:59Z", "2027-01-01T00:30:00Z", "2027-02-01T00:00:00Z")]
    runs = [Live(settings, Clock(1.0, wall, at)).run for at in began]
    assert runs == sorted(runs)
    assert runs[0] > "1231235959ffff", "and after all that were named without the year"


def test_what_was_killed_while_nobody_listened_begins_halted(tmp_path: Path) -> None:
    heartbeat.hold(tmp_path, "killed by a person")
    assert heartbeat.left_in(tmp_path) == heartbeat.Left(), "it never ran: nothing is invented"
    heartbeat.write(tmp_path, heartbeat.beat(run(tmp_path).state, 1))
    heartbeat.hold(tmp_path, "killed by a person")
    assert heartbeat.left_in(tmp_path).halted == "killed by a person"
    heartbeat.hold(tmp_path, "again")
    assert heartbeat.left_in(tmp_path).halted == "killed by a person"
