"""The shapes of everything the API says and accepts: one struct each, from which the OpenAPI document is made.

Units are in the names: `_usd` dollars, `_c` cents, `_s` seconds, `_ms` an instant in milliseconds since the epoch, UTC,
`_f` degrees Fahrenheit, `contracts`. What has no such name is a count, a share, or whole degrees: docs/json.md says
which. Floats here are for eyes only: nothing is computed from them.
"""

import msgspec

from quoter.dashboard.models_control import Body as Body
from quoter.dashboard.models_control import Changed as Changed
from quoter.dashboard.models_control import Changes as Changes
from quoter.dashboard.models_control import Config as Config
from quoter.dashboard.models_control import Curve as Curve
from quoter.dashboard.models_control import Done as Done
from quoter.dashboard.models_control import Error as Error
from quoter.dashboard.models_control import FlowRun as FlowRun
from quoter.dashboard.models_control import Flows as Flows
from quoter.dashboard.models_control import Health as Health
from quoter.dashboard.models_control import Note as Note
from quoter.dashboard.models_control import Opportunity as Opportunity
from quoter.dashboard.models_control import PaperPoint as PaperPoint
from quoter.dashboard.models_control import PaperStatus as PaperStatus
from quoter.dashboard.models_control import Reason as Reason
from quoter.dashboard.models_control import Series as Series
from quoter.dashboard.models_control import Setting as Setting
from quoter.dashboard.models_control import Swept as Swept
from quoter.dashboard.models_control import Toggle as Toggle
from quoter.dashboard.models_control import View as View
from quoter.dashboard.models_control import WindowView as WindowView


class Limits(View, frozen=True, kw_only=True):
    """The limits in force."""

    total_usd: float | None
    event_usd: float | None
    city_usd: float | None
    daily_usd: float | None
    drawdown_usd: float | None
    position_contracts: float


class Counters(View, frozen=True, kw_only=True):
    """Of this run."""

    events: int
    orders: int
    amends: int
    cancels: int
    fills: int
    errors: int
    refusals: dict[str, int]
    rejections: dict[str, int]


class Status(View, frozen=True, kw_only=True):
    """The header: alive, holding, can lose, why not quoting."""

    state: str
    environment: str
    run: str
    now_ms: int
    halted: str
    paused: bool
    reduce_only: str
    connected: bool
    feed_age_s: float | None
    publication: str | None
    publication_age_s: float | None
    publication_left_s: float | None
    publication_trouble: str
    model: str | None
    markets: int
    markets_quoted: int
    working: int
    held: int
    pnl_usd: float | None
    realised_usd: float | None
    fees_usd: float | None
    balance_usd: float | None
    worst_usd: float | None
    worst_seen_usd: float | None
    lost_today_usd: float | None
    limits: Limits
    counters: Counters
    reasons: list[str]
    to_do: list[str]
    not_quoted: dict[str, int]


class OwnOrder(View, frozen=True, kw_only=True):
    """One order of ours inside a market."""

    price_c: float
    contracts: float
    life: str
    id: str


class MarketView(View, frozen=True, kw_only=True):
    """One market: book, fair, quote, inventory, and why a side is not quoted."""

    ticker: str
    event: str
    bracket: str
    low: int | None
    high: int | None
    fair_c: float | None
    model_c: float | None
    market_c: float | None
    sd_c: float | None
    bid_c: float | None
    ask_c: float | None
    our_bids: list[OwnOrder]
    our_asks: list[OwnOrder]
    position_contracts: float
    cash_usd: float | None
    fees_usd: float | None
    mark_c: float | None
    enabled: bool
    open: bool
    settled: bool
    bid_reasons: list[str]
    ask_reasons: list[str]


class EventView(View, frozen=True, kw_only=True):
    """One station-day and its markets, coldest bracket first."""

    event: str
    city: str
    station: str
    variable: str
    day: str
    mean_f: float | None
    sd_f: float | None
    observed_f: float | None
    weight: float | None
    quality: list[str]
    opinion: str
    enabled: bool
    worst_usd: float | None
    stress_usd: float | None
    limit_usd: float | None
    pnl_usd: float | None
    quoted: int
    windows: list[WindowView]
    vintages_ms: dict[str, int]
    markets: list[MarketView]


class Rung(View, frozen=True, kw_only=True):
    """What one bracket earns if it pays."""

    bracket: str
    ticker: str
    low: int | None
    high: int | None
    held_usd: float | None
    worst_usd: float | None
    fair_c: float
    market_c: float | None


class Degree(View, frozen=True, kw_only=True):
    """One whole degree as the official value: how likely, and what it earns."""

    f: int
    model: float
    market: float | None
    held_usd: float | None
    worst_usd: float | None


class Ladder(View, frozen=True, kw_only=True):
    """PnL by outcome: held, and with everything that rests filled the worst way."""

    event: str
    mean_f: float | None
    sd_f: float | None
    observed_f: float | None
    pmf: list[tuple[int, float]]
    brackets: list[Rung]
    degrees: list[Degree]


class Position(View, frozen=True, kw_only=True):
    """What we hold of one market."""

    ticker: str
    event: str
    contracts: float
    mark_c: float | None
    cash_usd: float | None
    value_usd: float | None
    fees_usd: float | None


class OrderShown(View, frozen=True, kw_only=True):
    """One working order."""

    id: str
    order_id: str
    ticker: str
    side: str
    price_c: float | None
    contracts: float
    filled_contracts: float
    life: str
    expires_in_s: int


class FillShown(View, frozen=True, kw_only=True):
    """One fill; `markouts_c`: how far the mark had moved our way after so many seconds, in cents, once known."""

    at_ms: int
    ticker: str
    side: str
    price_c: float
    contracts: float
    fee_usd: float
    taker: bool
    id: str
    markouts_c: dict[str, float] = msgspec.field(default_factory=dict)


class Balance(View, frozen=True, kw_only=True):
    """Free cash as the exchange last said."""

    balance_usd: float | None


class Used(View, frozen=True, kw_only=True):
    """One limit and how much of it is used."""

    limit: str
    used_usd: float | None
    limit_usd: float | None


class Risk(View, frozen=True, kw_only=True):
    """Limits, refusals, and whether we are halted."""

    halted: str
    used: list[Used]
    refusals: dict[str, int]
    rejections: dict[str, int]


class BookView(View, frozen=True, kw_only=True):
    """All levels, best first: price in cents, contracts, and how many of them are ours."""

    ticker: str
    known: bool
    bids: list[tuple[float, float, float]]
    asks: list[tuple[float, float, float]]


class TradeShown(View, frozen=True, kw_only=True):
    """Anybody's trade."""

    at_ms: int
    price_c: float
    contracts: float
    taker_side: str


class Price(View, frozen=True, kw_only=True):
    """A price and a size."""

    price_c: float
    contracts: float


class SideWhy(View, frozen=True, kw_only=True):
    """The quote of one side, or every reason against it."""

    quote: Price | None
    reasons: list[Reason]


class Why(View, frozen=True, kw_only=True):
    """Why a market is quoted as it is, or is not."""

    ticker: str
    fair_usd: float | None
    edge_usd: float
    half_spread_c: float | None
    skew_c: float | None
    bid: SideWhy
    ask: SideWhy
