"""Why the exchange said no, in one word of ours, from whatever words it used. Pure.

Kalshi lists its REST codes nowhere, and a code may be general: a crossing post-only order was refused with
`invalid_order` and `post only cross` in the details (demo, June 2026). So the code is asked first, then all that is
said.
"""

import re
from typing import Final

POST_ONLY_CROSS: Final = "post_only_cross"
EXISTS: Final = "order_already_exists"
_MEANT: Final = (  # where all of these are said, it means that; the first that fits
    (("post only",), POST_ONLY_CROSS),
    (("group", "trigger"), "order_group_triggered"),
    (("group", "not found"), "order_group_not_found"),
    (("market", "inactive"), "market_inactive"),
    (("market", "not active"), "market_inactive"),
    (("market", "closed"), "market_inactive"),
    (("paused",), "trading_is_paused"),
    (("already exist",), EXISTS),
)


def reason(code: str, words: str) -> str:
    """`code` and what else was said -> the word that the engine knows; the code itself where it knows none."""
    return _meant(code) or _meant(f"{code} {words}") or code.lower()


def known(code: str) -> bool:
    """Is it one of our words?"""
    return any(code == word for _, word in _MEANT)


def _meant(said: str) -> str:
    plain = re.sub(r"[^a-z]+", " ", said.lower())
    return next((word for parts, word in _MEANT if all(part in plain for part in parts)), "")
