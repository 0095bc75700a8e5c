"""Reproducible randomness without state: a draw is a function of the seed and of what it is for. Pure."""

from hashlib import blake2b
from statistics import NormalDist

_STANDARD = NormalDist()


def uniform(seed: int, *what: object) -> float:
    """In (0, 1), the same for ever for the same arguments."""
    digest = blake2b(repr((seed, *what)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


def normal(seed: int, *what: object) -> float:
    """Standard normal."""
    return _STANDARD.inv_cdf(uniform(seed, *what))
