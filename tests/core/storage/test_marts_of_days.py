"""The marts of some days are those of all days, and both what plain loops say, while days close and late rows come."""

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from core.storage import lake
from core.storage.compaction import compact
from core.units import DAY, HOUR, Instant, iso
from tests.core.storage.year import START, Plain, Row, Seeded, commit, day_of, event_of, rounded, rows, tickers_of

pytestmark = pytest.mark.slow

DAYS = 9
_MARKOUTS = (
    "SELECT k.trade_id, k.day, publication, fair_when_decided_usd, mark_at_fill_usd, mark_5m_usd, settled_usd,"
    " markout_10s_usd, markout_1m_usd, markout_5m_usd, markout_30m_usd, spread_usd, adverse_usd, settlement_usd,"
    " pnl_usd"
    " FROM {markouts} k JOIN {split} s ON s.trade_id = k.trade_id ORDER BY k.trade_id"
)
# what is asked of a day: view -> the column that says of which day a row is
_OF_DAYS = {
    "markouts": "day", "pnl_attribution": "day", "pnl_attribution_by_city": "day", "our_fills": "day",
    "quote_lifetimes": "began_at::DATE", "reasons_not_quoted": "day", "quote_uptime": "day", "uptime": "day",
    "bracket_scores": "day", "skill_by_day": "day", "latest_markets": "day", "pnl_by_market": "day",
    "settlement_mismatches": "settled_at::DATE",
}  # fmt: skip


def check(data: Path) -> None:
    """Everything that must agree."""
    with lake.connect(data) as db:
        plain = Plain(db)
        expected = rounded(plain.markouts())
        assert rounded(rows(db, _MARKOUTS.format(markouts="markouts", split="pnl_attribution"))) == expected
        _each_market_earned_what_its_fills_did(db, plain, expected)
        for first, last in ((1, 1), (7, 7), (2, 4)):
            days = (day_of(first), day_of(last))
            with lake.connect(data, days) as part:
                for name, day in _OF_DAYS.items():
                    of_days = f"FROM {name} WHERE {day} BETWEEN DATE '{days[0]}' AND DATE '{days[1]}' ORDER BY ALL"
                    assert rounded(rows(part, of_days)) == rounded(rows(db, of_days)), (name, days)
                unlisted = "FROM pnl_by_market WHERE day IS NULL ORDER BY ticker"
                assert rows(part, unlisted) == rows(db, unlisted)


def _each_market_earned_what_its_fills_did(db: duckdb.DuckDBPyConnection, plain: Plain, expected: list[Row]) -> None:
    found = rows(db, "SELECT ticker, pnl_usd, fills, mark_usd FROM pnl_by_market")
    by_trade = {row["trade_id"]: row["pnl_usd"] for row in expected}
    for row in found:
        own = [f for f in plain.fills if f["ticker"] == row["ticker"]]
        assert row["fills"] == len(own)
        if row["mark_usd"] is None:  # no belief and no result: unknown, not zero
            assert row["pnl_usd"] is None and row["ticker"] not in plain.last_belief
        else:
            assert float(row["pnl_usd"]) == pytest.approx(sum(by_trade[f["trade_id"]] for f in own))
    assert sum(row["fills"] for row in found) == len(plain.fills)


def test_the_marts_are_right_while_days_close_and_what_is_late_comes_in(tmp_path: Path) -> None:
    seeded = Seeded(1)
    for n in range(DAYS):
        commit(tmp_path, f"day-{n}", n, seeded.day(n))
    compact(tmp_path, day_of(DAYS - 1))
    check(tmp_path)
    commit(tmp_path, "late", DAYS, late(seeded))
    check(tmp_path)
    compact(tmp_path, day_of(DAYS) + timedelta(days=4))
    check(tmp_path)


def late(seeded: Seeded) -> dict[str, list[Row]]:
    """Loaded a week late: quotes, decisions and fills of the second day, and of a market that nobody listed; a result
    that was corrected, and settlements that our fills do not explain."""
    tables: dict[str, list[Row]] = {"quotes": [], "order_actions": [], "fills": [], "fair_values": [], "markets": []}
    for ticker, event, _ in tickers_of(1):
        seeded.quotes(tables, 1, ticker, 6)
        seeded.trade(tables, 1, ticker, event, 3)
    at = Instant(START + 3 * DAY)
    tables["fills"].append({
        "trade_id": "t0", "order_id": "o0", "client_order_id": "by-hand", "ticker": "KXOTHER-26JAN04-B2",
        "event_ticker": "KXOTHER-26JAN04", "side": "bid", "price_usd": "0.5", "contracts": "1.00", "fee_usd": "0.0",
        "is_taker": True, "filled_at": iso(at), "heard_at": iso(at)})  # fmt: skip
    ticker, event, station = tickers_of(2)[0]
    tables["markets"].append(seeded.market(2, ticker, event, station, Instant(START + DAYS * DAY), "1.00"))
    tables["settlements"] = [
        {"ticker": f"{event_of('KDEN', 2)}-B{k}", "event_ticker": event_of("KDEN", 2), "result": "no",
         "yes_contracts": "1000.00", "no_contracts": "0.00", "settled_at": iso(Instant(START + 4 * DAY + k * HOUR))}
        for k in range(3)
    ]  # fmt: skip
    return tables


def test_of_two_quotes_of_one_instant_the_one_written_later_lasts(tmp_path: Path) -> None:
    at, later = iso(Instant(START + HOUR)), iso(Instant(START + 2 * HOUR))
    said = [(at, "z"), (at, "a"), (at, "m"), (later, "end")]
    quotes = [{"happened_at": when, "ticker": "KXHIGHNY-26JAN01-B1", "bid_reasons": why} for when, why in said]
    commit(tmp_path, "load-1", 0, {"quotes": quotes[:3]})
    commit(tmp_path, "load-2", 0, {"quotes": quotes[3:]})
    for last in (day_of(0), day_of(1)):  # before and after the day is archived
        compact(tmp_path, last)
        with lake.connect(tmp_path) as db:
            found = db.execute("SELECT bid_reasons, lasted_s FROM quote_lifetimes WHERE lasted_s > 0").fetchall()
        assert found == [("m", 3600.0)]
