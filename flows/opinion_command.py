"""`kwm opinion`: what a person, or a program of theirs, believes an event's official value will be."""

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Column, Table

from core import config
from core.clock import this_process
from core.console import console
from core.errors import KwmError, Malformed, SettingsError
from core.event_words import one_event
from core.fair import opinion as opinions
from core.fair.opinion import Opinion
from core.publication import EventFair, Publication
from core.storage import lake, migrate, publications
from core.units import HOUR, Instant, to_datetime
from flows import inputs, rows

WEIGHT, HOURS = 0.5, 6.0  # where a person says neither
_COLUMNS = ("event", "mean_f", "sd_f")
_OPTIONAL = ("weight", "hours", "why")


def opinion(
    event: Annotated[
        str, typer.Argument(help='ticker, or words: "new york high nov30"; without it: those in force')
    ] = "",
    mean: Annotated[float | None, typer.Option(help="of the official value, °F")] = None,
    sd: Annotated[float | None, typer.Option(help="how far off you may be, one sigma, °F")] = None,
    weight: Annotated[float, typer.Option(help="against model and market: 1 is yours alone")] = WEIGHT,
    hours: Annotated[float, typer.Option(help="how long it counts, at most two days")] = HOURS,
    why: Annotated[str, typer.Option(help="kept beside it, for later")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="take it back")] = False,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="many at once: CSV with event,mean_f,sd_f[,weight,hours,why]; - is standard input"),
    ] = None,
    sure: Annotated[bool, typer.Option("--sure", help="though it is far from what the model says")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="those in force, for programs")] = False,
) -> None:
    """What you believe of an event, as one more voice in its fair values.

    For example: `kwm opinion "new york high nov30" --mean 41 --sd 2 --weight 0.3`.

    It counts from the next publication on, fades as the day decides itself, and never stands against what was
    observed. Every limit holds as ever. How right you were: kwm sql "from opinion_skill".
    """
    settings = config.load()
    data, now = settings.storage.data.resolve(), this_process(settings.clock_file).now()
    if not (data / "lake").exists():
        raise SettingsError(f"{data} holds no data yet: run `kwm up` first, or set KWM_STORAGE__DATA")
    found = publications.read(data)
    if file is not None:
        if event or mean is not None or sd is not None or withdraw:
            raise SettingsError("--file says which events and what of them: leave the others out")
        said = _give(data, found, _of_file(file, found, now), now, sure=sure)
    elif withdraw:
        if mean is not None or sd is not None:
            raise SettingsError("--withdraw takes back what was said: leave --mean and --sd out")
        said = _take_back(data, _event(event, found), now, why)
    elif event or mean is not None or sd is not None:
        if not event or mean is None or sd is None:
            raise SettingsError(
                "an opinion is an event, --mean and --sd; without all three: kwm opinion lists those in force"
            )
        one = Opinion(_event(event, found), mean, sd, weight, now, _until(now, hours), why)
        said = _give(data, found, [_checked(one, "")], now, sure=sure)
    else:
        said = []
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(list(_in_force(data, now).values()))))
    elif said:
        console().print("\n".join(said), markup=False)
    else:
        _list(data, found, now)


def _event(words: str, found: Publication | None) -> str:
    if found is None:
        raise SettingsError("nothing has been published yet: are the flows running (kwm up)?")
    said = {e.event_ticker: f"{e.city} {e.station} {e.variable} {e.day}" for e in found.events}
    return one_event(words, said | dict.fromkeys(found.withheld, ""), "kwm fair")


def _until(now: Instant, hours: float) -> Instant:
    return Instant(now + int(hours * HOUR)) if 0 < hours < 1e4 else now  # which `checked` refuses


def _checked(one: Opinion, where: str) -> Opinion:
    try:
        return opinions.checked(one)
    except Malformed as error:
        raise SettingsError(f"{where}{one.event_ticker}: {error}") from error


def _of_file(path: Path, found: Publication | None, now: Instant) -> list[Opinion]:
    """All of it, or an error that names the line. Raises: SettingsError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    table = csv.DictReader(io.StringIO(text))
    names = [name.strip() for name in table.fieldnames or ()]
    table.fieldnames = names
    missing = [name for name in _COLUMNS if name not in names]
    unknown = [name for name in names if name not in _COLUMNS + _OPTIONAL]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"a column {unknown[0]!r} that means nothing here"
        raise SettingsError(f"{path}: {wrong}; expected {','.join(_COLUMNS)}[,{','.join(_OPTIONAL)}]")
    given = []
    for row in table:
        where = f"{path} line {table.line_num}: "
        if None in row:
            raise SettingsError(f'{where}more fields than columns: a comma in "why" wants quotes around it')
        try:
            event = _event((row["event"] or "").strip(), found)
        except KwmError as error:
            raise SettingsError(f"{where}{error}") from error
        one = Opinion(
            event, _number(row, "mean_f", None, where),
            _number(row, "sd_f", None, where), _number(row, "weight", WEIGHT, where), now,
            _until(now, _number(row, "hours", HOURS, where)), (row.get("why") or "").strip(),
        )  # fmt: skip
        given.append(_checked(one, where))
    twice = {one.event_ticker for one in given if sum(o.event_ticker == one.event_ticker for o in given) > 1}
    if twice:
        raise SettingsError(f"{path}: {min(twice)} is there twice")
    if not given:
        raise SettingsError(f"{path}: no opinion in it")
    return given


def _number(row: dict[str, str | None], name: str, usual: float | None, where: str) -> float:
    text = (row.get(name) or "").strip()
    if not text and usual is not None:
        return usual
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{where}{name} {text!r}: expected a number") from None


def _give(data: Path, found: Publication | None, given: list[Opinion], now: Instant, *, sure: bool) -> list[str]:
    model = {e.event_ticker: e for e in found.events} if found is not None else {}
    slips = [opinions.far(o, e.mean_f, e.sd_f) for o in given if (e := model.get(o.event_ticker)) is not None]
    if not sure and (slip := next(filter(None, slips), "")):
        raise SettingsError(f"{slip}: a slip? With --sure it counts; nothing was written")
    _write(data, given, model, now)
    said = []
    for one in given:
        said.append(f"{one.event_ticker}: {opinions.words(one, one.weight)}")
        if found is not None and (why := found.withheld.get(one.event_ticker)):
            said.append(f"but it has no fair value now, and an opinion does not make one: {why}")
    return [*said, "from the next publication on; kwm fair EVENT shows what it does, --withdraw takes it back"]


def _take_back(data: Path, event: str, now: Instant, why: str) -> list[str]:
    if event not in _in_force(data, now):
        raise SettingsError(f"{event}: no opinion of yours counts now; kwm opinion lists those in force")
    _write(data, [opinions.withdrawal(event, now, why)], {}, now)
    return [f"{event}: taken back; from the next publication on model and market stand alone"]


def _write(data: Path, given: Iterable[Opinion], model: dict[str, EventFair], now: Instant) -> None:
    migrate.check(data)
    lake.commit(data, f"opinion-{now:020d}", now, {
        "opinions": [rows.opinion(one, model.get(one.event_ticker)) for one in given]
    })  # fmt: skip


def _in_force(data: Path, now: Instant) -> dict[str, Opinion]:
    with lake.connect(data) as db:
        return inputs.opinions(db, now)


def _list(data: Path, found: Publication | None, now: Instant) -> None:
    given = _in_force(data, now)
    out = console()
    if not given:
        out.print('no opinion counts now. For example: kwm opinion "new york high nov30" --mean 41 --sd 2 --weight 0.3')
        return
    model = {e.event_ticker: e for e in found.events} if found is not None else {}
    table = Table(Column("event", no_wrap=True), "yours °F", "counts", "until UTC", "model °F", "why")
    for ticker, one in sorted(given.items()):
        e = model.get(ticker)
        until, theirs = f"{to_datetime(one.until):%d %b %H:%M}", "" if e is None else f"{e.mean_f:.1f} ± {e.sd_f:.1f}"
        table.add_row(ticker, f"{one.mean_f:g} ± {one.sd_f:g}", f"{one.weight:.0%}", until, theirs, escape(one.why))
    out.print(table)
