"""One line that says how everything is. Pure."""

from typing import Any

from core.money_words import dollars
from core.units import MONEY_PER_DOLLAR
from core.up.supervisor import Running


def status_line(beat: dict[str, Any] | None, flow_runs: dict[str, int] | str, running: dict[str, Running]) -> str:
    """From the quoter's last heartbeat, the flow runs by state, and the processes."""
    parts = [_quoter(beat)]
    if isinstance(flow_runs, str):
        parts.append(flow_runs)
    else:
        bad = sum(flow_runs.get(state, 0) for state in ("failed", "crashed"))
        parts.append(f"flows {flow_runs.get('completed', 0)} ok" + (f", {bad} FAILED" if bad else ""))
    restarts = {name: one.restarts for name, one in running.items() if one.restarts}
    if restarts:
        parts.append("restarted " + ", ".join(f"{name} {number}x" for name, number in restarts.items()))
    return " | ".join(parts)


def _quoter(beat: dict[str, Any] | None) -> str:
    if beat is None:
        return "quoter: no heartbeat yet"
    words = [f"quoter {beat.get('state', '?')}"]
    for key, name in (("quoting", "markets quoted"), ("working", "orders"), ("fills", "fills")):
        if isinstance(beat.get(key), int):
            words.append(f"{beat[key]} {name}")
    if beat.get("state") == "waiting" and (why := beat.get("stopped")):
        words[0] += f" ({why[0]})"
    for key, name in (("pnl", "PnL"), ("worst", "worst case")):
        if isinstance(beat.get(key), int):
            words.append(f"{name} {dollars(beat[key] / MONEY_PER_DOLLAR)}")
    age = beat.get("publication_age_s")
    if isinstance(age, int | float):
        words.append(f"publication {age:.0f} s old")
    return ", ".join(words)
