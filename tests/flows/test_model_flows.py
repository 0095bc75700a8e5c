"""The flows of the model, as they run in production: what is learnt from the lake is what is published."""

import dataclasses

import pytest

from core.storage import lake, publications
from flows import rows
from flows.discover import discover
from flows.fit import fit
from flows.ingest import ingest
from flows.publish import publish
from flows.score import score
from flows.seed import seed
from tests.flows.conftest import Surroundings

pytestmark = pytest.mark.slow


def test_what_was_learnt_from_the_past_is_what_is_published(around: Surroundings) -> None:
    discover(), ingest(), publish()
    before = publications.read(around.data)
    assert before is not None
    seed()
    assert fit().startswith("accepted"), "60 days of two stations teach more than the committed numbers"
    assert len(list((around.data / "models").glob("fit-*.json"))) == 1
    publish()
    after = publications.read(around.data)
    assert after is not None
    assert "rows" not in before.model and "rows" in after.model
    assert {e.event_ticker: e.mean_f for e in after.events} != {e.event_ticker: e.mean_f for e in before.events}


def test_what_was_published_is_scored_beside_the_market_once_it_settled(around: Surroundings) -> None:
    discover(), ingest(), publish()
    assert score() == "no settled event with a published belief yet"
    found = publications.read(around.data)
    assert found is not None
    winners = {max(e.markets, key=lambda m: m.fair).ticker for e in found.events}
    now = around.venue.clock.now()
    priced = {e.event_ticker for e in found.events}
    settled = [
        dataclasses.replace(m, result="yes" if m.ticker in winners else "no")
        for m in around.markets if m.event_ticker in priced
    ]  # fmt: skip
    lake.commit(around.data, "results", now, {"markets": [rows.market(m, now) for m in settled]})
    assert score() == "not enough days to tell a drift yet"
    with lake.connect(around.data) as db:
        table = db.execute(
            "SELECT who, sum(moments), avg(brier), avg(pit_mean) FROM scores WHERE station = 'all' GROUP BY who"
        ).fetchall()
    by_who = {who: (moments, brier, pit) for who, moments, brier, pit in table}
    assert {"model", "market", "blend"} <= set(by_who)
    assert by_who["model"][0] == len(priced)
    assert 0 < by_who["blend"][1] < 5 / 36, "the likeliest bracket always paid: better than knowing nothing"
