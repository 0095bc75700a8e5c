"""What happens to an event by time alone: pauses, closes, settlements, and when the engine must be woken. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.history.ladder import PastEvent
from core.publication import Publication
from core.units import HOUR, MINUTE, Instant, from_datetime, to_datetime

_ET = ZoneInfo("America/New_York")


def pauses(start: Instant, end: Instant) -> list[tuple[Instant, Instant]]:
    """The exchange's weekly maintenance between two instants: Thursdays 03:00 to 05:00 in New York."""
    found = []
    day = to_datetime(start).astimezone(_ET).replace(hour=0, minute=0, second=0, microsecond=0)
    while from_datetime(day) < end:
        if day.weekday() == 3:
            found.append((from_datetime(day.replace(hour=3)), from_datetime(day.replace(hour=5))))
        day = (day + timedelta(days=1)).replace(hour=0)
    return [(begins, ends) for begins, ends in found if ends > start and begins < end]


def calendar(event: PastEvent) -> list[tuple[int, str, str]]:
    """(when, what, ticker): pause, unpause, close, settle."""
    found: list[tuple[int, str, str]] = []
    for begins, ends in pauses(event.open_at, event.close_at):
        found += [(begins, "pause", ""), (ends, "unpause", "")]
    settles = Instant(event.station_day.end + 7 * HOUR)
    for listed in event.markets:
        found.append((listed.close_at, "close", listed.ticker))
        if listed.pays is not None:
            found.append((max(settles, listed.close_at + HOUR), "settle", listed.ticker))
    return sorted(found)


def wakes(event: PastEvent, publications: Sequence[Publication], stop: int, every: int) -> list[int]:
    """When time alone can change a decision: windows, expiries, closes, `stop` ns before them, and `every` so often."""
    if not publications:
        return []
    begin = publications[0].published_at
    times = set(range(begin - begin % every + every, event.close_at + MINUTE, every))
    for listed in event.markets:
        times.add(listed.close_at - stop)
        times.add(listed.close_at)
    for publication in publications:
        times.add(publication.valid_until)
        for fair in publication.events:
            for window in fair.windows:
                times.update((window.start, window.end))
    return sorted(t for t in times if begin < t <= event.close_at + MINUTE)
