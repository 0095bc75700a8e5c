"""What the engine needs to know from the settings, in its own units. Made once, at the top.

Durations that stand for liveness or latency are wall time in the settings and world time here: in an embedded world
that runs 60 times as fast they are 60 times as long.
"""

from dataclasses import dataclass

from core.config import Settings
from core.publication import AHEAD
from core.risk.limits import RiskLimits
from core.units import DAY, ONE_DOLLAR, SECOND, Count, Duration, Money, Price, seconds


@dataclass(frozen=True, slots=True)
class QuoteConfig:
    """How quotes are made; prices in dollars (beliefs), sizes in 1/100 contract."""

    edge: float
    min_edge: float
    sd_edge: float
    reservation: str
    skew_edge: float
    size: Count
    max_size: Count
    levels: int
    level_step: float
    one_sided_at: float
    min_fair: float
    max_gap: float
    stop_before_close: Duration
    requote_ticks: int
    requote_size: float
    risk_aversion: float = 0.004  # per dollar
    spread: str = "linear"
    informed: float = 0.05
    revision_f: float = 0.0
    longshot_edge: float = 0.0
    size_by: str = "fixed"
    stop_loss: Money = Money(0)
    exit_before_close: Duration = Duration(0)
    requote: str = "ticks"
    requote_gain: float = 0.01  # dollars
    adverse: float = 0.005
    flow_prior: float = 20.0  # contracts an hour and side
    fill_horizon: Duration = Duration(1_800 * SECOND)
    min_weight: float = 0.0


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Everything the engine is told. Times in ns of world time, token rates per ns."""

    prefix: str
    quote: QuoteConfig
    limits: RiskLimits
    max_daily_loss: Money
    max_drawdown: Money
    max_fills_per_minute: int
    max_errors_per_minute: int
    minute: Duration
    book_stale: Duration
    order_life: Duration
    refresh_before: Duration
    ack_timeout: Duration
    reconcile: Duration
    tokens_per_ns: float
    token_burst: float
    cancel_reserve: float
    exclude: frozenset[str]
    chosen: frozenset[str] = frozenset()  # series or event tickers; empty = all that are published
    order_groups: bool = True
    group_most: Count = Count(40_000)  # contracts matched in 15 s, at most
    group_reset: Duration = Duration(0)  # 0: only a person's resume resets a triggered group
    reduce_only_at: float = 1.0
    empty_books: bool = False
    clock_margin: Duration = Duration(0)  # how far the exchange's clock may be from ours
    feed_late: Duration = Duration(0)  # 0: never looked at
    publication_ahead: Duration = Duration(0)  # of our time, at most; 0: never looked at, as in earlier journals
    forget_after: Duration = Duration(0)  # an event is over; 0: never, as in earlier journals
    status_every: Duration = Duration(0)  # the exchange is asked whether it trades; 0: never, as in earlier journals


def engine_config(settings: Settings, speed: float = 1.0) -> EngineConfig:
    """Settings and the world's speed -> what the engine needs."""
    q, r, e = settings.quoting, settings.risk, settings.engine

    def wall(value: float) -> Duration:
        return seconds(value * speed)

    return EngineConfig(
        prefix=e.run_prefix,
        quote=QuoteConfig(
            q.edge, q.min_edge, q.sd_edge, q.reservation, q.skew_edge, q.size, q.max_size, q.levels, q.level_step,
            q.one_sided_at, q.min_fair, q.max_gap, seconds(q.stop_before_close_s), q.requote_ticks, q.requote_size,
            q.risk_aversion, q.spread, q.informed, q.revision_f, q.longshot_edge, q.size_by, q.stop_loss,
            seconds(q.exit_before_close_s), q.requote, q.requote_gain, q.adverse, q.flow_prior,
            seconds(q.fill_horizon_s), q.min_weight,
        ),
        limits=RiskLimits(
            r.max_order, r.max_order_notional, r.max_position, r.max_loss_event, r.max_stress_event, r.max_loss_city,
            r.max_loss_total, r.min_balance, Price(round(r.collar * ONE_DOLLAR)), r.max_loss_station_day,
        ),
        max_daily_loss=r.max_daily_loss,
        max_drawdown=r.max_drawdown,
        max_fills_per_minute=r.max_fills_per_minute,
        max_errors_per_minute=r.max_errors_per_minute,
        minute=wall(60),
        book_stale=wall(e.book_stale_s),
        order_life=wall(e.order_life_s),
        refresh_before=wall(e.refresh_before_s),
        ack_timeout=wall(e.ack_timeout_s),
        reconcile=wall(e.reconcile_s),
        tokens_per_ns=e.write_tokens_per_s / 1e9 / speed,
        token_burst=e.write_burst,
        cancel_reserve=e.cancel_reserve,
        exclude=frozenset(settings.events.exclude),
        chosen=frozenset((*settings.events.series, *settings.events.only)),
        order_groups=e.order_groups,
        group_most=e.group_window_limit,
        group_reset=wall(e.group_reset_s),
        reduce_only_at=e.reduce_only_at,
        empty_books=e.empty_books,
        clock_margin=wall(1.0),
        feed_late=wall(e.feed_late_s) if speed == 1.0 else Duration(0),  # frames are stamped by the wall's time
        publication_ahead=wall(AHEAD / SECOND),
        forget_after=Duration(max(DAY, wall(3_600))),
        status_every=wall(e.reconcile_s),
    )  # fmt: skip
