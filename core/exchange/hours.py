"""When Kalshi trades: always, but for Thursdays 03:00 to 05:00 Eastern time (FACTS §5.5). Pure."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from core.units import Instant, from_datetime, to_datetime

EASTERN = ZoneInfo("America/New_York")
_THURSDAY, _FROM, _TO = 3, 3, 5


def next_pause(now: Instant) -> tuple[Instant, Instant]:
    """The weekly trading pause that `now` is in, or the next one: (begins, ends). Three in the morning in New York is
    another time UTC in summer and in winter."""
    local = to_datetime(now).astimezone(EASTERN)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    thursday = midnight + timedelta(days=(_THURSDAY - local.weekday()) % 7)  # the wall's days: a change of hour is none
    if thursday.replace(hour=_TO) <= local:
        thursday += timedelta(days=7)
    return from_datetime(thursday.replace(hour=_FROM)), from_datetime(thursday.replace(hour=_TO))


def paused_by_schedule(now: Instant) -> bool:
    """Is `now` in the weekly trading pause? Cancels pass, orders are not taken."""
    return next_pause(now)[0] <= now
