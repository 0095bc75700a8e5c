"""A seeded lake of some days with all that makes a mart err: fills heard twice, orders by hand, marks of one instant,
books that are empty, markets that are never quoted; and its marts, worked out by plain loops.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from core.storage import lake
from core.units import DAY, HOUR, MINUTE, SECOND, Instant, instant, iso, to_datetime

START = instant("2026-01-01T00:00:00Z")
STATIONS = ("KNYC", "KDEN")
Row = dict[str, Any]
AFTER_S = {"10s": 10, "1m": 60, "5m": 300, "30m": 1800}


def day_of(n: int) -> date:
    return to_datetime(Instant(START + n * DAY)).date()


def event_of(station: str, n: int) -> str:
    return f"KXHIGH{station[1:]}-{day_of(n):%y%b%d}".upper()


def tickers_of(n: int) -> list[tuple[str, str, str]]:
    """(ticker, event, station) of one climate day; they trade from the noon before it to the morning after."""
    return [(f"{event_of(s, n)}-B{k}", event_of(s, n), s) for s in STATIONS for k in range(3)]


class Seeded:
    """Rows of each UTC day, to be committed when the test says so."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0

    def market(self, n: int, ticker: str, event: str, station: str, at: Instant, value: str | None) -> Row:
        noon = Instant(START + n * DAY - 12 * HOUR)
        return {"ticker": ticker, "event_ticker": event, "station": station, "variable": "high",
                "day": day_of(n).isoformat(), "open_at": iso(noon), "close_at": iso(Instant(noon + 42 * HOUR)),
                "status": "", "result": {None: "", "1.00": "yes"}.get(value, "no"), "value_usd": value,
                "seen_at": iso(at)}  # fmt: skip

    def day(self, n: int) -> dict[str, list[Row]]:
        """What a day with everything in time writes."""
        tables: dict[str, list[Row]] = defaultdict(list)
        for m in (n, n + 1):  # the climate days that trade on this UTC day
            for ticker, event, station in tickers_of(m):
                tables["markets"].append(self.market(m, ticker, event, station, self.at(n), None))
                self.beliefs(tables, n, m, ticker, event)
                if self.random.random() < 0.8:  # and one that is never quoted, and one that is never filled
                    self.quotes(tables, n, ticker)
                    self.trade(tables, n, ticker, event)
        for k, (ticker, event, station) in enumerate(tickers_of(n - 2)):
            value = "1.00" if k % 3 == 1 else "0.00"
            tables["markets"].append(self.market(n - 2, ticker, event, station, self.at(n), value))
        at = Instant(START + n * DAY)
        tables["runs"].append({"quoter_run": f"r{n}", "happened_at": iso(Instant(at + 5 * HOUR))})
        tables["notes"].append({"happened_at": iso(Instant(at + 4 * HOUR)), "kind": "stopped", "words": ""})
        tables["pnl"] += [{"happened_at": iso(Instant(at + k * 20 * MINUTE)), "state": "quoting"} for k in range(72)]
        return tables

    def at(self, n: int) -> Instant:
        """Some second of a UTC day."""
        return Instant(START + n * DAY + self.random.randrange(86_400) * SECOND)

    def beliefs(self, tables: dict[str, list[Row]], n: int, m: int, ticker: str, event: str) -> None:
        blind = ticker.endswith("B2") and m % 3 == 0  # a market without a price of its own
        for k in range(0, 86_400, 1800):
            at = Instant(START + n * DAY + k * SECOND)
            if START + m * DAY - 12 * HOUR <= at < START + m * DAY + 30 * HOUR and self.random.random() < 0.7:
                market = None if blind or self.random.random() < 0.3 else round(self.random.random(), 3)
                tables["fair_values"].append({
                    "publication": f"{at:020d}", "event_ticker": event, "ticker": ticker, "published_at": iso(at),
                    "fair_usd": round(self.random.random(), 3), "model_usd": round(self.random.random(), 3),
                    "market_usd": market})  # fmt: skip

    def quotes(self, tables: dict[str, list[Row]], n: int, ticker: str, count: int = 12) -> None:
        for _ in range(count):
            at = self.at(n)
            if tables["fair_values"] and self.random.random() < 0.2:  # at the very instant of a publication
                at = instant(self.random.choice(tables["fair_values"])["published_at"])
            tables["quotes"].append({
                "happened_at": iso(at), "ticker": ticker, "publication": "p", "bid_usd": self.some("0.40"),
                "ask_usd": self.some("0.50"), "book_bid_usd": self.some(f"0.{self.random.randrange(10, 40)}"),
                "book_ask_usd": f"0.{self.random.randrange(40, 90)}",
                "bid_reasons": self.random.choice(("", "edge", "edge, stale")), "ask_reasons": ""})  # fmt: skip

    def some(self, value: str) -> str | None:
        return value if self.random.random() < 0.8 else None

    def trade(self, tables: dict[str, list[Row]], n: int, ticker: str, event: str, count: int = 2) -> None:
        for _ in range(self.random.randrange(count + 1)):
            self.number += 1
            order, at = f"kwm-{self.number}", self.at(n)
            if self.random.random() < 0.8:  # else an order by hand
                tables["order_actions"] += [
                    {"happened_at": iso(Instant(at - back * MINUTE)), "action": what, "client_order_id": order,
                     "ticker": ticker, "event_ticker": event, "side": "bid", "publication": f"p{back}",
                     "fair_usd": self.random.random(), "book_bid_usd": self.some("0.30"), "book_ask_usd": "0.42"}
                    for back, what in ((9, "PlaceOrder"), (3, "AmendOrder"), (-2, "AmendOrder"), (1, "CancelOrder"))
                ]  # fmt: skip
            row = {"trade_id": f"t{self.number}", "order_id": f"o{self.number}", "client_order_id": order,
                   "ticker": ticker, "event_ticker": event, "side": self.random.choice(("bid", "ask")),
                   "price_usd": f"0.{self.random.randrange(10, 90)}", "fee_usd": "0.010000", "is_taker": False,
                   "contracts": f"{self.random.randrange(1, 900) / 100:.2f}", "filled_at": iso(at)}  # fmt: skip
            for wait in (0, 40, 7200)[: self.random.randrange(1, 4)]:
                tables["fills"].append(row | {"heard_at": iso(Instant(at + wait * SECOND))})


def commit(data: Path, run: str, n: int, tables: dict[str, list[Row]]) -> None:
    lake.commit(data, run, Instant(START + n * DAY + 23 * HOUR), tables)


def rows(db: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = db.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Plain:
    """The marts by loops over all rows: no files, no spans, no days."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        first: dict[object, Row] = {}
        for fill in sorted(rows(db, "FROM fills"), key=lambda f: f["heard_at"]):
            first.setdefault((fill["trade_id"], fill["order_id"]), fill)
        self.fills = list(first.values())
        self.markets = {m["ticker"]: m for m in sorted(rows(db, "FROM markets"), key=lambda m: m["seen_at"])}
        self.events = {m["event_ticker"]: m for m in self.markets.values()}
        self.placed: dict[str, list[Row]] = defaultdict(list)
        for action in rows(db, "FROM order_actions"):
            if action["action"] in ("PlaceOrder", "AmendOrder"):
                self.placed[action["client_order_id"]].append(action)
        beliefs = sorted(rows(db, "FROM fair_values"), key=lambda b: b["published_at"])
        self.last_belief = {b["ticker"]: b for b in beliefs}
        seen = [(q["ticker"], q["happened_at"], float(q["book_bid_usd"] + q["book_ask_usd"]) / 2)
                for q in rows(db, "FROM quotes") + rows(db, "FROM order_actions")
                if q["book_bid_usd"] is not None and q["book_ask_usd"] is not None]  # fmt: skip
        seen += [(b["ticker"], b["published_at"], b["market_usd"]) for b in beliefs if b["market_usd"] is not None]
        self.marks: dict[str, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
        for ticker, at, mark in seen:
            self.marks[ticker][at].append(mark)
        self.last_seen = max(at for _, at, _ in seen)

    def mark(self, ticker: str, at: Any) -> float | None:
        """The last one seen by then; of one instant the middle of the highest and the lowest."""
        last = max((seen for seen in self.marks[ticker] if seen <= at), default=None)
        return None if last is None else (max(self.marks[ticker][last]) + min(self.marks[ticker][last])) / 2

    def markout(self, fill: Row) -> Row:
        placed = [a for a in self.placed[fill["client_order_id"]] if a["happened_at"] <= fill["filled_at"]]
        decided = max(placed, key=lambda a: a["happened_at"], default=None)
        price, sign = float(fill["price_usd"]), 1 if fill["side"] == "bid" else -1
        after = {name: fill["filled_at"] + timedelta(seconds=s) for name, s in AFTER_S.items()}
        later = {name: at for name, at in after.items() if at <= self.last_seen}
        marks = {name: self.mark(fill["ticker"], at) for name, at in later.items()}
        fair = decided["fair_usd"] if decided else None
        at_fill = _first(self.mark(fill["ticker"], fill["filled_at"]), fair, price)
        five = _first(marks.get("5m"), at_fill)
        paid = self.markets.get(fill["ticker"], {}).get("value_usd")
        last = self.last_belief.get(fill["ticker"], {}).get("fair_usd")
        final = _first(None if paid is None else float(paid), last, five)
        size = sign * float(fill["contracts"])
        return {
            "trade_id": fill["trade_id"], "day": self.events.get(fill["event_ticker"], {}).get("day"),
            "publication": decided["publication"] if decided else None, "fair_when_decided_usd": fair,
            "mark_at_fill_usd": at_fill, "mark_5m_usd": five, "settled_usd": paid,
            **{f"markout_{name}_usd": _moved(marks.get(name), price, sign) for name in AFTER_S},
            "spread_usd": size * (at_fill - price), "adverse_usd": size * (five - at_fill),
            "settlement_usd": size * (final - five), "pnl_usd": size * (final - price) - float(fill["fee_usd"]),
        }  # fmt: skip

    def markouts(self) -> list[Row]:
        return sorted((self.markout(fill) for fill in self.fills), key=lambda r: r["trade_id"])


def _moved(mark: float | None, price: float, sign: int) -> float | None:
    return None if mark is None else sign * (mark - price)


def _first(*values: float | None) -> float:
    return next(v for v in values if v is not None)


def rounded(found: Iterable[Row]) -> list[Row]:
    """Sums of floats may differ in their last digits."""
    return [{k: round(v, 9) + 0.0 if isinstance(v, float) else v for k, v in row.items()} for row in found]
