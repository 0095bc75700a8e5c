"""What api.weather.gov would answer in the embedded world: JSON objects and bulletin texts. Pure.

Shapes as recorded from the real service: only fields that exist there, and of those the ones we need.
"""

from datetime import date, timedelta
from typing import Any

from core.station_day import StationDay, Variable, climate_day
from core.stations import STATIONS, Station
from core.units import HOUR, MINUTE, Instant, iso, to_datetime
from core.weather.climate_report import PLACES
from core.weather.world import FINAL_AFTER_H, PRELIMINARY_HOUR, World, issue_time

GRID: dict[str, tuple[str, int, int]] = {s.code: (s.office, 30 + i, 40 + i) for i, s in enumerate(STATIONS)}
PRELIMINARY_LATE = 33 * MINUTE


def _offset(station: Station) -> str:
    return f"{'-' if station.standard_offset_hours < 0 else '+'}{abs(station.standard_offset_hours):02d}:00"


def _local(station: Station, at: Instant) -> str:
    moment = to_datetime(Instant(at + station.standard_offset_hours * HOUR))
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + _offset(station)


def _stamp(at: Instant) -> str:
    return iso(at).replace("Z", "+00:00")


def points(station: Station, base: str) -> dict[str, Any]:
    """/points/{lat},{lon}"""
    office, x, y = GRID[station.code]
    grid = f"{base}/gridpoints/{office}/{x},{y}"
    return {
        "id": f"{base}/points/{station.latitude},{station.longitude}",
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [station.longitude, station.latitude]},
        "properties": {
            "@type": "wx:Point", "cwa": office, "gridId": office, "gridX": x, "gridY": y,
            "forecast": f"{grid}/forecast", "forecastHourly": f"{grid}/forecast/hourly", "forecastGridData": grid,
            "observationStations": f"{grid}/stations", "timeZone": station.zone,
        },
    }  # fmt: skip


def _celsius(fahrenheit: float) -> float:
    return round((fahrenheit - 32) * 5 / 9, 13)


def forecast_at(world: World, station: Station, issued: Instant, at: Instant) -> float:
    """The hourly forecast: the true shape of the day, moved so that its extremes are the forecast ones."""
    day = climate_day(station, at)
    curve = world.temperature(station, at)
    shift = 0.0
    for variable in Variable:
        error = world.forecast(station, variable, day, issued) - world.exact(station, variable, day)
        shift += error / 2
    return round(curve + shift)


def gridpoint(world: World, station: Station, now: Instant) -> dict[str, Any]:
    """/gridpoints/{wfo}/{x},{y}: metric layers with validTime intervals."""
    issued = issue_time(now)
    start = Instant(issued // HOUR * HOUR)
    days = [climate_day(station, start) + timedelta(days=k) for k in range(7)]
    layers: dict[str, list[dict[str, Any]]] = {"maxTemperature": [], "minTemperature": []}
    for variable, name, hour, length in (
        (Variable.HIGH, "maxTemperature", 7, 13), (Variable.LOW, "minTemperature", -5, 14),
    ):  # fmt: skip
        for day in days:
            begin = Instant(StationDay(station, variable, day).start + hour * HOUR)
            end = Instant(begin + length * HOUR)
            if end <= now:
                continue
            begin = max(begin, start)  # the first window is cut after the issuance
            value = world.forecast(station, variable, day, issued)
            hours = (end - begin) // HOUR
            layers[name].append({"validTime": f"{_stamp(begin)}/PT{hours}H", "value": _celsius(value)})
    hourly = [
        {"validTime": f"{_stamp(at)}/PT1H", "value": _celsius(forecast_at(world, station, issued, at))}
        for at in (Instant(start + k * HOUR) for k in range(7 * 24))
    ]
    return {
        "type": "Feature",
        "properties": {
            "@type": "wx:Gridpoint", "updateTime": _stamp(issued), "validTimes": f"{_stamp(start)}/P7D",
            "gridId": GRID[station.code][0], "gridX": GRID[station.code][1], "gridY": GRID[station.code][2],
            "temperature": {"uom": "wmoUnit:degC", "values": hourly},
            **{name: {"uom": "wmoUnit:degC", "values": values} for name, values in layers.items()},
        },
    }  # fmt: skip


def forecast(world: World, station: Station, now: Instant) -> dict[str, Any]:
    """.../forecast: 14 periods of 12 hours, days 06-18 local standard time."""
    issued = issue_time(now)
    periods: list[dict[str, Any]] = []
    first = climate_day(station, now)
    for k in range(8):
        day = first + timedelta(days=k)
        midnight = StationDay(station, Variable.HIGH, day).start
        for daytime in (True, False):
            start = Instant(midnight + (6 if daytime else 18) * HOUR)
            end = Instant(start + 12 * HOUR)
            if end <= now or len(periods) == 14:
                continue
            variable = Variable.HIGH if daytime else Variable.LOW
            target = day if daytime else day + timedelta(days=1)
            periods.append({
                "number": len(periods) + 1, "name": day.strftime("%A") + ("" if daytime else " Night"),
                "startTime": _local(station, start), "endTime": _local(station, end), "isDaytime": daytime,
                "temperature": int(world.forecast(station, variable, target, issued)), "temperatureUnit": "F",
                "temperatureTrend": None, "windSpeed": "5 to 10 mph", "windDirection": "W",
                "shortForecast": "Partly Sunny" if daytime else "Partly Cloudy", "detailedForecast": "",
            })  # fmt: skip
    return _feature(issued, now, periods)


def hourly(world: World, station: Station, now: Instant) -> dict[str, Any]:
    """.../forecast/hourly: 156 periods of an hour."""
    issued = issue_time(now)
    start = Instant(now // HOUR * HOUR)
    periods = []
    for k in range(156):
        at = Instant(start + k * HOUR)
        periods.append({
            "number": k + 1, "name": "", "startTime": _local(station, at),
            "endTime": _local(station, Instant(at + HOUR)), "isDaytime": 6 <= to_datetime(
                Instant(at + station.standard_offset_hours * HOUR)).hour < 18,
            "temperature": int(forecast_at(world, station, issued, at)), "temperatureUnit": "F",
            "temperatureTrend": None, "windSpeed": "5 mph", "windDirection": "W", "shortForecast": "Partly Cloudy",
            "detailedForecast": "",
        })  # fmt: skip
    return _feature(issued, now, periods)


def _feature(issued: Instant, now: Instant, periods: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "units": "us", "forecastGenerator": "BaselineForecastGenerator", "generatedAt": _stamp(now),
            "updateTime": _stamp(issued), "validTimes": f"{_stamp(issued)}/P7DT4H", "periods": periods,
        },
    }  # fmt: skip


def metar(world: World, station: Station, at: Instant) -> str:
    """The hourly report of :53, with its T-group and, every six hours, the extremes since the last."""
    moment = to_datetime(at)
    value = _tenths(round(world.observed(station, at)))
    dew = _tenths(round(world.observed(station, at) - 12))
    groups = ""
    if moment.hour % 6 == 5:
        samples = [world.observed(station, Instant(at - k * 10 * MINUTE)) for k in range(36)]
        groups = f" 1{_tenths(round(max(samples) + 0.3))} 2{_tenths(round(min(samples)))}"
    whole = f"{_whole(world.observed(station, at))}/{_whole(world.observed(station, at) - 12)}"
    return (
        f"{station.code} {moment:%d%H%M}Z AUTO 27005KT 10SM FEW050 {whole} A3002 RMK AO2 SLP170 T{value}{dew}{groups}"
    )


def _tenths(whole_f: int) -> str:
    tenths = round((whole_f - 32) * 50 / 9)
    return f"{'1' if tenths < 0 else '0'}{abs(tenths):03d}"


def _whole(fahrenheit: float) -> str:
    celsius = round((fahrenheit - 32) * 5 / 9)
    return f"M{-celsius:02d}" if celsius < 0 else f"{celsius:02d}"


def observation(world: World, station: Station, at: Instant, base: str) -> dict[str, Any]:
    """One report: at :53 a METAR with tenths C, else a five-minute row in whole C."""
    hourly_report = to_datetime(at).minute == 53
    exact = world.observed(station, at)
    celsius = (round(exact) - 32) * 5 / 9 if hourly_report else float(round((exact - 32) * 5 / 9))
    return {
        "id": f"{base}/stations/{station.code}/observations/{_stamp(at)}",
        "type": "Feature",
        "properties": {
            "station": f"{base}/stations/{station.code}", "timestamp": _stamp(at),
            "rawMessage": metar(world, station, at) if hourly_report else "",
            "temperature": {"unitCode": "wmoUnit:degC", "value": round(celsius, 1), "qualityControl": "V"},
        },
    }  # fmt: skip


def observation_times(start: Instant, end: Instant) -> list[Instant]:
    """Every five minutes and :53, in [start, end), newest first."""
    times = {Instant(t) for t in range(start // (5 * MINUTE) * 5 * MINUTE, end, 5 * MINUTE) if t >= start}
    first_hour = start // HOUR * HOUR
    times |= {Instant(t + 53 * MINUTE) for t in range(first_hour, end, HOUR) if start <= t + 53 * MINUTE < end}
    return sorted(times, reverse=True)


def observations(world: World, station: Station, start: Instant, end: Instant, limit: int, base: str) -> dict[str, Any]:
    """/stations/{id}/observations: newest first, at most `limit`."""
    features = [observation(world, station, at, base) for at in observation_times(start, end)[:limit]]
    return {"type": "FeatureCollection", "features": features}


def bulletins(station: Station, now: Instant, days: int = 8) -> list[tuple[str, Instant, date, bool]]:
    """Climate reports out by `now`: (product id, issued, climate day, final), newest first."""
    today = climate_day(station, now)
    found = []
    for k in range(days):
        day = today - timedelta(days=k)
        start = StationDay(station, Variable.HIGH, day).start
        for final in (False, True):
            issued = Instant(
                start + 24 * HOUR + int(FINAL_AFTER_H * HOUR) if final
                else start + PRELIMINARY_HOUR * HOUR + PRELIMINARY_LATE
            )  # fmt: skip
            if issued <= now:
                found.append((bulletin_id(station, day, final), issued, day, final))
    return sorted(found, key=lambda entry: -entry[1])


def bulletin_id(station: Station, day: date, final: bool) -> str:
    """An id that says what it is; opaque to everybody else."""
    return f"{station.site.lower()}-{day.isoformat()}-{'final' if final else 'preliminary'}"


def bulletin(world: World, station: Station, day: date, final: bool) -> tuple[str, Instant]:
    """(text, issued) of one climate report."""
    start = StationDay(station, Variable.HIGH, day).start
    if final:
        issued = Instant(start + 24 * HOUR + int(FINAL_AFTER_H * HOUR))
        high, low = world.truth(station, Variable.HIGH, day), world.truth(station, Variable.LOW, day)
    else:
        issued = Instant(start + PRELIMINARY_HOUR * HOUR + PRELIMINARY_LATE)
        curve = [world.temperature(station, Instant(start + k * 10 * MINUTE)) for k in range(PRELIMINARY_HOUR * 6 + 1)]
        high, low = round(max(curve)), round(min(curve))
    heading = "YESTERDAY" if final else "TODAY"
    as_of = "" if final else f"VALID TODAY AS OF 0{PRELIMINARY_HOUR - 12}00 PM LOCAL TIME.\n"
    local = to_datetime(Instant(issued + station.standard_offset_hours * HOUR))
    month, place = day.strftime("%B").upper(), PLACES.get(station.code, station.city.upper())
    text = (
        f"\n000\nCDUS41 K{station.office} {to_datetime(issued):%d%H%M}\n{station.climate_product}\n\nCLIMATE REPORT \n"
        f"NATIONAL WEATHER SERVICE {station.city.upper()}\n"
        f"{local.strftime('%I%M %p').lstrip('0')} LST {local.strftime('%a %b %d %Y').upper()}\n\n"
        "...................................\n\n"
        f"...THE {place} CLIMATE SUMMARY FOR {month} {day.day} {day.year}...\n{as_of}\n"
        "CLIMATE NORMAL PERIOD 1991 TO 2020\n\n"
        "WEATHER ITEM   OBSERVED TIME   RECORD YEAR NORMAL DEPARTURE LAST      \n"
        "                VALUE   (LST)  VALUE       VALUE  FROM      YEAR     \n"
        "...................................................................\n"
        f"TEMPERATURE (F)\n {heading}\n"
        f"  MAXIMUM        {high:3d}    300 PM 120    1993  {high:3d}      0      {high:3d}\n"
        f"  MINIMUM        {low:3d}    600 AM -20    1894  {low:3d}      0      {low:3d}\n"
        f"  AVERAGE        {(high + low) // 2:3d}\n\nPRECIPITATION (IN)\n  {heading}        0.00\n\n$$\n"
    )
    return text, issued


def month_issued(station: Station, now: Instant) -> tuple[date, Instant]:
    """(climate day, issued) of the newest month's table: each morning at 05 standard time, of the days up to then."""
    at = Instant(now - 5 * HOUR)
    day = climate_day(station, at)
    return day, Instant(StationDay(station, Variable.HIGH, day).start + 5 * HOUR)


def month_id(station: Station, day: date) -> str:
    """An id that says what it is; opaque to everybody else."""
    return f"{station.site.lower()}-{day.isoformat()}-cf6"


def month(world: World, station: Station, day: date, now: Instant) -> tuple[str, Instant]:
    """(text, issued) of the table made in the morning of `day`: the month of the day before."""
    issued = Instant(StationDay(station, Variable.HIGH, day).start + 5 * HOUR)
    last = day - timedelta(days=1)
    lines = []
    for number in range(1, last.day + 1):
        of = last.replace(day=number)
        high, low = (world.official(station, variable, of, min(now, issued)) for variable in Variable)
        shown = [f"{v:3d}" if v is not None else "  M" for v in (high, low)]
        lines.append(f"{number:2d} {shown[0]} {shown[1]}   M   M   M   M    M    M    M    M  M   M")
    text = (
        f"\n000\nCXUS51 K{station.office} {to_datetime(issued):%d%H%M}\nCF6{station.site}\n"
        "PRELIMINARY LOCAL CLIMATOLOGICAL DATA (WS FORM: F-6)\n\n"
        f"                                          STATION:   {station.city.upper()}\n"
        f"                                          MONTH:     {last:%B}\n"
        f"                                          YEAR:      {last.year}\n\n"
        "DY MAX MIN AVG DEP HDD CDD  WTR  SNW DPTH SPD SPD DIR\n" + "\n".join(lines) + "\n"
    )
    return text, issued
