"""What a seeded world says when an invariant does not hold."""

from typing import TYPE_CHECKING

from core.units import SECOND
from quoter.shell.world_plan import START

if TYPE_CHECKING:
    from quoter.shell.world import World


class Broken(Exception):
    """An invariant does not hold; the message names the seed that replays it."""


def broken(world: "World", words: str) -> Broken:
    """The failure of a world, with what replays it."""
    return Broken(f"seed {world.seed}, step {world.steps}, {(world.now - START) / SECOND:.3f} s: {words}")
