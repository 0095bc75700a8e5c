"""A newcomer's few answers become a settings file that works; no money is ever filled in by us."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from core import config
from core.cli import app
from core.ops.settings_file import AMOUNTS, proposal
from core.units import money


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "demo.pem"
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    path.chmod(0o600)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own" / "kwm.toml"


def init(file: Path, *arguments: str, typed: str = "") -> Any:
    return CliRunner().invoke(app, ["init", "--file", str(file), *arguments], input=typed)


def demo(key: Path) -> list[str]:
    return ["--environment", "demo", "--key-id", "k1", "--key-file", str(key), "--contact", "me@example.com"]


def test_answers_to_questions_become_settings_that_load(file: Path, key: Path) -> None:
    shown = init(file, typed=f"nowhere\ndemo\nk1\n{key}\nNew York, KDEN\nme@example.com\n100.00\ny\n")
    assert shown.exit_code == 0, shown.output
    settings = config.load({}, file)
    assert settings.exchange.environment == "demo" and settings.events.cities == ("New York", "KDEN")
    assert settings.risk.max_loss_total == money("100") and settings.risk.max_loss_event == money("10")
    assert settings.weather.user_agent == "kalshi-weather-maker (me@example.com)"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "# worst case of one event over its brackets" in file.read_text()


def test_what_cannot_be_is_asked_again_and_no_other_answer_is_lost(file: Path, key: Path) -> None:
    limits = "".join(f"{n + 1}\n" for n in range(1, len(AMOUNTS)))
    typed = (
        f"production\nk1\n/nowhere.pem\n{key}\nyes\n{config.CONFIRMATION}\nNew York, Gotham\nKDEN\nme@example.com\n"
        f"lots\n0\n100\nn\nmany\n1\n{limits}"
    )
    shown = init(file, typed=typed)
    assert shown.exit_code == 0, shown.output
    for words in ("No such file", "production needs the words", "no station Gotham", "100.00", "more than 0"):
        assert words in shown.output
    settings = config.load({}, file)
    assert settings.events.cities == ("KDEN",) and str(key) == settings.exchange.key_file


def test_who_does_not_accept_the_proportions_names_every_amount(file: Path, key: Path) -> None:
    amounts = "\n".join(str(n + 1) for n in range(len(AMOUNTS)))
    shown = init(file, *demo(key), "--all-cities", typed=f"100\nn\n{amounts}\n")
    assert shown.exit_code == 0, shown.output
    written = tomllib.loads(file.read_text())["risk"]
    assert [written[name] for name in AMOUNTS] == [str(n + 1) for n in range(len(AMOUNTS))]


def test_without_questions_what_is_missing_is_named_and_nothing_is_written(file: Path, key: Path) -> None:
    for arguments, word in (
        ([], "--environment"), (["--environment", "demo"], "--key-id"), (demo(key), "no amount of money has a default"),
        ([*demo(key), "--worst-case", "100"], "--accept-limits"),
        ([*demo(key), "--worst-case", "lots", "--accept-limits"], "100.00"),
        ([*demo(key), "--worst-case", "0", "--accept-limits"], "more than 0"),
        ([*demo(key), "--limit", "max_lots=1"], "max_lots"),
        ([*demo(key), "--city", "Gotham", "--worst-case", "9", "--accept-limits"], "Gotham"),
    ):  # fmt: skip
        shown = init(file, "--no-input", *arguments)
        assert shown.exit_code == 1 and word in str(shown.exception), (arguments, shown.exception)
    assert not file.exists()


def test_two_words_on_what_may_be_lost_are_refused(file: Path, key: Path) -> None:
    arguments = ["--no-input", *demo(key), "--worst-case", "100", "--accept-limits", "--limit"]
    assert "the same amount" in str(init(file, *arguments, "max_loss_total=500").exception)
    assert not file.exists()
    assert init(file, *arguments, "max_loss_total=100.00").exit_code == 0


def test_limits_by_name_need_no_question(file: Path, key: Path) -> None:
    limits = [part for name in AMOUNTS for part in ("--limit", f"{name}=7")]
    assert init(file, "--no-input", *demo(key), *limits).exit_code == 0
    assert config.load({}, file).risk.max_daily_loss == money("7")


def test_production_is_written_only_with_the_words(file: Path, key: Path) -> None:
    production = ["production" if a == "demo" else a for a in demo(key)]
    rest = ["--worst-case", "100", "--accept-limits", "--no-input"]
    refused = init(file, *production, *rest, "--confirm", "yes")
    assert refused.exit_code == 1 and not file.exists()
    assert init(file, *production, *rest, "--confirm", "I trade real money").exit_code == 0
    assert config.load({}, file).exchange.environment == "production"


def test_a_key_that_cannot_be_used_is_refused_before_anything_is_written(file: Path, key: Path) -> None:
    rest = ["--worst-case", "100", "--accept-limits", "--no-input"]
    key.write_text("no key")
    assert "key" in str(init(file, *demo(key), *rest).exception)
    key.unlink()
    assert "key" in str(init(file, *demo(key), *rest).exception)
    assert not file.exists()


def test_an_existing_file_is_never_lost(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("# mine\n")
    assert init(file, "--environment", "embedded", "--all-cities", "--no-input").exit_code == 1
    assert init(file, "--environment", "embedded", "--all-cities", typed="n\n").exit_code == 1
    assert file.read_text() == "# mine\n"
    shown = init(file, "--environment", "embedded", "--all-cities", "--force")
    assert shown.exit_code == 0 and "kept" in shown.output
    kept = [p for p in file.parent.iterdir() if "before" in p.name]
    assert [p.read_text() for p in kept] == ["# mine\n"]
    assert config.load({}, file).exchange.environment == "embedded"


def test_proportions_are_of_the_amount_a_person_named() -> None:
    found = proposal(money("100"))
    assert found["max_loss_total"] == "100.00" and found["max_daily_loss"] == "25.00" and found["max_order"] == "5"
    assert all(float(value) > 0 for value in proposal(money("0.50")).values())


def test_on_paper_takes_a_key_that_reads_and_asks_for_no_consent(file: Path, key: Path) -> None:
    paper = ["paper" if a == "demo" else a for a in demo(key)]
    shown = init(file, *paper, "--worst-case", "100", "--accept-limits", "--no-input")
    assert shown.exit_code == 0, shown.output
    settings = config.load({}, file)
    assert config.place(settings) == "production, on paper" and settings.weather.source == "live"
    assert settings.paper.key_id == "k1" and settings.exchange.key_id == "" and not settings.exchange.confirm_production
