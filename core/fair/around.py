"""What is forecast elsewhere for the same day: weather comes in patterns larger than a city. Pure."""

import numpy as np
from numpy.typing import NDArray

from core.fair.distribution import Array

MOMENT = 1e-6  # days: two instants so near are one


def around(
    places: tuple[str, ...], station: NDArray[np.object_], variable: NDArray[np.object_], day: NDArray[np.int64],
    at: Array, ref: Array, fresh: float,
) -> Array:  # fmt: skip
    """n x places: each place's newest reference for the row's day and variable at the row's moment, its own included;
    NaN where there is none that is younger than `fresh` days. Rows are in order of time."""
    out = np.full((len(ref), len(places)), np.nan)
    groups: dict[tuple[str, int], list[int]] = {}
    for i in range(len(ref)):
        groups.setdefault((variable[i], int(day[i])), []).append(i)
    index = {place: k for k, place in enumerate(places)}
    for members in groups.values():
        rows = np.array(members)
        there: dict[str, list[int]] = {}
        for i in members:
            there.setdefault(station[i], []).append(i)
        for place, own in there.items():
            newest = np.searchsorted(at[own], at[rows] + MOMENT, side="right") - 1
            mine = np.array(own)[np.maximum(newest, 0)]
            known = (newest >= 0) & (at[rows] - at[mine] < fresh)
            out[rows[known], index[place]] = ref[mine[known]]
    return out
