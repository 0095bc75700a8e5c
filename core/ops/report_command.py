"""`kwm report brief` and `kwm report eod`: the reports by hand, without Prefect."""

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
from core.ops.report import Report
from core.storage import lake
from core.units import Instant, iso, to_datetime


def made(kind: str, data: Path, now: Instant, day: date | None = None) -> Report:
    """The report of `day`: by default today for the brief, yesterday (UTC) for the end of day."""
    today = to_datetime(now).date()
    with lake.connect(data) as db:
        db.execute("SET threads=1")
        stamp = f"{iso(now)[:16].replace('T', ' ')} UTC"
        if kind == "brief":
            return reports.brief(db, day or today, stamp)
        return reports.end_of_day(db, day or today - timedelta(days=1), stamp)


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
    found = made(kind, data, this_process().now(), wanted)
    page, plain = set_report.save(found, data, settings.exchange.environment)
    typer.echo(plain.read_text())
    typer.echo(f"written: {page}")
