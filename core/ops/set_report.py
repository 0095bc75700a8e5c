"""A report as HTML, as text, and as Markdown for Prefect; and its files in data/reports."""

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.ops.report import Report, Section
from core.storage.files import write_whole

FOLDER = "reports"


def _table(section: Section) -> str:
    """Aligned columns."""
    if not section.rows:
        return ""
    widths = [max(len(name), *(len(row[k]) for row in section.rows)) for k, name in enumerate(section.columns)]
    lines = [section.columns, *section.rows]
    return "\n".join(
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, autoescape=lambda name: bool(name and name.endswith(".html")),
    )  # fmt: skip
    environment.filters["base64"] = lambda body: base64.b64encode(body).decode()
    environment.filters["pad"] = lambda text, width: str(text).ljust(width)
    environment.filters["table"] = _table
    return environment


def html(report: Report, environment: str) -> str:
    """One page that needs nothing else: plots inside, no script."""
    return _environment().get_template("report.html").render(report=report, environment=environment)


def text(report: Report, environment: str) -> str:
    """The same without plots."""
    return _environment().get_template("report.txt").render(report=report, environment=environment)


def markdown(report: Report) -> str:
    """For a Prefect artifact: plots as data URIs, tables of at most 30 rows."""
    lines = [f"# {report.title}", "", " · ".join(f"{name} **{value}**" for name, value in report.headlines)]
    for section in report.sections:
        lines += ["", f"## {section.title}", "", section.words, ""]
        if section.plot:
            lines += [f"![{section.title}](data:image/png;base64,{base64.b64encode(section.plot).decode()})", ""]
        if section.rows:
            lines += ["| " + " | ".join(section.columns) + " |", "|" + "---|" * len(section.columns)]
            lines += ["| " + " | ".join(v.replace("|", "\\|") for v in row) + " |" for row in section.rows[:30]]
    return "\n".join(lines) + "\n"


def save(report: Report, data: Path, environment: str) -> tuple[Path, Path]:
    """(HTML file, text file), each there whole or not at all; the same day's earlier ones are replaced."""
    folder = data / FOLDER
    page, plain = folder / f"{report.name}.html", folder / f"{report.name}.txt"
    write_whole(page, html(report, environment).encode())
    write_whole(plain, text(report, environment).encode())
    return page, plain
