"""`kwm service`: systemd user units for a machine that runs it for months. Writes files; starts nothing by itself."""

import os
from pathlib import Path
from typing import Annotated

import typer

from core import config
from core.clock import VARIABLE, Clock
from core.errors import SettingsError
from core.ops.units import TARGET, units
from core.up.plan import environment, plan

service = typer.Typer(help="Run it as systemd user services.", no_args_is_help=True, pretty_exceptions_enable=False)
_FOLDER = Path("~/.config/systemd/user")
_NEXT = f"""
Then:
  loginctl enable-linger $USER              # so that it runs while nobody is logged in
  systemctl --user daemon-reload
  systemctl --user enable --now {TARGET}
  journalctl --user -f -u 'kwm-*'           # the logs; systemd rotates them
  systemctl --user stop {TARGET}          # the quoter first, after it has cancelled its orders
Secrets: one NAME=value a line in ~/.config/kwm/environment (chmod 600), for example KWM_EXCHANGE__KEY_PEM."""


@service.callback()
def _room() -> None:
    """systemd user services: restarted for ever, started in order, stopped quoter first."""


def made() -> dict[str, str]:
    """The units for the settings in force. Raises: SettingsError."""
    settings = config.load()
    data = settings.storage.data.resolve()
    what = plan(settings, data, first_start=False)
    own = {name: value for name, value in environment(settings, Clock(), data).items() if name != VARIABLE}
    own["KWM_STORAGE__DATA"] = str(config.named_folder(settings).resolve())
    if settings.paper.only:  # not only in the file: these units have no watchdog, and must never trade
        own["KWM_PAPER__ONLY"] = "true"
    chosen = Path(os.environ.get("KWM_SETTINGS") or "kwm.toml").resolve()
    if chosen.exists():
        own["KWM_SETTINGS"] = str(chosen)
    return units(what, Path.cwd(), own)


@service.command()
def install(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the units, write nothing")] = False,
    folder: Annotated[Path, typer.Option(help="where systemd looks for a user's units")] = _FOLDER,
    force: Annotated[bool, typer.Option("--force", help="replace units of ours that are there")] = False,
) -> None:
    """Write the units of the settings in force (run it in the checkout), and say how to start them."""
    found = made()
    if dry_run:
        for name, text in found.items():
            typer.echo(f"# {folder / name}\n{text}")
        return
    folder = folder.expanduser()
    there = [name for name, text in found.items() if (folder / name).exists() and (folder / name).read_text() != text]
    if there and not force:
        raise SettingsError(f"{folder} holds other {', '.join(there)}; --force replaces them")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("kwm-*.service"):
        if old.name not in found:
            old.unlink()
    for name, text in found.items():
        (folder / name).write_text(text)
    typer.echo(f"written to {folder}: {', '.join(found)}\n{_NEXT}")


@service.command()
def remove(folder: Annotated[Path, typer.Option(help="where they were written")] = _FOLDER) -> None:
    """Take the units away (stop them first: systemctl --user disable --now kwm.target)."""
    folder = folder.expanduser()
    gone = [path for path in (folder / TARGET, *folder.glob("kwm-*.service")) if path.exists()]
    for path in gone:
        path.unlink()
    typer.echo(f"removed {len(gone)} units from {folder}; now: systemctl --user daemon-reload")
