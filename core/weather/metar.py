"""METAR remarks to temperatures in whole or tenth degrees. Pure; raises only Malformed.

Groups (FMH-1 §12.7): T01830122 = 18.3 C / 12.2 C, 1 = below zero; 1sTTT and 2sTTT = six-hour maximum and minimum in
tenths C; 4sTTTsTTT = 24-hour maximum and minimum. ASOS knows whole F; tenths C map back to exactly one of them.
"""

import re
from dataclasses import dataclass

# a group stands alone between blanks: `PK WND 20031/1732` is a wind, not a six-hour minimum
_T = re.compile(r"(?<!\S)T([01])(\d{3})(?:[01]\d{3})?(?!\S)")
_SIX_MAX = re.compile(r"(?<!\S)1([01])(\d{3})(?!\S)")
_SIX_MIN = re.compile(r"(?<!\S)2([01])(\d{3})(?!\S)")
_DAY = re.compile(r"(?<!\S)4([01])(\d{3})([01])(\d{3})(?!\S)")
_WHOLE = re.compile(r"\s(M?\d{2})/(?:M?\d{2})?\s")
_COLDEST, _HOTTEST = -90.0, 60.0  # degrees C; beyond that it is a typing error
_ROUNDING = 1.0  # the body is the T-group, rounded


@dataclass(frozen=True, slots=True)
class Groups:
    """Degrees C; None where the report does not say, or contradicts itself."""

    temperature_c: float | None = None
    exact: bool = False  # from the T-group
    contradicts: bool = False  # its T-group is not what its body says: one of them is mistyped
    max_6h_c: float | None = None
    min_6h_c: float | None = None
    max_24h_c: float | None = None
    min_24h_c: float | None = None


def _tenths(sign: str, digits: str) -> float | None:
    value = (-1 if sign == "1" else 1) * int(digits) / 10
    return value if _COLDEST <= value <= _HOTTEST else None


def groups(raw: str) -> Groups:
    """The temperature groups of one report; what is not there is None."""
    body, _, remarks = raw[:1_000].partition(" RMK ")
    exact = _T.search(remarks)
    whole = _WHOLE.search(body + " ")
    temperature = _tenths(exact[1], exact[2]) if exact else None
    said = float(whole[1].replace("M", "-")) if whole else None
    contradicts = temperature is not None and said is not None and abs(temperature - said) > _ROUNDING
    if contradicts:
        temperature = None
    elif temperature is None:
        temperature = said
    six_max, six_min, day = _SIX_MAX.search(remarks), _SIX_MIN.search(remarks), _DAY.search(remarks)
    return Groups(
        temperature,
        exact is not None and temperature is not None,
        contradicts,
        _tenths(six_max[1], six_max[2]) if six_max else None,
        _tenths(six_min[1], six_min[2]) if six_min else None,
        _tenths(day[1], day[2]) if day else None,
        _tenths(day[3], day[4]) if day else None,
    )


def fahrenheit(celsius: float) -> float:
    """Exact conversion."""
    return celsius * 9 / 5 + 32


def whole_fahrenheit(celsius: float | None) -> int | None:
    """Tenths C that came from a whole F -> that F."""
    return None if celsius is None else round(fahrenheit(celsius))
