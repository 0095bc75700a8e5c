"""How each source stands about a station: newest vintage, age, verdict, in a table for people or JSON. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.stations import Station
from core.units import Instant, iso
from core.weather.sources import FIRST, Source
from core.weather.standing import State, age

_HEAD = ("source", "verdict", "newest vintage", "age", "asked", "")
_SAYS = {
    "fresh": "a new vintage came", "unchanged": "the same vintage, still young", "nothing new": "nothing is published",
    "stale": "answered with a vintage that cannot be believed", "refused": "answered, and could not be read",
    "failed": "did not answer", "never asked": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One source about one station."""

    station: str
    source: str
    verdict: str
    issued_at: Instant | None
    age: str
    checked: str
    words: str
    good: bool
    needed: bool  # a fair value stands on it


def lines(state: State, stations: Sequence[Station], on: Sequence[Source], now: Instant) -> list[Line]:
    """Every chosen source about each of these stations, in the settings' order."""
    found = []
    for station in stations:
        for source in on:
            needed = source.name in FIRST
            one = state.standings.get(f"{station.code} {source.name}")
            if one is None:
                found.append(Line(station.code, source.name, "never asked", None, "", "", "", False, needed))
                continue
            too_old = one.issued_at is not None and now - one.issued_at > source.max_age
            verdict = "stale" if one.good and too_old else one.verdict
            found.append(
                Line(station.code, source.name, verdict, one.issued_at,
                     age(now - one.issued_at) if one.issued_at is not None else "", age(now - one.checked_at) + " ago",
                     one.reason or _SAYS.get(verdict, ""), one.good and not too_old, needed)
            )  # fmt: skip
    return found


def shown(found: Sequence[Line]) -> str:
    """A table a station."""
    rows: list[tuple[str, ...]] = []
    for line in found:
        if not rows or rows[-1][0] != line.station:
            rows.append((line.station, "", *_HEAD[1:]))
        vintage = iso(line.issued_at)[:16].replace("T", " ") + "Z" if line.issued_at is not None else "none"
        rows.append((line.station, f"  {line.source}", line.verdict, vintage, line.age, line.checked, line.words))
    if not rows:
        return "no source is switched on: [weather] sources"
    cells = [(r[0] if not r[1] else r[1], *r[2:]) for r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(5)]
    return "\n".join(
        "  ".join(c[i].ljust(w) for i, w in enumerate(widths)).rstrip() + (f"  {c[5]}" if c[5] else "") for c in cells
    )


def documents(found: Sequence[Line]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [asdict(line) for line in found]
