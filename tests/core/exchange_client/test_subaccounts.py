"""Of an account's subaccounts one is ours: what the others do is neither read as ours nor asked for."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core import messages as m
from core.exchange.catalog import Catalog
from core.exchange.rest import Rest
from core.exchange.session import Session
from core.exchange.subscriptions import PRIVATE
from core.units import SECOND, Count, Instant
from tests.core.exchange_client.loopback import CLOCK, embedded

T0 = Instant(1_795_000_000 * SECOND)
FILL = {"trade_id": "t", "order_id": "o", "market_ticker": "T", "is_taker": False, "yes_price_dollars": "0.7500",
        "count_fp": "278.00", "fee_cost": "0.010000", "book_side": "bid", "ts_ms": 1_795_000_000_000}  # fmt: skip
ORDER = {"order_id": "o", "ticker": "T", "status": "resting", "yes_price_dollars": "0.7500", "fill_count_fp": "0.00",
         "remaining_count_fp": "1.00", "client_order_id": "kwm-1", "book_side": "bid"}  # fmt: skip


def heard(subaccount: int, kind: str, msg: dict[str, Any]) -> list[m.Said]:
    """What a session of that subaccount makes of one private frame."""
    session = Session(True, subaccount=subaccount)
    for command in session.opened(T0):
        channel = command["params"]["channels"][0]
        said = {"id": command["id"], "type": "subscribed", "msg": {"channel": channel, "sid": command["id"]}}
        session.receive(json.dumps(said), T0)
    sid = PRIVATE.index("fill" if kind == "fill" else "user_orders") + 1
    return session.receive(json.dumps({"type": kind, "sid": sid, "msg": msg}), T0)[0]


@pytest.mark.parametrize(("ours", "named", "count"), [(0, 3, 0), (3, 0, 0), (0, 0, 1), (3, 3, 1), (0, None, 1)])
def test_fills_and_orders_of_another_subaccount_are_not_ours(ours: int, named: int | None, count: int) -> None:
    assert len(heard(ours, "fill", FILL | {"subaccount": named})) == count
    assert len(heard(ours, "user_order", ORDER | {"subaccount_number": named})) == count


@pytest.mark.slow
async def test_orders_and_settlements_of_our_subaccount_are_asked_for() -> None:
    async with embedded() as place:
        said: list[str] = []
        place.rest.sdk.tap = lambda words, body: said.append(words.split()[1])
        catalog = Catalog(place.rest.sdk, 0, 3)
        await catalog.our_orders()
        await catalog.our_settlements(CLOCK.now())
        assert [parse_qs(urlsplit(path).query).get("subaccount") for path in said] == [["3"]] * 2


@pytest.mark.slow
async def test_every_call_for_an_order_group_names_its_subaccount_and_its_shard() -> None:
    async with embedded() as place:
        said: list[str] = []
        place.rest.sdk.tap = lambda words, body: said.append(words.split()[1])
        rest = Rest(place.rest.sdk, CLOCK.now, 0, 3)
        for request in (m.SetGroupLimit("g", Count(100)), m.ResetGroup("g"), m.TriggerGroup("g")):
            await rest.perform(request)
        asked = [parse_qs(urlsplit(path).query) for path in said]
        assert [(q.get("subaccount"), q.get("exchange_index")) for q in asked] == [(["3"], ["0"])] * 3
