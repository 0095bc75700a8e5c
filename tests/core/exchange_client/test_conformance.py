"""The embedded exchange does what the conformance script expects of a Kalshi; production is refused."""

from pathlib import Path

import pytest

from core import messages as m
from core.config import CONFIRMATION
from core.errors import SettingsError
from core.exchange.conformance import conformance, script
from core.units import Count
from tests.core.exchange_client.loopback import embedded
from tests.core.test_config import REAL

pytestmark = pytest.mark.slow


async def test_the_embedded_exchange_differs_nowhere_and_is_left_clean() -> None:
    async with embedded() as place:
        findings = await script(place.rest, place.markets[0])
        assert [(f.step, f.expected, f.got) for f in findings if not f.same] == []
        assert len(findings) == 25
        assert (await place.rest.report_orders()).orders == []


async def test_a_persons_order_on_the_account_keeps_the_script_from_cancelling_all() -> None:
    async with embedded() as place:
        market = place.markets[0]
        by_hand = m.PlaceOrder("manual-1", market.ticker, m.Side.BID, market.grid.lowest, Count(100))
        await place.rest.perform(by_hand)
        findings = await script(place.rest, market)
        assert [f.got for f in findings if f.step == "cancel all"] == [
            "not tried: 1 orders rest that are not of this script"
        ]
        assert [x.client_order_id for x in (await place.rest.report_orders()).orders] == ["manual-1"]


def test_no_script_of_orders_runs_in_production() -> None:
    with pytest.raises(SettingsError, match="only embedded and demo"):
        conformance("production")


def test_the_script_runs_where_the_settings_trade_and_never_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kwm.toml"
    for environment, words in (("demo", "cannot be read"), ("production", "only embedded and demo")):
        file.write_text(REAL.replace('"demo"', f'"{environment}"\nconfirm_production = "{CONFIRMATION}"'))
        monkeypatch.setenv("KWM_SETTINGS", str(file))
        monkeypatch.setenv("KWM_WEATHER__SOURCE", "live")
        with pytest.raises(SettingsError, match=words):
            conformance("")
