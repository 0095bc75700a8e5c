"""One process for one data folder."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.storage.locks import alone


def test_a_second_one_is_refused_in_the_given_words_until_the_first_has_ended(tmp_path: Path) -> None:
    data = tmp_path / "new"
    with alone(data, "flows", "served already"):
        with pytest.raises(SettingsError, match="served already"), alone(data, "flows", "served already"):
            pass
        with alone(data, "up", "another thing"):
            pass
    with alone(data, "flows", "served already"):
        pass
