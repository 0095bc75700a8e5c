"""Integers that do not mix: prices, counts, money and instants.

Facts are integers, beliefs are floats. `Price` x `Count` is exactly a `Money`, so nothing is rounded between a
fill and the ledger. `mypy --strict` keeps the types apart; at run time all of them are `int`.

========= ===================== ================================================
type      unit                  on the wire
========= ===================== ================================================
Price     1/10,000 dollar       `*_dollars` strings, up to 6 decimals
Count     1/100 contract        `*_fp` strings, 2 decimals
Money     1/1,000,000 dollar    `*_dollars` amounts, fees
Instant   ns since epoch, UTC   ISO 8601 strings, Unix s or ms integers
========= ===================== ================================================
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NewType

from core.errors import Malformed

if TYPE_CHECKING:
    Price = NewType("Price", int)
    Count = NewType("Count", int)
    Money = NewType("Money", int)
    Instant = NewType("Instant", int)
    Duration = NewType("Duration", int)  # ns
else:  # calling a NewType runs Python code, seven times as long as `int` takes: it shows in every decision
    Price = Count = Money = Instant = Duration = int

ONE_DOLLAR: Final = 10_000
ONE_CONTRACT: Final = 100
MONEY_PER_DOLLAR: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_LONGEST = 24  # characters: no honest amount is longer, and int() is quadratic


def scaled(text: str, decimals: int, field: str = "number") -> int:
    """`"0.5600"` with 4 decimals -> 5600. A digit beyond `decimals` that is not 0 is an error, never rounded away.

    Raises: Malformed, naming `field`.
    """
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        raise Malformed(field, text, "expected a decimal string")
    sign, body = (-1, text[1:]) if text[0] == "-" else (1, text)
    whole, _, fraction = body.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()):
        raise Malformed(field, text, "expected digits with at most one point")
    if fraction[decimals:].strip("0"):
        raise Malformed(field, text, f"finer than {decimals} decimals")
    return sign * int((whole or "0") + fraction[:decimals].ljust(decimals, "0"))


def unscaled(value: int, decimals: int) -> str:
    """5600 with 4 decimals -> `"0.5600"`."""
    sign, size = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(size, 10**decimals)
    return f"{sign}{whole}.{fraction:0{decimals}d}"


def price(text: str, field: str = "price") -> Price:
    """A dollar string -> Price; refuses a price finer than 1/10,000 dollar."""
    return Price(scaled(text, 4, field))


def count(text: str, field: str = "count") -> Count:
    """A `*_fp` string -> Count; refuses a count finer than 1/100 contract."""
    return Count(scaled(text, 2, field))


def money(text: str, field: str = "money") -> Money:
    """A dollar string -> Money; refuses an amount finer than a millionth of a dollar."""
    return Money(scaled(text, 6, field))


def price_text(value: Price) -> str:
    """`Price(5600)` -> `"0.5600"`, as Kalshi writes `*_dollars`."""
    return unscaled(value, 4)


def count_text(value: Count) -> str:
    """`Count(1000)` -> `"10.00"`, as Kalshi writes `*_fp`."""
    return unscaled(value, 2)


def money_text(value: Money) -> str:
    """`Money(10000)` -> `"0.010000"`."""
    return unscaled(value, 6)


def notional(at: Price, size: Count) -> Money:
    """What `size` contracts cost at price `at`. Exact."""
    return Money(at * size)


def payout(size: Count) -> Money:
    """What `size` contracts pay when they win: one dollar each. Exact."""
    return Money(ONE_DOLLAR * size)


def complement(at: Price) -> Price:
    """The same price seen from the other side: a NO bid at p is a YES ask at 1 - p."""
    return Price(ONE_DOLLAR - at)


def dollars(value: Money) -> Money:
    """A whole number of dollars -> Money."""
    return Money(value * MONEY_PER_DOLLAR)


def instant(text: str, field: str = "time") -> Instant:
    """ISO 8601 with an offset or `Z` -> Instant. A naive time is refused: it has no place on the line.

    Raises: Malformed, naming `field`.
    """
    if not isinstance(text, str) or len(text) > 40:
        raise Malformed(field, text, "expected an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(field, text, "expected an ISO 8601 time") from error
    if moment.tzinfo is None:
        raise Malformed(field, text, "a time without an offset")
    return from_datetime(moment)


def from_datetime(moment: datetime) -> Instant:
    """An aware datetime -> Instant, exact to the microsecond."""
    assert moment.tzinfo is not None, "naive datetimes have no place on the line"
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Instant((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000)


def to_datetime(at: Instant) -> datetime:
    """Instant -> aware UTC datetime (nanoseconds below a microsecond are cut)."""
    seconds, rest = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000)


def iso(at: Instant) -> str:
    """Instant -> `2026-11-24T05:00:00Z` (with a fraction only where there is one)."""
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def seconds(value: float) -> Duration:
    """Seconds, from a setting -> ns."""
    return Duration(round(value * SECOND))
