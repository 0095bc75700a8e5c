"""What was told when: the same trouble once, a reminder now and then, its end, and never more messages than a person
bears. Pure: time is an argument (wall seconds), and the memory is a value that outlives a restart as JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from core.ops.alerts import Alert

_HOUR_S = 3600.0
_LONGEST_S = 600.0  # between two tries


class Trouble(msgspec.Struct):
    """One key's history."""

    since: float
    told: float | None = None
    words: str = ""
    seen: float = 0.0
    once: bool = False


class Memory(msgspec.Struct):
    """All of it; written to data/live/alerts.json."""

    troubles: dict[str, Trouble] = {}
    waiting: dict[str, str] = {}  # key -> text of what could not be told yet
    urgent_waiting: bool = False
    sent: list[float] = []
    failed_until: float = 0.0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a person is spoken to, in seconds and messages."""

    gap_s: float
    remind_s: float
    per_hour: int


def learn(memory: Memory, found: Sequence[Alert], now: float, pace: Pace) -> None:
    """Take note of what is wrong now; what a person must hear goes to `waiting`."""
    _not_of_the_future(memory, now)
    for alert in found:
        trouble = memory.troubles.get(alert.key)
        if trouble is None:
            trouble = memory.troubles[alert.key] = Trouble(now, once=alert.once)
        trouble.seen, trouble.words = now, alert.words
        quiet = trouble.told is not None and now - trouble.told < pace.remind_s
        if now - trouble.since < alert.after_s or quiet or alert.key in memory.waiting:
            continue
        reminder = "" if trouble.told is None or alert.once else "still: "
        memory.waiting[alert.key] = f"{reminder}{alert.kind.value.upper()}: {alert.words}\n  → {alert.remedy}"
        memory.urgent_waiting = memory.urgent_waiting or (alert.urgent and not reminder)
    present = {alert.key for alert in found}
    for key, trouble in list(memory.troubles.items()):
        if key in present:
            continue
        if trouble.once:
            if now - trouble.seen > pace.remind_s:
                del memory.troubles[key]
            continue
        if trouble.told is not None:
            memory.waiting[key] = f"over: {trouble.words}"
        elif key in memory.waiting:
            memory.waiting[key] += f"\n  (over after {now - trouble.since:.0f} s)"
        del memory.troubles[key]


def _not_of_the_future(memory: Memory, now: float) -> None:
    """After the clock was set back a message of "tomorrow" would keep a person waiting until then."""
    for trouble in memory.troubles.values():
        trouble.since, trouble.seen = min(trouble.since, now), min(trouble.seen, now)
        trouble.told = None if trouble.told is None else min(trouble.told, now)
    memory.sent = [min(at, now) for at in memory.sent]
    memory.failed_until = min(memory.failed_until, now + _LONGEST_S)


def message(memory: Memory, now: float, pace: Pace) -> str:
    """What to send now, or "" when there is nothing, or not yet. An urgent trouble does not wait for the gap."""
    if not memory.waiting or now < memory.failed_until:
        return ""
    memory.sent = [at for at in memory.sent if now - at < _HOUR_S]
    most = pace.per_hour * (2 if memory.urgent_waiting else 1)
    if len(memory.sent) >= most:
        return ""
    if memory.sent and now - memory.sent[-1] < pace.gap_s and not memory.urgent_waiting:
        return ""
    return "\n".join(memory.waiting.values())


def told(memory: Memory, now: float) -> None:
    """The message was delivered."""
    for key in memory.waiting:
        if key in memory.troubles:
            memory.troubles[key].told = now
    memory.waiting, memory.urgent_waiting = {}, False
    memory.sent.append(now)
    memory.failures, memory.failed_until = 0, 0.0


def not_told(memory: Memory, now: float) -> None:
    """It was not: try again after 10 s, 20 s, ... 10 min; nothing is forgotten."""
    memory.failures += 1
    memory.failed_until = now + min(_LONGEST_S, 10.0 * 2 ** (memory.failures - 1))
