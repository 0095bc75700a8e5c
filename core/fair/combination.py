"""What several sources say together, before anything was learnt of them: the plain mean of their families. Pure.

Clemen (1989), "Combining forecasts: a review": the mean of forecasts is hard to beat while little is known of their
errors. One model's several products are one voice: the first of them that is there speaks for its family.
"""

import numpy as np
from numpy.typing import NDArray

from core.fair.cases import QUANTILES, Cases
from core.fair.distribution import Array

_FAMILIES = (
    ("nws_grid", "nws", "nws_hourly", "nws_forecast"),
    (QUANTILES, "nbm", "nbm_short"),
    ("gfs_mos", "gfs_mos_ext", "nam_mos"),
)  # a source not named here is a family of its own
_OWN_SPREAD = 0.5  # how far a probabilistic forecast's own spread is taken, on the log scale


def family_of(source: str) -> tuple[str, ...]:
    """The family a source belongs to."""
    return next((f for f in _FAMILIES if source in f), (source,))


def mean(cases: Cases) -> tuple[Array, NDArray[np.float64]]:
    """(mean over the families present, share in it of the reference's family). The reference speaks for its own."""
    total, count = np.zeros(len(cases)), np.zeros(len(cases))
    for family in sorted({family_of(name) for name in (*cases.names, *set(cases.ref_source))}):
        value = np.full(len(cases), np.nan)
        for name in reversed(family):
            if name in cases.names:
                column = cases.sources[:, cases.names.index(name)]
                value = np.where(np.isnan(column), value, column)
        value = np.where(np.isin(cases.ref_source, family), cases.ref, value)
        there = ~np.isnan(value)
        total += np.where(there, value, 0.0)
        count += there
    return total / np.maximum(count, 1.0), 1.0 / np.maximum(count, 1.0)


def spread(sd: Array, cases: Cases) -> Array:
    """The standard deviations `sd`, and where a probabilistic forecast says its own, the geometric mean of both."""
    own = np.where(np.isnan(cases.quantile_sd), sd, np.maximum(cases.quantile_sd, 0.5))
    return np.asarray(sd ** (1 - _OWN_SPREAD) * own**_OWN_SPREAD)
