"""Every recorded or official payload in today's format is parsed, or refused for a reason written down here."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import messages as m
from core.contract import Fees, Market, disagreement, exhaustive
from core.errors import Malformed
from core.exchange import catalog, translate, wire
from core.exchange.session import Session
from core.exchange.subscriptions import Sid
from core.units import SECOND, Instant, Price
from tests.shared import shared

T0 = Instant(1_795_000_000 * SECOND)
FREE = Fees(70_000, 0)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def test_every_full_weather_book_of_july_is_read_in_yes_terms() -> None:
    rows = lines(shared("kalshi/samples/weather_books_2026-07/dt=2026-07-23.jsonl"))
    crossed = []
    for row in rows:
        bids, asks = translate.touch(translate.decode(raw(row["raw_orderbook"]), wire.BookModel))
        assert len(bids) == len(row["yes_bids"]) and len(asks) == len(row["no_bids"]), row["ticker"]
        if bids and asks and max(bids) >= min(asks):
            crossed.append(row["ticker"])
    assert len(rows) > 500
    assert crossed == []


def test_the_daily_markets_of_july_have_brackets_and_the_hourly_ones_are_refused() -> None:
    rows = lines(shared("kalshi/samples/weather_books_2026-07/dt=2026-07-23.jsonl"))
    events: dict[str, list[Any]] = {}
    refused: dict[str, set[str]] = {}  # reason -> series
    for row in rows:
        try:
            event = row["ticker"].rsplit("-", 1)[0]
            market = translate.market(translate.decode(raw(_as_market(row, event)), wire.MarketModel), FREE)
        except Malformed as error:
            refused.setdefault(error.why, set()).add(row["ticker"].split("-")[0])
        else:
            events.setdefault(event + row["capture_id"], []).append(market.bracket)
    assert len(events) >= 40
    assert all(exhaustive(brackets) for brackets in events.values())
    hourly = {"KXTEMPNYCH", "KXTEMPAUSH", "KXTEMPCHIH", "KXTEMPDCH", "KXTEMPLAXH"}
    no_temperature = {"KXTXURI"}  # which the capture counts among the daily ones
    assert refused == {"not an event of a daily temperature series we know": hourly | no_temperature}


def _as_market(row: dict[str, Any], event: str) -> dict[str, Any]:
    """The capture's row under the names of GET /markets; it did not keep the rules text."""
    grid = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
    kept = {key: row.get(key) for key in ("ticker", "strike_type", "floor_strike", "cap_strike", "close_time")}
    return kept | {"event_ticker": event, "status": "active", "open_time": row["captured_at"], "rules_primary": "",
                   "price_ranges": grid, "result": ""}  # fmt: skip


def test_the_markets_of_san_francisco_are_read_and_their_rules_name_their_day() -> None:
    path = shared("kalshi/samples/orderbooks_KXHIGHTSFO_2026-06/kalshi_kxhightsfo_open_markets.json")
    page = translate.decode(path.read_bytes(), wire.MarketsPage)
    listing = catalog.read_markets(page.markets, FREE)
    assert listing.refused == {} and len(listing.markets) == 12
    assert [disagreement(market) for market in listing.markets] == [None] * 12
    by_event: dict[str, list[Market]] = {}
    for market in listing.markets:
        by_event.setdefault(market.event_ticker, []).append(market)
    assert all(exhaustive([x.bracket for x in members]) for members in by_event.values())


def test_the_books_of_san_francisco_are_read() -> None:
    folder = shared("kalshi/samples/orderbooks_KXHIGHTSFO_2026-06")
    books = [translate.decode(path.read_bytes(), wire.OneBook) for path in folder.glob("orderbook_*.json")]
    assert len(books) == 6
    for book in books:
        bids, asks = translate.touch(book.orderbook_fp)
        assert max(bids, default=0) < min(asks, default=10_000)


def test_the_series_of_san_francisco_is_read() -> None:
    path = shared("kalshi/samples/orderbooks_KXHIGHTSFO_2026-06/kalshi_kxhightsfo_series.json")
    assert translate.decode(path.read_bytes(), wire.OneSeries).series.fee_type == "quadratic"


@pytest.mark.parametrize("day", ["2026-07-16", "2026-07-20", "2026-07-24"])
def test_every_weather_series_of_july_charges_a_fee_we_can_compute(day: str) -> None:
    rows = lines(shared(f"kalshi/samples/weather_series_meta_2026-07/dt={day}.jsonl"))
    page = {"series": [row | {"ticker": row["series"]} for row in rows]}  # the capture calls the ticker `series`
    fees, refused = catalog.read_series(raw(page))
    assert refused == {} and len(fees) == len(rows) >= 40
    assert set(fees.values()) == {FREE}


def test_the_october_ladder_is_read_with_its_rules() -> None:
    body = json.loads(shared("kalshi/samples/rest_2026-09_10/markets_KXHIGHNY-26OCT04.json").read_text())
    grid = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]  # the recorder kept a subset of the fields
    kept = {"price_ranges": grid, "result": "", "status": "active", "open_time": "2026-10-03T14:00:00Z",
            "close_time": "2026-10-05T05:00:00Z"}  # fmt: skip
    event = body["event"] | {"collateral_return_type": "MECNET", "markets": [kept | x for x in body["markets"]]}
    listing = catalog.Listing()
    catalog.read_event(raw(event), FREE, 0, listing)
    assert listing.refused == {} and len(listing.markets) == 6


def test_a_market_without_its_grid_is_refused_by_name() -> None:
    body = json.loads(shared("kalshi/samples/rest_2026-09_10/markets_KXHIGHNY-26OCT04.json").read_text())
    body["markets"][0].pop("price_ranges", None)
    listing = catalog.read_markets([msgspec.Raw(raw(body["markets"][0]))], FREE)
    assert list(listing.refused) == ["KXHIGHNY-26OCT04-T63"]


def test_the_september_book_is_read() -> None:
    body = json.loads(shared("kalshi/samples/rest_2026-09_10/orderbook_KXHIGHNY-26SEP04-B84.5.json").read_text())
    bids, asks = translate.touch(translate.decode(raw(body["payload"]), wire.OneBook).orderbook_fp)
    assert (len(bids), len(asks)) == (10, 10)


def session_with(sid: int, channel: str) -> Session:
    session = Session(use_yes_price=False)
    session.sids[sid] = Sid(channel)
    return session


def test_the_recorded_stream_is_read() -> None:
    first, second, third = lines(shared("kalshi/samples/ws/ws_frames_real.jsonl"))
    session = session_with(1, "orderbook_delta")
    (book,), _ = session.receive(raw(first), T0)
    assert isinstance(book, m.BookSnapshot) and book.bids[0] == (Price(100), 223_099)
    (change,), _ = session.receive(raw(second), T0)
    assert change == m.BookDelta(T0, "KXHIGHNY-26JUN24-T82", m.Side.BID, Price(1000), 700)
    messages, _ = session.receive(raw(third["event"]), T0)
    assert isinstance(messages[0], m.Gap), "another stream's number follows"
    assert isinstance(messages[1], m.BookDelta) and messages[1].side is m.Side.ASK and messages[1].price == 5200


MEANT = {
    "orderbook_snapshot": m.BookSnapshot, "orderbook_delta": m.BookDelta, "trade": m.TradePrint, "fill": m.Fill,
    "user_order": m.Acked, "order_group_updates": m.GroupChanged, "subscribed": m.StreamOpened,
    "market_lifecycle_v2": m.MarketChanged, "unsubscribed": m.Gap,  # nobody asked to leave the sid of the example
}  # fmt: skip


def test_every_official_frame_is_understood_or_is_none_of_our_business() -> None:
    said: dict[str, set[str]] = {}
    for row in lines(shared("kalshi/samples/ws/ws_frames_spec_examples_2026-10.jsonl")):
        payload = row["payload"]
        if "type" not in payload:
            continue  # a command of a client's
        session = session_with(payload.get("sid", 0), "any")
        session.subaccount = 3 if payload["type"] == "fill" else 0  # whose the examples are
        if payload["type"] == "subscribed":
            (ask,) = session.watch({"A"}, T0)[:1]
            payload |= {"id": ask["id"]}
        session.watched |= {payload["msg"].get("market_ticker", "")} if isinstance(payload.get("msg"), dict) else set()
        messages, _ = session.receive(raw(payload), T0)
        assert all("Malformed" not in t for t in session.troubles)
        said.setdefault(payload["type"], set()).update(type(x).__name__ for x in messages)
    understood = {kind: names for kind, names in said.items() if names}
    assert understood == {kind: {meant.__name__} for kind, meant in MEANT.items()}
