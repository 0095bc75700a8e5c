"""What was seen of a climate day under way, and when it cannot be believed: then the day has no fair value. Pure.

A sensor that spikes, a mistyped report and a wrong unit are rare, and a fair value that believes them is confidently
wrong. Thermometer, official words and forecasts watch each other; who is wrong, nobody can say before the next report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Refused
from core.fair.cases import DOUBTED, FLOOR, WHOLE, Extreme
from core.fair.seen import Reading, Word, contradicted, progress
from core.station_day import StationDay, Variable
from core.units import DAY, HOUR

# an extreme so far further than this beyond every forecast is five standard deviations of a forecast of the same day
BUST_F = 15.0


@dataclass(frozen=True, slots=True)
class Seen:
    """`extreme`: what the day's case has seen; `floor`: what was surely reached (degrees F) where reports are missing;
    `refused`: why neither may be used."""

    extreme: Extreme | None = None
    floor: float | None = None
    refused: Refused | None = None


def seen(day: StationDay, readings: Sequence[Reading], forecasts: Iterable[float], word: Word | None = None) -> Seen:
    """`readings` of the day and the hours before it, `forecasts` of its extreme, and an official word of it."""
    offset = day.station.standard_offset_hours
    about = (day.variable.value, round((day.start + offset * HOUR) / DAY), offset)
    if word is not None and (against := contradicted(*about, readings, word)) is not None:
        return Seen(refused=Refused(
            "contradiction",
            f"an official word says {word.value:.0f} °F so far, {against[0]} reports {against[1]:.0f} °F",
        ))  # fmt: skip
    found = progress(day.station.code, *about, readings, word)
    last = found[-1] if found else None
    if last is not None and last.stands == DOUBTED:
        words = f"the newest report jumps to {last.temperature:.0f} °F, and none confirms it yet"
        return Seen(refused=Refused("doubtful_report", words))
    reached = last.extreme if last is not None else None if word is None else word.value
    if reached is not None and (beyond := _beyond(day.variable, reached, list(forecasts))) > BUST_F:
        words = f"{reached:.0f} °F so far is {beyond:.0f} °F beyond every forecast: one of them must be wrong"
        return Seen(refused=Refused("contradiction", words))
    whole = next((x for x in reversed(found) if x.stands == WHOLE), None)
    return Seen(whole, last.extreme if last is not None and last.stands == FLOOR else None)


def _beyond(variable: Variable, reached: float, forecasts: Sequence[float]) -> float:
    if not forecasts:
        return 0.0
    return reached - max(forecasts) if variable is Variable.HIGH else min(forecasts) - reached
