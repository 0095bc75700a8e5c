"""A flow run is a fork of a process that has imported everything: isolated, and several times cheaper to begin."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from prefect import flow_engine

from core.storage import folders
from flows import warm
from flows.compact import compact

pytestmark = pytest.mark.slow


@pytest.fixture
def prepared(prefect_harness: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    folders.prepare(tmp_path)
    warm.prepare(["flows.compact"])
    yield tmp_path
    flow_engine.multiprocessing = multiprocessing  # type: ignore[attr-defined]  # as Prefect has it


def test_runs_are_forks_and_one_that_is_killed_harms_no_other(prepared: Path) -> None:
    first = flow_engine.run_flow_in_subprocess(compact)
    assert isinstance(first, ForkServerProcess)
    first.join(60)
    assert first.exitcode == 0
    killed = flow_engine.run_flow_in_subprocess(compact)
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    last = flow_engine.run_flow_in_subprocess(compact)
    last.join(60)
    assert last.exitcode == 0
