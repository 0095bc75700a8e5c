"""What happened while everything ran: one JSON document, for people, tests and long runs."""

import json
from pathlib import Path
from typing import Any

from core.errors import Malformed
from core.up.supervisor import Running


def heartbeat(data: Path) -> dict[str, Any] | None:
    """The quoter's last heartbeat (`data/live/quoter.json`), or None before the first. Raises: Malformed."""
    path = data / "live" / "quoter.json"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        beat = json.loads(raw)
    except ValueError as error:
        raise Malformed("quoter.json", raw[:40], "not JSON") from error
    if not isinstance(beat, dict):
        raise Malformed("quoter.json", raw[:40], "not an object")
    return beat


class Observations:
    """The quoter's counters over a whole `kwm up`, across its restarts: each life's last figures, added up."""

    ADDED = ("publications", "events", "actions", "orders_sent", "fills", "errors", "quotes")

    def __init__(self) -> None:
        self.lives: dict[Any, dict[str, Any]] = {}
        self.worst_seen = 0
        self.reasons: dict[str, int] = {}

    def see(self, beat: dict[str, Any]) -> None:
        """Take note of one heartbeat."""
        self.lives[beat.get("pid")] = beat
        worst = beat.get("worst", 0)
        self.worst_seen = max(self.worst_seen, worst if isinstance(worst, int) else 0)
        for reason, number in (beat.get("reasons") or {}).items():
            self.reasons[reason] = max(self.reasons.get(reason, 0), number)

    def totals(self) -> dict[str, int]:
        """Counters added over the lives of the quoter."""
        return {key: sum(int(life.get(key) or 0) for life in self.lives.values()) for key in self.ADDED}


def process_rows(running: dict[str, Running]) -> dict[str, dict[str, Any]]:
    """Restarts, peak memory and CPU seconds of each process, children included."""
    return {
        name: {
            "restarts": one.restarts,
            "alive": one.alive or one.ended,
            "peak_mib": round(one.peak_rss / 2**20, 1),
            "cpu_s": round(one.cpu_s + one.live_cpu_s, 1),
        }
        for name, one in running.items()
    }


def document(
    seen: Observations, running: dict[str, Running], flow_runs: dict[str, int] | str, took_s: float, speed: float
) -> dict[str, Any]:
    """The report. Amounts of money in millionths of a dollar, as everywhere."""
    last = next(reversed(seen.lives.values()), {}) if seen.lives else {}
    return {
        "took_s": round(took_s, 1),
        "speed": speed,
        "totals": seen.totals(),
        "worst_case_loss_seen": seen.worst_seen,
        "reasons_not_quoted": dict(sorted(seen.reasons.items(), key=lambda item: -item[1])),
        "flow_runs": flow_runs,
        "processes": process_rows(running),
        "quoter": last,
    }
