"""Dollars as people read them: the sign before the dollar, two digits after the point. For eyes only."""

_HALF_A_CENT = 0.005


def dollars(value: float) -> str:
    """`$1,234.50`, `-$0.34`; what rounds to nothing has no sign."""
    return f"{'-' if value <= -_HALF_A_CENT else ''}${abs(value):,.2f}"
