"""The book that the engine keeps of each market: the one that a tape is checked with (`core/exchange/book.py`)."""

from core.exchange.book import Book as Book
