"""What a person typed wrong, and what fits beside a chart: words and tables for people."""

import io

from rich.console import Console

from quoter import tables as t
from quoter.commands import in_order, unknown

_KNOWN = ["KXHIGHNY-26NOV29-B51.5", "KXHIGHNY-26NOV29-B53.5", "KXHIGHCHI-26NOV29-B44.5"]


def test_half_a_ticker_names_those_that_begin_with_it() -> None:
    said = unknown("KXHIGHNY", _KNOWN)
    assert "B51.5" in said and "B53.5" in said and "CHI" not in said


def test_a_slip_names_its_neighbours_and_nonsense_where_to_look() -> None:
    assert "KXHIGHNY-26NOV29-B53.5" in unknown("KXHIGHNY-26NOV29-B53", _KNOWN)
    assert unknown("NONSENSE", _KNOWN) == "no such market: NONSENSE; kwm markets lists them"


def test_a_figure_is_never_on_two_lines() -> None:
    out = Console(width=28, file=io.StringIO())
    rows = [{"ticker": _KNOWN[0], "market": "37¢ / 44¢"}]
    out.print(t.table(rows, {"ticker": ("market", t.text), "market": ("both>", t.text)}))
    assert isinstance(out.file, io.StringIO)
    assert len(out.file.getvalue().splitlines()) == 2


def test_markets_stand_in_the_order_of_their_brackets() -> None:
    heard = [("E2", 44), ("E1", 46), ("E1", None), ("E1", 44)]
    found = in_order([{"event": event, "low": low, "ticker": "t"} for event, low in heard])
    assert [(m["event"], m["low"]) for m in found] == [("E1", None), ("E1", 44), ("E1", 46), ("E2", 44)]
