"""The clock is set back by five minutes under a quoter with its supervisor: ours go, and it quotes again by itself."""

import sys
from pathlib import Path

import pytest

from core import config
from core.clock import Clock
from core.storage import lake
from core.up.plan import Process
from core.up.supervisor import Supervisor
from flows.base import Context
from flows.load import read_new, write
from quoter.shell import replay
from tests.system.desk import Desk
from tests.system.house import ROOT

pytestmark = pytest.mark.slow


async def test_it_ends_with_1_is_started_again_and_quotes_on_the_new_time(desk: Desk) -> None:
    catalog = await desk.open_exchange()
    said: list[str] = []
    right = desk.folder / "the clock is right"
    own = {k: v for k, v in desk.environment.items() if k.startswith("KWM_")} | {"PYTHONPATH": str(ROOT)}
    supervisor = Supervisor(desk.folder, own, said.append)
    argv = (sys.executable, "-m", "tests.system.wrong_clock", str(right))
    try:
        assert await desk.publish(catalog) > 200
        desk.start("watchdog", "watchdog")
        await supervisor.start(Process("quoter", argv, stop_within_s=15.0))
        await desk.until(catalog, 10_000, 50, 60.0)
        right.touch()
        assert await desk.until(catalog, 0, 0, 10.0) < 6.0
        await desk.says("quoter", "published before the clock was set back", 20.0)
        assert await desk.resting(catalog) == 0, "nobody knows how old that one is"
        await desk.publish(catalog)
        await desk.until(catalog, 10_000, 1, 60.0)
    finally:
        await supervisor.stop()
        await catalog.sdk.close()
    assert ["exit code 1" in line for line in said] == [True], said
    assert "set back by 312 s" in desk.notes("clock")[0]
    ended = desk.notes("stopped")
    assert len(ended) == 2 and all("none left, verified" in x for x in ended)
    assert "no heartbeat" not in desk.log("watchdog"), "the quoter was well all the time"
    assert [replay.replay_run(run, paths).differences for run, paths in replay.runs(desk.data).items()] == [[], []]
    analysed(desk.data)


def analysed(data: Path) -> None:
    """Two runs of which the earlier one lies ahead: every view answers, and nothing lasted less than nothing."""
    settings = config.load({"KWM_STORAGE__DATA": str(data)})
    c = Context(settings, Clock(), data, f"{Clock().now():020d}-test")
    tables, offsets, damaged = read_new.fn(c)
    assert damaged == 0
    assert write.fn(c, tables, offsets)["runs"] == 2
    with lake.connect(data) as db:
        views = [name for (name,) in db.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
        assert "quote_lifetimes" in views
        for name in views:
            db.execute(f"SELECT * FROM {name}").fetchall()
        assert db.execute("SELECT count(*) FROM quote_lifetimes WHERE lasted_s < 0").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM order_lifetimes WHERE lived_s < 0").fetchone() == (0,)
