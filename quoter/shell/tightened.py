"""Limits that a person tightened while the quoter ran: they hold over its restarts, until a person changes them again.

A quoter that dies is started anew by itself, with the settings as the file has them; what a person had tightened a
minute before must not be loosened by that. What was loosened is forgotten with the run. Pure but for one small file.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from core import live_settings
from core.config import Settings
from core.errors import SettingsError

Said = dict[str, Any]  # "risk.max_loss_total" -> "0.50", as a settings file would say it
_MORE_IS_TIGHTER = ("risk.min_balance",)
_EXCLUDED = "events.exclude"


def tighter(name: str, settings: Settings, than: Settings) -> bool:
    """Does `settings` allow less by this setting than `than` does? Pure."""
    if name == _EXCLUDED:
        return not set(settings.events.exclude) <= set(than.events.exclude)
    section, _, key = name.partition(".")
    if section != "risk":
        return False
    new, old = getattr(settings.risk, key), getattr(than.risk, key)
    return bool(new > old if name in _MORE_IS_TIGHTER else new < old)


def after(said: Said, changes: Said, settings: Settings, own: Settings) -> Said:
    """What is to be kept once `changes` have made `settings`; `own`: as file and environment have them. Pure."""
    kept = {name: value for name, value in said.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if tighter(name, settings, own)}


def applied(own: Settings, said: Said) -> tuple[Settings, Said]:
    """(the settings of a new run, what of `said` is tighter than the file: it goes on). Pure. Raises: SettingsError."""
    settings, kept = own, {}
    for name, value in said.items():
        if name == _EXCLUDED:
            value = sorted({*own.events.exclude, *value})
        changed = live_settings.changed(settings, {name: value})
        if tighter(name, changed, own):
            settings, kept[name] = changed, value
    return settings, kept


def words(said: Said) -> str:
    """For people."""
    told = ", ".join(f"{name} = {value}" for name, value in said.items())
    return f"as a person tightened them while an earlier run lasted: {told}; kwm config changes them"


def read(data: Path) -> Said:
    """What is kept. Raises: SettingsError where it cannot be read: then nobody knows which limits hold."""
    try:
        return msgspec.json.decode(_path(data).read_bytes(), type=Said)
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, OSError) as error:
        raise SettingsError(
            f"{_path(data)} cannot be read ({error}): it says which limits were tightened by hand. Look at your limits,"
            " then remove it"
        ) from error


def write(data: Path, said: Said) -> None:
    """Atomically. Raises: OSError."""
    path = _path(data)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.encode(said))
    os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point


def _path(data: Path) -> Path:
    return data / "live" / "tightened.json"
