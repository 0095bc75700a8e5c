"""What a person tightened while the quoter ran is not loosened by a restart; what was loosened is forgotten with it."""

from pathlib import Path

import pytest

from core import config, live_settings
from core.clock import Clock
from core.errors import SettingsError
from core.units import money
from quoter.shell import tightened
from quoter.shell.live import Live
from tests.quoter.dashboard.room import GOOD, Caller, dashboard, settings


def test_a_restart_goes_on_with_the_tighter_limit_and_says_so(tmp_path: Path) -> None:
    board, _ = dashboard(tmp_path)
    client = Caller(board)
    changes = {"risk.max_loss_total": "0.50", "risk.max_loss_city": "9000.00", "quoting.edge": 0.04}
    words = client.patch("/api/config", json={"changes": changes}, headers=GOOD).json()["words"]
    assert "risk.max_loss_total: over restarts too" in words and "until the quoter ends" in words
    again = Live(settings(tmp_path), Clock())
    assert again.state.config.limits.max_loss_total == money("0.50")
    assert again.state.config.limits.max_loss_city == settings(tmp_path).risk.max_loss_city
    assert again.settings.quoting.edge == settings(tmp_path).quoting.edge
    again.begin()
    assert any("risk.max_loss_total = 0.50" in words for _, _, words in again.notes)


def test_who_loosens_it_again_is_believed_and_so_is_a_file_that_is_tighter_still(tmp_path: Path) -> None:
    board, _ = dashboard(tmp_path)
    client = Caller(board)
    for value in ("0.50", "1500.00"):
        client.patch("/api/config", json={"changes": {"risk.max_loss_total": value}}, headers=GOOD)
    assert tightened.read(tmp_path) == {}
    own = config.load({"KWM_RISK__MAX_LOSS_TOTAL": "0.10"})
    assert tightened.applied(own, {"risk.max_loss_total": "0.50"}) == (own, {})


def test_of_the_balance_more_is_tighter_and_what_is_excluded_adds_up() -> None:
    own = config.load({"KWM_EVENTS__EXCLUDE": '["A"]'})
    made, kept = tightened.applied(own, {"risk.min_balance": "500.00", "events.exclude": ["B"]})
    assert made.risk.min_balance == money("500") and made.events.exclude == ("A", "B") and len(kept) == 2
    lower = live_settings.changed(own, {"risk.min_balance": "1.00"})
    assert not tightened.tighter("risk.min_balance", lower, own)


def test_a_damaged_note_of_limits_lets_nobody_begin(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "tightened.json").write_text("{")
    with pytest.raises(SettingsError, match="tightened by hand"):
        tightened.read(tmp_path)
