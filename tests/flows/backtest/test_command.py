"""`kwm backtest` and `kwm sweep` from a folder of tables to their reports, on made-up days without a forecast."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from core.cli import app
from core.errors import SettingsError
from flows.backtest import grid

pytestmark = pytest.mark.slow
DAYS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of one city: six brackets, takers around a price that drifts to the truth."""
    rng, made = random.Random(4), tmp_path_factory.mktemp("made_up")
    markets, trades = [], []
    for k in range(DAYS):
        day = datetime(2031, 5, 5, tzinfo=UTC) + timedelta(days=k)
        event, wins = f"KXHIGHNY-{day:%y%b%d}".upper(), rng.randrange(6)
        opens, closes = day - timedelta(hours=10), day + timedelta(hours=29)
        for i in range(6):
            kind = "less" if i == 0 else "greater" if i == 5 else "between"
            floor, cap = (None if i == 0 else 59 + 2 * i - (i == 5), 61 if i == 0 else None if i == 5 else 60 + 2 * i)
            ticker = f"{event}-M{i}"
            markets.append({"series": "KXHIGHNY", "station": "KNYC", "climate_day": f"{day:%Y-%m-%d}", "ticker": ticker,
                            "event_ticker": event, "strike_type": kind, "floor_strike": floor, "cap_strike": cap,
                            "open_time": opens.isoformat(), "close_time": closes.isoformat(),
                            "result": "yes" if i == wins else "no"})  # fmt: skip
        for n in range(150):
            at = opens + (closes - opens) * (n + 1) / 152
            i = rng.randrange(6)
            truth = 0.85 if i == wins else 0.03
            price = (1 - n / 200) / 6 + n / 200 * truth + rng.choice((-0.01, 0.0, 0.01))
            buys = rng.random() < 0.5
            trades.append({"ticker": f"{event}-M{i}", "climate_day": f"{day:%Y-%m-%d}", "traded_at": at.isoformat(),
                           "yes_price_dollars": round(min(max(price + (0.01 if buys else -0.01), 0.01), 0.99), 2),
                           "count": rng.randint(5, 120), "taker_side": "yes" if buys else "no"})  # fmt: skip
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'")
    for name, rows in (("markets", markets), ("trades", trades)):
        path = made / f"{name}.json"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        db.execute(f"COPY (SELECT * FROM read_json('{path}', format='newline_delimited')) TO '{made / name}.parquet'")
        path.unlink()
    return made


def kwm(*words: str) -> str:
    """What the command said."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_folder_without_forecasts_is_traded_on_the_market_alone_and_says_that_the_strategy_was_blind(
    folder: Path, tmp_path: Path
) -> None:
    asked = ("backtest", str(folder), "--from", "2031-05-05", "--to", "2031-05-16", "--out", str(tmp_path),
             "--arms", "core,market_only", "--workers", "1")  # fmt: skip
    said = kwm(*asked)
    assert "the strategy never traded" in said
    html = (tmp_path / "report.html").read_text()
    assert "never quoted by the strategy" in html and "What this cannot know" in html and html.count("<img") >= 3
    db = duckdb.connect(str(tmp_path / "results.duckdb"), read_only=True)
    rows = db.execute("SELECT arm, count(*), sum(fills), sum(pnl) FROM cells GROUP BY arm ORDER BY arm").fetchall()
    found = {row[0]: row[1:] for row in rows}
    assert found["base"] == (DAYS, 0, 0.0)
    assert found["market_only"][1] > 30
    money = db.execute("SELECT sum(pnl) FROM fills WHERE arm = 'market_only'").fetchall()[0][0]
    assert money == pytest.approx(found["market_only"][2])
    db.close()
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "parts").iterdir()}
    kwm(*asked)
    assert before == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "parts").iterdir()}, "finished parts are kept"


def test_a_sweep_warns_of_its_own_search_and_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    asked = ("sweep", str(folder), "--from", "2031-05-05", "--to", "2031-05-07", "--out", str(tmp_path), "--belief",
             "market", "--set", "quoting.edge=0.02,0.05", "--workers", "1")  # fmt: skip
    said = kwm(*asked)
    assert "The best of 3 settings" in said and "Bailey" in said and "no walk-forward choice" in said
    assert (tmp_path / "sweep.html").exists()
    part = next((tmp_path / "parts").glob("*g001*.cells.parquet"))
    part.unlink()
    assert kwm(*asked).splitlines()[-4:] == said.splitlines()[-4:], "the missing part is run again, to the same figures"


def test_walk_forward_takes_what_was_best_before() -> None:
    good, bad = np.tile([1.0, 1.2], 30), np.tile([-1.0, -1.2], 30)
    turned = np.concatenate((good[:40], bad[:20]))
    chosen = grid.walk_forward({"as_set": bad, "g000": turned}, learn=20, fold=10)
    assert [name for _, name in chosen.picks] == ["g000"] * 4
    assert chosen.result is not None and chosen.result.total == pytest.approx(turned[20:].sum())


@pytest.mark.parametrize("wrong", ["edge", "quoting.edge=", "quoting.edge=0.1,,0.2"])
def test_a_grid_that_cannot_be_read_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="--set"):
        grid.points([wrong])
