"""What the other services would answer in the embedded world: NBM and MOS text, daily summaries, the portal. Pure.

Each number stands where the real bulletins have it (three characters wide, under its hour), so that the parsers are
fed what they are written for. A bulletin is a function of the world, the station and its cycle.
"""

from collections.abc import Callable, Sequence
from datetime import date
from statistics import NormalDist
from typing import Any

from core.station_day import StationDay, Variable, climate_day
from core.stations import STATIONS, Station
from core.units import DAY, HOUR, MINUTE, Instant, iso, to_datetime
from core.weather import mos
from core.weather.sources import SOURCES
from core.weather.world import PRELIMINARY_HOUR, World
from core.weather.world_answers import PRELIMINARY_LATE, forecast_at

_PERCENTILES = {"TXNP1": 0.10, "TXNP2": 0.25, "TXNP5": 0.50, "TXNP7": 0.75, "TXNP9": 0.90}
_NORMAL = NormalDist()
_LONGEST = {"NBP": 228, "NBS": 72, "MAV": 72, "MET": 60, "MEX": 192, "NBH": 25}
_NAMES = {"MAV": "GFS MOS", "MET": "NAM MOS", "MEX": "GFSX MOS"}
_SUMMARY_HOUR, _SUMMARY_LATE, _MIDNIGHT_LATE = 16, 20 * MINUTE, 17 * MINUTE
_PORTAL_LATE = 4 * MINUTE  # the portal has a report this long after the weather service


def out_at(source: str, cycle: Instant) -> Instant:
    """When a cycle's bulletins are out."""
    return Instant(cycle + SOURCES[source].late)


def file(world: World, source: str, cycle: Instant) -> str:
    """One cycle's bulletins of all stations, as they stand in one file."""
    return "1\n\n" + "\n".join(bulletin(world, source, station, cycle) for station in STATIONS)


def bulletin(world: World, source: str, station: Station, cycle: Instant) -> str:
    """One station's bulletin of one cycle."""
    product = SOURCES[source].product
    hours = _columns(product, cycle)
    name = _NAMES.get(product, f"NBM V5.0 {product}")
    moment = to_datetime(cycle)
    lines = [
        f" {station.code}    {name} GUIDANCE   {moment.month:2d}/{moment.day:02d}/{moment.year}  {moment:%H%M} UTC"
    ]
    valid = [Instant(cycle + h * HOUR) for h in hours]
    wide = {"NBP": 5, "MEX": 3}.get(product, 3)
    if product not in ("MAV", "MET"):
        clock = [] if product == "MEX" else [(" UTC", [to_datetime(v).hour for v in valid])]
        forward = [] if product == "NBH" else [(" FHR", hours)]
        lines += [_line(label, wide, numbers, valid, product) for label, numbers in [*clock, *forward]]
    else:
        lines.append(_line(" HR", wide, [to_datetime(v).hour for v in valid], valid, product))
    for label, numbers in _rows(world, source, station, cycle, valid, product):
        lines.append(_line(" " + label, wide, numbers, valid, product))
    return "\n".join(lines) + "\n"


def _columns(product: str, cycle: Instant) -> list[int]:
    hour = (cycle // HOUR) % 24
    last = _LONGEST[product]
    if product == "NBH":
        return list(range(1, last + 1))
    if product in ("NBP", "MEX"):
        first = 17 if product == "NBP" else 24
        return [h for h in range(first, last + 1) if (hour + h) % 12 == 0]
    every = [h for h in range(4, last + 1) if (hour + h) % 3 == 0]
    if product == "NBS":
        return every
    return [h for h in every if h <= 60 or (hour + h) % 6 == 0]


def _line(label: str, wide: int, numbers: Sequence[int | None], valid: Sequence[Instant], product: str) -> str:
    line = f"{label:<{wide + 1}s}"
    for index, (number, at) in enumerate(zip(numbers, valid, strict=True)):
        group = {"NBP": 0, "MEX": 12}.get(product)
        if group is not None:
            line += "|" if index and to_datetime(at).hour == group else " "
        elif index == 0:
            line += " "
        line += "   " if number is None else f"{number:3d}" if label not in (" UTC", " HR") else f" {number:02d}"
    return line


def _rows(
    world: World, source: str, station: Station, cycle: Instant, valid: Sequence[Instant], product: str
) -> list[tuple[str, list[int | None]]]:
    temperatures: list[int | None] = [round(forecast_at(world, station, cycle, at)) for at in valid]
    if product == "NBH":
        return [("TMP", temperatures)]
    means: list[float | None] = []
    spreads: list[float | None] = []
    for at in valid:
        about = mos.station_day_of(at, station)
        mean, sd = (None, None) if about is None else world.guidance(source, station, about[0], about[1], cycle)
        means.append(mean)
        spreads.append(sd)

    def whole(value: Callable[[float, float], float]) -> list[int | None]:
        return [
            None if m is None or s is None else round(value(m, s)) for m, s in zip(means, spreads, strict=True)
        ]  # fmt: skip

    if product == "NBP":
        points = []
        for name, share in _PERCENTILES.items():
            beyond = _NORMAL.inv_cdf(share)
            points.append((name, whole(lambda m, s, z=beyond: m + z * s)))  # type: ignore[misc]  # z as it is now
        return [("TXNMN", whole(lambda m, _: m)), ("TXNSD", whole(lambda _, s: s)), *points]
    extremes = whole(lambda m, _: m)
    if product == "NBS":
        return [("TXN", extremes), ("XND", whole(lambda _, s: s)), ("TMP", temperatures)]
    return [("N/X", extremes), ("TMP", temperatures)]


def archive(world: World, pil: str, now: Instant) -> str:
    """What the text archive has newest under `NBSNYC`, `NBHNYC` or `DSMNYC`."""
    product, site = pil[:3], pil[3:]
    station = next((s for s in STATIONS if s.site == site), None)
    source = next((s for s in SOURCES.values() if s.product == product and s.host == "afos"), None)
    if station is None or source is None:
        return f"ERROR: Could not Find: {pil}"
    if product == "DSM":
        return _summary(world, station, now)
    hour = Instant(now // HOUR * HOUR)
    cycles = [Instant(hour - k * HOUR) for k in range(24)]
    cycle = next(c for c in cycles if (c // HOUR) % 24 in source.cycles and out_at(source.name, c) <= now)
    heading = f"000 \nFOUS16 KWNO {to_datetime(cycle):%d%H%M}\n{product}USA\n"
    return heading + bulletin(world, source.name, station, cycle)


def _summary(world: World, station: Station, now: Instant) -> str:
    """The newest daily summary: of the whole day after midnight, of the day so far in the afternoon."""
    today = climate_day(station, now)
    start = StationDay(station, Variable.HIGH, today).start
    afternoon = Instant(start + _SUMMARY_HOUR * HOUR + _SUMMARY_LATE)
    midnight = Instant(start + _MIDNIGHT_LATE)
    so_far = now >= afternoon
    issued = afternoon if so_far else midnight if now >= midnight else Instant(afternoon - DAY)
    day_start = start if so_far else Instant(start - DAY)
    until = Instant(start + _SUMMARY_HOUR * HOUR) if so_far or now >= midnight else Instant(
        day_start + _SUMMARY_HOUR * HOUR
    )  # fmt: skip
    whole = not so_far and now >= midnight
    day = climate_day(station, day_start)
    if whole:
        high, low = world.truth(station, Variable.HIGH, day), world.truth(station, Variable.LOW, day)
        at_high, at_low = "1500", "0600"
    else:
        steps = range(day_start, until, 10 * MINUTE)
        curve = {(t - day_start) // MINUTE: world.temperature(station, Instant(t)) for t in steps}
        warmest, coldest = max(curve, key=lambda m: curve[m]), min(curve, key=lambda m: curve[m])
        high, low = round(curve[warmest]), round(curve[coldest])
        at_high, at_low = (f"{m // 60:02d}{m % 60:02d}" for m in (warmest, coldest))
    as_of = "" if whole else f"{_SUMMARY_HOUR:02d}00 "
    return (
        f"000 \nCDUS27 K{station.office} {to_datetime(issued):%d%H%M}\nDSM{station.site}\n"
        f"{station.code} DS {as_of}{day:%d/%m} {high}{at_high}/ {low}{at_low}// {high}/ {low}//9980000/00/00/00=\n"
    )


def portal(world: World, day: date, now: Instant) -> dict[str, Any]:
    """/climate/primary?date=..."""
    return {"date": day.isoformat(), "results": [_portal_result(world, s, day, now) for s in STATIONS]}


def _portal_result(world: World, station: Station, day: date, now: Instant) -> dict[str, Any]:
    about = {"icao": station.code, "cliId": station.site, "city": station.city}
    start = StationDay(station, Variable.HIGH, day).start
    preliminary = Instant(start + PRELIMINARY_HOUR * HOUR + PRELIMINARY_LATE)
    final = world.final_at(station, Variable.HIGH, day)
    if now < preliminary + _PORTAL_LATE:
        return {"status": "no_report", "station": about, "data": None}
    official = now >= final + _PORTAL_LATE
    if official:
        high, low = world.truth(station, Variable.HIGH, day), world.truth(station, Variable.LOW, day)
    else:
        curve = [world.temperature(station, Instant(start + k * 10 * MINUTE)) for k in range(PRELIMINARY_HOUR * 6 + 1)]
        high, low = round(max(curve)), round(min(curve))
    return {
        "status": "official" if official else "preliminary",
        "station": about,
        "data": {
            "maxTemp": high, "minTemp": low, "avgTemp": (high + low) / 2, "isOfficial": official,
            "issueTime": iso(final if official else preliminary),
        },
    }  # fmt: skip
