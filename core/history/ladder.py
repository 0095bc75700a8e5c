"""Past events, their prints and touches, as values; and the ladder that tickers alone describe. Pure.

`KXHIGHNY-25DEC05-B30.5` pays for 30 and 31 degrees; `-T28` is the lowest bracket (27 or less) or the highest (29 or
more), whichever end of its event it is at: used only where no table of markets says it (never to trade).
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.contract import Bracket, event_of, station_day_of
from core.station_day import StationDay
from core.units import HOUR, Instant

Integers = NDArray[np.int64]
_STRIKE = re.compile(r"^(?P<kind>[BT])(?P<at>-?\d+(?:\.5)?)$")


@dataclass(frozen=True, slots=True)
class Listed:
    """One past market. `pays`: True, False, or None when no official result is known."""

    ticker: str
    bracket: Bracket
    open_at: Instant
    close_at: Instant
    pays: bool | None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One past station-day with its ladder, lowest bracket first."""

    ticker: str
    station_day: StationDay
    markets: tuple[Listed, ...]

    @property
    def series(self) -> str:
        """Kalshi's series ticker of today, whatever it was called then."""
        return self.station_day.series

    @property
    def close_at(self) -> Instant:
        """When the last of its markets closed."""
        return max(m.close_at for m in self.markets)

    @property
    def open_at(self) -> Instant:
        """When the first of its markets opened."""
        return min(m.open_at for m in self.markets)


@dataclass(frozen=True, slots=True)
class Prints:
    """Trades of one event in order of time: `market` indexes its ladder; price in 1/10,000 $; count in 1/100."""

    at: Integers
    market: Integers
    price: Integers
    count: Integers
    buys: NDArray[np.bool_]  # the taker bought YES

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Touches:
    """Best bid and ask of one event's markets, tick by tick, in YES terms (1/10,000 $); 0 is none."""

    at: Integers
    market: Integers
    bid: Integers
    ask: Integers

    def __len__(self) -> int:
        return len(self.at)


def ladder_of_tickers(seen: Sequence[tuple[str, date, int, int]]) -> list[PastEvent]:
    """(ticker, day, first and last seen, ns) -> events. A ticker that names no strike is left out; nothing settles."""
    groups: dict[str, list[tuple[str, float, str]]] = defaultdict(list)
    first: dict[str, int] = {}
    for ticker, _, begun, _ in seen:
        event = event_of(ticker)
        strike = ticker.removeprefix(f"{event}-")
        found = _STRIKE.match(strike)
        if found is not None:
            groups[event].append((found["kind"], float(found["at"]), ticker))
            first[event] = min(first.get(event, begun), begun)
    out = []
    for event, strikes in groups.items():
        day = station_day_of(event)
        middle = [at for kind, at, _ in strikes if kind == "B"]
        listed = []
        for kind, at, ticker in sorted(strikes, key=lambda s: s[1]):
            if kind == "B":
                shape = Bracket(int(at - 0.5), int(at + 0.5))
            elif not middle or at < min(middle):
                shape = Bracket(None, int(at) - 1)
            else:
                shape = Bracket(int(at) + 1, None)
            listed.append(Listed(ticker, shape, Instant(min(first[event], day.start - 10 * HOUR)), day.end, None))
        out.append(PastEvent(event, day, tuple(listed)))
    return out
