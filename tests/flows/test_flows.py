"""Each flow as it runs in production, against the embedded exchange and weather, under a Prefect of its own."""

import asyncio
import gzip
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prefect.client.orchestration import get_client

from core import messages as m
from core.storage import journal, lake, publications
from core.storage.journal_rows import EventRow, NoteRow
from core.units import Count, Instant, Price, money, to_datetime
from flows.brief import brief
from flows.discover import discover
from flows.eod import eod
from flows.ingest import ingest
from flows.load import load
from flows.publish import publish
from flows.report import report
from flows.settle import settle
from tests.core.ops.receiver import Receiver
from tests.flows.conftest import Surroundings

pytestmark = pytest.mark.slow


def ask(around: Surroundings, query: str) -> list[tuple[Any, ...]]:
    with lake.connect(around.data) as db:
        return db.execute(query).fetchall()


def journal_fill(around: Surroundings, ticker: str, trade: str) -> None:
    """One fill of one contract at 40 cents, as the quoter writes it down."""
    now = around.venue.clock.now()
    fill = m.Fill(
        now, trade, "order-1", ticker, m.Side.BID, Price(4_000), Count(100), money("0.01"), False, now, "kwm-1"
    )
    book = journal.Journal(around.data, "run1")
    book.append(EventRow(1, msgspec.Raw(msgspec.json.encode(fill))), now)
    book.close()


def test_from_listing_to_publication(around: Surroundings) -> None:
    written = discover()
    assert written["markets"] == len(around.markets)
    publish()
    first = publications.read(around.data)
    assert first is not None
    assert not first.events, "without a forecast there is no fair value"
    assert len(first.withheld) == len({x.event_ticker for x in around.markets})
    assert all("forecast" in why for why in first.withheld.values()), first.withheld

    assert ingest()["forecasts"] > 0
    identity = publish()
    found = publications.read(around.data)
    assert found is not None and found.id == identity
    assert {e.event_ticker for e in found.events} | set(found.withheld) == {x.event_ticker for x in around.markets}
    assert len(found.events) >= 4
    for event in found.events:
        assert sum(b.fair for b in event.markets) == pytest.approx(1, abs=1e-6)
        assert 0 < event.max_loss <= money("100.00")
    rows = ask(
        around, f"SELECT count(*), count(DISTINCT event_ticker) FROM fair_values WHERE publication = '{identity}'"
    )
    assert rows == [(sum(len(e.markets) for e in found.events), len(found.events))]
    assert ask(around, f"SELECT run FROM publications WHERE publication = '{identity}'") == [(f"publish-{identity}",)]


def test_a_second_harvest_writes_no_vintage_twice(around: Surroundings) -> None:
    discover(), ingest(), ingest()
    doubled = ask(
        around, "SELECT station, variable, day, source, issued_at FROM forecasts"
        " GROUP BY ALL HAVING count(*) > 1"
    )  # fmt: skip
    assert doubled == []


def test_the_weather_being_away_fails_the_flow_with_its_reason(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWM_WEATHER__PORT", "9")  # nobody listens there
    state = ingest(return_state=True)
    assert state.is_failed()
    assert "forecast" in str(state.message)
    reasons = ask(around, "SELECT count(*) FROM source_failures WHERE reason <> ''")
    assert reasons[0][0] > 0, "what failed is in the lake as well"


def test_publications_made_at_once_leave_the_newest(around: Surroundings) -> None:
    discover(), ingest()
    made: list[str] = []
    runs = [threading.Thread(target=lambda: made.append(publish())) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    found = publications.read(around.data)
    assert len(made) == 3
    assert found is not None and found.id == max(made)


def test_each_journal_line_is_loaded_once_and_a_damaged_one_hides_no_other(around: Surroundings) -> None:
    discover()
    ticker = around.markets[0].ticker
    journal_fill(around, ticker, "t1")
    assert load()["fills"] == 1
    assert load() == {}
    path = journal.files(around.data)[0]
    with path.open("ab") as file:
        file.write(b'{"row":"note","at":12\n')
    journal_fill(around, ticker, "t2")
    with path.open("ab") as file:
        file.write(b'{"row":"note","at":1')  # cut off by a crash: not a line yet
    assert load()["fills"] == 1
    assert ask(around, "SELECT trade_id FROM fills ORDER BY trade_id") == [("t1",), ("t2",)]
    compressed = path.with_name(path.name + ".gz")
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert load() == {}, "compressed, it is the same file"


def test_a_settlement_that_our_fills_do_not_explain_fails_loudly(around: Surroundings) -> None:
    discover()
    market = around.markets[0]
    bid = m.PlaceOrder("kwm-1", market.ticker, m.Side.BID, Price(9_900), Count(100), None, False)
    around.venue.request("embedded", bid)
    around.venue.exchange.settle(market.ticker, "yes", money("1.00"), "50")
    state = settle(return_state=True)
    assert state.is_failed()
    assert market.ticker in str(state.message) and "our fills say 0" in str(state.message)
    assert ask(around, "SELECT ticker FROM settlements") == [(market.ticker,)], "written before it failed"

    journal_fill(around, market.ticker, "t1")
    load()
    assert settle(return_state=True).is_completed(), "now the fill is known"


def test_what_the_account_was_paid_is_not_compared_with_imagined_fills(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = around.markets[0]
    bid = m.PlaceOrder("by-hand", market.ticker, m.Side.BID, Price(9_900), Count(100), None, False)
    around.venue.request("embedded", bid)
    around.venue.exchange.settle(market.ticker, "yes", money("1.00"), "50")
    shutil.copytree(around.data / "live", around.data / "paper" / "live")
    monkeypatch.setenv("KWM_PAPER__ONLY", "true")
    discover()
    assert settle(return_state=True).is_completed()
    with lake.connect(around.data / "paper") as db:
        assert db.execute("SELECT count(*) FROM settlements").fetchone() == (0,)


def test_the_report_is_of_what_was_traded(around: Surroundings) -> None:
    discover(), ingest()
    journal_fill(around, around.markets[0].ticker, "t1")
    load()
    shown = report()
    assert shown["pnl-by-city"] == 1
    assert shown["data-quality"] >= 3


def test_the_daily_reports_are_pages_artifacts_and_messages(
    around: Surroundings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    discover(), ingest(), publish()
    journal_fill(around, around.markets[0].ticker, "t1")
    load()
    monkeypatch.setenv("KWM_ALERTS__URLS", f'["json://127.0.0.1:{receiver.port}/"]')
    page = Path(brief())
    assert page.parent == around.data / "reports" and "Today" in page.read_text()
    assert receiver.bodies[0]["title"].startswith("Morning brief")
    assert Path(eod()).with_suffix(".txt").read_text().startswith("End of day")
    shown = [a.key for a in asyncio.run(artifacts())]
    assert {"report-brief", "report-eod"} <= set(shown)
    names = {run.name.partition(" ")[0] for run in asyncio.run(runs())}
    assert {"discover", "ingest", "publish", "load", "brief", "eod"} <= names, "a run is called after its flow and time"


async def runs() -> list[Any]:
    async with get_client() as client:
        return await client.read_flow_runs(limit=200)


async def artifacts() -> list[Any]:
    async with get_client() as client:
        return await client.read_artifacts(limit=50)


def test_notes_become_rows(around: Surroundings) -> None:
    now = around.venue.clock.now()
    book = journal.Journal(around.data, "run2")
    book.append(NoteRow(Instant(now), "halt", "by hand"), now)
    book.close()
    load()
    at, kind = ask(around, "SELECT happened_at, kind FROM notes")[0]
    assert kind == "halt"
    assert abs((at - to_datetime(now)).total_seconds()) < 1
    assert json.loads(json.dumps(str(at)))
