"""Maker and taker fees, rounded as the exchange rounds.

Source: Kalshi fee schedule and "Fee rounding" (October 2026): fee = coefficient x multiplier x C x P x (1 - P), rounded
up to $0.000001 per fill; the rest of the rounding (balance grid of $0.0001, per-order rebate) never charges a direct
member more than $0.0001 per fill.
"""

from typing import Final

from core.contract import Fees
from core.errors import Malformed
from core.units import ONE_DOLLAR, Count, Money, Price

TAKER: Final = 70_000  # 0.07, in millionths
MAKER_QUARTER: Final = 17_500  # 0.0175: `quadratic_with_maker_fees`
MAKER_HALF: Final = 35_000  # 0.035: `quadratic_with_combo_maker_fees`


def fees_of(fee_type: str, multiplier: float) -> Fees:
    """A series' `fee_type` and `fee_multiplier` -> coefficients. Raises: Malformed for a type we cannot price.

    `quadratic_with_combo_maker_fees` is "the same maker-fee structure with a 0.5 maker multiplier instead of 0.25"
    (specification of Series). Its name may mean that combos alone pay it; nothing says so, and a fee that is not
    charged costs us a quote, while one that we do not see costs money on every fill. So we reckon with it.
    """
    if isinstance(multiplier, bool) or not isinstance(multiplier, int | float) or not 0 <= multiplier <= 100:
        raise Malformed("fee_multiplier", multiplier, "expected a number from 0 to 100")
    match fee_type:
        case "quadratic":
            return Fees(round(TAKER * multiplier), 0)
        case "quadratic_with_maker_fees":
            return Fees(round(TAKER * multiplier), round(MAKER_QUARTER * multiplier))
        case "quadratic_with_combo_maker_fees":
            return Fees(round(TAKER * multiplier), round(MAKER_HALF * multiplier))
        case _:
            raise Malformed("fee_type", fee_type, "a fee we cannot compute; the market is not quoted")


def fee(coefficient: int, at: Price, size: Count) -> Money:
    """The trade fee of one fill, rounded up to a millionth of a dollar.

    `coefficient` in millionths; at in 1/10,000 dollar; size in 1/100 contract:
    coefficient/10^6 x size/100 x at/10^4 x (10^4 - at)/10^4 dollars = coefficient x size x at x (10^4 - at) / 10^10 µ$.
    """
    assert coefficient >= 0 and size >= 0 and 0 <= at <= ONE_DOLLAR, (coefficient, at, size)
    numerator = (coefficient * size) * (at * (ONE_DOLLAR - at))
    return Money(-(-numerator // 10**10))
