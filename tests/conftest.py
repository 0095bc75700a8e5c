"""One running system for all tests that only look at it or turn it off and on again."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.core.ops.receiver import Receiver
from tests.system.house import House

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy loads, as `kwm` does: several busy processes on two cores


class _ByFile(LoadFileScheduling):
    """With several workers a file stays on one; the flows' files share one, and with it one Prefect."""

    def _split_scope(self, nodeid: str) -> str:
        return "flows" if nodeid.startswith("tests/flows/test_") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Called where there are several workers."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The flows' tests wait most and come first, so that the others fill the time. What looks at the running system
    comes last: until then no system runs beside the one that is tested."""

    def turn(item: pytest.Item) -> int:
        if item.nodeid.startswith("tests/flows/test_"):
            return 0
        return 2 if "running" in getattr(item, "fixturenames", ()) else 1

    items.sort(key=turn)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`kwm up` with the embedded world, once it quotes."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.until("fifty markets quoted", lambda: house.api("/api/status")["markets_quoted"] >= 50, 150)
        yield house
    finally:
        house.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who gets messages and pings on loopback."""
    found = Receiver()
    yield found
    found.close()
