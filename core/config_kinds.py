"""The kinds of values that settings are made of: a frozen section, amounts that are never floats, durations, ports."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.errors import Malformed
from core.units import Count, Money, count, money


def as_money(value: object) -> object:
    """A dollar string -> Money; anything else is refused: a float is no money."""
    return _read(money, value, 'a dollar string such as "25.00"')


def as_count(value: object) -> object:
    """A string -> Count."""
    return _read(count, value, 'a string such as "10"')


def _read(parse: Callable[[str], object], value: object, wanted: str) -> object:
    """As a ValueError, so that the settings' own error names the key."""
    if not isinstance(value, str):
        raise ValueError(f"expected {wanted}, got {value!r}")
    try:
        return parse(value)
    except Malformed as error:
        raise ValueError(f"expected {wanted}, {error.why}, got {value!r}") from error


Dollars = Annotated[Money, BeforeValidator(as_money), Field(ge=0)]
Contracts = Annotated[Count, BeforeValidator(as_count), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=604_800)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Clocktime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Edge = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen section; a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
