"""What the quoter says of itself once a second, in one small file: for `kwm status`, `kwm up` and the next run.

The next run takes from it what the day has earned and what a person (or a limit) had stopped: `Left`.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from core.units import SECOND, Instant, Money, Price, to_datetime
from quoter.engine import events as e
from quoter.engine.rows import state_name
from quoter.engine.state import DAILY_LOSS, LOSING, State
from quoter.why_stopped import stopped

_WATCHDOG_SILENT_S = 30.0
_STAMPS_S = 2.0  # a stamp of the same machine is no further ahead, unless its clock was set back


class Left(msgspec.Struct, frozen=True):
    """What a run leaves to the next; the rest of the heartbeat is for people and the watchdog."""

    day: str = ""
    pnl: Money = Money(0)
    halted: str = ""
    paused: bool = False
    reduce_only: str = ""
    off: list[str] = []
    accepted: Money = Money(0)
    peak: Money = Money(0)
    marks: dict[str, Price] = {}
    at: Instant = Instant(0)  # the engine's time then; ahead of the next run's own: the clock was set back since


def stops(state: State) -> tuple[str, bool, str, int]:
    """What is stopped, in short: when this changes, the next run must know, even if this one dies now."""
    return state.halted, state.paused, state.reduce_only, len(state.switched_off)


def left_of(state: State) -> Left:
    """What this run would leave if it died now."""
    off = sorted(state.switched_off)
    return Left(state.day, state.pnl_today(), state.halted, state.paused, state.reduce_only, off, state.accepted,
                state.peak, _marks(state), state.now)  # fmt: skip


def _marks(state: State) -> dict[str, Price]:
    """What a contract of each market that is held is taken to be worth."""
    held = ((ticker, market.mark()) for ticker, market in state.markets.items() if market.position)
    return {ticker: mark for ticker, mark in held if mark is not None}


def left_in(data: Path) -> Left:
    """What the last run left. A file that cannot be read may have said that a person stopped us: then we are halted."""
    path = path_of(data)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Left)
    except FileNotFoundError:
        return Left()
    except msgspec.MsgspecError as error:
        words = f"{path} is damaged ({error}): nobody knows whether we were stopped; kwm resume when that is right"
        return Left(halted=words)


def hold(data: Path, words: str) -> None:
    """A person stopped us while no quoter listened: the next run begins halted. One that never ran needs no telling,
    and a damaged file halts by itself."""
    try:
        said = msgspec.json.decode(path_of(data).read_bytes(), type=dict[str, Any])
    except (FileNotFoundError, msgspec.MsgspecError):
        return
    write(data, said | {"halted": said.get("halted") or words})


def started(left: Left, run: str, now: Instant) -> e.Started:
    """The first event of a run; what an earlier day earned is not carried over. A day that has not come yet was this
    one by a clock that has been set back since: what it lost is lost."""
    today = to_datetime(now).date().isoformat()
    same = left.day >= today
    if not same:
        left = msgspec.structs.replace(left, pnl=Money(0), accepted=Money(0), peak=Money(0), marks={})
    halted = f"a new day after: {left.halted}" if not same and left.halted.startswith(DAILY_LOSS) else left.halted
    reduce_only = "" if not same and left.reduce_only.startswith(LOSING) else left.reduce_only
    return e.Started(now, run, today, left.pnl, halted, left.paused, reduce_only, tuple(left.off), left.accepted,
                     left.peak, left.at, left.marks)  # fmt: skip


def path_of(data: Path) -> Path:
    """Where it lies."""
    return data / "live" / "quoter.json"


def beat(state: State, pid: int) -> dict[str, Any]:
    """The engine in a few numbers; money in millionths of a dollar."""
    c = state.counters
    reasons: dict[str, int] = {}
    quoting = 0
    for market in state.markets.values():
        if market.fair is None:
            continue
        quoting += bool(market.desired)
        for reason in {*market.bid_reasons, *market.ask_reasons}:
            reasons[reason] = reasons.get(reason, 0) + 1
    event = max(state.events.values(), key=lambda found: found.loss, default=None)
    city = max(state.city_loss.items(), key=lambda item: item[1], default=None)
    published = state.publication.published_at if state.publication is not None else None
    return {
        "pid": pid, "host": os.uname().nodename, "run": state.run, "at": state.now, "state": state_name(state),
        "halted": state.halted, "paused": state.paused, "connected": state.connected, "markets": len(state.markets),
        "quoting": quoting, "working": state.working(), "publications": c.publications, "events": c.events,
        "actions": c.actions, "quotes": c.quotes, "orders_sent": c.orders_sent, "amends": c.amends,
        "cancels": c.cancels, "fills": c.fills, "errors": c.errors, "rejections": c.rejections,
        "accepted": state.accepted, "peak": state.peak, "marks": _marks(state),
        "max_daily_loss": state.max_daily_loss(),
        "refusals": c.refusals, "pnl": state.pnl_today(), "fees": state.fees, "realised": state.realised,
        "worst": state.total_loss, "worst_seen": state.worst_seen, "balance": state.balance, "day": state.day,
        "stopped": stopped(state), "shut": state.shut_now(),
        "reasons": reasons, "reduce_only": state.reduce_only, "off": sorted(state.switched_off),
        "worst_event": [event.ticker, event.loss] if event is not None else None,
        "worst_city": list(city) if city is not None else None,
        "publication_age_s": None if published is None else (state.now - published) / SECOND,
    }  # fmt: skip


def write(data: Path, shown: dict[str, Any]) -> None:
    """Atomically; a reader sees the old or the new one."""
    path = path_of(data)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(shown))
    os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point


def last(data: Path) -> dict[str, Any]:
    """The last one written, or an empty one before the first."""
    return _read(path_of(data))


def watchdog_path(data: Path) -> Path:
    """What the watchdog last did, for people, alerts and the status."""
    return data / "live" / "watchdog.json"


def watchdog_words(data: Path, now_s: float) -> str:
    """One line on the watchdog; `now_s` is wall time since the epoch."""
    said = _read(watchdog_path(data))
    if not said:
        return "not running: nobody takes our orders away when the quoter hangs (kwm watchdog)"
    at = said.get("at")
    age = now_s - at if isinstance(at, int | float) else now_s
    if age < -_STAMPS_S:
        return (
            f"not known to run: its last word is stamped {-age:,.0f} s ahead of our time. Was the clock set back? It"
            " speaks every 5 s: ask again"
        )
    if said.get("state") == "stopped" or age > _WATCHDOG_SILENT_S:
        return f"not running, last heard {age:,.0f} s ago"
    return f"FIRED: {said['fired']}" if said.get("fired") else "watching"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):  # gone, not ours to read, half written, no JSON
        return {}
    return found if isinstance(found, dict) else {}
