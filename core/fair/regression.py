"""Bayesian regression of the mean and the log variance with Student-t residuals. Pure.

Mean: iteratively reweighted ridge (Lange, Little & Taylor 1989, "Robust statistical modeling using the t distribution":
weight (nu+1)/(nu+r^2)); prior scales by the marginal likelihood (MacKay 1992, "Bayesian interpolation", eq. 4.1).
Spread: scoring steps on log sigma^2 = eta0 + B gamma, with the t's bounded score, residuals corrected for leverage.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.linalg import cho_solve, cholesky, solve_triangular

from core.fair.distribution import Array
from core.fair.features import Design

NU = 8.0
_FACTORS = (float(np.log(0.15)), float(np.log(3.0)))  # bounds of a group's log factor
_LEAST, _MOST = -4.0, 7.0  # of the log variance


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of mean and log variance, and the standardised residuals of the rows fitted on."""

    mean: Array
    spread: Array
    residuals: Array


def evidence(gram: Array, moment: Array, prior: Array, groups: tuple[str, ...]) -> Array:
    """Prior standard deviations with each group's factor chosen to maximise the log marginal likelihood
    -1/2 log|G + L| + 1/2 log|L| + 1/2 q'(G + L)^-1 q, L = diag(1/prior^2), less (log factor)^2 / 2.

    Its gradient by a group's log factor is the sum of (beta_j^2 + S_jj) L_jj - 1 over the group, S = (G + L)^-1.
    """
    names = sorted(set(groups))
    which = np.array([names.index(g) for g in groups])
    unit = np.eye(len(prior))

    def lack(log_factor: Array) -> tuple[float, Array]:
        precision = 1.0 / (prior * np.exp(log_factor[which])) ** 2
        root = cholesky(gram + np.diag(precision), lower=True, check_finite=False)
        half = solve_triangular(root, unit, lower=True, check_finite=False)
        v = half @ moment
        beta, variance = half.T @ v, (half**2).sum(axis=0)
        value = -np.log(np.diag(root)).sum() + 0.5 * np.log(precision).sum() + 0.5 * v @ v
        slope = np.bincount(which, (beta**2 + variance) * precision - 1.0, minlength=len(names)) - log_factor
        return -float(value - 0.5 * (log_factor**2).sum()), -slope

    found = optimize.minimize(
        lack, np.zeros(len(names)), jac=True, method="L-BFGS-B", bounds=[_FACTORS] * len(names),
        options={"maxiter": 12, "ftol": 1e-6},
    )  # fmt: skip
    return np.asarray(prior * np.exp(found.x[which]))


def regress(mean: Design, spread: Design, error: Array, weight: Array, sd: Array, share: float = 1.0) -> Fit:
    """Fit `error` (n) with row weights, starting from the standard deviations `sd`.

    `share` multiplies the prior standard deviations of both designs (later stages are allowed less).
    """
    a, b, prior = mean.columns, spread.columns, mean.prior * share
    spread_precision = 1.0 / (spread.prior * share) ** 2
    half_gram = (b * (weight * 0.5)[:, None]).T @ b + np.diag(spread_precision)
    half_root = cholesky(half_gram, lower=True)
    beta, gamma = np.zeros(a.shape[1]), np.zeros(b.shape[1])
    s, eta0, residual = sd.copy(), 2 * np.log(sd), error
    for step in range(4):
        r = (error - a @ beta) / s if step else np.zeros_like(error)
        w = weight * (NU + 1) / (NU + r**2) / s**2
        weighted = a * w[:, None]
        gram, moment = weighted.T @ a, weighted.T @ error
        if step in (1, 3):
            prior = evidence(gram, moment, mean.prior * share, mean.groups)
        root = cholesky(gram + np.diag(1.0 / prior**2), lower=True)
        beta = cho_solve((root, True), moment)
        leverage = (solve_triangular(root, weighted.T, lower=True) ** 2).sum(axis=0) / w
        residual = (error - a @ beta) / np.sqrt(np.clip(1.0 - leverage, 0.3, 1.0))
        for _ in range(6):
            q = np.minimum(residual**2 / np.exp(np.clip(eta0 + b @ gamma, _LEAST, _MOST)), 12.0)
            score = (NU + 1) * q / (NU - 2 + q) - 1
            gamma += 0.8 * cho_solve((half_root, True), b.T @ (weight * 0.5 * score) - gamma * spread_precision)
        s = np.exp(np.clip(eta0 + b @ gamma, _LEAST, _MOST) / 2)
    return Fit(beta, gamma, residual / s)
