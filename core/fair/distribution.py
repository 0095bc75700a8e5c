"""A forecast distribution of the official whole degree. Pure, vectorised; `scipy.special`, never `scipy.stats` objects.

The official value is an integer: P(T = k) = F(k + 1/2) - F(k - 1/2).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
DEGREES = np.arange(-60, 141)  # every whole degree that is ever looked at
STUDENT_DF = 8.0  # of standardised NWS residuals (2014-17, 113 cities)


def normal_cdf(z: Array) -> Array:
    """Standard normal."""
    return np.asarray(special.ndtr(z))


def student_cdf(z: Array, df: float = STUDENT_DF) -> Array:
    """Student-t scaled to unit variance, so that `sd` means the same for both shapes."""
    return np.asarray(special.stdtr(df, z * float((df / (df - 2.0)) ** 0.5)))


def pmf(mean: float, sd: float, df: float | None = STUDENT_DF) -> Array:
    """Probabilities of `DEGREES`, summing to one; `df` None is the normal."""
    edges: Array = (np.append(DEGREES - 0.5, DEGREES[-1] + 0.5) - mean) / sd
    cdf = normal_cdf(edges) if df is None else student_cdf(edges, df)
    found: Array = np.diff(cdf)
    return np.asarray(found / found.sum())


def moments(probabilities: Array) -> tuple[float, float]:
    """(mean, sd) of a pmf over `DEGREES`."""
    mean = float(probabilities @ DEGREES)
    return mean, max(float(probabilities @ (DEGREES - mean) ** 2), 1e-12) ** 0.5
