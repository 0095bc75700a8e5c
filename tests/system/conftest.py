"""A desk for a test: an exchange and a quoter without flows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()
