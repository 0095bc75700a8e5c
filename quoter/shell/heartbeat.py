"""What the quoter says of itself once a second, in one small file: for `kwm status`, `kwm up` and the next run."""

import json
import os
from pathlib import Path
from typing import Any

from core.units import SECOND
from quoter.engine.rows import state_name
from quoter.engine.state import State

_WATCHDOG_SILENT_S = 30.0


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
        "refusals": c.refusals, "pnl": state.pnl_today(), "fees": state.fees, "realised": state.realised,
        "worst": state.total_loss, "worst_seen": state.worst_seen, "balance": state.balance, "day": state.day,
        "reasons": reasons,
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
    age = now_s - said.get("at", 0.0)
    if said.get("state") == "stopped" or age > _WATCHDOG_SILENT_S:
        return f"not running, last heard {age:,.0f} s ago"
    return f"FIRED: {said['fired']}" if said.get("fired") else "watching"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
