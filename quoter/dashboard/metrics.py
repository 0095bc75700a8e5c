"""The engine's numbers as Prometheus text. Pure."""

from core.units import SECOND
from quoter.engine.rows import state_name
from quoter.engine.state import State


def metrics(state: State, watchers: int = 0) -> str:
    """Text format 0.0.4; money in dollars."""
    c = state.counters
    age = -1.0 if state.publication is None else (state.now - state.publication.published_at) / SECOND
    rows = {
        "kwm_up": 1, "kwm_quoting": int(state_name(state) == "quoting"), "kwm_halted": int(bool(state.halted)),
        "kwm_connected": int(state.connected), "kwm_working_orders": state.working(),
        "kwm_pnl_today_dollars": state.pnl_today() / 1e6, "kwm_worst_case_dollars": state.total_loss / 1e6,
        "kwm_fees_dollars": state.fees / 1e6, "kwm_publication_age_seconds": age, "kwm_events_total": c.events,
        "kwm_orders_total": c.orders_sent, "kwm_amends_total": c.amends, "kwm_cancels_total": c.cancels,
        "kwm_fills_total": c.fills, "kwm_errors_total": c.errors, "kwm_watchers": watchers,
        "kwm_feed_age_seconds": (state.now - state.heard_at) / SECOND if state.heard_at else -1.0,
        "kwm_markets_quoted": sum(bool(m.desired) for m in state.markets.values()),
        "kwm_daily_loss_limit_dollars": state.config.max_daily_loss / 1e6,
        "kwm_worst_case_limit_dollars": state.config.limits.max_loss_total / 1e6,
    }  # fmt: skip
    lines = []
    for name, value in rows.items():
        lines += [f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}", f"{name} {value}"]
    lines.append("# TYPE kwm_refusals_total counter")
    lines += [f'kwm_refusals_total{{reason="{reason}"}} {number}' for reason, number in c.refusals.items()]
    return "\n".join(lines) + "\n"
