"""The two sides of a market's one book, by their names alone: compiled code finds these without a look-up."""

from typing import Final

from core.requests import Side

BID: Final = Side.BID
ASK: Final = Side.ASK
