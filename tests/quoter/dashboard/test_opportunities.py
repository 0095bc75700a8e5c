"""Opportunities: every open market, best first, with what it should earn and what stands against it."""

import pytest

from core.exchange.interest import Interest
from core.units import Count, Price
from quoter.dashboard import models as v
from quoter.dashboard.opportunities import best_first, measured, opportunities
from quoter.engine import events as e
from tests.stories.stage import COLD, MILD, WARM, Stage

_UNPRICED = "KXHIGHCHI-26NOV25-B40.5"


def ranked(markouts: dict[str, float] | None = None) -> list[v.Opportunity]:
    stage = Stage().begin()
    stage.publish()
    stage.state.markets[COLD].enabled = False
    stage.say(e.Timer(stage.now))
    volumes = {MILD: 500, WARM: 5_000, COLD: 0}
    interest = {
        t: Interest(t, t.rsplit("-", 1)[0], "", Count(n * 100), Count(n * 100), None, None) for t, n in volumes.items()
    }
    interest[_UNPRICED] = Interest(
        _UNPRICED, "KXHIGHCHI-26NOV25", "40° to 41°", Count(100), None, Price(3_000), Price(3_400)
    )
    return best_first(list(opportunities(stage.state, interest, {MILD: "liquidity $20.00 a period"}, markouts or {})))


def test_more_volume_at_the_same_edge_ranks_higher() -> None:
    found = ranked()
    assert [o.ticker for o in found[:2]] == [WARM, MILD]
    assert found[0].score > found[1].score > 0
    assert found[1].incentive == "liquidity $20.00 a period"


def test_a_market_without_a_fair_value_is_listed_with_its_spread_and_why() -> None:
    one = next(o for o in ranked() if o.ticker == _UNPRICED)
    assert (one.city, one.variable, one.day) == ("Chicago", "high", "2026-11-25")
    assert one.spread_c == 4.0
    assert (one.quoted, one.edge_c) == ("no", None)
    assert "no fair value" in one.reasons[0]


def test_what_is_not_quoted_says_why_and_what_it_would_earn() -> None:
    one = next(o for o in ranked() if o.ticker == COLD)
    assert one.quoted == "no"
    assert "switched off" in one.reasons[0]
    assert one.edge_c is not None and one.edge_c > 0


def test_measured_adverse_selection_replaces_the_guess() -> None:
    guessed = next(o for o in ranked() if o.ticker == MILD)
    bad = next(o for o in ranked({"KXHIGHNY": -1.0}) if o.ticker == MILD)
    assert bad.edge_c == pytest.approx(-1.0)
    assert guessed.edge_c is not None and guessed.edge_c > 0


def test_ten_fills_are_needed_before_a_series_counts_as_measured() -> None:
    fill = v.FillShown(
        at_ms=0,
        ticker=MILD,
        side="bid",
        price_c=40,
        contracts=1,
        fee_usd=0,
        taker=False,
        id="",
        markouts_c={"300": 2.0},
    )
    assert measured([fill] * 9) == {}
    assert measured([fill] * 10) == {"KXHIGHNY": 2.0}
