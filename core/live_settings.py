"""Which settings may change while the quoter runs, how a settings file writes a value, and how to write it there.

Knows `core/config.py` and `core/settings.toml`; reads and writes no file itself. A changed value passes the same
validation as a value in the file.
"""

import json
import re
import tomllib
from typing import Any

from pydantic import BeforeValidator, ValidationError

from core import config
from core.config import DEFAULTS, Settings
from core.config_kinds import as_count, as_money
from core.errors import Malformed, SettingsError
from core.units import Count, Money, count_text, money_text

LIVE = frozenset(
    {f"quoting.{key}" for key in config.QuotingSettings.model_fields}
    | {f"risk.{key}" for key in config.RiskSettings.model_fields}
    | {"events.series", "events.only", "events.exclude"}
)
# who reads one of these can trade, stop us, or write to those who are told; others look at a page and a terminal too
SECRET = frozenset(
    {f"{section}.{key}" for section in ("exchange", "watchdog", "paper") for key in ("key_id", "key_file")}
    | {"dashboard.token", "alerts.urls", "alerts.ping_url"}
)
_SECTION = re.compile(r"^\s*\[(?P<name>[a-z_]+)\]\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(?P<key>[a-z_0-9]+)\s*=")


def kind(section: str, key: str) -> str:
    """`dollars`, `contracts`, `number`, `whole`, `text`, `list`: what a person may type."""
    held = Settings.model_fields[section].annotation
    found = held.model_fields[key] if held is not None else None
    checks = [m.func for m in (found.metadata if found is not None else ()) if isinstance(m, BeforeValidator)]
    if as_money in checks:
        return "dollars"
    if as_count in checks:
        return "contracts"
    annotation = str(found.annotation) if found is not None else ""
    if "tuple" in annotation:
        return "list"
    return "number" if "float" in annotation else "whole" if "int" in annotation else "text"


def as_file(settings: Settings) -> dict[str, dict[str, Any]]:
    """The settings as a file would say them: amounts of money and counts as text."""
    said: dict[str, dict[str, Any]] = {}
    for section, values in settings.model_dump(mode="json").items():
        said[section] = {}
        for key, value in values.items():
            what = kind(section, key)
            if what == "dollars":
                value = re.sub(r"(\.\d\d)(\d*?)0+$", r"\1\2", money_text(Money(value)))
            elif what == "contracts":
                value = count_text(Count(value)).removesuffix(".00")
            said[section][key] = value
    return said


def as_shown(settings: Settings) -> dict[str, dict[str, Any]]:
    """As `as_file`, secrets hidden: "(set)" for what is set, and of an address only its kind (`tgram://(set)`)."""
    said = as_file(settings)
    for name in SECRET:
        section, _, key = name.partition(".")
        value = said[section][key]
        if isinstance(value, list):
            said[section][key] = [f"{one.partition('://')[0]}://(set)" if "://" in one else "(set)" for one in value]
        elif value:
            said[section][key] = "(set)"
    return said


def explanations() -> dict[str, str]:
    """`section.key` -> the words beside it in `core/settings.toml`."""
    found: dict[str, str] = {}
    section = ""
    for line in DEFAULTS.read_text(encoding="utf-8").splitlines():
        if head := _SECTION.match(line):
            section = head["name"]
        elif (key := _KEY.match(line)) and "#" in line:
            found[f"{section}.{key['key']}"] = line.rpartition("#")[2].strip().removeprefix("... ")
    return found


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """The settings with some values changed. Raises: SettingsError naming the field and the remedy."""
    if unknown := sorted(set(changes) - LIVE):
        section, _, key = unknown[0].partition(".")
        known = section in Settings.model_fields and key in as_file(settings).get(section, {})
        why = "needs a new start: write it into kwm.toml" if known else "is no setting we know"
        raise SettingsError(f"[{unknown[0]}] {why}; kwm config shows what may change while the quoter runs")
    said = as_file(settings)
    for name, value in changes.items():
        section, _, key = name.partition(".")
        said[section][key] = value
    try:
        return Settings.model_validate(said)
    except (ValidationError, Malformed) as error:
        raise SettingsError(config.words_of(error)) from error


def written_into(text: str, changes: dict[str, Any]) -> str:
    """A settings file's text with some values set; comments and order stay. Raises: SettingsError when it cannot be."""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file cannot be read: {error}") from error
    lines = text.splitlines()
    for name, value in changes.items():
        section, _, key = name.partition(".")
        _set(lines, section, key, f"{key} = {json.dumps(value)}")
    after = "\n".join(lines) + "\n"
    wanted = {**before}
    for name, value in changes.items():
        section, _, key = name.partition(".")
        wanted[section] = {**wanted.get(section, {}), key: value}
    try:
        same = tomllib.loads(after) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise SettingsError("the settings file is written in a way that cannot be changed safely: edit it by hand")
    return after


def _set(lines: list[str], section: str, key: str, line: str) -> None:
    inside, end = False, None
    for index, old in enumerate(lines):
        if head := _SECTION.match(old):
            inside = head["name"] == section
            end = index + 1 if inside else end
        elif inside:
            found = _KEY.match(old)
            if found and found["key"] == key:
                comment = re.search(r"\s+#[^\"']*$", old)
                lines[index] = line + (comment[0] if comment else "")
                return
            end = index + 1 if old.strip() else end
    if end is None:
        lines += ["", f"[{section}]", line]
    else:
        lines.insert(end, line)
