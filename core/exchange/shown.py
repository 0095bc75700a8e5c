"""What an order that was looked up after its change says of the change. Pure.

A look-up may be older than the exchange's own answer ("Get User Data Timestamp"): whoever asks, asks again, after these
pauses, until the change is shown.
"""

from typing import Final

from core import messages as m
from core.units import SECOND, Count, Instant

LAGS_S: Final = (0.0, 0.2, 0.5, 1.0)  # pauses before we ask again how an order stands


def shows(view: m.OrderView, r: m.AmendOrder | m.DecreaseOrder, less: Count = Count(0)) -> bool:
    """Does it show the amend's terms, or that a decrease left no more than `less`?"""
    if isinstance(r, m.DecreaseOrder):
        return view.remaining <= less
    if view.price != r.price or view.filled + view.remaining != r.total:
        return False
    if view.expires_at is None or r.expires_at is None:
        return True
    return view.expires_at // SECOND >= r.expires_at // SECOND


def stands(view: m.OrderView, at: Instant, request: str) -> m.Said:
    """What it comes to for whoever sent `request` (its class name)."""
    if view.status == "resting" and view.remaining > 0:
        return m.Acked(at, view.client_order_id, view.order_id, view.ticker, view.side, view.price, view.filled,
                       view.remaining, view.expires_at, view.updated_at)  # fmt: skip
    if view.status in ("canceled", "executed"):
        return m.Gone(at, view.client_order_id, view.ticker, view.order_id, view.filled, reason=view.status)
    return m.Unknown(at, view.client_order_id, view.ticker, request, f"status {view.status!r}")
