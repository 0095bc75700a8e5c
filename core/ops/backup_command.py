"""`kwm backup`, `kwm restore`, `kwm migrate`: the data folder out, back, and up to this version."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.errors import SettingsError
from core.ops.backup import backup as write_backup
from core.ops.backup import restore as read_backup
from core.storage import migrate as migration
from core.storage import views
from core.storage.locks import alone


def backup(
    to: Annotated[Path, typer.Option("--to", help="the file, or a folder for one named after the time")] = Path(),
) -> None:
    """Copy the data folder into one archive while everything runs."""
    data = config.load().storage.data.resolve()
    target = to / time.strftime("kwm-%Y%m%d-%H%M%S.tar.zst", time.gmtime()) if to.is_dir() else to
    if target.exists():
        raise SettingsError(f"{target} exists; give another name")
    if target.resolve().is_relative_to(data):
        raise SettingsError(f"{target} lies inside the data folder: a backup belongs elsewhere, best on another disk")
    if not target.parent.is_dir():
        raise SettingsError(f"--to {target}: there is no folder {target.parent}")
    try:
        made = write_backup(data, target)
    except OSError as error:
        raise SettingsError(f"{target} could not be written: {error}") from error
    typer.echo(f"{made.files} files, {made.size / 1e6:,.1f} MB in {made.took_s:.1f} s -> {target}")


def restore(
    file: Annotated[Path, typer.Argument(help="a backup made by kwm backup")],
    to: Annotated[Path | None, typer.Option("--to", help="an empty or new folder; default: [storage] data")] = None,
) -> None:
    """Unpack a backup; refuses a folder that holds anything."""
    target = (to or config.load().storage.data).resolve()
    if not file.exists():
        raise SettingsError(f"{file} does not exist")
    made = read_backup(file, target)
    typer.echo(
        f"{made.files} files, {made.size / 1e6:,.1f} MB in {made.took_s:.1f} s -> {target}; kwm doctor, then kwm up"
    )


def migrate() -> None:
    """Bring a data folder of an earlier version up to this one; `kwm up` does it by itself."""
    data = config.load().storage.data.resolve()
    if not (data / "lake").exists():
        raise SettingsError(f"{data} holds no data yet")
    with unused(data):
        changed = migration.migrate(data)
        views.build(data)
    shown = ", ".join(f"{name} {number}" for name, number in changed.items())
    typer.echo(f"{data} is of this version" + (f"; files rewritten: {shown}" if shown else ""))


@contextlib.contextmanager
def unused(data: Path) -> Iterator[None]:
    """Nobody may run on the folder meanwhile. Raises: SettingsError naming who does."""
    with contextlib.ExitStack() as stack:
        for name, who in (("up", "kwm up"), ("quoter", "the quoter")):
            stack.enter_context(alone(data, name, f"{who} runs on {data}: stop it first"))
        yield
