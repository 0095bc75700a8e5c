"""The kinds of values that settings are made of: a frozen section, amounts that are never floats, durations, ports."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.units import Count, Money, count, money


def _money(value: object) -> object:
    return money(value, "amount") if isinstance(value, str) else _refuse(value, 'a dollar string such as "25.00"')


def _count(value: object) -> object:
    return count(value, "contracts") if isinstance(value, str) else _refuse(value, 'a string such as "10"')


def _refuse(value: object, wanted: str) -> object:
    raise ValueError(f"expected {wanted}, got {value!r}")


Dollars = Annotated[Money, BeforeValidator(_money), Field(ge=0)]
Contracts = Annotated[Count, BeforeValidator(_count), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=604_800)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Clocktime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Edge = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen section; a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
