"""Where the quoter's key is locked out or gone, its orders are taken away by the watchdog's own."""

from pathlib import Path

import pytest

from core import config
from core.errors import SettingsError
from core.exchange.credentials import Credentials, every_key
from core.exchange.sweep import Swept
from quoter.commands_kill import with_each
from tests.core.exchange_client.loopback import new_key
from tests.core.test_config import REAL


async def test_the_second_key_is_tried_only_where_the_first_proves_nothing() -> None:
    asked: list[str] = []

    async def swept(key: Credentials) -> Swept:
        asked.append(key.key_id)
        if key.key_id == "locked":
            return Swept(cancelled=1, troubles=["401 key revoked"])
        return Swept(cancelled=2, verified=True)

    locked, good = Credentials("locked", ""), Credentials("good", "")
    done = await with_each([locked, good], swept)
    assert (done.verified, done.cancelled, done.troubles) == (True, 3, ["401 key revoked"])
    assert (await with_each([good, locked], swept)).verified
    assert asked == ["locked", "good", "good"]


def test_each_key_that_can_be_read_is_there_once(tmp_path: Path) -> None:
    (tmp_path / "dog.pem").write_text(new_key().pem)
    file = tmp_path / "kwm.toml"
    file.write_text(REAL + f'\n[watchdog]\nkey_id = "dog"\nkey_file = "{tmp_path / "dog.pem"}"')
    assert [key.key_id for key in every_key(config.load({}, file))] == ["dog"], "the quoter's key file is gone"
    file.write_text(REAL)
    with pytest.raises(SettingsError, match=r"key\.pem"):
        every_key(config.load({}, file))
