"""A small lake whose past can be worked out by hand: two stations, two settled days and an open one, six fills."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from core.stations import BY_CODE
from core.storage import lake
from core.storage.files import write_whole
from core.units import DAY, HOUR, MINUTE, SECOND, Instant, instant, iso

NOW = instant("2026-11-24T14:00:00Z")
TODAY = date(2026, 11, 24)
CITIES = ("KNYC", "KDEN")
LOWS = (None, 46, 48, 50, 52)
HIGHS = (45, 47, 49, 51, None)
OFFICIAL = 48  # degrees, at both stations on both settled days
Row = dict[str, Any]


def event_of(station: str, day: date) -> str:
    return f"{BY_CODE[station].series_high}-{day:%y%b%d}".upper()


def ticker_of(station: str, day: date, bracket: int) -> str:
    return f"{event_of(station, day)}-B{bracket}"


def fill(n: int, station: str, day: date, side: str, price: str, at: Instant, bracket: int = 2) -> Row:
    return {
        "trade_id": f"t{n}", "order_id": f"o{n}", "client_order_id": f"kwm-r1-{n}",
        "ticker": ticker_of(station, day, bracket), "event_ticker": event_of(station, day), "side": side,
        "price_usd": price, "contracts": "10.00", "fee_usd": "0.02", "is_taker": False, "filled_at": iso(at),
        "heard_at": iso(at),
    }  # fmt: skip


def make(data: Path) -> Path:
    """Write it; the folder again."""
    tables: dict[str, list[Row]] = {
        name: [] for name in ("markets", "forecasts", "observations", "climate_reports", "publications", "fair_events",
                              "fair_values", "fills", "order_actions", "order_events", "quotes", "pnl", "notes", "runs",
                              "settlements", "source_failures")
    }  # fmt: skip
    for station in CITIES:
        for back in (2, 1, 0):
            _event(tables, station, TODAY - timedelta(days=back), settled=back > 0)
    _ledger(tables)
    for name, rows in tables.items():
        if rows:
            lake.commit(data, f"small-{name}", Instant(NOW - HOUR), {name: rows})
    return data


def _event(tables: dict[str, list[Row]], station: str, day: date, *, settled: bool) -> None:
    noon = instant(f"{day}T13:00:00Z")
    event = event_of(station, day)
    tables["forecasts"] += [
        {"station": station, "variable": "high", "day": day.isoformat(), "source": "nws_grid",
         "issued_at": iso(Instant(noon - lead * DAY)), "received_at": iso(Instant(noon - lead * DAY)),
         "value_f": OFFICIAL + 0.5 * (lead + 1)} for lead in (0, 1)
    ]  # fmt: skip
    tables["observations"].append({
        "station": station, "observed_at": iso(noon), "received_at": iso(noon), "kind": "metar", "low_f": 44.0,
        "high_f": 44.2, "raw": "",
    })  # fmt: skip
    if settled:
        tables["climate_reports"].append({
            "station": station, "product": BY_CODE[station].climate_product, "day": day.isoformat(),
            "issued_at": iso(Instant(noon + DAY)), "received_at": iso(Instant(noon + DAY)), "final": True, "as_of": "",
            "correction": "", "max_f": OFFICIAL, "min_f": 35, "product_id": f"{station}-{day}",
        })  # fmt: skip
    for k, (low, high) in enumerate(zip(LOWS, HIGHS, strict=True)):
        won = (low is None or low <= OFFICIAL) and (high is None or high >= OFFICIAL)
        tables["markets"].append({
            "ticker": ticker_of(station, day, k), "event_ticker": event, "series": BY_CODE[station].series_high,
            "station": station, "variable": "high", "day": day.isoformat(), "low_f": low, "high_f": high,
            "open_at": iso(Instant(noon - DAY)), "close_at": iso(Instant(noon + 16 * HOUR)),
            "status": "finalized" if settled else "active", "result": ("yes" if won else "no") if settled else "",
            "value_usd": ("1.00" if won else "0.00") if settled else None, "taker_fee_millionths": 70_000,
            "maker_fee_millionths": 17_500, "price_ranges": "[]", "rules": "", "seen_at": iso(Instant(noon + HOUR)),
        })  # fmt: skip
    fairs, market = (0.05, 0.20, 0.45, 0.20, 0.10), (0.05, 0.25, 0.40, 0.20, 0.10)
    for k in range(3):
        at = Instant(noon + k * MINUTE)
        name = f"{at:020d}-{station}"
        tables["publications"].append({"publication": name, "published_at": iso(at), "events": 1, "withheld": 0,
                                       "valid_until": iso(Instant(at + 4 * MINUTE)), "model": "m",
                                       "took_s": 0.2})  # fmt: skip
        tables["fair_events"].append({
            "publication": name, "event_ticker": event, "station": station, "variable": "high", "day": day.isoformat(),
            "published_at": iso(at), "mean_f": 48.5, "sd_f": 2.0, "observed_f": 44.0, "weight": 0.4, "quality": "",
            "withheld": "",
        })  # fmt: skip
        tables["fair_values"] += [
            {"publication": name, "event_ticker": event, "ticker": ticker_of(station, day, b), "published_at": iso(at),
             "fair_usd": fairs[b], "model_usd": fairs[b] + 0.01 * (b == 2), "market_usd": market[b], "sd_usd": 0.02,
             "slope_usd_per_f": 0.01, "low_f": LOWS[b], "high_f": HIGHS[b]} for b in range(5)
        ]  # fmt: skip
    _trading(tables, station, day, noon)


def _trading(tables: dict[str, list[Row]], station: str, day: date, noon: Instant) -> None:
    """One bid at 38 cents placed half a minute after the first publication, filled at once; the mark is 40 cents, and
    42 cents five minutes later."""
    n = len(tables["fills"]) + 1
    placed, filled = Instant(noon + 30 * SECOND), Instant(noon + 31 * SECOND)
    ticker, event = ticker_of(station, day, 2), event_of(station, day)
    tables["order_actions"].append({
        "happened_at": iso(placed), "action": "PlaceOrder", "client_order_id": f"kwm-r1-{n}", "ticker": ticker,
        "event_ticker": event, "side": "bid", "price_usd": "0.38", "contracts": "10.00", "publication": f"p{n}",
        "fair_usd": 0.45, "book_bid_usd": "0.39", "book_ask_usd": "0.41", "inventory_contracts": "0.00",
    })  # fmt: skip
    tables["order_events"] += [
        {"happened_at": iso(Instant(placed + SECOND // 10)), "what": "Acked", "client_order_id": f"kwm-r1-{n}",
         "order_id": f"o{n}", "ticker": ticker, "words": ""},
        {"happened_at": iso(filled), "what": "Gone", "client_order_id": f"kwm-r1-{n}", "order_id": f"o{n}",
         "ticker": ticker, "words": "filled"},
    ]  # fmt: skip
    tables["fills"].append(fill(n, station, day, "bid", "0.38", filled))
    for at, bid, ask, reasons in (
        (placed, "0.38", "0.52", ""), (Instant(noon + 5 * MINUTE), None, "0.52", "inventory_full"),
        (Instant(noon + 40 * MINUTE), None, None, "closing_soon"),
    ):  # fmt: skip
        tables["quotes"].append({
            "happened_at": iso(at), "ticker": ticker, "publication": f"p{n}", "fair_usd": 0.45,
            "book_bid_usd": "0.39" if at == placed else "0.41", "book_ask_usd": "0.41" if at == placed else "0.43",
            "bid_usd": bid, "bid_contracts": "10.00", "ask_usd": ask, "ask_contracts": "10.00",
            "inventory_contracts": "0.00", "bid_reasons": reasons,
            "ask_reasons": reasons if reasons == "closing_soon" else "",
        })  # fmt: skip


def _ledger(tables: dict[str, list[Row]]) -> None:
    for back in (2, 1, 0):
        noon = instant(f"{TODAY - timedelta(days=back)}T13:00:00Z")
        tables["runs"].append({"quoter_run": f"r{back}", "happened_at": iso(noon), "version": "1",
                               "environment": "embedded", "settings": "{}"})  # fmt: skip
        tables["notes"].append({"happened_at": iso(Instant(noon + 50 * MINUTE)), "kind": "stopped", "words": "0 left"})
        tables["pnl"] += [
            {"happened_at": iso(Instant(noon + k * MINUTE)), "state": "quoting" if k else "waiting",
             "realised_usd": "0.00", "fees_usd": "0.04", "marked_usd": "1.00", "total_usd": f"{k / 10:.2f}",
             "worst_usd": "30.00", "balance_usd": "500.00", "working": 4, "fills": 2, "actions": 6} for k in range(50)
        ]  # fmt: skip


def seeded(data: Path) -> Path:
    """The same with the file of views beside it."""
    from core.storage import views

    make(data)
    views.build(data)
    write_whole(data / "lake" / "seeded", b"")
    return data
