"""A weather that never was, and everything one may know of it when. Pure: a function of the seed, station and time.

Truth is a temperature curve through each day's low (06 LST) and high (15 LST), with seasons, synoptic spells and noise;
official values are its extremes over the climate day (local standard time), so a warm midnight counts, as it does in
reality. What is not yet known at time t is a sum of independent increments that are revealed as the day approaches:
`belief` knows all revealed ones, a forecast also errs by its own bias and noise (sizes: weather FACTS §3).
"""

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from core.station_day import StationDay, Variable
from core.stations import Station
from core.units import HOUR, MINUTE, Instant, to_datetime
from core.weather.draws import normal

# station: (mean of daily highs over the year, seasonal amplitude of highs, mean daily range, synoptic sd), degrees F
_CLIMATE: dict[str, tuple[float, float, float, float]] = {
    "KNYC": (62, 23, 14, 7.0), "KMDW": (59, 26, 16, 8.5), "KMIA": (84, 7, 13, 3.0), "KLAX": (70, 6, 13, 4.0),
    "KDEN": (65, 22, 26, 9.5), "KAUS": (80, 17, 21, 7.0), "KPHL": (65, 23, 18, 7.5), "KATL": (72, 18, 19, 6.5),
    "KBOS": (59, 23, 14, 7.5), "KDFW": (77, 20, 20, 8.0), "KDCA": (67, 22, 17, 7.5), "KHOU": (80, 14, 17, 6.0),
    "KLAS": (80, 23, 22, 5.0), "KMSP": (55, 30, 18, 9.0), "KMSY": (78, 14, 15, 5.5), "KOKC": (72, 21, 21, 9.0),
    "KPHX": (87, 20, 22, 4.5), "KSAT": (80, 16, 20, 7.0), "KSEA": (61, 15, 15, 5.0), "KSFO": (65, 6, 14, 4.0),
    "KEWR": (63, 23, 16, 7.5), "KSAN": (70, 6, 11, 3.5), "KSDF": (67, 22, 19, 7.5), "KTTN": (63, 23, 18, 7.5),
}  # fmt: skip
_PERSISTENCE = 0.65
_LOW_HOUR, _HIGH_HOUR = 6, 15
_STEP_H = 3  # an increment of knowledge every three hours
_HORIZON_H = 9 * 24
# guidance: (sd of its seasonal bias at a station, sd of each cycle's own error), degrees F
_GUIDANCE: dict[str, tuple[float, float]] = {
    "nbm": (0.4, 0.6), "nbm_short": (0.5, 0.8), "gfs_mos": (0.9, 1.5), "gfs_mos_ext": (1.1, 1.7), "nam_mos": (1.0, 1.8),
}  # fmt: skip
FINAL_AFTER_H = 2.5  # the final climate report comes this long after the climate day ends
PRELIMINARY_HOUR = 16  # LST; "VALID TODAY AS OF 0400 PM", out 33 minutes later


def _sd_unknown(hours: float) -> float:
    """Sd of what nobody knows yet, this many hours before the extreme (negative: after it)."""
    if hours <= 0:
        return 0.35 * math.exp(max(hours, -40.0) / 3)
    return 0.45 + 0.105 * math.pow(hours, 0.80)


@lru_cache(maxsize=200_000)
def _daily(seed: int, code: str, ordinal: int) -> tuple[float, float]:
    """(high, low) drawn for one day, before the curve joins days."""
    mean, amplitude, range_, sd = _CLIMATE[code]
    season = math.cos((date.fromordinal(ordinal).timetuple().tm_yday - 203) / 365.25 * 2 * math.pi)
    spell = sum(
        _PERSISTENCE**k * normal(seed, code, "spell", ordinal - k) for k in range(12)
    ) * (1 - _PERSISTENCE**2) ** 0.5  # fmt: skip
    winter = 1.0 - 0.25 * season
    high = mean + amplitude * season + sd * winter * spell
    drop = max(3.0, range_ * (1 + 0.25 * normal(seed, code, "range", ordinal)))
    return high, high - drop


class World:
    """See the module. All methods take instants in the world's time."""

    def __init__(self, seed: int = 1, moved: Mapping[tuple[str, Variable, date], float] | None = None) -> None:
        """`moved`: degrees F by which the extreme of (station code, variable, climate day) differs from the seed's."""
        self.seed = seed
        self.moved = dict(moved or {})

    def _drawn(self, code: str, ordinal: int) -> tuple[float, float]:
        """(high, low) of one day, moved ones where they should be; a low stays below its high."""
        high, low = _daily(self.seed, code, ordinal)
        if self.moved:
            day = date.fromordinal(ordinal)
            high += self.moved.get((code, Variable.HIGH, day), 0.0)
            low = min(low + self.moved.get((code, Variable.LOW, day), 0.0), high - 3.0)
        return high, low

    def anchored(self, beliefs: Mapping[StationDay, float], now: Instant) -> "World":
        """The same weather, moved so that the best-informed mean of each station-day at `now` is the given one."""
        moved = dict(self.moved)
        for _ in range(3):  # a low also is the cold edge of the next day: moving one day moves its neighbours a little
            world = World(self.seed, moved)
            for day, wanted in beliefs.items():
                key = (day.station.code, day.variable, day.day)
                mean, _ = world.belief(day.station, day.variable, day.day, now)
                moved[key] = moved.get(key, 0.0) + wanted - mean
        return World(self.seed, moved)

    def temperature(self, station: Station, at: Instant) -> float:
        """The true temperature, degrees F."""
        local = to_datetime(Instant(at + station.standard_offset_hours * HOUR))
        hour = local.hour + local.minute / 60 + local.second / 3600
        ordinal = local.date().toordinal()
        high, low = self._drawn(station.code, ordinal)
        if hour < _LOW_HOUR:
            start, end, share = self._drawn(station.code, ordinal - 1)[0], low, (hour + 9) / 15
        elif hour < _HIGH_HOUR:
            start, end, share = low, high, (hour - _LOW_HOUR) / (_HIGH_HOUR - _LOW_HOUR)
        else:
            start, end, share = high, self._drawn(station.code, ordinal + 1)[1], (hour - _HIGH_HOUR) / 15
        return start + (end - start) * (1 - math.cos(math.pi * share)) / 2

    def truth(self, station: Station, variable: Variable, day: date) -> int:
        """The official whole degree of a climate day, known to nobody before its report."""
        return round(self.exact(station, variable, day))

    def exact(self, station: Station, variable: Variable, day: date) -> float:
        """The same before rounding."""
        high, low = self._drawn(station.code, day.toordinal())
        start = StationDay(station, variable, day).start
        edges = (self.temperature(station, start), self.temperature(station, Instant(start + 24 * HOUR - 1)))
        return max(high, *edges) if variable is Variable.HIGH else min(low, *edges)

    def final_at(self, station: Station, variable: Variable, day: date) -> Instant:
        """When the final climate report about `day` is issued."""
        return Instant(StationDay(station, variable, day).end + int(FINAL_AFTER_H * HOUR))

    def official(self, station: Station, variable: Variable, day: date, now: Instant) -> int | None:
        """The official value, once its final report is out."""
        return self.truth(station, variable, day) if now >= self.final_at(station, variable, day) else None

    def belief(self, station: Station, variable: Variable, day: date, now: Instant) -> tuple[float, float]:
        """(mean, sd) of the best-informed trader: truth less everything not yet revealed."""
        hours = self._hours_before(station, variable, day, now)
        return self.exact(station, variable, day) - self._unrevealed(station, variable, day, hours), _sd_unknown(hours)

    def forecast(self, station: Station, variable: Variable, day: date, issued_at: Instant) -> float:
        """The weather service's number at an issue time: whole degrees F."""
        mean, _ = self.belief(station, variable, day, issued_at)
        block = issued_at // (6 * HOUR)
        bias = 0.9 * normal(self.seed, station.code, variable.value, "bias", (day.month % 12) // 3)
        return float(round(mean - bias + 0.8 * normal(self.seed, station.code, variable.value, day, "noise", block)))

    def guidance(
        self, source: str, station: Station, variable: Variable, day: date, cycle: Instant
    ) -> tuple[float, float]:
        """(mean, sd) that guidance of one cycle gives: the sd is right about everything but its bias."""
        mean, sd = self.belief(station, variable, day, cycle)
        bias_sd, error_sd = _GUIDANCE[source]
        key = (station.code, variable.value, source)
        bias = bias_sd * normal(self.seed, *key, "bias", (day.month % 12) // 3)
        error = error_sd * normal(self.seed, *key, day, "cycle", cycle // HOUR)
        return mean - bias + error, math.hypot(sd, error_sd)

    def _hours_before(self, station: Station, variable: Variable, day: date, now: Instant) -> float:
        hour = _HIGH_HOUR if variable is Variable.HIGH else _LOW_HOUR
        return (StationDay(station, variable, day).start + hour * HOUR - now) / HOUR

    def _unrevealed(self, station: Station, variable: Variable, day: date, hours: float) -> float:
        """The sum of increments still to come: their variances add up to `_sd_unknown(hours)` squared."""
        hours = min(hours, _HORIZON_H)
        total, edge = 0.0, -24.0
        while edge < hours:
            upper = min(edge + _STEP_H, hours)
            variance = _sd_unknown(upper) ** 2 - _sd_unknown(edge) ** 2
            total += math.sqrt(max(variance, 0.0)) * self._draw(station.code, variable.value, day, round(edge))
            edge += _STEP_H
        return total

    @lru_cache(maxsize=200_000)  # noqa: B019 - one world lives as long as its process
    def _draw(self, code: str, variable: str, day: date, edge: int) -> float:
        return normal(self.seed, code, variable, day.toordinal(), "increment", edge)

    def observed(self, station: Station, at: Instant) -> float:
        """What the sensor reports at `at`, degrees F: the truth, slightly low at its peaks, as averages are.

        The largest report of a day so rarely exceeds the official maximum (22 of 1,461 days at Central Park).
        """
        return self.temperature(station, at) + 0.12 * normal(self.seed, station.code, "sensor", at // MINUTE) - 0.3


def issue_time(at: Instant) -> Instant:
    """The latest forecast issue at or before `at`: the grid is updated every three hours, 20 minutes past."""
    step, offset = 3 * HOUR, 20 * MINUTE
    return Instant((at - offset) // step * step + offset)
