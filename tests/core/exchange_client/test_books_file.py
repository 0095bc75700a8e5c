"""A file of recorded books: what is wrong in it is refused by name, whatever it is, and the rest is listed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import KwmError, SettingsError
from core.exchange.books_file import read, world_of
from core.exchange.command import exchange as command
from core.units import instant
from tests.shared import shared

NOW = instant("2026-11-24T18:00:00Z")
EVENT = "KXHIGHNY-26JUL24"


def row(suffix: str, strike: str, low: int | None, high: int | None, **book: object) -> dict[str, Any]:
    levels = {"yes_dollars": [["0.1000", "5.00"]], "no_dollars": [["0.8000", "7.00"]]} | book
    return {"ticker": f"{EVENT}-{suffix}", "strike_type": strike, "floor_strike": low, "cap_strike": high,
            "captured_at": "2026-07-23T18:00:00Z", "raw_orderbook": levels}  # fmt: skip


def ladder(**book: object) -> list[dict[str, Any]]:
    return [row("T80", "less", None, 80), row("B80.5", "between", 80, 81, **book), row("T81", "greater", 81, None)]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in rows))
    return path


def test_a_whole_ladder_is_listed_and_moved_to_today(tmp_path: Path) -> None:
    books, refused = read(write(tmp_path / "b.jsonl", ladder()), NOW)
    assert refused == {} and books[0].market.ticker == "KXHIGHNY-26NOV25-T80"
    assert (books[0].bids, books[0].asks) == ([(1000, 500)], [(2000, 700)])


@pytest.mark.parametrize(
    ("book", "words"),
    [
        ({"yes_dollars": [["0.1050", "5.00"]]}, "whole cents"),
        ({"yes_dollars": [["0.1000", "0.00"]]}, "sizes above 0"),
        ({"yes_dollars": [["0.1000"]]}, "pairs"),
        ({"yes_dollars": [[0.1, 5]]}, "decimal string"),
        ({"yes_dollars": [["0.5000", "5.00"]]}, "crosses"),
        ({"no_dollars": "none"}, "pairs"),
    ],
)
def test_a_bad_book_is_refused_by_its_name_and_reason(tmp_path: Path, book: dict[str, object], words: str) -> None:
    books, refused = read(write(tmp_path / "b.jsonl", ladder(**book)), NOW)
    assert books == [] and words in refused[f"{EVENT}-B80.5"]
    assert "cover every temperature" in refused["KXHIGHNY-26NOV25"], "a ladder with a hole is not listed either"


def test_a_line_that_is_not_json_is_named_by_its_number(tmp_path: Path) -> None:
    books, refused = read(write(tmp_path / "b.jsonl", [*ladder(), '{"ticker":', "[1]", "3"]), NOW)
    assert len(books) == 3 and set(refused) == {"line 4", "line 5", "line 6"}


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.jsonl cannot be read"):
        read(tmp_path / "nowhere.jsonl", NOW)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(
        [EVENT, f"{EVENT}-T80", "less", "between", "2026-07-23T18:00:00Z", "0001-01-01T00:00:00Z", "0.1000", "5.00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["ticker", "strike_type", "floor_strike", "cap_strike", "captured_at", "raw_orderbook", "yes_dollars",
         "no_dollars"]), inner, max_size=8), max_leaves=14)  # fmt: skip


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=80),
                 st.lists(_ANY.map(json.dumps), max_size=4).map(lambda x: "\n".join(x).encode()),
                 st.tuples(st.sampled_from(list(row("T80", "less", None, 80))), _ANY).map(
                     lambda x: json.dumps(row("T80", "less", None, 80) | {x[0]: x[1]}).encode())))  # fmt: skip
def test_any_file_at_all_is_read_or_refused_and_raises_nothing_else(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(raw)
    books, refused = read(path, NOW)
    assert all(isinstance(reason, str) and reason for reason in refused.values())
    try:
        world_of(books, 1)
    except KwmError as error:
        assert str(error)


def test_the_recorded_books_of_july_are_listed_nearly_all() -> None:
    books, refused = read(shared("kalshi/samples/weather_books_2026-07/dt=2026-07-23.jsonl"), NOW)
    assert len(books) > 5 * len([x for x in refused if "line" not in x])


@pytest.mark.parametrize("arguments", [["serve", "--port", "ninety"], ["serve", "--books", "/nowhere/books.jsonl"],
                                       ["--faults", "/nowhere/faults.toml"],
                                       ["serve", "--faults", "/nowhere/faults.toml"],
                                       ["dance"], ["serve", "--seed", "x"]])  # fmt: skip
def test_the_command_answers_bad_arguments_with_words_and_a_code(arguments: list[str], tmp_path: Path) -> None:
    found = CliRunner().invoke(command, arguments, env={"KWM_STORAGE__DATA": str(tmp_path)})
    assert found.exit_code != 0
    assert found.exception is None or isinstance(found.exception, SystemExit | KwmError), found.exception
