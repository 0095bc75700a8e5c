"""The example notebook runs on a small lake and on an empty one, and its plots show what the lake holds."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from core.storage import folders
from tests.core.ops import small_lake

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).parents[3] / "docs/notebook.py"


def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(data))
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app.run()[1]


def test_its_four_plots_are_of_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run(small_lake.make(tmp_path), monkeypatch)
    assert len(made["skill"]["day"]) == 2 and all(made["skill"]["model"] > 0)
    assert sorted(set(made["lifetimes"])) == [270.0, 2100.0]
    assert list(made["moved"]["fills"]) == [6]
    assert made["split"]["pnl"][0] == pytest.approx(12.36)
    for name in ("skill_figure", "life_figure", "out_figure", "split_figure"):
        assert made[name].axes[0].has_data(), name


def test_an_empty_lake_gives_empty_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders.prepare(tmp_path)
    made = run(tmp_path, monkeypatch)
    assert len(made["split"]["day"]) == 0 and len(made["lifetimes"]) == 0
