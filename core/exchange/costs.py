"""What our calls cost in tokens, and what the exchange says they cost (GET /account/endpoint_costs). Pure.

The engine spends by the numbers of `quoter/engine/budget.py`; where the exchange counts more it is throttled, and its
cancels with it.
"""

from typing import Final

from core.exchange.wire_account import Costs

_ORDERS, _GROUPS = "/portfolio/events/orders", "/portfolio/order_groups"
RECKONED: Final = (  # method, path, tokens
    ("POST", _ORDERS, 10), ("POST", f"{_ORDERS}/:id/amend", 10), ("POST", f"{_ORDERS}/:id/decrease", 10),
    ("DELETE", f"{_ORDERS}/:id", 2), ("DELETE", _ORDERS, 2), ("POST", f"{_GROUPS}/create", 10),
    ("PUT", f"{_GROUPS}/:id/limit", 10), ("PUT", f"{_GROUPS}/:id/reset", 10), ("PUT", f"{_GROUPS}/:id/trigger", 10),
)  # fmt: skip


def dearer(said: Costs) -> list[str]:
    """Our calls that cost more than we reckon with, each with both numbers."""
    found = [(f"{method} {path}", _cost(said, method, path), reckoned) for method, path, reckoned in RECKONED]
    return [f"{name} costs {cost}, not {reckoned}" for name, cost, reckoned in found if cost > reckoned]


def _cost(said: Costs, method: str, path: str) -> int:
    """As listed, by the most exact path that fits (`:name` is any one part, `*name` any rest), or the default."""
    fits = [(_fit(one.path, path), one.cost) for one in said.endpoint_costs if one.method == method]
    return max(((fit, cost) for fit, cost in fits if fit), default=(0, said.default_cost))[1]


def _fit(listed: str, path: str) -> int:
    """0: not this one; else the higher, the more exact."""
    theirs, ours = listed.removeprefix("/trade-api/v2").strip("/").split("/"), path.strip("/").split("/")
    exact = 0
    for n, part in enumerate(theirs):
        if part.startswith("*"):
            return 1 + exact
        if n >= len(ours) or (part != ours[n] and not part.startswith((":", "{"))):
            return 0
        exact += 2 if part == ours[n] else 1
    return 1 + exact if len(theirs) == len(ours) else 0
