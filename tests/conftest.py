"""One running system for all tests that only look at it or turn it off and on again."""

import os
from collections.abc import Iterator

import pytest

from tests.core.ops.receiver import Receiver
from tests.system.house import House

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy loads, as `kwm` does: several busy processes on two cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the running system comes last: until then no system runs beside the one that is tested."""
    items.sort(key=lambda item: "running" in getattr(item, "fixturenames", ()))


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
