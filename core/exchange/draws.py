"""The part of `random.Random` that the embedded exchange draws from: a seed gives the same world. Pure."""

from typing import Protocol


class Draws(Protocol):
    """See the module."""

    def random(self) -> float:
        """Uniform in [0, 1)."""
        ...

    def gauss(self, mu: float, sigma: float) -> float:
        """Normal."""
        ...

    def choice[T](self, seq: list[T]) -> T:
        """One of them."""
        ...

    def randint(self, a: int, b: int) -> int:
        """Uniform from `a` to `b`, both included."""
        ...
