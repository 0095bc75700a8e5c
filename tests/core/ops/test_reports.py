"""The morning brief and the end-of-day report say what the marts say, on one page that needs nothing else."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.ops import set_report
from core.ops.report import Report, Section
from core.ops.report_command import made
from tests.core.ops import small_lake

pytestmark = pytest.mark.slow

YESTERDAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake.make(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def eod(data: Path) -> Report:
    return made("eod", data, small_lake.NOW)


def part(report: Report, title: str) -> Section:
    return next(section for section in report.sections if section.title == title)


def test_the_day_is_split_by_city_into_its_sources(eod: Report) -> None:
    assert eod.day == YESTERDAY
    assert dict(eod.headlines) == {
        "PnL": "$12.36", "spread": "$0.40", "adverse selection": "$0.40", "settlement": "$11.60", "fees": "-$0.04",
        "fills": "2", "quoting": "49 of 50 minutes alive",
    }  # fmt: skip
    cities = part(eod, "PnL by city")
    assert sorted(row[0] for row in cities.rows) == ["Denver (KDEN)", "New York (KNYC)"]
    assert cities.rows[0][1:6] == ("6.18", "0.20", "0.20", "5.80", "-0.02")
    assert part(eod, "Markouts").rows == (("bid", "2", "2.00", "2.00", "4.00", "4.00", "62.00"),)
    assert part(eod, "Settlement mismatches").words == "Nothing to report."


def test_every_plot_is_a_picture(eod: Report, data: Path) -> None:
    brief = made("brief", data, small_lake.NOW)
    drawn = [s.title for r in (eod, brief) for s in r.sections if s.plot.startswith(b"\x89PNG")]
    assert drawn == ["PnL by city", "The day", "Markouts", "Reliability", "Today's events", "Yesterday by city"]


def test_the_brief_is_of_what_is_ahead_and_held(data: Path) -> None:
    brief = made("brief", data, small_lake.NOW)
    assert len(part(brief, "Today's events").rows) == 2
    assert {row[1] for row in part(brief, "What is held").rows} == {"10.00"}
    assert dict(brief.headlines)["yesterday: PnL"] == "$12.36"


def test_the_page_needs_nothing_else_and_shows_no_text_as_markup(eod: Report) -> None:
    page = set_report.html(eod, "embedded")
    assert page.count("data:image/png;base64,") == 4
    assert "<script" not in page and not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    bad = Report("eod", "<b>x</b>", YESTERDAY, "", (), (Section("t", "w", ("c",), (("<img src=x>",),)),))
    assert "<img src=x>" not in set_report.html(bad, "demo") and "<b>x</b>" not in set_report.html(bad, "demo")


def test_a_lake_without_trades_gives_a_report_that_says_so(tmp_path: Path) -> None:
    for kind in ("brief", "eod"):
        found = made(kind, tmp_path, small_lake.NOW)
        assert {section.words for section in found.sections if not section.rows} <= {"Nothing to report."}
        assert ("PnL", "no fills") in found.headlines or ("yesterday: PnL", "no fills") in found.headlines


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_by_hand_it_is_written_and_printed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(data))
    shown = run("report", "eod", "--day", "2026-11-23")
    assert "PnL                         $12.36" in shown.output
    assert (data / "reports/2026-11-23-eod.html").exists() and (data / "reports/2026-11-23-eod.txt").exists()
    assert "--day" in str(run("report", "eod", "--day", "yesterday").exception)
    assert "brief and eod" in str(run("report", "weekly").exception)
