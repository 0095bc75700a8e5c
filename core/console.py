"""Where tables for people go: as wide as the terminal, and never cut or wrapped where it is none (a file, a pipe)."""

import sys

from rich.console import Console

_ENDLESS = 10_000


def console() -> Console:
    """The standard output."""
    return Console() if sys.stdout.isatty() else Console(width=_ENDLESS)
