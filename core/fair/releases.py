"""When news comes: times around which quotes widen or are pulled. Pure.

METAR at :51 to :56 past each hour of the climate day; the afternoon's preliminary climate report about 16:33 LST; grid
updates about 20 past every third hour (weather FACTS §1.3, §2).
"""

from core.publication import Window
from core.station_day import StationDay, Variable
from core.units import HOUR, MINUTE, Instant

AHEAD = 6 * HOUR


def windows(day: StationDay, now: Instant) -> list[Window]:
    """The windows of one station-day that touch the next hours, oldest first."""
    found: list[Window] = []
    first_hour = now // HOUR * HOUR
    for hour in range(first_hour, now + AHEAD, HOUR):
        if day.start <= hour < day.end:
            local = (hour - day.start) // HOUR
            busy = 9 <= local <= 18 if day.variable is Variable.HIGH else local <= 9
            found.append(_window(hour + 51 * MINUTE, 5, 2.0 if busy else 1.3, "METAR report"))
        if (hour // HOUR) % 3 == 0:
            found.append(_window(hour + 18 * MINUTE, 6, 1.5, "forecast grid update"))
    preliminary = day.start + 16 * HOUR + 23 * MINUTE
    found.append(_window(preliminary, 20, 2.0, "preliminary climate report"))
    return sorted((w for w in found if w.end > now and w.start < now + AHEAD), key=lambda w: w.start)


def _window(start: int, minutes: int, widen: float, reason: str) -> Window:
    return Window(Instant(start), Instant(start + minutes * MINUTE), widen, reason)
