"""Of when is what the exchange lists? Its lists and look-ups lag behind what it does (Kalshi, "Get User Data
Timestamp"), so the instant at which one was asked for is not what the engine may reckon from. Pure."""

from core.clock import surely_ahead
from core.units import Duration, Instant
from quoter.engine.learn_orders import LAG


def shows_since(asked_at: Instant, as_of: Instant | None, clocks: Duration, ahead: int = 0) -> Instant:
    """What was asked for at `asked_at` (our clock) holds all that had happened by this instant.

    `as_of`: what the exchange said just before of when its lists are, by its own clock, which may be `clocks` from
    ours. None: it did not say; then nothing newer than the longest lag is taken to be in them. `ahead`: how far ours is
    ahead of it by the quickest message of the stream (ns), or a clock that is ahead by a minute would quote nothing
    for one.
    """
    if as_of is None:
        return Instant(asked_at - LAG)
    return Instant(min(asked_at, as_of + surely_ahead(ahead, clocks) - clocks))
