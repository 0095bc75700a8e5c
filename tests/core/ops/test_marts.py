"""The marts say what a person works out by hand, every column is explained, and each example query runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from core.cli import app
from core.ops.sql_command import memory_views, questions
from core.storage import dictionary, lake, views
from core.storage.schema import TABLES
from tests.core.ops import small_lake

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake.make(tmp_path_factory.mktemp("small"))


@pytest.fixture
def here(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(data))
    return data


@pytest.fixture(scope="module")
def open_lake(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with lake.connect(data) as db:
        yield db


def ask(db: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return db.execute(query).fetchall()


def kwm(*arguments: str, typed: str = "") -> Any:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_a_fill_is_split_into_spread_adverse_selection_settlement_and_fees(
    open_lake: duckdb.DuckDBPyConnection,
) -> None:
    """Ten bought at 38 c with the market at 40 c, 42 c five minutes later, settled at a dollar, two cents of fee."""
    found = ask(
        open_lake, "SELECT DISTINCT round(spread_usd, 6), round(adverse_usd, 6), round(settlement_usd, 6), fees_usd,"
        " round(pnl_usd, 6) FROM pnl_attribution WHERE settled"
    )  # fmt: skip
    assert found == [(0.2, 0.2, 5.8, -0.02, 6.18)]


def test_the_split_adds_up_to_what_the_ledger_of_markets_says(open_lake: duckdb.DuckDBPyConnection) -> None:
    split = ask(open_lake, "SELECT ticker, sum(pnl_usd) FROM pnl_attribution GROUP BY ticker ORDER BY ticker")
    known = ask(open_lake, "SELECT ticker, pnl_usd FROM pnl_by_market ORDER BY ticker")
    assert [t for t, _ in split] == [t for t, _ in known] and len(known) == 6
    assert [float(x) for _, x in split] == pytest.approx([float(x) for _, x in known])


def test_markouts_are_of_the_market_and_unknown_while_it_is_too_early(open_lake: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        open_lake, "SELECT DISTINCT round(markout_10s_usd, 6), round(markout_5m_usd, 6), round(markout_30m_usd, 6),"
        " markout_settled_usd FROM markouts WHERE day = DATE '2026-11-23'"
    )  # fmt: skip
    assert found == [(0.02, 0.04, 0.04, 0.62)]
    assert ask(open_lake, "SELECT count(*) FROM markouts WHERE markout_settled_usd IS NULL") == [(2,)]


def test_a_quote_lasts_until_the_next_one_or_until_the_quoter_stops(open_lake: duckdb.DuckDBPyConnection) -> None:
    one = small_lake.ticker_of("KNYC", small_lake.TODAY, 2)
    found = ask(
        open_lake, f"SELECT lasted_s, two_sided, quoted FROM quote_lifetimes WHERE ticker = '{one}' ORDER BY began_at"
    )
    assert found == [(270.0, True, True), (2100.0, False, True), (600.0, False, False)]
    hours = ask(
        open_lake, "SELECT reason, side_seconds FROM reasons_not_quoted WHERE day = DATE '2026-11-24' ORDER BY reason"
    )
    assert hours == [("closing_soon", 2 * 2 * 600.0), ("inventory_full", 2 * 2100.0)]


def test_uptime_and_orders_lives(open_lake: duckdb.DuckDBPyConnection) -> None:
    assert ask(open_lake, "SELECT DISTINCT minutes, quoting_minutes FROM uptime") == [(50, 49)]
    assert ask(open_lake, "SELECT DISTINCT ack_s, lived_s, how, filled_contracts FROM order_lifetimes") == [
        (0.1, 1.0, "filled", 10)
    ]


def test_skill_is_measured_against_the_market(open_lake: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        open_lake, "SELECT DISTINCT beliefs, model_brier < market_brier, model_skill > fair_skill FROM skill_by_day"
    )
    assert found == [(15, True, True)], "the model gave the winner a cent more"
    assert ask(open_lake, "SELECT sum(beliefs) FROM reliability WHERE who = 'model'") == [(60,)]


def test_a_settlement_our_fills_do_not_explain_is_a_mismatch(open_lake: duckdb.DuckDBPyConnection) -> None:
    assert ask(open_lake, "SELECT * FROM settlement_mismatches") == []


@pytest.mark.parametrize("number", range(10))
def test_each_example_query_answers(open_lake: duckdb.DuckDBPyConnection, number: int) -> None:
    found = questions((ROOT / "docs/queries.sql").read_text())
    assert len(found) == 10 and found[number].startswith("--")
    rows = ask(open_lake, found[number])
    assert rows or "decline" in found[number], found[number]


def test_every_column_of_every_view_is_explained_and_no_other() -> None:
    with memory_views() as db:
        shown = {n for (n,) in db.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
        assert shown == set(TABLES) | set(dictionary.views())
        for view in dictionary.views().values():
            have = {name for name, _ in dictionary.columns_of(db, view.name)}
            assert have == set(view.columns), view.name
        made = db.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type LIKE '%macro' AND NOT internal"
        ).fetchall()
        assert {name for (name,) in made} == set(dictionary.macros())


def test_the_data_dictionary_is_of_this_schema() -> None:
    with memory_views() as db:
        assert (ROOT / "docs/data-dictionary.md").read_text() == dictionary.markdown(db), (
            "make it anew: kwm sql --dictionary docs/data-dictionary.md"
        )


def test_the_meanings_are_in_the_catalogue_too(data: Path) -> None:
    with duckdb.connect(str(views.build(data)), read_only=True) as db:
        said = db.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'markouts' AND column_name = 'markout_1m_usd'"
        ).fetchall()
    assert said == [("the same after 1 minute",)]


def test_the_prompt_takes_queries_of_several_lines_and_survives_a_wrong_one(here: Path) -> None:
    typed = ".tables\nselect nonsense;\n.csv\nselect count(*) as fills\nfrom our_fills;\n.schema fills\n.help\n.quit\n"
    shown = kwm("sql", typed=typed)
    assert shown.exit_code == 0
    assert "pnl_attribution" in shown.output and "nonsense" in shown.output and "fills\n6" in shown.output


def test_sql_from_the_command_line_in_three_forms_and_from_a_file(here: Path) -> None:
    assert '"fills":6' in kwm("sql", "--json", "select count(*) as fills from our_fills").output
    assert kwm("sql", "--csv", "select 1 as a, 'x' as b").output == "a,b\n1,x\n"
    assert kwm("sql", "--file", str(ROOT / "docs/queries.sql")).exit_code == 0
    assert "day_of_trading" in kwm("sql", "--tables").output


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_an_export_holds_every_row_and_replaces_nothing_unasked(here: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"out.{ending}"
    assert "6 rows" in kwm("export", "our_fills", "--to", str(target)).output
    with duckdb.connect() as db:
        assert db.execute(f"SELECT count(*), sum(contracts) FROM '{target}'").fetchall() == [(6, 60)]
    again = kwm("export", "our_fills", "--to", str(target))
    assert again.exit_code == 1 and "--force" in str(again.exception)
    assert "1 rows" in kwm("export", "select 1 as a", "--to", str(target), "--force").output


def test_a_wrong_export_says_what_there_is_and_leaves_nothing(here: Path, tmp_path: Path) -> None:
    assert "must end in" in str(kwm("export", "fills", "--to", str(tmp_path / "x.xls")).exception)
    assert "kwm sql --tables" in str(kwm("export", "fils", "--to", str(tmp_path / "x.csv")).exception)
    assert list(tmp_path.iterdir()) == []


def test_a_day_is_a_utc_day_wherever_the_reader_sits(data: Path) -> None:
    """DuckDB reads a moment's date by the reader's time zone: 23 or 25 hours long twice a year, and another lead."""
    views.build(data)
    views_of_days = ("uptime", "quote_uptime", "reasons_not_quoted", "forecast_errors")
    told: dict[str, list[list[tuple[Any, ...]]]] = {view: [] for view in views_of_days}
    for zone in ("UTC", "Pacific/Auckland", "America/Los_Angeles"):
        with duckdb.connect(str(data / "kwm.duckdb"), read_only=True) as db:
            db.execute(f"SET TimeZone='{zone}'")
            for view in views_of_days:
                shown = [str(column[0]) for column in db.execute(f"DESCRIBE {view}").fetchall()]
                plain = ", ".join(name for name in shown if name != "issued_at")
                told[view].append(sorted(ask(db, f"SELECT {plain} FROM {view}"), key=str))
    assert all(every[0] and every[0] == every[1] == every[2] for every in told.values()), told
