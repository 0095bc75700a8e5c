"""What `kwm init` writes: a person's answers as a commented kwm.toml. Pure; amounts stay the text a person gave.

Limits may be derived from the one amount a person names (how much may be lost in the worst case), but are only ever a
proposal: outside the embedded world no amount has a default.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.config import CONFIRMATION, DEFAULTS, RiskSettings
from core.units import MONEY_PER_DOLLAR, Money, money_text

_CENT = MONEY_PER_DOLLAR // 100
_COMMENT = re.compile(r"^(\w+) = .*?#\s*(.+)$")
# limit -> share of the worst case a person can bear, in hundredths
_SHARES = {
    "max_order_notional": 5, "max_loss_event": 10, "max_stress_event": 40, "max_loss_station_day": 15,
    "max_loss_city": 20, "max_loss_total": 100, "max_daily_loss": 25, "max_drawdown": 50, "min_balance": 20,
}  # fmt: skip
_CONTRACTS = {"max_order": 5, "max_position": 20}  # hundredths of a contract a dollar, at least one contract
_NOT_MONEY = {"collar": "0.15", "max_fills_per_minute": "60", "max_errors_per_minute": "20"}
AMOUNTS = tuple(name for name in RiskSettings.model_fields if name not in _NOT_MONEY)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said."""

    environment: str
    key_id: str = ""
    key_file: str = ""
    confirmed: bool = False
    cities: tuple[str, ...] = ()
    weather: str = "live"
    user_agent: str = ""
    limits: Mapping[str, str] | None = None  # None: the embedded world's defaults
    on_paper: bool = False  # the key may only read, and nothing trades


def proposal(worst_case: Money) -> dict[str, str]:
    """Limits in proportion to what may be lost in the worst case: for a person to accept or change."""
    found = {}
    for name in AMOUNTS:
        if name in _SHARES:
            cents = worst_case * _SHARES[name] // 100 // _CENT
            found[name] = money_text(Money(max(1, cents) * _CENT))[:-4]
        else:
            found[name] = str(max(1, worst_case * _CONTRACTS[name] // 100 // MONEY_PER_DOLLAR))
    return found


def meanings() -> dict[str, str]:
    """`risk.max_order` -> what core/settings.toml says of it."""
    found, section = {}, ""
    for line in DEFAULTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif said := _COMMENT.match(line):
            found[f"{section}.{said[1]}"] = said[2]
    return found


def written(answers: Answers) -> str:
    """The file."""
    said = meanings()
    real = answers.environment != "embedded"
    lines = [
        "# Written by kwm init. core/settings.toml explains every key; kwm settings shows what is in force;",
        "# KWM_<SECTION>__<KEY> in the environment goes over this file. kwm doctor says what is missing.",
        "",
        "[exchange]",
        f"environment = {json.dumps(answers.environment)}",
    ]
    key = [
        f"key_id = {json.dumps(answers.key_id)}",
        f"key_file = {json.dumps(answers.key_file)}  # readable by you only (chmod 600); never commit it",
    ]
    if answers.on_paper:
        lines += [
            "",
            "[paper]",
            "only = true  # nothing here trades: live books, imagined orders, a key that may only read",
            *key,
        ]
    elif real:
        lines += key
        if answers.confirmed:
            lines.append(f"confirm_production = {json.dumps(CONFIRMATION)}")
        elif answers.environment == "production":
            lines.append(f"# confirm_production = {json.dumps(CONFIRMATION)}  # production starts only with this line")
    lines += ["", "[weather]", f"source = {json.dumps(answers.weather)}  # embedded, or live: api.weather.gov"]
    if answers.user_agent:
        lines.append(f"user_agent = {json.dumps(answers.user_agent)}  # api.weather.gov wants to know whom to write to")
    lines += ["", "[events]", f"cities = {json.dumps(list(answers.cities), ensure_ascii=False)}  # empty = all 24"]
    if answers.limits is not None:
        lines += ["", "[risk]"]
        if real:
            lines.append("# All of these were set by you; there is no default for money outside the embedded world.")
        for name in RiskSettings.model_fields:
            value = json.dumps(answers.limits[name]) if name in answers.limits else _NOT_MONEY[name]
            comment = said.get(f"risk.{name}", "")
            lines.append(f"{name} = {value}".ljust(32) + (f"# {comment}" if comment else ""))
    lines += [
        "",
        "[alerts]",
        '# urls = ["tgram://${TELEGRAM_TOKEN}/12345"]   # who is told: apprise addresses; then: kwm alerts --test',
        '# ping_url = "https://hc-ping.com/your-id"      # a dead man\'s switch that tells you when this falls silent',
        "",
    ]
    return "\n".join(lines)


def backup_name(path: Path, stamp: str) -> Path:
    """Where an earlier file goes."""
    return path.with_name(f"{path.name}.before-{stamp}")
