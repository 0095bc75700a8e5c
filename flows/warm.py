"""Every flow run in a process of its own that need not import anything: forked from one that has.

A run started the usual way spends most of its CPU on imports (Prefect, scipy, DuckDB). A fork server imports them
once; each run is a fork of it, isolated as before: it may hang, leak or be killed alone. Only Prefect's choice of
how a child process begins is replaced, in the one place where it makes it.
"""

import asyncio
import multiprocessing
from multiprocessing.context import BaseContext
from types import SimpleNamespace
from typing import Any

from prefect import flow_engine
from prefect.runner import Runner


def _forked(method: str | None = None) -> BaseContext:
    return multiprocessing.get_context("forkserver")


def prepare(modules: list[str]) -> None:
    """From now on Prefect's subprocess runs are forks of one process that has imported `modules`."""
    multiprocessing.set_forkserver_preload(["prefect.flow_engine", "prefect.runner", *modules])
    # Prefect 3.8: `run_flow_in_subprocess` asks this module attribute for its "spawn" context
    flow_engine.multiprocessing = SimpleNamespace(  # type: ignore[attr-defined]  # see above
        get_context=_forked, context=multiprocessing.context
    )


def serve(flows: list[tuple[Any, dict[str, Any]]], at_once: int) -> None:
    """Serve (flow, arguments of its deployment) until stopped."""
    prepare(sorted({flow.fn.__module__ for flow, _ in flows}))
    runner = Runner(name="kwm", pause_on_shutdown=True, limit=at_once)
    for flow, wanted in flows:
        runner.add_flow(flow, **wanted)
    asyncio.run(runner.start())
