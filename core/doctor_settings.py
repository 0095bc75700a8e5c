"""The doctor's look at the settings themselves: who wins over the file, limits that contradict each other, key files
that others can read. Pure, but for the permissions of files."""

from collections.abc import Mapping
from pathlib import Path

from core.config import Settings, place
from core.doctor_lines import Line, fail, ok, warn
from core.errors import SettingsError
from core.exchange.credentials import Credentials
from core.units import MONEY_PER_DOLLAR, ONE_CONTRACT, ONE_DOLLAR

_OTHERS = 0o077
_MONEY_AT_RISK = ("KWM_RISK__", "KWM_QUOTING__", "KWM_EXCHANGE__ENVIRONMENT", "KWM_EXCHANGE__CONFIRM")


def read_as(settings: Settings, environ: Mapping[str, str]) -> Line:
    """What was read, and which variables win over the file: what a person wrote there is not what is in force."""
    said = f"read; environment {place(settings)}"
    over = sorted(name for name in environ if name.startswith("KWM_") and "__" in name)
    if any(name.startswith(_MONEY_AT_RISK) for name in over):
        return warn("settings", f"{said}; set by the environment, over the file: {', '.join(over)}",
                    "unset them where the file should hold; kwm settings shows what is in force")  # fmt: skip
    return ok("settings", f"{said}; by the environment: {', '.join(over)}" if over else said)


def weather_of(settings: Settings) -> list[Line]:
    """Invented weather at an exchange that is not."""
    if settings.exchange.environment == "embedded" or settings.weather.source == "live":
        return []
    return [warn("weather source", "embedded: the forecasts are invented", 'set [weather] source = "live"')]


def key_files(settings: Settings) -> list[Line]:
    """Key files that are not their owner's alone."""
    files = [settings.exchange.key_file, settings.watchdog.key_file, settings.paper.key_file]
    paths = [Path(name).expanduser() for name in dict.fromkeys(files) if name]
    open_ = [path for path in paths if path.is_file() and path.stat().st_mode & _OTHERS]
    return [
        fail("key file", f"others can read {path}: who has it trades as you", f"chmod 600 {path}") for path in open_
    ]


def contradictions(settings: Settings) -> list[Line]:
    """Limits that never bind, or let nothing through, because another one is in their way."""
    r, q = settings.risk, settings.quoting
    found: list[tuple[str, str]] = []

    def above(small: str, large: str, why: str) -> None:
        if getattr(r, small) > getattr(r, large):
            found.append((f"{small} is above {large}", why))

    above("max_order", "max_position", "no order can be that large")
    above("max_order_notional", "max_loss_event", "an order that large is refused")
    above("max_loss_event", "max_loss_station_day", "the station-day's limit binds first")
    above("max_loss_event", "max_stress_event", "the stress limit binds first")
    above("max_loss_station_day", "max_loss_city", "the city's limit binds first")
    above("max_loss_city", "max_loss_total", "the total binds first")
    above("max_daily_loss", "max_loss_total", "no more than the total can be lost at once")
    if r.max_daily_loss == 0 or r.max_drawdown == 0:
        found.append(("max_daily_loss or max_drawdown is 0", "the first cent lost halts"))
    if min(r.max_order, r.max_position) < ONE_CONTRACT:
        found.append(("max_order or max_position is below one contract", "smaller orders are never sent"))
    if q.size > r.max_order:
        size, most = q.size / ONE_CONTRACT, r.max_order / ONE_CONTRACT
        found.append((f"[quoting] size {size:g} is above max_order {most:g}", "no quote is larger than that"))
    dearest = q.size * ONE_DOLLAR
    if dearest > r.max_order_notional:
        most_usd = r.max_order_notional / MONEY_PER_DOLLAR
        found.append((f"{q.size / ONE_CONTRACT:g} contracts may cost more than max_order_notional ${most_usd:,.2f}",
                      "quotes at high prices are cut to half until they fit"))  # fmt: skip
    if not found:
        return [ok("own limits", "none contradicts another")]
    remedy = "[risk] and [quoting]: say in each what you mean"
    return [warn("own limits", f"{what}: {why}", remedy) for what, why in found]


def other_keys(settings: Settings, scopes: Mapping[str, list[str]]) -> list[Line]:
    """The watchdog's key must be able to cancel, paper's to read alone. `scopes`: by the id of each listed key."""
    lines = []
    dog, paper = settings.watchdog, settings.paper
    if dog.key_id and not {"write", "write::trade"} & set(scopes.get(dog.key_id, ())):
        words = f"{', '.join(scopes.get(dog.key_id, ['not listed']))}: it could cancel nothing"
        lines.append(fail("watchdog's key", words, "it needs read and write::trade"))
    elif dog.key_id:
        lines.append(usable("watchdog's key", dog.key_id, dog.key_file))
    if paper.key_id and [one for one in scopes.get(paper.key_id, ["write"]) if one.startswith("write")]:
        lines.append(fail("paper's key", f"{', '.join(scopes.get(paper.key_id, ['not listed']))}: paper will not start",
                          "make a key with the scope read alone"))  # fmt: skip
    elif paper.key_id:
        lines.append(usable("paper's key", paper.key_id, paper.key_file))
    return lines


def usable(name: str, key_id: str, file: str) -> Line:
    """Is its file there, and a key?"""
    try:
        Credentials(key_id, Path(file).expanduser().read_text()).key()
    except (SettingsError, OSError, ValueError) as error:
        return fail(name, f"{file or 'no key_file'}: {error}", "name its private key (PEM)")
    return ok(name, f"id {key_id[:8]}")
