"""The tasks of the two daily reports: ask the marts, write the files, show and tell. Not a flow itself."""

from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from core.ops import set_report
from core.ops.report import Report
from core.ops.report_command import made, tell
from flows.base import Context


@task(name="ask the marts", timeout_seconds=120)
def gather(c: Context, kind: str) -> Report:
    """The report as values."""
    return made(kind, c.data, c.now)


@task(name="write the pages")
def keep(c: Context, found: Report) -> Path:
    """data/reports/DAY-KIND.html and .txt."""
    page, _ = set_report.save(found, c.data, c.settings.exchange.environment)
    return page


@task(name="show and tell", retries=2, retry_delay_seconds=[30, 300])
def show(c: Context, found: Report, page: Path) -> None:
    """An artifact with plots; the headlines to [alerts] urls."""
    create_markdown_artifact(key=f"report-{found.kind}", markdown=set_report.markdown(found), description=found.title)
    if not tell(c.settings, found, page.with_suffix(".txt")):
        get_run_logger().warning("the headlines could not be delivered to every address of [alerts] urls")
