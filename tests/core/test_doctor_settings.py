"""The doctor says which limit is not the one in force, which contradicts another, and which key file is everybody's."""

from pathlib import Path

from core import config
from core.config import Settings
from core.doctor_exchange import account_line
from core.doctor_lines import Verdict
from core.doctor_settings import contradictions, key_files, other_keys, read_as, weather_of
from tests.core.exchange_client.loopback import new_key
from tests.core.test_config import REAL


def real(folder: Path, more: str = "", **env: str) -> Settings:
    file = folder / "kwm.toml"
    file.write_text(REAL + "\n" + more)
    return config.load(env, file)


def test_a_limit_that_the_environment_sets_is_named(tmp_path: Path) -> None:
    given = {"KWM_RISK__MAX_LOSS_TOTAL": "500", "HOME": "/", "KWM_SETTINGS": "x"}
    line = read_as(real(tmp_path), given)
    assert line.verdict is Verdict.WARN and "KWM_RISK__MAX_LOSS_TOTAL" in line.words
    assert read_as(real(tmp_path), {"KWM_STORAGE__DATA": "/data"}).verdict is Verdict.OK


def test_limits_that_are_in_each_others_way_are_named_and_the_committed_ones_are_not(tmp_path: Path) -> None:
    assert [line.verdict for line in contradictions(config.load({}))] == [Verdict.OK]
    odd = real(tmp_path, KWM_RISK__MAX_LOSS_CITY="51", KWM_RISK__MAX_DAILY_LOSS="0", KWM_QUOTING__SIZE="6")
    words = " ".join(line.words for line in contradictions(odd))
    for said in ("max_loss_city is above max_loss_total", "the first cent lost halts", "size 6 is above max_order 5"):
        assert said in words
    half = real(tmp_path, KWM_RISK__MAX_ORDER="0.5")
    assert any("below one contract" in line.words for line in contradictions(half))


def test_a_key_file_that_others_can_read_fails(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("x")
    settings = real(tmp_path, KWM_EXCHANGE__KEY_FILE=str(key))
    key.chmod(0o640)
    (line,) = key_files(settings)
    assert line.verdict is Verdict.FAIL and line.remedy == f"chmod 600 {key}"
    key.chmod(0o600)
    assert key_files(settings) == []


def test_the_watchdogs_key_must_cancel_and_papers_must_not(tmp_path: Path) -> None:
    (tmp_path / "dog.pem").write_text(new_key().pem)
    file = f'key_file = "{tmp_path / "dog.pem"}"'
    settings = real(tmp_path, f'[watchdog]\nkey_id = "dog"\n{file}\n[paper]\nkey_id = "p"\n{file}')
    good = {"dog": ["read", "write::trade"], "p": ["read"]}
    assert [x.verdict for x in other_keys(settings, good)] == [Verdict.OK] * 2
    assert [x.verdict for x in other_keys(settings, {"dog": ["read"], "p": ["read", "write"]})] == [Verdict.FAIL] * 2
    assert [x.verdict for x in other_keys(settings, {})] == [Verdict.FAIL] * 2
    (tmp_path / "dog.pem").write_text("no key")
    assert [x.verdict for x in other_keys(settings, good)] == [Verdict.FAIL] * 2


def test_invented_weather_at_demo_is_worth_a_look(tmp_path: Path) -> None:
    assert [x.verdict for x in weather_of(real(tmp_path))] == [Verdict.WARN]
    assert weather_of(real(tmp_path, KWM_WEATHER__SOURCE="live")) == weather_of(config.load({})) == []


def test_what_is_in_the_account_already_is_counted_by_whose_it_is() -> None:
    words = account_line(["kwm-a-1", "kwm-a-2", "manual"], 3, "kwm-").words
    assert words.startswith("2 orders of ours (kwm-...) rest, 1 of others; positions in 3 markets")
