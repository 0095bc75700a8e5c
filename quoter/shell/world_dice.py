"""The draws of a seeded world: the same numbers as `random.Random` of the same seed gives, by the same names.

Its own methods are Python code around one C function each; compiled worlds would spend a tenth of their time in them.
"""

import math
import random
from collections.abc import Callable, Sequence


class Dice:
    """Of one world. `random`: a float from [0, 1)."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self.random: Callable[[], float] = source.random
        self._bits: Callable[[int], int] = source.getrandbits
        self._spare: float | None = None

    def _below(self, n: int) -> int:
        bits = n.bit_length()
        drawn = self._bits(bits)
        while drawn >= n:
            drawn = self._bits(bits)
        return drawn

    def choice[T](self, among: Sequence[T]) -> T:
        """One of them."""
        return among[self._below(len(among))]

    def randint(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + self._below(high - low + 1)

    def uniform(self, low: float, high: float) -> float:
        """A float between them."""
        return low + (high - low) * self.random()

    def expovariate(self, rate: float) -> float:
        """A wait of 1 / `rate` on average."""
        return -math.log(1.0 - self.random()) / rate

    def gauss(self, mean: float, sd: float) -> float:
        """Normal (Box & Muller, Annals of Mathematical Statistics 29, 1958: they come in pairs)."""
        z, self._spare = self._spare, None
        if z is None:
            angle = self.random() * 2.0 * math.pi
            length = math.sqrt(-2.0 * math.log(1.0 - self.random()))
            z, self._spare = math.cos(angle) * length, math.sin(angle) * length
        return mean + z * sd
