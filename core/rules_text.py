"""The wording of a market's rules, without what differs from market to market, and its pin. Pure.

A person read each wording once and pinned it. Where the exchange changes a word (another source, another report, a new
exception) the pin changes, and `kwm doctor` says so before money depends on words that nobody read.
"""

import hashlib
import re

_SUBSTITUTES = (
    (re.compile(r"\(CLI[A-Z]{3}\)"), "(PRODUCT)"),
    (re.compile(r"\b[A-Z][a-z]{2,8} \d{1,2}, \d{4}\b"), "DAY"),
    (re.compile(r"\b(?:greater than|less than|between) -?\d+(?:--?\d+)?°"), "CONDITION°"),
    (re.compile(r"\b(?:highest|lowest|maximum|minimum)\b"), "EXTREME"),
    (re.compile(r"(?<=\brecorded )(in|at) .+?(?= (?:\(PRODUCT\)|for DAY|on DAY))"), r"\1 PLACE"),
    (re.compile(r"\s+"), " "),
)

PINNED = {
    "301263647606": "The Weather Company, per climate product",
    "2591f5ed594e": "National Weather Service, Climatological Report (Daily)",
    "0c63298a0691": "National Weather Service, Climatological Report (Daily), without a unit",
    "37d5ba2caf0b": "National Weather Service, as reported in the Climatological Report (Daily)",
    "78f7ad1e108c": "National Weather Service, as reported in the Climatological Report (Daily), older",
    "7261f48aa9f3": "National Weather Service, Daily Climate Report (2024)",
    "9bc4d9926075": "NWS, Daily Climate Report (2025)",
}


def wording(text: str) -> str:
    """`rules_primary` with place, product, day, extreme and condition left blank."""
    for pattern, substitute in _SUBSTITUTES:
        text = pattern.sub(substitute, text)
    return text.strip()


def pin(text: str) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of the wording."""
    return hashlib.sha256(wording(text).encode()).hexdigest()[:12]
