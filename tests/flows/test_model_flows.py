"""The flows of the model, as they run in production: what is learnt from the lake is what is published."""

import pytest

from core.storage import publications
from flows.discover import discover
from flows.fit import fit
from flows.ingest import ingest
from flows.publish import publish
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
