"""What filled before this run began, for people: the engine holds it in its positions already."""

from collections import deque

from core.exchange.reach import Desk
from core.messages import Fill
from core.units import DAY, Instant


async def recall(desk: Desk, fills: deque[Fill], began: Instant) -> None:
    """Put the last day's fills behind those of this run, newest first, as far as `fills` takes them.

    Raises: what the desk's questions raise.
    """
    earlier = [fill for fill in await desk.fills_since(Instant(began - DAY)) if fill.filled_at < began]
    room = len(earlier) if fills.maxlen is None else fills.maxlen - len(fills)
    fills.extend(earlier[::-1][: max(0, room)])
