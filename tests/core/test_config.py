"""Settings: a misspelt key is an error at start, and money has no default where it is real."""

from pathlib import Path

import pytest

from core import config
from core.errors import SettingsError

REAL = "\n".join(
    ["[exchange]", 'environment = "demo"', 'key_id = "k"', 'key_file = "key.pem"', "[risk]",
     'max_order = "5"', 'max_order_notional = "5"', 'max_position = "10"', 'max_loss_event = "10"',
     'max_stress_event = "20"', 'max_loss_station_day = "20"', 'max_loss_city = "20"',
     'max_loss_total = "50"', 'max_daily_loss = "20"',
     'max_drawdown = "40"', 'min_balance = "1"', "collar = 0.1",
     "max_fills_per_minute = 10", "max_errors_per_minute = 5"]
)  # fmt: skip


def load(tmp_path: Path, text: str = "", **env: str) -> config.Settings:
    file = tmp_path / "kwm.toml"
    file.write_text(text)
    return config.load(env, file)


def test_the_committed_settings_are_complete_for_the_embedded_world(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.exchange.environment == "embedded"
    assert settings.risk.max_loss_event == 60_000_000


def test_a_misspelt_key_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"quoting\.egde"):
        load(tmp_path, "[quoting]\negde = 0.02")
    with pytest.raises(SettingsError, match=r"quoting\.egde"):
        load(tmp_path, KWM_QUOTING__EGDE="0.02")


def test_the_environment_is_on_top_and_keeps_amounts_exact(tmp_path: Path) -> None:
    settings = load(tmp_path, '[risk]\nmax_order = "7"', KWM_RISK__MAX_ORDER="7.10", KWM_QUOTING__EDGE="0.03")
    assert settings.risk.max_order == 710
    assert settings.quoting.edge == 0.03


def test_an_amount_written_as_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="max_order"):
        load(tmp_path, "[risk]\nmax_order = 7.1")


def test_real_money_has_no_default(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="max_loss_event"):
        load(tmp_path, '[exchange]\nenvironment = "demo"\nkey_id = "k"\nkey_file = "f"')
    assert load(tmp_path, REAL).risk.max_loss_event == 10_000_000


def test_production_starts_only_when_a_person_says_so(tmp_path: Path) -> None:
    production = REAL.replace('"demo"', '"production"')
    with pytest.raises(SettingsError, match="I trade real money"):
        load(tmp_path, production)
    agreed = production.replace("[risk]", 'confirm_production = "I trade real money"\n[weather]\nsource="live"\n[risk]')
    assert load(tmp_path, agreed).exchange.environment == "production"


def test_nobody_trades_real_money_on_invented_weather(tmp_path: Path) -> None:
    agreed = REAL.replace('"demo"', '"production"\nconfirm_production = "I trade real money"')
    with pytest.raises(SettingsError, match="invented"):
        load(tmp_path, agreed)
    assert load(tmp_path, agreed, KWM_WEATHER__SOURCE="live").weather.source == "live"


def test_who_only_takes_orders_away_needs_no_limits_and_no_consent(tmp_path: Path) -> None:
    file = tmp_path / "kwm.toml"
    file.write_text('[exchange]\nenvironment = "production"\nkey_id = "k"\nkey_file = "key.pem"')
    assert config.load({}, file, to_trade=False).exchange.environment == "production"
    file.write_text('[exchange]\nenvironment = "production"')
    with pytest.raises(SettingsError, match="key_id"):
        config.load({}, file, to_trade=False)


def test_keys_are_needed_where_orders_are_real(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="key_id"):
        load(tmp_path, REAL.replace('key_id = "k"', ""))


def test_a_city_we_do_not_know_is_refused_with_those_we_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="New York"):
        load(tmp_path, '[events]\ncities = ["Gotham"]')


def test_series_are_chosen_by_city_variable_and_name(tmp_path: Path) -> None:
    events = load(tmp_path, '[events]\ncities = ["KNYC", "chicago"]\nvariables = ["low"]').events
    assert events.wants("KXLOWTNYC") and events.wants("KXLOWTCHI")
    assert not events.wants("KXHIGHNY") and not events.wants("KXLOWTMIA")


def test_settings_do_not_change_once_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path).quoting.edge = 0.5  # type: ignore[misc]  # the point of the test


def test_impossible_timing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="refresh_before_s"):
        load(tmp_path, "[engine]\nrefresh_before_s = 500.0")


def test_a_broken_file_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"kwm\.toml"):
        load(tmp_path, "[risk\n")


ON_PAPER = REAL.replace('"demo"\nkey_id = "k"\nkey_file = "key.pem"', '"production"\n[weather]\nsource = "live"') + (
    '\n[paper]\nonly = true\nkey_id = "r"\nkey_file = "read.pem"'
)


def test_on_paper_needs_a_key_that_reads_and_no_word_that_real_money_is_traded(tmp_path: Path) -> None:
    settings = load(tmp_path, ON_PAPER)
    assert config.place(settings) == "production, on paper"
    with pytest.raises(SettingsError, match=r"\[paper\] key_id and key_file"):
        load(tmp_path, ON_PAPER.replace('key_file = "read.pem"', ""))
    with pytest.raises(SettingsError, match=r"\[exchange\] key_id"):
        load(tmp_path, ON_PAPER.replace("only = true", "only = false"))
    with pytest.raises(SettingsError, match="max_order"):
        load(tmp_path, ON_PAPER.replace('max_order = "5"\n', ""))  # a trial with other limits than yours proves little


def test_what_is_imagined_never_stands_beside_what_is_real(tmp_path: Path) -> None:
    settings = load(tmp_path, ON_PAPER, KWM_STORAGE__DATA="mine")
    assert settings.storage.data == Path("mine/paper") and config.named_folder(settings) == Path("mine")
    real = load(tmp_path, REAL, KWM_STORAGE__DATA="mine")
    assert real.storage.data == config.named_folder(real) == Path("mine")
