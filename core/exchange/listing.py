"""Which events the embedded exchange lists: six markets a station-day, as Kalshi lists them. Pure.

One `less`, four `between` of two degrees, one `greater`, centred on what was believed when the event was listed; open
14:00 UTC the day before, closed at local standard midnight, paid out the next morning (weather FACTS §1.2, §1.3).
"""

from datetime import date, timedelta
from typing import Protocol

from core.contract import LINEAR_CENT, Bracket, Fees, Market
from core.fees import TAKER
from core.station_day import StationDay, Variable
from core.stations import Station
from core.units import DAY, HOUR, MINUTE, Instant, Money, money, to_datetime

_DOLLAR = money("1.00")
_OPEN_BEFORE = 24 * HOUR - 14 * HOUR  # 14:00 UTC of the day before, counted back from 00:00 UTC of the climate day
SETTLE_AFTER = 30 * MINUTE  # paid out this long after the final report


class Oracle(Protocol):
    """What the exchange knows of the weather."""

    def official(self, station: Station, variable: Variable, day: date, now: Instant) -> int | None:
        """The official whole degree, once its final report is out."""
        ...

    def belief(self, station: Station, variable: Variable, day: date, now: Instant) -> tuple[float, float]:
        """(mean, sd) of the best-informed trader."""
        ...


def open_at(day: StationDay) -> Instant:
    """14:00 UTC the day before."""
    midnight = Instant(day.start + day.station.standard_offset_hours * HOUR)
    return Instant(midnight - _OPEN_BEFORE)


def event(day: StationDay, oracle: Oracle) -> list[Market]:
    """The six markets of one station-day."""
    opens = open_at(day)
    mean, _ = oracle.belief(day.station, day.variable, day.day, opens)
    return ladder(day, round(mean) - 4, opens)


def ladder(day: StationDay, low: int, opens: Instant) -> list[Market]:
    """Six markets whose lowest `between` begins at `low`."""
    brackets = [(f"T{low}", Bracket(None, low - 1))]
    brackets += [(f"B{low + 2 * k}.5", Bracket(low + 2 * k, low + 2 * k + 1)) for k in range(4)]
    brackets.append((f"T{low + 7}", Bracket(low + 8, None)))
    return [
        Market(
            ticker=f"{day.event_ticker}-{suffix}", event_ticker=day.event_ticker, series=day.series, station_day=day,
            bracket=bracket, grid=LINEAR_CENT, open_at=opens, close_at=day.end, status="active", exchange_index=0,
            rules=rules(day, bracket), fees=Fees(TAKER, 0),
        )
        for suffix, bracket in brackets
    ]  # fmt: skip


def rules(day: StationDay, bracket: Bracket) -> str:
    """The rule text in the wording of October 2026."""
    word = "maximum" if day.variable is Variable.HIGH else "minimum"
    if bracket.low is None:
        condition = f"less than {(bracket.high or 0) + 1}°"
    elif bracket.high is None:
        condition = f"greater than {bracket.low - 1}°"
    else:
        condition = f"between {bracket.low}-{bracket.high}°"
    when = f"{day.day:%b} {day.day.day}, {day.day.year}"
    return (
        f"If the {word} temperature recorded at {day.station.city} ({day.station.climate_product}) for {when}, is"
        f" {condition} fahrenheit according to The Weather Company, then the market resolves to Yes."
    )


def station_days(stations: tuple[Station, ...], now: Instant, back: int, ahead: int) -> list[StationDay]:
    """Station-days around now, oldest first."""
    today = to_datetime(now).date()
    return [
        StationDay(station, variable, today + timedelta(days=k))
        for k in range(-back, ahead + 1)
        for station in stations
        for variable in Variable
    ]


def listed_now(stations: tuple[Station, ...], oracle: Oracle, now: Instant) -> list[Market]:
    """Markets that are open, about to open within an hour, or closed and not yet paid out."""
    found: list[Market] = []
    for day in station_days(stations, now, 2, 2):
        if open_at(day) <= now + HOUR and now < day.end + 14 * HOUR:
            found += event(day, oracle)
    return found


def outcome(market: Market, value: int) -> tuple[str, Money]:
    """(result, YES value a contract) for an official whole degree."""
    return ("yes", _DOLLAR) if market.bracket.pays(value) else ("no", Money(0))


def settled_markets(day: StationDay, oracle: Oracle, now: Instant) -> list[tuple[Market, str, Money, int]]:
    """(market, result, value, official degree) of one past station-day; empty while its report is not out."""
    value = oracle.official(day.station, day.variable, day.day, Instant(now - SETTLE_AFTER))
    if value is None or day.end + 7 * DAY * 20 < now:
        return []
    return [(market, *outcome(market, value), value) for market in event(day, oracle)]
