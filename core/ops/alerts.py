"""From what is known of the running system to what a person must be told, and what they can do about it. Pure.

Knows neither where the facts come from nor how a message is delivered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.units import MONEY_PER_DOLLAR, Money

_MB = 1_000_000


class Kind(StrEnum):
    """What an alert is about. docs/runbook.md has a paragraph for each."""

    HALT = "halt"
    LIMIT = "limit near"
    FILLS = "fill burst"
    STALE = "data stale"
    DISCONNECT = "disconnect"
    DRIFT = "drift"
    WATCHDOG = "watchdog fired"
    SETTLEMENT = "settlement mismatch"
    SILENCE = "silence"
    DISK = "disk low"
    FLOW = "flow failed or late"
    BUG = "bug"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell. The same `key` is the same trouble: told once, then reminded of."""

    kind: Kind
    key: str
    words: str
    remedy: str
    urgent: bool = False
    after_s: float = 0.0  # only when it has been so for this long
    once: bool = False  # something that happened, not a state that ends


@dataclass(frozen=True, slots=True)
class Used:
    """A limit and how much of it is used."""

    name: str
    used: Money
    limit: Money


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the quoter's journal that was written for people."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class FlowTrouble:
    """A flow run that failed, or that should have begun and did not."""

    flow: str
    late_s: float  # 0 for a failure
    words: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From [alerts] in the settings."""

    silent_s: float
    limit_share: float
    fills_per_minute: int
    late_s: float
    min_free_mb: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at one moment. None = not known; ages in seconds."""

    beat_age_s: float | None = None
    state: str = ""
    halted: str = ""
    may_rest: int = 0  # of a quoter that was stopped: orders of which it could not prove that they are gone
    connected: bool = True
    shut: str = ""  # why the exchange takes no orders of anybody
    weekly_pause: bool = False  # its own, of which nobody need be woken
    publication_left_s: float | None = None
    used: Sequence[Used] = ()
    fills_last_minute: int = 0
    notes: Sequence[Note] = ()
    old_sources: Sequence[str] = ()  # "observations of KNYC: 4.1 h old"
    mismatches: Sequence[str] = ()
    flows: Sequence[FlowTrouble] = ()
    prefect_trouble: str = ""
    free_mb: float | None = None
    watchdog: str = ""  # what it did, once
    watchdog_age_s: float | None = None  # since its last word; None where none runs


def alerts(facts: Facts, wanted: Thresholds) -> list[Alert]:
    """Everything that is wrong now, or happened since the last look."""
    return [
        *_quoter(facts, wanted),
        *_limits(facts, wanted),
        *_data(facts),
        *_flows(facts, wanted),
        *_machine(facts, wanted),
        *_watchdog(facts, wanted),
        *(alert for note in facts.notes for alert in _note(note)),
    ]


def _quoter(facts: Facts, wanted: Thresholds) -> Iterator[Alert]:
    if facts.beat_age_s is None:
        yield Alert(Kind.SILENCE, "silence", "the quoter has not given a sign of life yet",
                    "is it started? data/logs/quoter.log says why not", urgent=True, after_s=60.0)  # fmt: skip
        return
    if facts.state == "stopped" and facts.may_rest:
        words = f"the quoter was stopped, and up to {facts.may_rest} of its orders may rest"
        yield Alert(Kind.SILENCE, "stopped", words,
                    "kwm kill until it says that none is left; they expire by themselves within [engine] order_life_s",
                    urgent=True)  # fmt: skip
        return
    if facts.state == "stopped":
        yield Alert(Kind.SILENCE, "stopped", "the quoter was stopped; nothing of ours rests",
                    "start it again with kwm up or systemctl --user start kwm-quoter", after_s=30.0)  # fmt: skip
        return
    if facts.beat_age_s > wanted.silent_s:
        yield Alert(Kind.SILENCE, "silence", f"the quoter has been silent for {facts.beat_age_s:.0f} s",
                    "kwm kill cancels our orders without it; then look at data/logs/quoter.log. Orders expire by"
                    " themselves within their lifetime", urgent=True)  # fmt: skip
        return
    if facts.halted:
        yield Alert(Kind.HALT, "halt", f"halted: {facts.halted}", "read why (kwm status, kwm pnl), then kwm resume",
                    urgent=True)  # fmt: skip
    if facts.shut and not facts.weekly_pause:
        what = "neither orders nor cancels" if facts.shut == "exchange_down" else "no orders"
        yield Alert(Kind.DISCONNECT, "shut", f"the exchange takes {what}, outside its weekly pause; nothing is quoted",
                    "its status page says why; quoting goes on by itself when it does", after_s=300.0)  # fmt: skip
    if not facts.connected and not facts.weekly_pause:
        yield Alert(Kind.DISCONNECT, "disconnect", "the exchange's stream is down; nothing is quoted",
                    "it reconnects by itself; if not: kwm doctor, and the exchange's status page",
                    after_s=30.0)  # fmt: skip
    if facts.fills_last_minute >= wanted.fills_per_minute:
        yield Alert(Kind.FILLS, "fills", f"{facts.fills_last_minute} fills in the last minute",
                    "look at kwm fills: is one side run over? kwm pause takes quotes away", urgent=True)  # fmt: skip


def _limits(facts: Facts, wanted: Thresholds) -> Iterator[Alert]:
    for one in facts.used:
        if one.limit > 0 and one.used >= wanted.limit_share * one.limit:
            yield Alert(
                Kind.LIMIT, f"limit {one.name}",
                f"{one.name}: ${one.used / MONEY_PER_DOLLAR:,.2f} of ${one.limit / MONEY_PER_DOLLAR:,.2f} used",
                "kwm risk and kwm positions show where; at the limit only reducing orders are placed, and a loss"
                " of the day halts",
            )  # fmt: skip


def _data(facts: Facts) -> Iterator[Alert]:
    left = facts.publication_left_s
    if left is not None and left <= 0:
        yield Alert(Kind.STALE, "publication", f"the publication expired {-left:.0f} s ago; nothing is quoted",
                    "are the flows running? The Prefect UI shows why publish failed; kwm flows run publish",
                    urgent=True, after_s=10.0)  # fmt: skip
    if facts.old_sources:
        shown = "; ".join(facts.old_sources[:5]) + (
            f"; and {len(facts.old_sources) - 5} more" if len(facts.old_sources) > 5 else ""
        )
        yield Alert(Kind.STALE, "sources", f"old data: {shown}",
                    "fair values widen or are withheld; see source_failures (kwm sql) and the ingest flow",
                    after_s=60.0)  # fmt: skip
    for line in facts.mismatches:
        yield Alert(Kind.SETTLEMENT, f"settlement {line.partition(':')[0]}", f"settlement mismatch: {line}",
                    "compare kwm fills with the exchange's own statement before trading on; docs/runbook.md",
                    urgent=True)  # fmt: skip


def _flows(facts: Facts, wanted: Thresholds) -> Iterator[Alert]:
    for one in facts.flows:
        if one.late_s:
            if one.late_s >= wanted.late_s:
                yield Alert(Kind.FLOW, f"late {one.flow}", f"flow {one.flow} is {one.late_s:.0f} s late",
                            "is the process that serves the flows alive? data/logs/flows.log",
                            after_s=30.0)  # fmt: skip
        else:
            yield Alert(Kind.FLOW, f"flow {one.flow}", f"flow {one.flow} failed: {one.words[:300]}",
                        "the Prefect UI has its log; it is tried again on schedule", once=True)  # fmt: skip
    if facts.prefect_trouble:
        yield Alert(Kind.FLOW, "prefect", f"the Prefect server does not answer: {facts.prefect_trouble}",
                    "data/logs/prefect.log; quotes end when the publication expires", after_s=90.0)  # fmt: skip


def _machine(facts: Facts, wanted: Thresholds) -> Iterator[Alert]:
    if facts.free_mb is not None and facts.free_mb < wanted.min_free_mb:
        yield Alert(Kind.DISK, "disk", f"{facts.free_mb:,.0f} MB left on the disk of the data folder",
                    "free space, or move old days of data/raw and data/journal to a backup (kwm backup)",
                    urgent=facts.free_mb < wanted.min_free_mb / 4)  # fmt: skip


def _watchdog(facts: Facts, wanted: Thresholds) -> Iterator[Alert]:
    if facts.watchdog:
        yield Alert(Kind.WATCHDOG, f"watchdog {facts.watchdog}", f"the watchdog fired: {facts.watchdog}",
                    "our orders were cancelled over REST; find out why the quoter hung before starting it",
                    urgent=True, once=True)  # fmt: skip
    if facts.watchdog_age_s is not None and facts.watchdog_age_s > max(30.0, wanted.silent_s):
        yield Alert(Kind.SILENCE, "watchdog silent", f"the watchdog has been silent for {facts.watchdog_age_s:.0f} s",
                    "if the quoter hangs now, only the orders' own expiry takes them away: data/logs/watchdog.log",
                    after_s=15.0)  # fmt: skip


_OF_NOTES: dict[str, tuple[Kind, str, bool]] = {
    "group": (Kind.FILLS, "fills came faster than the order group allows; the exchange cancelled the event", True),
    "position": (Kind.DRIFT, "kwm fills and the exchange's own fills: which one is missing?", True),
    "drift": (Kind.DRIFT, "kwm doctor --schema shows which field changed", True),
    "bug": (Kind.BUG, "the quoter cancelled its orders and started again; keep data/journal for the report", True),
    "fees": (Kind.DRIFT, "the dearer fee is reckoned with at once; kwm doctor shows what is charged where", False),
    "strikes": (Kind.DRIFT, "it is quoted again once the flows have read the new rules: kwm fair EVENT", False),
    "clock": (Kind.CLOCK, "the quoter goes on by itself; is the machine's clock kept by NTP (timedatectl)?", True),
    "watchdog": (Kind.WATCHDOG, "our orders were cancelled over REST; find out why the quoter hung", True),
    "reduce_only": (
        Kind.LIMIT,
        "only reducing orders are placed now; kwm pnl and kwm risk say where it comes from",
        True,
    ),
    "publication": (Kind.STALE, "a publication could not be used; the last good one is quoted until it expires", False),
}


def _note(note: Note) -> Iterator[Alert]:
    known = _OF_NOTES.get(note.kind)
    if known is not None:
        kind, remedy, urgent = known
        yield Alert(kind, f"note {note.kind} {note.words[:60]}", note.words, remedy, urgent=urgent, once=True)
    elif note.kind == "stopped" and note.words.startswith("NOT"):
        yield Alert(Kind.HALT, "not verified", note.words, "kwm kill, until it says that none is left",
                    urgent=True, once=True)  # fmt: skip


def words_of(found: Sequence[Alert]) -> str:
    """The text of one message: a line a trouble with its remedy below."""
    return "\n".join(f"{a.kind.value.upper()}: {a.words}\n  → {a.remedy}" for a in found)
