"""`kwm opinion`: from a person's words to the fair value that is quoted, and what is refused on the way."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.clock import Clock
from core.errors import KwmError
from core.publication import EventFair, Publication
from core.storage import lake, publications
from core.units import HOUR, Instant, iso
from flows.discover import discover
from flows.ingest import ingest
from flows.publish import publish
from tests.flows.conftest import Surroundings
from tests.flows.test_fair_command import DAY, NOW, OTHER, published

__all__ = ["published"]  # a fixture
pytestmark = pytest.mark.slow
TICKER = DAY.event_ticker


def say(*arguments: str, stdin: str | None = None) -> str:
    called = CliRunner().invoke(app, ["opinion", *arguments], input=stdin)
    if called.exception is not None and not isinstance(called.exception, SystemExit):
        raise called.exception
    assert called.exit_code == 0, called.output
    return " ".join(called.output.split())


def written(data: Path) -> list[tuple[object, ...]]:
    with lake.connect(data) as db:
        found = db.execute("SELECT event_ticker, mean_f, sd_f, weight, why, model_mean_f IS NOT NULL FROM opinions")
        return sorted(found.fetchall())


@pytest.fixture
def world(published: Publication, tmp_path: Path) -> Path:
    """A published folder whose world's time is that of the publication, as a running `kwm up` says it."""
    (tmp_path / "live" / "clock.json").write_text(Clock(60.0, time.time_ns(), NOW).to_text())
    lake.prepare(tmp_path)
    return tmp_path


def test_it_is_written_listed_and_taken_back(world: Path) -> None:
    assert "no opinion counts now" in say()
    words = say("new york high", "--mean", "88", "--sd", "2", "--weight", "0.3", "--why", "[red] sea breeze")
    assert f"{TICKER}: 88 ± 2 °F, counts 30%, until 02 Sep 00:0" in words and "([red] sea breeze)" in words
    assert "from the next publication on" in words
    assert written(world) == [(TICKER, 88.0, 2.0, 0.3, "[red] sea breeze", True)]
    assert json.loads(say("--json"))[0]["mean_f"] == 88.0
    say(TICKER, "--mean", "86.5", "--sd", "2")
    assert "86.5 ± 2" in say() and "88 ± 2" not in say(), "the last word counts"
    assert "taken back" in say(TICKER, "--withdraw")
    assert "no opinion counts now" in say()
    with pytest.raises(KwmError, match="no opinion of yours counts now"):
        say(TICKER, "--withdraw")


def test_many_come_from_a_program_whole_or_not_at_all(world: Path) -> None:
    head = "event,mean_f,sd_f,weight,hours,why\n"
    words = say("--file", "-", stdin=f"{head}{TICKER},88,2,,,\n{OTHER.event_ticker},71,3,0.2,3,front\n")
    assert "counts 50%" in words and "no fair value now, and an opinion does not make one: no forecast" in words
    assert len(written(world)) == 2
    for wrong, why in (
        (f"{head}{TICKER},88,2,,,\n{OTHER.event_ticker},warm,3,,,\n", "line 3: mean_f 'warm': expected a number"),
        (f"{head}{TICKER},88,0.1,,,\n", "line 2: .*sd"),
        (f"{head}KXHIGHMARS,88,2,,,\n", "line 2: no event fits 'KXHIGHMARS'"),
        (f"{head}{TICKER},88,2,,,\n{TICKER},87,2,,,\n", "is there twice"),
        ("event,mean_f\nx,1\n", "no column sd_f"),
        ("event,mean_f,sd_f,wieght\n", "a column 'wieght'"),
        (f"{head}{TICKER},88,2,,,warm, and dry\n", "line 2: more fields than columns"),
        (head, "no opinion in it"),
    ):
        with pytest.raises(KwmError, match=why):
            say("--file", "-", stdin=wrong)
    assert len(written(world)) == 2, "nothing of a wrong file"


@pytest.mark.parametrize(("arguments", "why"), [
    (("--mean", "80", "--sd", "2"), "an event, --mean and"), ((TICKER, "--mean", "80"), "an event, --mean and --sd"),
    ((TICKER, "--mean", "8.8", "--sd", "2"), "standard deviations from the model's .*--sure"),
    ((TICKER, "--mean", "85", "--sd", "2", "--hours", "nan"), "hours"),
    ((TICKER, "--mean", "85", "--sd", "2", "--hours", "72"), "hours"),
    ((TICKER, "--mean", "85", "--sd", "2", "--weight", "30"), "weight"),
    ((TICKER, "--withdraw", "--mean", "80"), "leave --mean and --sd out"),
    ((TICKER, "--file", "nowhere.csv"), "leave the others out"), (("--file", "nowhere.csv"), "nowhere.csv"),
])  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_written(world: Path, arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(KwmError, match=why):
        say(*arguments)
    assert written(world) == []


def test_sure_is_sure(world: Path) -> None:
    assert json.loads(say(TICKER, "--mean", "70", "--sd", "1", "--sure", "--json"))[0]["mean_f"] == 70.0
    assert written(world)[0][:2] == (TICKER, 70.0)


def of(data: Path, ticker: str) -> EventFair:
    found = publications.read(data)
    assert found is not None
    return next(e for e in found.events if e.event_ticker == ticker)


def test_the_next_publication_holds_it_and_so_does_the_lake(around: Surroundings) -> None:
    discover(), ingest(), publish()
    found = publications.read(around.data)
    assert found is not None
    before = max(found.events, key=lambda e: e.day_end)
    ticker = before.event_ticker
    say(ticker, "--mean", str(round(before.mean_f + 3, 1)), "--sd", "1.5", "--weight", "0.6", "--hours", "2")
    identity = publish()
    after = of(around.data, ticker)
    assert after.opinion.startswith(f"{before.mean_f + 3:.1f}".rstrip("0").rstrip(".")), after.opinion
    cold, warm = after.markets[0].fair - before.markets[0].fair, after.markets[-1].fair - before.markets[-1].fair
    assert warm > 0 > cold or abs(before.markets[0].fair) < 0.01, (cold, warm)
    assert after.markets[-1].model == pytest.approx(before.markets[-1].model, abs=0.02)
    with lake.connect(around.data) as db:
        said = db.execute(
            "SELECT event_ticker FROM fair_events WHERE publication = ? AND opinion <> ''", [identity]
        ).fetchall()
    assert said == [(ticker,)]
    say(ticker, "--withdraw")
    publish()
    assert of(around.data, ticker).opinion == ""


def test_how_right_one_was_is_a_view(world: Path) -> None:
    say(TICKER, "--mean", "88", "--sd", "2")
    listed = {"ticker": f"{TICKER}-B84.5", "event_ticker": TICKER, "station": "KNYC", "variable": "high",
              "day": DAY.day.isoformat(), "seen_at": iso(NOW)}  # fmt: skip
    report = {"station": "KNYC", "day": DAY.day.isoformat(), "issued_at": iso(Instant(DAY.end + HOUR)), "final": True,
              "received_at": iso(Instant(DAY.end + HOUR)), "max_f": 87, "min_f": 70}  # fmt: skip
    lake.commit(world, "settled", Instant(DAY.end + HOUR), {"markets": [listed], "climate_reports": [report]})
    with lake.connect(world) as db:
        (row,) = db.execute(
            "SELECT event_ticker, official_f, error_f, model_mean_f, model_sd_f, log_gain FROM opinion_skill"
        ).fetchall()
    ticker, official, error, mean, sd, gain = row
    assert (ticker, official, error) == (TICKER, 87, -1.0)
    from scipy.stats import norm

    assert gain == pytest.approx(norm.logpdf(87, 88, 2) - norm.logpdf(87, mean, sd))
