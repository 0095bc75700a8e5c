"""What pays, and where it may be quoted: brackets, price grids, markets, and the words of the rules.

A bracket comes from `strike_type`, `floor_strike` and `cap_strike`, never from the ticker: the suffix `T82` does not
say which tail it is. A grid comes from `price_ranges`, never from a structure's name.
"""

import itertools
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from core.errors import Malformed
from core.station_day import StationDay, Variable
from core.stations import BY_CLIMATE_PRODUCT, BY_SERIES
from core.units import ONE_DOLLAR, Instant, Money, Price


@dataclass(frozen=True, slots=True)
class Bracket:
    """The whole degrees Fahrenheit that pay: `low <= value <= high`; None is open.

    Source: Kalshi `Market.strike_type` (less: strict, between: both inclusive, greater: strict).
    """

    low: int | None
    high: int | None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise Malformed("bracket", self, "a bracket open on both sides pays always")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise Malformed("bracket", self, "floor above cap")

    def pays(self, value: int) -> bool:
        """Does the official whole-degree value lie inside?"""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.high}° or below"
        if self.high is None:
            return f"{self.low}° or above"
        return f"{self.low}° to {self.high}°" if self.low != self.high else f"{self.low}°"


def bracket(strike_type: object, floor: object, cap: object) -> Bracket:
    """Kalshi's three strike fields -> Bracket. Raises: Malformed for a missing or fractional strike."""
    match strike_type:
        case "less":
            return Bracket(None, _whole("cap_strike", cap) - 1)
        case "less_or_equal":
            return Bracket(None, _whole("cap_strike", cap))
        case "greater":
            return Bracket(_whole("floor_strike", floor) + 1, None)
        case "greater_or_equal":
            return Bracket(_whole("floor_strike", floor), None)
        case "between":
            return Bracket(_whole("floor_strike", floor), _whole("cap_strike", cap))
        case _:
            raise Malformed("strike_type", strike_type, "not a temperature bracket")


def _whole(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1000:
        raise Malformed(field, value, "expected a whole number of degrees")
    if int(value) != value:
        raise Malformed(field, value, "expected a whole number of degrees")
    return int(value)


def exhaustive(brackets: list[Bracket]) -> bool:
    """Exactly one of them pays, whatever the temperature: sorted, they touch and are open at both ends."""
    ordered = sorted(brackets, key=lambda b: -(10**6) if b.low is None else b.low)
    if not ordered or ordered[0].low is not None or ordered[-1].high is not None:
        return False
    return all(a.high is not None and b.low is not None and b.low == a.high + 1 for a, b in itertools.pairwise(ordered))


class PriceGrid:
    """The prices at which orders may rest, from a market's `price_ranges` [S: Market.price_ranges]. A value.

    `ranges`: (start, end, step), ascending, touching. 0 and 1 dollar themselves are never quotable.
    """

    def __init__(self, ranges: tuple[tuple[Price, Price, Price], ...]) -> None:
        """Raises: Malformed."""
        if not ranges:
            raise Malformed("price_ranges", ranges, "no price range")
        previous_end = ranges[0][0]
        for start, end, step in ranges:
            if not 0 <= start < end <= ONE_DOLLAR or step <= 0 or (end - start) % step or start != previous_end:
                raise Malformed(
                    "price_ranges", (start, end, step), "ranges must ascend, touch and divide by their step"
                )
            previous_end = end
        first, _, small = ranges[0]
        _, last, step = ranges[-1]
        self.ranges: Final = ranges
        self.lowest: Final = Price(first if first > 0 else first + small)
        self.highest: Final = Price(last if last < ONE_DOLLAR else last - step)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriceGrid) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __repr__(self) -> str:
        return f"PriceGrid({self.ranges})"

    def __reduce__(self) -> tuple[type["PriceGrid"], tuple[tuple[tuple[Price, Price, Price], ...]]]:
        return PriceGrid, (self.ranges,)  # compiled or not, it is pickled as what it is made of

    def holds(self, at: Price) -> bool:
        """Is `at` a quotable price?"""
        return self.lowest <= at <= self.highest and self._down(at) == at

    def floor(self, belief: float) -> Price | None:
        """The door for a bid: the highest grid price <= `belief` (in dollars, 0..1), or None below the grid."""
        at = Price(int(belief * ONE_DOLLAR + 1e-6))  # 1e-6: 0.29 * 10,000 is 2,899.999...
        if at < self.lowest:
            return None
        return min(self._down(min(at, self.highest)), self.highest)

    def ceil(self, belief: float) -> Price | None:
        """The door for an ask: the lowest grid price >= `belief` (in dollars, 0..1), or None above the grid."""
        at = Price(-int(-(belief * ONE_DOLLAR - 1e-6) // 1))
        if at > self.highest:
            return None
        down = self._down(max(at, self.lowest))
        return down if down >= at else self.up(down)

    def up(self, at: Price) -> Price | None:
        """The next higher grid price, or None at the top."""
        if at >= self.highest:
            return None
        _, _, step = self._range(at)
        return Price(at + step)

    def down(self, at: Price) -> Price | None:
        """The next lower grid price, or None at the bottom."""
        return None if at <= self.lowest else self._down(Price(at - 1))

    def _range(self, at: Price) -> tuple[Price, Price, Price]:
        for found in self.ranges:  # they touch: the first that ends above it
            if at < found[1]:
                return found
        return self.ranges[-1]

    def _down(self, at: Price) -> Price:
        start, _, step = self._range(at)
        return Price(start + (at - start) // step * step)


LINEAR_CENT: Final = PriceGrid(((Price(0), Price(ONE_DOLLAR), Price(100)),))


@dataclass(frozen=True, slots=True)
class Fees:
    """How an event's fills are charged. `taker` and `maker` are the coefficients times 1,000,000 (0.07 -> 70,000)."""

    taker: int
    maker: int


@dataclass(frozen=True, slots=True)
class Market:
    """A bracket as traded."""

    ticker: str
    event_ticker: str
    series: str
    station_day: StationDay
    bracket: Bracket
    grid: PriceGrid
    open_at: Instant
    close_at: Instant
    status: str
    exchange_index: int
    rules: str
    fees: Fees
    result: str = ""
    settlement_value: Money | None = None


_SERIES_DAY: Final = re.compile(r"^(?P<series>[A-Z0-9]+)-(?P<day>\d{2}[A-Z]{3}\d{2})$")
_PLACE: Final = re.compile(r"\((?P<product>CLI[A-Z]{3})\)")
_VARIABLE: Final = re.compile(r"\b(?P<word>highest|maximum|lowest|minimum)\b", re.IGNORECASE)
_RULES_DAY: Final = re.compile(r"\b(?:for|on) (?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d{1,2}, \d{4})\b")


def event_of(ticker: str) -> str:
    """`KXLOWTMIN-26DEC01-B-6.5` -> `KXLOWTMIN-26DEC01`: series and day. A strike may be below zero, so that
    what stands before the last dash need not be the event."""
    series, *rest = ticker.split("-", 2)
    return f"{series}-{rest[0]}" if len(rest) == 2 else series


def station_day_of(event_ticker: str) -> StationDay:
    """`KXHIGHNY-26NOV24` -> the station-day of a series we know. Raises: Malformed for any other."""
    found = _SERIES_DAY.match(event_ticker)
    if found is None or found["series"] not in BY_SERIES:
        raise Malformed("event_ticker", event_ticker, "not an event of a daily temperature series we know")
    station = BY_SERIES[found["series"]]
    try:
        day = datetime.strptime(found["day"].title(), "%y%b%d").date()  # noqa: DTZ007 - a calendar day, no time in it
    except ValueError as error:
        raise Malformed("event_ticker", event_ticker, "no such day") from error
    variable = Variable.HIGH if found["series"] == station.series_high else Variable.LOW
    return StationDay(station, variable, day)


@dataclass(frozen=True, slots=True)
class RulesSay:
    """What the text of `rules_primary` names; None where it does not say."""

    climate_product: str | None
    variable: Variable | None
    day: date | None
    source: str | None


def read_rules(text: str) -> RulesSay:
    """Kalshi's `rules_primary` -> what it names. Never guesses: an unread part is None, and `disagreement` says so."""
    place, word, day = _PLACE.search(text), _VARIABLE.search(text), _RULES_DAY.search(text)
    lowered = text.lower()
    source = (
        "twc" if "weather company" in lowered
        else "nws" if "national weather service" in lowered or "nws" in lowered
        else None
    )  # fmt: skip
    try:
        when = datetime.strptime(f"{day['month']} {day['day']}", "%b %d, %Y").date() if day else None  # noqa: DTZ007 - a day
    except ValueError:
        when = None
    high = word is not None and word["word"].lower() in ("highest", "maximum")
    variable = None if word is None else Variable.HIGH if high else Variable.LOW
    return RulesSay(place["product"] if place else None, variable, when, source)


def disagreement(market: Market) -> str | None:
    """Why the rules of `market` do not describe its station-day, or None. A market that disagrees is never quoted."""
    said, meant = read_rules(market.rules), market.station_day
    if said.climate_product is not None and said.climate_product not in BY_CLIMATE_PRODUCT:
        return f"the rules name {said.climate_product}, which is no station of ours"
    if said.climate_product is not None and said.climate_product != meant.station.climate_product:
        return f"the rules name {said.climate_product}, the series means {meant.station.climate_product}"
    if said.climate_product is None and said.source != "nws":
        return "the rules name no climate product"
    if said.variable is not meant.variable:
        return f"the rules speak of {said.variable}, the series of {meant.variable}"
    if said.day != meant.day:
        return f"the rules speak of {said.day}, the ticker of {meant.day}"
    return None
