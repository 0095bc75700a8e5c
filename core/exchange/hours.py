"""When Kalshi trades: always, but for Thursdays 03:00 to 05:00 Eastern time (FACTS §5.5). Pure."""

from zoneinfo import ZoneInfo

from core.units import Instant, to_datetime

EASTERN = ZoneInfo("America/New_York")
_THURSDAY, _FROM, _TO = 3, 3, 5


def paused_by_schedule(now: Instant) -> bool:
    """Is `now` in the weekly trading pause? Cancels pass, orders are not taken."""
    local = to_datetime(now).astimezone(EASTERN)
    return local.weekday() == _THURSDAY and _FROM <= local.hour < _TO
