"""When news comes: times around which quotes widen or are pulled, by station and variable. Pure.

A window stands only where its news can still move the event: hourly reports while the extreme is being made, a
six-hour group where its hours are the decisive ones, models and grids before that. Final climate reports come after the
climate day and so after the close: they have no window. Around a print a quote is pulled only if what an informed
taker gains there exceeds what the width earns (Cartea, Jaimungal, Penalva 2015, §10.4); elsewhere wider is enough.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.publication import Window
from core.station_day import StationDay, Variable
from core.units import HOUR, MINUTE, Instant, from_datetime

AHEAD = 6 * HOUR
# minute past the hour of each station's hourly report; it is public one to four minutes later
_REPORT_MINUTE = {
    "KNYC": 51, "KMDW": 53, "KMIA": 53, "KLAX": 53, "KDEN": 53, "KAUS": 53, "KPHL": 54, "KATL": 52, "KBOS": 54,
    "KDFW": 53, "KDCA": 52, "KHOU": 53, "KLAS": 56, "KMSP": 53, "KMSY": 53, "KOKC": 52, "KPHX": 51, "KSAT": 51,
    "KSEA": 53, "KSFO": 56, "KEWR": 51, "KSAN": 51, "KSDF": 56, "KTTN": 53,
}  # fmt: skip
_REPORT_LONG = 6 * MINUTE
_PULL, _AFTER_PULL = 3 * MINUTE, 4 * MINUTE
_GROUP_HOURS_UTC = (5, 11, 17, 23)  # the reports before 06, 12, 18 and 00 UTC tell the extremes of their six hours
# standard hours in which an extreme is usually made: (may be made, is mostly made)
_MADE = {Variable.HIGH: ((9, 18), (12, 17)), Variable.LOW: ((1, 9), (4, 8))}
_BUSY, _QUIET = 2.0, 1.3
# clock times (on the wall) as of which an office reports so far; out 23 (p10) to 43 (p90) minutes later
_AS_OF = {"KPHL": (17,), "KDEN": (6, 16)}
_AS_OF_USUALLY = (16,)
_REPORT_OUT, _REPORT_OUT_LONG = 20 * MINUTE, 27 * MINUTE
_SUMMARY_HOUR, _SUMMARY_LATE, _SUMMARY_LONG = 16, 16 * MINUTE, 8 * MINUTE  # the afternoon's DSM, standard time
# minutes past 00 UTC, repeated every six hours: (from, length, factor, what)
_CYCLES = (
    (120, 18, 1.3, "NBM, NAM and long HRRR cycle"),
    (225, 15, 1.2, "GFS cycle"),
)
_GRID_HOURS, _GRID_MINUTE, _GRID_LONG = (3, 15), 25, 20 * MINUTE  # the offices' two packages, by the clock on the wall


def windows(day: StationDay, now: Instant) -> list[Window]:
    """The windows of one station-day that touch the next hours, oldest first."""
    return between(day, now, Instant(now + AHEAD))


def between(day: StationDay, start: Instant, end: Instant) -> list[Window]:
    """The same for any stretch of time; nothing after the climate day, when the market is closed."""
    if start >= day.end:
        return []
    found = [w for w in _all(day, start, Instant(min(end, day.end))) if w.end > start and w.start < min(end, day.end)]
    return sorted(found, key=lambda w: (w.start, w.end))


def _all(day: StationDay, start: Instant, end: Instant) -> Iterator[Window]:
    made, mostly = _MADE[day.variable]
    minute = _REPORT_MINUTE.get(day.station.code, 51) * MINUTE
    for hour in range((start - HOUR) // HOUR * HOUR, end, HOUR):
        at, local = hour + minute, (hour - day.start) // HOUR
        if (hour // HOUR) % 24 in _GROUP_HOURS_UTC and _decides(day, hour + HOUR):
            yield _window(at, _PULL, 0.0, "six-hour extremes")
            yield _window(at + _PULL, _AFTER_PULL, _BUSY, "six-hour extremes")
        elif made[0] <= local <= made[1]:
            busy = mostly[0] <= local <= mostly[1]
            yield _window(at - MINUTE, _REPORT_LONG, _BUSY if busy else _QUIET, "hourly report")
        elif local in (0, 22, 23):  # an extreme at the edge of the day: 4.6 % of highs, and lows of cold evenings
            yield _window(at - MINUTE, _REPORT_LONG, _QUIET, "hourly report")
    yield from _reports_so_far(day)
    decided = day.start + mostly[0] * HOUR  # from here on the thermometer tells more than any model
    for turn in range((start - 6 * HOUR) // (6 * HOUR) * 6 * HOUR, end, 6 * HOUR):
        for offset, length, widen, what in _CYCLES:
            if turn + offset * MINUTE < decided:
                yield _window(turn + offset * MINUTE, length * MINUTE, widen, what)
    for at in _on_the_wall(day, start, end, _GRID_HOURS):
        if at + _GRID_MINUTE * MINUTE < decided:
            yield _window(at + _GRID_MINUTE * MINUTE, _GRID_LONG, _QUIET, "forecast grid update")


def _decides(day: StationDay, until: int) -> bool:
    """Do the six hours before `until` lie in the climate day and hold half of those in which the extreme is made?"""
    first, last = (day.start + h * HOUR for h in _MADE[day.variable][1])
    inside = min(until, last + HOUR) - max(until - 6 * HOUR, first)
    return bool(day.start <= until - 6 * HOUR and inside * 2 >= last + HOUR - first)


def _reports_so_far(day: StationDay) -> Iterator[Window]:
    """The office's report as of the afternoon (in Denver also of the morning) and the station's own summary."""
    for hour in _AS_OF.get(day.station.code, _AS_OF_USUALLY):
        if (hour < 12) == (day.variable is Variable.LOW):
            at = _wall(day, hour)
            yield _window(at + _REPORT_OUT, _REPORT_OUT_LONG, 1.6, "preliminary climate report")
    if day.variable is Variable.HIGH:
        yield _window(day.start + _SUMMARY_HOUR * HOUR + _SUMMARY_LATE, _SUMMARY_LONG, 1.6, "daily summary message")


def _wall(day: StationDay, hour: int, back: int = 0) -> int:
    """This hour of the clock on the wall, `back` days before the climate day: a day on the wall may have 23 hours."""
    zone, date = ZoneInfo(day.station.zone), day.day - timedelta(days=back)
    return from_datetime(datetime(date.year, date.month, date.day, hour, tzinfo=zone).astimezone(UTC))


def _on_the_wall(day: StationDay, start: int, end: int, hours: tuple[int, ...]) -> Iterator[int]:
    """These clock hours of the climate day and of the days before it that the stretch touches."""
    for back in range(max(0, (end - start) // (24 * HOUR)) + 3):
        for hour in hours:
            at = _wall(day, hour, back)
            if at < end:
                yield at


def _window(start: int, length: int, widen: float, reason: str) -> Window:
    return Window(Instant(start), Instant(start + length), widen, reason)
