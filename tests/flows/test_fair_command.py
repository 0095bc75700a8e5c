"""`kwm fair`: the ladder, what it stands on, what is missing, and when the next news is due, in words."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import config
from core.cli import app
from core.errors import Refused
from core.exchange.listing import ladder
from core.fair import coefficients, stored
from core.fair.assemble import fair_events
from core.fair.live import Known
from core.publication import EventFair, Publication
from core.risk.published import totals
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.storage import publications
from core.units import HOUR, MINUTE, Instant, Money
from core.weather.rows import ForecastRow, ObservationRow

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 9, 1))
OTHER = StationDay(BY_CODE["KDEN"], Variable.HIGH, date(2026, 9, 1))
NOW = Instant(DAY.start + 13 * HOUR)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publication:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "live").mkdir()
    issued = Instant(NOW - 3 * HOUR)
    seen = [Instant(NOW - 9 * MINUTE - hours * HOUR) for hours in range(12)]
    known = Known(
        [ForecastRow(station="KNYC", variable=DAY.variable, day=DAY.day, source="nws_forecast", issued_at=issued,
                     received_at=issued, value_f=86.0)], (),
        [ObservationRow(station="KNYC", observed_at=at, received_at=at, kind="metar", low_f=83.91 - hours,
                        high_f=84.09 - hours) for hours, at in enumerate(seen)],
    )  # fmt: skip
    events = {d.event_ticker: ladder(d, 86, Instant(DAY.start - 10 * HOUR)) for d in (DAY, OTHER)}
    priced = fair_events(events, known, stored.unfitted(coefficients.load()), NOW, Instant(NOW + 4 * MINUTE), Money(1))
    one = priced[DAY.event_ticker]
    assert isinstance(one, EventFair)
    withheld = {ticker: found.words for ticker, found in priced.items() if isinstance(found, Refused)}
    found = Publication("1-a", "1-a", "made", NOW, one.valid_until, [one], withheld,
                        totals(config.load().risk))  # fmt: skip
    publications.write(found, tmp_path, NOW)
    return found


def said(*arguments: str) -> str:
    called = CliRunner().invoke(app, ["fair", *arguments])
    assert called.exit_code == 0, called.output
    return " ".join(called.output.split())


def test_an_event_s_ladder_says_what_it_stands_on_what_is_missing_and_what_comes(published: Publication) -> None:
    words = said(DAY.event_ticker)
    assert said(DAY.event_ticker.lower()) == said("new york high") == words
    assert "New York high 2026-09-01" in words and "observed so far: 84 °F" in words
    assert "stands on observations of 17:51 UTC (9 min old), nws_forecast of 15:00 UTC (3 h old)" in words
    assert "but: no fresh nws_grid: using nws_forecast" in words
    assert "but: no usable market to blend with" in words and "it stands alone" in words
    assert "18:50 to 18:56 UTC 2.0 times as wide: hourly report" in words
    assert "published 2026-09-01 18:00:00 UTC, EXPIRED" in words, "that day is over"


def test_all_events_are_listed_whole_and_those_without_a_fair_value_say_why(published: Publication) -> None:
    words = said()
    assert DAY.event_ticker in words
    assert f"{OTHER.event_ticker} has no fair value: no forecast younger than 12 hours" in words


def test_an_event_that_is_not_priced_is_an_error_with_its_reason(published: Publication) -> None:
    called = CliRunner().invoke(app, ["fair", OTHER.event_ticker])
    assert called.exit_code != 0
    assert "no forecast younger than 12 hours" in called.output + str(called.exception)
