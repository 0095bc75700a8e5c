"""What is asked all day long reads no more of a lake of years than it needs: seen in DuckDB's own plans."""

import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from core.storage import lake
from core.storage.compaction import compact
from core.units import DAY, HOUR, MINUTE, Instant, instant, iso, to_datetime
from flows import history, score

pytestmark = pytest.mark.slow

START = instant("2026-01-01T12:00:00Z")
DAYS = 6
EVENT = "KXHIGHNY-26JAN05"
Row = dict[str, Any]


def action(at: Instant, name: str, order: str, fair: float | None) -> Row:
    return {"happened_at": iso(at), "action": name, "client_order_id": order, "ticker": f"{EVENT}-B40.5",
            "event_ticker": EVENT, "side": "bid", "publication": f"p{fair}", "fair_usd": fair}  # fmt: skip


def fill(at: Instant, trade: str, order: str, side: str = "bid") -> Row:
    return {"trade_id": trade, "order_id": f"x-{order}", "client_order_id": order, "ticker": f"{EVENT}-B40.5",
            "event_ticker": EVENT, "side": side, "price_usd": "0.40", "contracts": "2.00", "fee_usd": "0.01",
            "is_taker": False, "filled_at": iso(at), "heard_at": iso(at)}  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    data = tmp_path_factory.mktemp("years")
    for n in range(DAYS):
        at = Instant(START + n * DAY)
        belief = {"publication": f"p{n}", "event_ticker": EVENT, "ticker": f"{EVENT}-B40.5", "published_at": iso(at),
                  "fair_usd": 0.4, "model_usd": 0.4, "market_usd": 0.4}  # fmt: skip
        lake.commit(data, f"r{n}", at, {"fair_values": [belief], "order_actions": _decisions(n, at),
                                        "fills": _fills(n, at), "settlements": _settlements(n, at)})  # fmt: skip
    compact(data, to_datetime(Instant(START + DAYS * DAY)).date())
    with lake.connect(data) as connection:
        yield connection


def _decisions(n: int, at: Instant) -> list[Row]:
    if n != 2:
        return []
    return [action(at, "PlaceOrder", "a", 0.40), action(Instant(at + MINUTE), "AmendOrder", "a", None),
            action(Instant(at + 2 * MINUTE), "CancelOrder", "a", 0.42), action(at, "PlaceOrder", "b", 0.43),
            action(Instant(at + HOUR), "AmendOrder", "b", 0.50)]  # fmt: skip


def _fills(n: int, at: Instant) -> list[Row]:
    if n != 2:
        return []
    late = Instant(at + 3 * MINUTE)
    return [fill(late, "t1", "a"), fill(late, "t1", "a"), fill(late, "t2", "b", "ask"), fill(late, "t3", "by-hand")]


def _settlements(n: int, at: Instant) -> list[Row]:
    row = {"event_ticker": EVENT, "result": "yes", "no_contracts": "0.00", "settled_at": iso(at)}
    if n != 3:
        return []
    return [row | {"ticker": f"{EVENT}-B40.5", "yes_contracts": "2.00"},
            row | {"ticker": f"{EVENT}-T39", "yes_contracts": "1.00"}]  # fmt: skip


def plan(db: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, str] | None = None) -> str:
    return "\n".join(str(line) for _, line in db.execute(f"EXPLAIN {query}", parameters or {}).fetchall())


def test_whether_what_was_paid_is_what_we_held_is_asked_of_the_fills_alone(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute("SELECT ticker, theirs, ours FROM settlement_mismatches").fetchall()
    assert [(t, float(a), float(b)) for t, a, b in found] == [(f"{EVENT}-T39", 1.0, 0.0)]
    text = plan(db, "SELECT * FROM settlement_mismatches")
    assert text.count("READ_PARQUET") == 4, "archive and recent of fills and settlements, and no belief, no decision"


def test_each_fill_has_the_belief_of_its_orders_last_terms_before_it(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(
        "SELECT trade_id, publication, fair_when_decided_usd, epoch(decided_at) - $at, edge_usd, signed_contracts::INT"
        " FROM our_fills ORDER BY trade_id",
        {"at": (START + 2 * DAY) // 1_000_000_000},
    ).fetchall()
    assert [row[:4] for row in found] == [("t1", "pNone", None, 60.0), ("t2", "p0.43", 0.43, 0.0),
                                          ("t3", None, None, None)]  # fmt: skip
    assert found[1][4] == pytest.approx(-0.03) and [row[5] for row in found] == [2, -2, 2]


def test_score_and_fit_open_the_files_of_the_days_they_ask_for(db: duckdb.DuckDBPyConnection) -> None:
    since = {"since": iso(Instant(START + 4 * DAY))}
    assert _beliefs_opened(db, history._SAID, since) == 2
    assert _beliefs_opened(db, score._BELIEFS, since) == 5, (
        "and three days more: an event is believed in before its day"
    )


def _beliefs_opened(db: duckdb.DuckDBPyConnection, query: str, since: dict[str, str]) -> int:
    """Files of the archive's beliefs that the query opens: those that a filter on their date leaves."""
    found = re.findall(r"Scanning Files: (\d+)/(\d+)", plan(db, query, since))
    return min(int(n) for n, of in found if int(of) > DAYS - 1 and int(n) > 1)
