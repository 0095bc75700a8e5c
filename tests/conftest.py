"""One running system for all tests that only look at it or turn it off and on again."""

from collections.abc import Iterator

import pytest

from tests.core.ops.receiver import Receiver
from tests.system.house import House


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
