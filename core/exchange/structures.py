"""The price structures that Kalshi names (AsyncAPI: lifecyclePriceLevelStructure), as ranges. Pure.

Only the embedded exchange needs the names; our client reads `price_ranges` alone. A structure's name says the steps at
the centre and at the edges; that an edge is 10 cents wide is our assumption, the steps are Kalshi's.
"""

from core.contract import PriceGrid
from core.units import ONE_DOLLAR, Price

_STEPS = {"whole": Price(100), "half": Price(50), "quint": Price(20), "deci": Price(10), "centi": Price(1)}
_EDGE = Price(1_000)
_CENTERED = (("whole", "half"), ("whole", "quint"), ("half", "half"), ("half", "quint"), ("half", "deci"),
             ("quint", "quint"), ("quint", "deci"), ("centi", "centi"), ("deci", "centi"))  # fmt: skip


def _even(step: Price) -> PriceGrid:
    return PriceGrid(((Price(0), Price(ONE_DOLLAR), step),))


def _edged(center: Price, edge: Price) -> PriceGrid:
    low, high = _EDGE, Price(ONE_DOLLAR - _EDGE)
    return PriceGrid(((Price(0), low, edge), (low, high, center), (high, Price(ONE_DOLLAR), edge)))


GRIDS: dict[str, PriceGrid] = {
    "linear_cent": _even(_STEPS["whole"]),
    "deci_cent": _even(_STEPS["deci"]),
    "tapered_deci_cent": _edged(_STEPS["whole"], _STEPS["deci"]),
    **{f"center_{c}_edge_{e}_cent": _edged(_STEPS[c], _STEPS[e]) for c, e in _CENTERED},
}
STRUCTURES = {grid.ranges: name for name, grid in GRIDS.items()}
