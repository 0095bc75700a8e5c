"""What a person, or a program of theirs, believes an event's official value will be, and how much that counts. Pure.

An opinion is one more voice in the logarithmic pool of `blend.py` (Genest & Zidek 1986): with weight w the fair value
is proportional to opinion^w model^((1-w)v) market^((1-w)(1-v)), v being the learnt share of the model. What was
observed since it was given stands above it, and it fades as the day decides itself.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from core.errors import Malformed
from core.fair import nowcast
from core.fair.distribution import DEGREES, Array, pmf
from core.station_day import StationDay
from core.units import HOUR, MINUTE, Duration, Instant, to_datetime

SHORTEST, LONGEST = Duration(5 * MINUTE), Duration(48 * HOUR)
_SD: Final = (0.5, 15.0)  # degrees F: less is more than anybody knows, more is no opinion
_FAR = 4.0  # standard deviations of model and opinion together
_WITHDRAWN = 0.0
_LEAST = 1e-300


class Opinion(msgspec.Struct, frozen=True):
    """The official value of one event: mean and spread, degrees F, and its weight against model and market, 0 to 1.

    Weight 0 withdraws what was said before.
    """

    event_ticker: str
    mean_f: float
    sd_f: float
    weight: float
    given_at: Instant
    until: Instant
    why: str = ""


def checked(one: Opinion) -> Opinion:
    """The same. Raises: Malformed, naming the field and what it may be."""
    if not float(DEGREES[0]) < one.mean_f < float(DEGREES[-1]):
        raise Malformed("mean", one.mean_f, f"expected degrees F between {DEGREES[0]} and {DEGREES[-1]}")
    if not _SD[0] <= one.sd_f <= _SD[1]:
        raise Malformed("sd", one.sd_f, f"expected {_SD[0]} to {_SD[1]} °F: how far off you may be, one sigma")
    if not 0.0 < one.weight <= 1.0:
        raise Malformed("weight", one.weight, "expected more than 0 (nothing) and at most 1 (yours alone)")
    if not SHORTEST <= one.until - one.given_at <= LONGEST:
        raise Malformed("hours", (one.until - one.given_at) / HOUR, "expected five minutes to two days")
    return one


def withdrawal(event_ticker: str, at: Instant, why: str) -> Opinion:
    """What takes an opinion back, and its reason."""
    return Opinion(event_ticker, 0.0, 1.0, _WITHDRAWN, at, at, why)


def in_force(given: Iterable[Opinion], now: Instant) -> dict[str, Opinion]:
    """The last word on each event, where it counts now."""
    last: dict[str, Opinion] = {}
    for one in given:
        if one.given_at <= now and (one.event_ticker not in last or one.given_at >= last[one.event_ticker].given_at):
            last[one.event_ticker] = one
    return {ticker: one for ticker, one in last.items() if one.weight > _WITHDRAWN and now < one.until}


def far(one: Opinion, mean_f: float, sd_f: float) -> str:
    """Why it looks like a slip of the keyboard beside the model's mean and spread, or ""."""
    apart = abs(one.mean_f - mean_f) / float(np.hypot(one.sd_f, sd_f))
    if apart <= _FAR:
        return ""
    return (
        f"{one.event_ticker}: {one.mean_f:g} ± {one.sd_f:g} °F is {apart:.1f} standard deviations from the model's"
        f" {mean_f:.1f} ± {sd_f:.1f}"
    )


def counts(one: Opinion, day: StationDay, now: Instant) -> float:
    """Its weight now: what is left to be learnt of the day, of what was left when it was given; nothing afterwards."""
    if now >= day.end:
        return 0.0
    return one.weight * min(1.0, nowcast.share_left(day, now) / nowcast.share_left(day, one.given_at))


def joined(model: Array, one: Opinion, share: float, day: StationDay, observed: float | None) -> Array:
    """The pool of the model's pmf over `DEGREES` and the opinion's, which has the given share of the two.

    The opinion is a normal; with an extreme so far it is that of the greater of the two (lows: the lesser).
    """
    own = pmf(one.mean_f, one.sd_f, None)
    if observed is not None:
        so_far = nowcast.told_by_station(day.station.code, round(observed), day.variable)
        own = nowcast.combine(so_far, own, day.variable)
    logs = share * np.log(np.maximum(own, _LEAST)) + (1 - share) * np.log(np.maximum(model, _LEAST))
    mixed = np.exp(logs - logs.max())
    return np.asarray(mixed / mixed.sum())


def words(one: Opinion, weight: float) -> str:
    """What a person reads of it while it counts with `weight`."""
    faded = f", {weight:.0%} now" if weight < 0.95 * one.weight else ""
    why = f" ({one.why})" if one.why else ""
    return (
        f"{one.mean_f:g} ± {one.sd_f:g} °F, counts {one.weight:.0%}{faded}, until"
        f" {to_datetime(one.until):%d %b %H:%M} UTC{why}"
    )
