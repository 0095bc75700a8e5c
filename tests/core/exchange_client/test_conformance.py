"""The embedded exchange does what the conformance script expects of a Kalshi; production is refused."""

import pytest

from core.errors import SettingsError
from core.exchange.conformance import conformance, script
from tests.core.exchange_client.loopback import embedded


async def test_the_embedded_exchange_differs_nowhere_and_is_left_clean() -> None:
    async with embedded() as place:
        findings = await script(place.rest, place.markets[0])
        assert [(f.step, f.expected, f.got) for f in findings if not f.same] == []
        assert len(findings) == 21
        assert (await place.rest.report_orders()).orders == []


def test_no_script_of_orders_runs_in_production() -> None:
    with pytest.raises(SettingsError, match="only embedded and demo"):
        conformance("production")
