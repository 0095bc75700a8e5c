"""The shapes of what is not the engine's state: answers to commands, settings, flows, charts, the paper session.

The same units as in `models.py`.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

MOST_CHANGES = 60


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is accepted; an unknown field is an error."""


class Error(View, frozen=True, kw_only=True):
    """Why not, in words a person can act on."""

    error: str
    reason: str = ""


class Done(View, frozen=True, kw_only=True):
    """Accepted: the engine will see it next; the stream shows its effect."""

    ok: bool = True
    words: str = ""


class Reason(View, frozen=True, kw_only=True):
    """A reason's code, and what it means."""

    code: str
    words: str


class WindowView(View, frozen=True, kw_only=True):
    """A data release, around which quotes widen or are pulled (`widen` 0)."""

    start_ms: int
    end_ms: int
    widen: float
    reason: str


class Health(View, frozen=True, kw_only=True):
    """`alive` whenever this answers; `ready`: connected, reconciled, published; `stale` names what is old."""

    alive: bool
    ready: bool
    stale: list[str]
    reasons: list[str]
    feed_age_s: float | None
    publication_age_s: float | None


class Note(View, frozen=True, kw_only=True):
    """Something a person should have read."""

    at_ms: int
    kind: str
    words: str


class Series(View, frozen=True, kw_only=True):
    """One market through the day; every list as long as `at_ms`, cents, null where there was none."""

    ticker: str
    at_ms: list[int]
    fair_c: list[float | None]
    bid_c: list[float | None]
    ask_c: list[float | None]
    our_bid_c: list[float | None]
    our_ask_c: list[float | None]
    windows: list[WindowView]


class Curve(View, frozen=True, kw_only=True):
    """PnL today and the worst case, a point a minute: (ms, dollars, dollars)."""

    points: list[tuple[int, float, float]]


class Opportunity(View, frozen=True, kw_only=True):
    """One open weather market, as a place to quote. `edge_c`: what a filled contract is expected to earn a side."""

    ticker: str
    event: str
    series: str
    city: str
    variable: str
    day: str
    bracket: str
    score: float
    spread_c: float | None
    depth_contracts: float
    volume_contracts: float | None
    volume_24h_contracts: float | None
    fair_c: float | None
    mid_c: float | None
    gap_c: float | None
    edge_c: float | None
    fee_c: float | None
    adverse_c: float | None
    incentive: str
    left_usd: float | None
    quoted: str
    reasons: list[str]


class FlowRun(View, frozen=True, kw_only=True):
    """One run of a flow, as Prefect tells it."""

    flow: str
    run: str
    state: str
    started_at: str | None
    seconds: float
    url: str


class Flows(View, frozen=True, kw_only=True):
    """The latest run of every flow, newest first; `reachable` is false when the Prefect server does not answer."""

    reachable: bool
    words: str
    ui: str
    latest: list[FlowRun]
    runs: list[FlowRun]


class Setting(View, frozen=True, kw_only=True):
    """One setting: the value as the settings file writes it, whether it may change while we quote, what it means."""

    key: str
    value: Any
    live: bool
    words: str
    kind: str


class Config(View, frozen=True, kw_only=True):
    """Every setting in force; secrets hidden."""

    settings: list[Setting]


class Toggle(Body, frozen=True):
    """On or off."""

    enabled: bool


class Changes(Body, frozen=True):
    """Settings to change now, as `section.key`; `lasting` also writes them into the settings file."""

    changes: Annotated[dict[str, Any], Meta(min_length=1, max_length=MOST_CHANGES)]
    lasting: bool = False


class Changed(View, frozen=True, kw_only=True):
    """What changed, and where it was written ("" when only until the quoter ends)."""

    changed: dict[str, Any]
    written: str
    words: str


class Swept(View, frozen=True, kw_only=True):
    """What cancelling over REST found: `verified` means that the exchange was asked until nothing of ours rested."""

    cancelled: int
    left: int
    others: int
    verified: bool
    seconds: float
    troubles: list[str]


class PaperPoint(View, frozen=True, kw_only=True):
    """The paper session at an instant."""

    at_ms: int
    pnl_usd: float
    worst_usd: float
    orders: int
    fills: int


class PaperStatus(View, frozen=True, kw_only=True):
    """The paper session beside the live one."""

    running: bool
    started_at_ms: int | None
    pnl_usd: float
    worst_usd: float
    orders: int
    fills: int
    words: str
