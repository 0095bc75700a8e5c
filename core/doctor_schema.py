"""The drift canary: does every answer still have the shape that `wire.py` expects, required and optional fields alike?

A money field that is gone fails (that market would stop); an optional field never seen warns; new fields are none of
our business and pass.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from core.config import Settings
from core.doctor_lines import Line, fail, ok, warn
from core.errors import KwmError, Malformed
from core.exchange import translate, wire, wire_account
from core.exchange.sdk import Sdk

_NEVER_ON_AN_OPEN_MARKET = {
    "exchange_estimated_resume_time",
    "settlement_value_dollars",
    "fee_type_override",
    "fee_multiplier_override",
}

_ITEMS: dict[str, tuple[str, type[Any]]] = {
    "events": ("events", wire.EventModel), "markets": ("markets", wire.MarketModel),
    "trades": ("trades", wire.TradeModel), "positions": ("market_positions", wire.PositionModel),
    "orders": ("orders", wire.OrderModel), "fills": ("fills", wire.FillModel),
    "settlements": ("settlements", wire.SettlementModel), "series": ("series", wire.SeriesModel),
}  # fmt: skip


async def drift(sdk: Sdk, settings: Settings) -> list[Line]:
    """One line an endpoint."""
    stations = settings.events.stations()
    series = next(s for st in stations for s in (st.series_high, st.series_low) if settings.events.wants(s))
    events = {"series_ticker": series, "status": "open", "with_nested_markets": True, "limit": 5}
    asked: list[tuple[str, type[Any], Any, dict[str, Any]]] = [
        ("status", wire_account.Status, sdk.exchange.get_exchange_status_without_preload_content, {}),
        ("schedule", wire_account.ScheduleAnswer, sdk.exchange.get_exchange_schedule_without_preload_content, {}),
        ("series", wire.OneSeries, sdk.markets.get_series_without_preload_content, {"series_ticker": series}),
        ("events", wire.EventsPage, sdk.events.get_events_without_preload_content, events),
        ("markets", wire.MarketsPage, sdk.markets.get_markets_without_preload_content, {"series_ticker": series}),
        ("trades", wire.TradesPage, sdk.markets.get_trades_without_preload_content, {"limit": 20}),
        ("balance", wire.BalanceModel, sdk.portfolio.get_balance_without_preload_content, {}),
        ("positions", wire.PositionsPage, sdk.portfolio.get_positions_without_preload_content, {"limit": 20}),
        ("orders", wire.OrdersPage, sdk.orders.get_orders_without_preload_content, {"limit": 20}),
        ("fills", wire.FillsPage, sdk.portfolio.get_fills_without_preload_content, {"limit": 20}),
        ("settlements", wire.SettlementsPage, sdk.portfolio.get_settlements_without_preload_content, {"limit": 20}),
        ("limits", wire_account.Limits, sdk.account.get_account_api_limits_without_preload_content, {}),
    ]
    lines = []
    for name, kind, method, arguments in asked:
        within, item = _ITEMS.get(name, ("", None))
        try:
            lines.append(compared(name, await sdk.call(method, **arguments), kind, within, item))
        except KwmError as error:
            lines.append(fail(name, str(error)[:160], "the call itself failed; see `kwm doctor`"))
    return lines


def compared(name: str, body: bytes, kind: type[Any], within: str = "", item: type[Any] | None = None) -> Line:
    """One answer against its model; `within` names a list whose items are read one by one as `item`. Pure."""
    remedy = "Kalshi's answer changed: read docs.kalshi.com/changelog, then core/exchange/wire.py"
    try:
        translate.decode(body, kind)
        raw = msgspec.json.decode(body)
        found = raw.get(within) if within else raw
        rows = found if isinstance(found, list) else [found]
        if item is not None:
            for one in rows:
                translate.decode(msgspec.json.encode(one), item)
    except Malformed as error:
        return fail(name, error.why[:160], remedy)
    absent = sorted({field for field in _absent(rows, item or kind) if field.split(".")[-1] not in
                     _NEVER_ON_AN_OPEN_MARKET})  # fmt: skip
    if absent:
        return warn(name, f"never there: {', '.join(absent[:6])}", "optional for us; see whether it was renamed")
    return ok(name, f"{len(rows)} read" if within else "as expected")


def _absent(rows: list[Any], kind: type[Any]) -> Iterator[str]:
    """Fields that the model knows and no row has."""
    present = {key for row in rows if isinstance(row, dict) for key in row}
    if rows:
        yield from (f.encode_name for f in msgspec.structs.fields(kind) if f.encode_name not in present)
