"""`kwm report brief` and `kwm report eod`: the reports by hand, without Prefect."""

from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.clock import this_process
from core.config import Settings
from core.errors import SettingsError
from core.ops import report as reports
from core.ops import set_report
from core.ops.deliver import Messenger
from core.ops.report import Db, Report
from core.storage import lake
from core.storage.views import Days
from core.units import Instant, iso, to_datetime


def made(kind: str, data: Path, now: Instant, day: date | None = None) -> Report:
    """The report of `day`: by default today for the brief, yesterday (UTC) for the end of day."""
    today = to_datetime(now).date()
    stamp = f"{iso(now)[:16].replace('T', ' ')} UTC"
    with ExitStack() as opened:
        if kind == "brief":
            return reports.brief(opened.enter_context(_of_the_brief(data, day or today)), day or today, stamp)
        day = day or today - timedelta(days=1)
        month = (day - timedelta(days=reports.RELIABLE_DAYS - 1), day)
        lakes = [opened.enter_context(_one_thread(data, days)) for days in ((day, day), month, None)]
        lake.kept(lakes[0], "market_marks", "markouts")
        return reports.end_of_day(reports.Lakes(*lakes), day, stamp)


def _of_the_brief(data: Path, day: date) -> Db:
    """The lake from yesterday, or from the oldest day of which something is held, to the days that trade already."""
    with _one_thread(data) as whole:
        held = reports.oldest_held(whole)
    first = day - timedelta(days=1)
    db = _one_thread(data, lake.days_from(first if held is None else min(first, held), day))
    lake.kept(db, "market_marks", "markouts")
    return db


def _one_thread(data: Path, days: Days | None = None) -> Db:
    db = lake.connect(data, days)
    db.execute("SET threads=1")
    return db


def tell(settings: Settings, found: Report, plain: Path) -> bool:
    """Send the headlines to [alerts] urls, if [alerts] reports says so. Was it delivered (or not wanted)?"""
    if not (settings.alerts.reports and settings.alerts.urls):
        return True
    body = "\n".join(f"{name}: {value}" for name, value in found.headlines) + f"\n\n{plain}"
    return Messenger(settings.alerts.urls).send(found.title, body, urgent=False)


def report(
    kind: Annotated[str, typer.Argument(help="brief (today ahead) or eod (what a day earned)")] = "eod",
    day: Annotated[str, typer.Option(help="YYYY-MM-DD; default: today for brief, yesterday for eod")] = "",
) -> None:
    """Write a report into data/reports (HTML with plots, and text), and print the text."""
    if kind not in ("brief", "eod"):
        raise SettingsError(f"no report {kind!r}; there are brief and eod")
    try:
        wanted = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise SettingsError(f"--day {day!r}: expected a date such as 2026-11-23") from error
    settings = config.load()
    data = settings.storage.data.resolve()
    if not (data / "lake").exists():
        raise SettingsError(f"{data} holds no data yet: run `kwm up` first, or set KWM_STORAGE__DATA")
    found = made(kind, data, this_process(settings.clock_file).now(), wanted)
    page, plain = set_report.save(found, data, settings.exchange.environment)
    typer.echo(plain.read_text())
    typer.echo(f"written: {page}")
