"""How the command line shows things to people: tables, money, times; and JSON for programs. Knows no quoter."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from core.console import console

Row = dict[str, Any]
Cell = Callable[[Any], Text | str]


def say_json(found: Any) -> None:
    """For programs: one JSON document on the standard output."""
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))


def show(*things: Any) -> None:
    """For people."""
    out = console()
    for thing in things:
        out.print(thing)


def narrow(columns: int = 130) -> bool:
    """Is the terminal narrower than this? A table of a dozen columns wants 130."""
    return console().width < columns


def text(value: Any) -> str:
    """As it is; nothing for None."""
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def dollars(value: float | None) -> Text:
    """`$1.20`, red when negative."""
    if value is None:
        return Text("–", "dim")
    return Text(f"{'-' if value < -0.004 else ''}${abs(value):,.2f}", "red" if value < -0.004 else "")


def earned(value: float | None) -> Text:
    """Dollars, green when positive."""
    shown = dollars(value)
    if value is not None and value > 0.004:
        shown.stylize("green")
    return shown


def cents(value: float | None) -> Text:
    """`43.5¢`."""
    return Text("–", "dim") if value is None else Text(f"{value:,.1f}".removesuffix(".0") + "¢")


def number(value: float | None) -> Text:
    """`1,234`, with decimals only where there are some."""
    return Text("–", "dim") if value is None else Text(f"{value:,.2f}".removesuffix(".00"))


def side(value: str) -> Text:
    """buy or sell."""
    return Text("buy", "green") if value == "bid" else Text("sell", "yellow")


def moment(ms: int) -> str:
    """Milliseconds -> `2026-11-24 15:04:05` UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def age(seconds: float | None) -> str:
    """`42 s`, `12 min`, `3.1 h`."""
    if seconds is None:
        return "–"
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def bar(share: float, width: int = 16) -> Text:
    """How much of a limit is used; red from four fifths on."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return Text("█" * filled, "red" if share >= 0.8 else "blue").append("░" * (width - filled), "dim")


def table(
    rows: Iterable[Row], columns: dict[str, tuple[str, Cell]], title: str = "", nothing: str = "nothing",
    *, heads: bool = True,
) -> Any:  # fmt: skip
    """`columns`: key -> (heading, how to show a value); a heading that ends in `>` is for figures, aligned right."""
    rows = list(rows)
    if not rows:
        return Text(nothing, "dim")
    made = Table(title=title or None, title_justify="left", header_style="dim", box=None, pad_edge=False,
                 show_header=heads)  # fmt: skip
    for key, (heading, _) in columns.items():  # a ticker that is cut cannot be copied
        least = max(len(str(row.get(key) or "")) for row in rows) if key == "ticker" else None
        made.add_column(
            heading.removesuffix(">"),
            justify="right" if heading.endswith(">") else "left",
            min_width=least,
            no_wrap=heading.endswith(">"),  # a figure on two lines is read as two figures
        )
    for row in rows:
        made.add_row(*(cell(row.get(key)) for key, (_, cell) in columns.items()))
    return made
