"""A job's cells as Prefect tasks on a Dask cluster: an existing engine for many machines, an extra of the installation.

Every worker needs this code and the same paths (a shared folder): it runs `python -m quoter.backtest` on one cell.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect import flow, task

from core.errors import KwmError, SettingsError


def spread(job: dict[str, Any], out: Path, address: str = "") -> None:
    """Run every cell. Raises: SettingsError without the extra, KwmError when a cell fails."""
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError:
        raise SettingsError(
            "--runner dask needs the extra `cluster`: pip install 'kalshi-weather-maker[cluster]'"
        ) from None
    runner = DaskTaskRunner(address=address) if address else DaskTaskRunner(
        cluster_kwargs={"n_workers": job["workers"], "threads_per_worker": 1, "dashboard_address": None})  # fmt: skip

    @flow(name="sweep", task_runner=runner)
    def all_cells() -> list[int]:
        jobs = [str(_one(job, out, cell, n)) for n, cell in enumerate(job["cells"])]
        return [future.result() for future in run_cell.map(jobs)]

    codes = all_cells()
    if any(codes):
        raise KwmError(
            f"{sum(1 for code in codes if code)} of {len(codes)} cells failed; run the same command to go on"
        )


def _one(job: dict[str, Any], out: Path, cell: list[str], number: int) -> Path:
    folder = out / "cells" / f"{number:04d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps({**job, "cells": [cell], "workers": 1}))
    return path


@task(name="cell", retries=1)
def run_cell(path: str) -> int:
    """The exit code of one cell's process."""
    return subprocess.run([sys.executable, "-m", "quoter.backtest", path], check=False).returncode
