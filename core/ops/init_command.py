"""`kwm init`: asks the few questions a newcomer has and writes a commented kwm.toml; checks it before it is written."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.config import CONFIRMATION
from core.errors import KwmError, Malformed, SettingsError
from core.exchange.credentials import Credentials, credentials
from core.ops.settings_file import AMOUNTS, Answers, backup_name, meanings, proposal, written
from core.stations import STATIONS
from core.storage.files import write_whole
from core.units import Money, money

_REALLY = f"Production trades with real money. Type: {CONFIRMATION}"
_ENVIRONMENTS = ("embedded", "demo", "paper", "production")


def init(
    environment: Annotated[
        str,
        typer.Option(
            help="embedded (no keys), demo (play money), paper (production's books, imagined orders), production"
        ),
    ] = "",
    key_id: Annotated[str, typer.Option(help="the id of your API key")] = "",
    key_file: Annotated[str, typer.Option(help="path of its private key (PEM)")] = "",
    city: Annotated[list[str] | None, typer.Option(help="a city or station code; repeat it; none = all 24")] = None,
    all_cities: Annotated[bool, typer.Option("--all-cities", help="do not ask for cities")] = False,
    contact: Annotated[str, typer.Option(help="your address, for api.weather.gov's User-Agent")] = "",
    worst_case: Annotated[
        str, typer.Option(help="dollars that may be lost in the worst case, all events together")
    ] = "",
    accept_limits: Annotated[
        bool, typer.Option("--accept-limits", help="take the other limits in proportion to --worst-case")
    ] = False,
    limit: Annotated[list[str] | None, typer.Option(help="one limit, for example max_order=5; repeat it")] = None,
    confirm: Annotated[str, typer.Option(help=f'for production: "{CONFIRMATION}"')] = "",
    file: Annotated[Path, typer.Option(help="the file to write")] = Path("kwm.toml"),
    force: Annotated[bool, typer.Option("--force", help="an existing file is kept under another name")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="ask nothing: what is missing is an error")] = False,
) -> None:
    """Write your settings file: environment, keys, cities, money at risk. What no option says is asked."""
    if file.exists() and not force:
        if no_input:
            raise SettingsError(f"{file} exists; --force keeps it under another name and writes a new one")
        typer.confirm(f"{file} exists. Keep it under another name and write a new one?", abort=True)
    asking = _Asking(no_input)
    place = asking.choice("environment", "Where do you want to trade?", _ENVIRONMENTS, environment)
    answers = Answers(place, weather="embedded" if place == "embedded" else "live")
    if place != "embedded":
        given, on_paper = _limits_of(limit or []), place == "paper"
        which = "a key with the scope `read` and nothing else" if on_paper else "your API key"
        answers = Answers(
            "production" if on_paper else place,
            asking.text("--key-id", f"The id of {which}", key_id),
            asking.checked("--key-file", "Path of its private key", key_file, _key_file),
            place == "production" and asking.checked("--confirm", _REALLY, confirm, _confirmed),
            _cities(asking, city, all_cities),
            "live",
            f"kalshi-weather-maker ({asking.text('--contact', 'Your e-mail, for the weather service', contact)})",
            _limits(asking, worst_case, given, accept=accept_limits),
            on_paper,
        )
    else:
        answers = Answers(place, cities=_cities(asking, city, all_cities), weather="embedded")
    text = written(answers)
    _check(text, answers)
    if file.exists():
        kept = backup_name(file, time.strftime("%Y%m%d-%H%M%S"))
        shutil.copy2(file, kept)
        typer.echo(f"the earlier file is kept: {kept}")
    write_whole(file, text.encode(), mode=0o600)
    typer.echo(f"written: {file}. Next: kwm doctor, then kwm up")


class _Asking:
    """Takes what an option said, else asks, else says which option is missing."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def text(self, option: str, question: str, given: str) -> str:
        if given:
            return given
        if self.quiet:
            raise SettingsError(f"{option} is needed: {question}")
        return str(typer.prompt(question)).strip()

    def checked[T](self, option: str, question: str, given: str, read: Callable[[str], T]) -> T:
        """What `read` makes of the answer. What it refuses is asked again, so that no other answer is lost; of an
        option, or where nothing may be asked, that is the end. Raises: SettingsError."""
        while True:
            try:
                return read(self.text(option, question, given))
            except SettingsError as error:
                if given or self.quiet:
                    raise
                typer.echo(str(error))

    def choice(self, option: str, question: str, known: tuple[str, ...], given: str) -> str:
        def read(said: str) -> str:
            if said not in known:
                raise SettingsError(f"--{option} {said!r}: expected one of {', '.join(known)}")
            return said

        return self.checked(f"--{option}", f"{question} ({', '.join(known)})", given, read)


def _confirmed(said: str) -> bool:
    if said != CONFIRMATION:
        raise SettingsError(f'production needs the words "{CONFIRMATION}"; nothing was written')
    return True


def _key_file(said: str) -> str:
    path = Path(said).expanduser()
    try:
        Credentials("", path.read_text()).key()
    except (KwmError, OSError, ValueError) as error:
        raise SettingsError(f"--key-file {said!r}: the key cannot be used: {error}; nothing was written") from error
    return said


def _cities(asking: _Asking, given: list[str] | None, everything: bool) -> tuple[str, ...]:
    if given or everything or asking.quiet:
        return _named(given or [])
    typer.echo("Cities: " + ", ".join(s.city for s in STATIONS))
    while True:
        said = typer.prompt("Which ones, separated by commas? (empty = all)", default="", show_default=False)
        try:
            return _named([name for name in str(said).split(",") if name.strip()])
        except SettingsError as error:
            typer.echo(str(error))


def _named(said: list[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in said)
    unknown = [name for name in names if config.station_named(name) is None]
    if unknown:
        raise SettingsError(f"no station {', '.join(unknown)}; known are {', '.join(s.city for s in STATIONS)}")
    return names


def _limits_of(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name not in AMOUNTS:
            raise SettingsError(f"--limit {one!r}: expected NAME=AMOUNT with one of {', '.join(AMOUNTS)}")
        found[name] = value
    return found


def _bearable(said: str) -> Money:
    try:
        found = money(said, "--worst-case")
    except Malformed as error:
        raise SettingsError(f"{error}: expected dollars such as 100.00") from error
    if found <= 0:
        raise SettingsError("--worst-case: expected more than 0 dollars")
    return found


def _amount(said: str) -> str:
    try:
        money(said, "amount")
    except Malformed as error:
        raise SettingsError(f"{error}: expected a number such as 25 or 25.00") from error
    return said


def _limits(asking: _Asking, worst_case: str, given: dict[str, str], *, accept: bool) -> dict[str, str]:
    """Every amount, each named or accepted by a person."""
    missing = [name for name in AMOUNTS if name not in given]
    if not missing:
        return given
    if asking.quiet and not (worst_case and accept):
        raise SettingsError(
            f"--limit {'=..., --limit '.join(missing)}=... are needed, or --worst-case AMOUNT with --accept-limits:"
            " no amount of money has a default here"
        )
    question = "How many dollars may be lost in the worst case, all events together? (for example 100.00)"
    amount = given.get("max_loss_total", worst_case)
    bearable = asking.checked("--worst-case", question, amount, _bearable)
    if worst_case and _bearable(worst_case) != bearable:
        raise SettingsError(
            f"--worst-case {worst_case} and --limit max_loss_total={amount} are the same amount: give one of them"
        )
    proposed = proposal(bearable) | given
    said = meanings()
    typer.echo("In proportion, the limits would be:")
    for name in AMOUNTS:
        typer.echo(f"  {name:<20}{proposed[name]:>10}   {said.get(f'risk.{name}', '')}")
    if accept or (not asking.quiet and typer.confirm("Set these limits?")):
        return proposed
    typer.echo("Then each by itself:")
    return given | {
        name: asking.checked(f"--limit {name}", f"{name} ({said.get(f'risk.{name}', 'amount')})", "", _amount)
        for name in missing
    }


def _check(text: str, answers: Answers) -> None:
    """Would it work? Raises: SettingsError before anything is written."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "kwm.toml"
        trial.write_text(text, encoding="utf-8")
        settings = config.load({}, trial)
    if answers.environment == "embedded":
        return
    credentials(settings).key()
    path = Path(answers.key_file).expanduser()
    if path.exists() and path.stat().st_mode & 0o077:
        typer.echo(f"warning: others can read {path}: chmod 600 {path}")
