"""A made-up tape: one event of three brackets over its last day, books ten cents wide, takers on both sides, a result.

Written as the recorder writes: frames and REST answers in the exchange's words. Nothing of it is real.
"""

import json
import random
from pathlib import Path
from typing import Any

from core.tape.format import Header, Kind
from core.tape.writer import Writer
from core.units import HOUR, MINUTE, SECOND, Instant, instant, iso

EVENT = "KXHIGHNY-31MAY06"
TICKERS = (f"{EVENT}-T61", f"{EVENT}-B61.5", f"{EVENT}-T62")
START, CLOSE = instant("2031-05-06T05:00:00Z"), instant("2031-05-07T05:00:00Z")
_SHAPES = (("less", None, 61), ("between", 61, 62), ("greater", 62, None))


def _listing(result: dict[str, str]) -> bytes:
    markets = [
        {"ticker": ticker, "event_ticker": EVENT, "status": "finalized" if result else "active",
         "open_time": iso(Instant(START - 10 * HOUR)), "close_time": iso(CLOSE), "rules_primary": "made up",
         "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}], "result": result.get(ticker, ""),
         "strike_type": kind, "floor_strike": floor, "cap_strike": cap}
        for ticker, (kind, floor, cap) in zip(TICKERS, _SHAPES, strict=True)
    ]  # fmt: skip
    return b"GET /markets?tickers=x 200\n" + json.dumps({"markets": markets, "cursor": ""}).encode()


class _Made:
    def __init__(self, folder: Path) -> None:
        self.writer = Writer(folder, Header(1, "r1", "embedded", "ws://x", True))
        self.seq = {1: 0, 2: 0}
        self.writer.append(Kind.ANSWER, START, _listing({}))
        self.writer.append(Kind.CONNECTED, START, b"")
        for number, channel in ((1, "orderbook_delta"), (2, "trade")):
            params = {"channels": [channel], "market_tickers": list(TICKERS)}
            said = {"id": number, "type": "subscribed", "msg": {"channel": channel, "sid": number}}
            command = {"id": number, "cmd": "subscribe", "params": params}
            self.writer.append(Kind.SENT, START, json.dumps(command).encode())
            self.writer.append(Kind.HEARD, START, json.dumps(said).encode())

    def frame(self, at: Instant, kind: str, sid: int, **msg: Any) -> None:
        self.seq[sid] += 1
        said = {"type": kind, "sid": sid, "seq": self.seq[sid], "msg": msg}
        self.writer.append(Kind.HEARD, at, json.dumps(said, separators=(",", ":")).encode())


def tape(folder: Path, seed: int = 1, minutes: int = 1_200) -> Path:
    """Write it; the folder to read it from."""
    rng, made = random.Random(seed), _Made(folder)
    middles, shown = [25, 45, 30], list[tuple[int, int]]()
    for ticker, middle in zip(TICKERS, middles, strict=True):
        bid, ask = middle - 5, middle + 5
        shown.append((bid, ask))
        made.frame(START, "orderbook_snapshot", 1, market_ticker=ticker, clock=1,
                   yes_dollars_fp=[[f"{bid / 100:.4f}", "60.00"], [f"{bid / 100 - 0.01:.4f}", "90.00"]],
                   no_dollars_fp=[[f"{ask / 100:.4f}", "60.00"]])  # fmt: skip
    for minute in range(1, minutes):
        at, i = Instant(START + minute * MINUTE), rng.randrange(3)
        bid, ask = shown[i]
        size, buys = rng.randint(3, 40), rng.random() < 0.5
        price, leg = (ask, "no") if buys else (bid, "yes")

        made.frame(at, "trade", 2, trade_id=f"t{minute}", market_ticker=TICKERS[i], count_fp=f"{size}.00",
                   yes_price_dollars=f"{price / 100:.4f}", taker_side="yes" if buys else "no",
                   ts_ms=at // 1_000_000)  # fmt: skip
        for when, change in ((Instant(at + SECOND // 100), -size), (Instant(at + 20 * SECOND), size)):
            made.frame(when, "orderbook_delta", 1, market_ticker=TICKERS[i], price_dollars=f"{price / 100:.4f}",
                       delta_fp=f"{change}.00", side=leg, clock=minute + 1)  # fmt: skip
    made.writer.append(Kind.ANSWER, Instant(CLOSE + HOUR), _listing({t: "yes" if i == 1 else "no"
                                                                     for i, t in enumerate(TICKERS)}))  # fmt: skip
    made.writer.append(Kind.DISCONNECTED, Instant(CLOSE + HOUR), b"the recording was stopped")
    made.writer.close(Instant(CLOSE + HOUR))
    return folder
